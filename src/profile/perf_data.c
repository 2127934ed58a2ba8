/* The file (https://github.com/torvalds/linux/blob/master/tools/perf/Documentation/perf.data-file-format.txt):
 *
 *     "PERFILE2"  size  attr_size  attrs{offset,size}  data{offset,size}  types{offset,size}  features[4]
 *
 * attrs are the events (struct perf_event_attr, then the section with the event's ids); data is the kernel's records
 * and some of perf's own; behind data stand a section for each feature bit, among them build ids and events' names.
 *
 * Mappings and threads' names are collected in a first walk over the records, samples in a second one, since records of
 * several processors are not in order of time. Where mappings overlap, as after an exec, the later one counts. */
#include "profile/perf_data.h"

#include <string.h>

#include "profile/assembly.h"
#include "profile/perf_events.h"

enum { feature_build_id = 2, feature_event_desc = 12, nfeatures = 256 };

enum record_type {
    record_mmap = 1,
    record_comm = 3,
    record_fork = 7,
    record_sample = 9,
    record_mmap2 = 10,
    record_auxtrace = 71,
    record_compressed = 81,
    record_compressed2 = 83
};

/* Bits of a record's misc. */
enum { misc_mmap_data = 1 << 13, misc_mmap_build_id = 1 << 14, misc_build_id_size = 1 << 15 };

/* Bits of perf_event_attr.sample_type, as far as they come before or with the call chain. */
enum {
    sample_ip = 1 << 0,
    sample_tid = 1 << 1,
    sample_time = 1 << 2,
    sample_addr = 1 << 3,
    sample_read = 1 << 4,
    sample_callchain = 1 << 5,
    sample_id = 1 << 6,
    sample_cpu = 1 << 7,
    sample_period = 1 << 8,
    sample_stream_id = 1 << 9,
    sample_identifier = 1 << 16,
};

enum { build_id_size = 20, build_id_room = 24, prot_exec = 4, attr_flag_freq = 1 << 10 };

static const uint32_t no_process = UINT32_MAX; /* also what the kernel's mappings are of */

struct section {
    uint64_t offset, size;
};

struct event {
    uint64_t sample_type, read_format, period; /* period 0: varies */
    uint32_t number;                           /* in perf_events */
};

struct map_range {
    uint64_t start, limit;
    uint32_t mapping;
};

struct process {
    uint32_t parent; /* a pid, or no_process */
    VEC(struct map_range) maps;
    struct map locations; /* from address */
};

struct perf_data {
    struct mem *mem;
    struct fault *fault;
    struct str bytes;
    struct section attrs, data;
    uint64_t attr_size, features[4];
    struct assembly assembly; /* with the one type "samples" */
    struct perf_events names;
    VEC(struct event) events;
    struct map event_of_id;
    struct map build_ids;            /* from file (a string id) to build id (likewise) */
    struct map process_index, comms; /* from pid; from tid to a string id */
    VEC(struct process) processes;
    VEC(uint64_t) chain;
    VEC(uint32_t) frames;
};

static enum foreign_result fail(struct perf_data *d, uint64_t offset, const char *expected)
{
    *d->fault = (struct fault){expected, offset};
    return foreign_broken;
}

static enum foreign_result exhausted(struct perf_data *d)
{
    return fail(d, 0, "enough memory to read the profile");
}

static enum foreign_result done_if(struct perf_data *d, bool ok)
{
    return ok ? foreign_done : exhausted(d);
}

static enum foreign_result settle(struct perf_data *d, const struct cursor *c)
{
    if (cursor_ok(c))
        return foreign_done;
    *d->fault = c->fault;
    return foreign_broken;
}

/* A cursor over a part of the file; failed where the file is shorter. */
static struct cursor cursor_at(const struct perf_data *d, struct section section)
{
    struct cursor all = cursor_over(d->bytes.p, d->bytes.n, 0);
    cursor_bytes(&all, section.offset);
    return cursor_sub(&all, section.size);
}

static struct section read_section(struct cursor *c)
{
    struct section section = {cursor_u64le(c), 0};
    section.size = cursor_u64le(c);
    return section;
}

bool perf_data_is(struct str bytes)
{
    return str_starts_with(bytes, STR("PERFILE2"));
}

static enum foreign_result read_header(struct perf_data *d)
{
    struct cursor c = cursor_over(d->bytes.p, d->bytes.n, 0);
    cursor_u64le(&c);
    uint64_t size = cursor_u64le(&c);
    if (cursor_ok(&c) && size < 104)
        return fail(d, 8, "a perf.data file that was not written to a pipe");
    d->attr_size = cursor_u64le(&c);
    d->attrs = read_section(&c);
    d->data = read_section(&c);
    read_section(&c);
    for (int i = 0; i < 4; i++)
        d->features[i] = cursor_u64le(&c);
    return settle(d, &c);
}

/* The name of an event that the file has no name of. */
static struct str event_name(uint32_t type, uint64_t config)
{
    static const char *const hardware[] = {
        "cycles",        "instructions", "cache-references",        "cache-misses",           "branches",
        "branch-misses", "bus-cycles",   "stalled-cycles-frontend", "stalled-cycles-backend", "ref-cycles"};
    static const char *const software[] = {"cpu-clock",      "task-clock",   "page-faults", "context-switches",
                                           "cpu-migrations", "minor-faults", "major-faults"};
    if (type == 0 && config < sizeof hardware / sizeof *hardware)
        return str_of(hardware[config]);
    if (type == 1 && config < sizeof software / sizeof *software)
        return str_of(software[config]);
    return STR("event");
}

static enum foreign_result read_event_ids(struct perf_data *d, struct section ids)
{
    struct cursor c = cursor_at(d, ids);
    while (cursor_left(&c) > 0) {
        uint64_t id = cursor_u64le(&c);
        if (cursor_ok(&c) && !map_add(&d->event_of_id, id, (uint32_t)d->events.n - 1))
            return exhausted(d);
    }
    return settle(d, &c);
}

/* Reads one event's attributes. */
static enum foreign_result read_event(struct perf_data *d, struct cursor *attr)
{
    struct event event;
    if (d->events.n >= perf_events_most)
        return fail(d, cursor_offset(attr), "at most 64 events");
    uint32_t type = cursor_u32le(attr);
    cursor_u32le(attr);
    uint64_t config = cursor_u64le(attr);
    event.period = cursor_u64le(attr);
    event.sample_type = cursor_u64le(attr);
    event.read_format = cursor_u64le(attr);
    if (cursor_u64le(attr) & attr_flag_freq)
        event.period = 0;
    event.number = perf_events_find(&d->names, event_name(type, config));
    return done_if(d, event.number != PROFILE_NONE && vec_push(&d->events, d->mem, event));
}

static enum foreign_result read_events(struct perf_data *d)
{
    const uint64_t smallest_attr = 64, ids_size = 16;
    struct cursor c = cursor_at(d, d->attrs);
    enum foreign_result result = settle(d, &c);
    if (result == foreign_done && (d->attr_size < smallest_attr || d->attrs.size < d->attr_size))
        return fail(d, 16, "the attributes of an event");
    while (result == foreign_done && cursor_left(&c) > 0) {
        struct cursor attr = cursor_sub(&c, d->attr_size), ids = attr;
        cursor_bytes(&ids, d->attr_size - ids_size);
        result = settle(d, &attr);
        if (result == foreign_done)
            result = read_event(d, &attr);
        if (result == foreign_done)
            result = read_event_ids(d, read_section(&ids));
    }
    return result;
}

/* The section of a feature; size 0 where the file does not have it. */
static struct section find_feature(const struct perf_data *d, unsigned wanted)
{
    uint64_t before = 0;
    for (unsigned i = 0; i < wanted; i++)
        before += d->features[i / 64] >> i % 64 & 1;
    if (!(d->features[wanted / 64] >> wanted % 64 & 1) || d->data.offset > d->bytes.n || d->data.size > d->bytes.n)
        return (struct section){0};
    struct cursor c = cursor_at(d, (struct section){d->data.offset + d->data.size + before * 16, 16});
    struct section section = read_section(&c);
    return cursor_ok(&c) ? section : (struct section){0};
}

/* Bytes up to the first NUL, or all. */
static struct str until_nul(struct str bytes)
{
    return str_first(bytes, str_find(bytes, (struct str){"", 1}, 0));
}

/* Reads the names of events, in the order of the attributes. What is broken here only costs the names. */
static enum foreign_result read_event_names(struct perf_data *d)
{
    struct cursor c = cursor_at(d, find_feature(d, feature_event_desc));
    uint32_t n = cursor_u32le(&c), attr_size = cursor_u32le(&c);
    for (uint32_t i = 0; i < n && i < d->events.n; i++) {
        cursor_bytes(&c, attr_size);
        uint32_t nids = cursor_u32le(&c), length = cursor_u32le(&c);
        struct str name = until_nul(cursor_bytes(&c, length));
        cursor_bytes(&c, (uint64_t)nids * 8);
        if (!cursor_ok(&c) || name.n == 0)
            break;
        size_t colon = str_find_last_byte(name, ':');
        if (colon + 4 > name.n && colon > 0) /* modifiers, as in "cpu-clock:u" */
            name = str_first(name, colon);
        d->events.at[i].number = perf_events_find(&d->names, name);
        if (d->events.at[i].number == PROFILE_NONE)
            return exhausted(d);
    }
    return foreign_done;
}

/* The string id of a build id as hexadecimal digits; 0 where all its bytes are 0. */
static uint32_t build_id_string(struct perf_data *d, struct str bytes)
{
    char text[2 * build_id_size];
    bool any = false;
    for (size_t i = 0; i < bytes.n; i++) {
        uint8_t byte = (uint8_t)bytes.p[i];
        text[2 * i] = "0123456789abcdef"[byte >> 4];
        text[2 * i + 1] = "0123456789abcdef"[byte & 15];
        any |= byte != 0;
    }
    return any ? profile_string(&d->assembly.profile, (struct str){text, 2 * bytes.n}) : 0;
}

/* Reads the table of files' build ids. What is broken here only costs them. */
static enum foreign_result read_build_ids(struct perf_data *d)
{
    struct cursor c = cursor_at(d, find_feature(d, feature_build_id));
    const uint64_t fixed = 8 + 4 + build_id_room;
    while (cursor_left(&c) >= fixed) {
        struct cursor start = c;
        cursor_u32le(&c);
        uint16_t misc = cursor_u16le(&c), size = cursor_u16le(&c);
        struct cursor record = cursor_sub(&start, size);
        cursor_bytes(&record, 12);
        struct str bytes = cursor_bytes(&record, build_id_room);
        struct str file = until_nul((struct str){(const char *)record.p, cursor_left(&record)});
        if (!cursor_ok(&record) || size < fixed)
            break;
        uint8_t length =
            (misc & misc_build_id_size) && (uint8_t)bytes.p[20] <= build_id_size ? (uint8_t)bytes.p[20] : build_id_size;
        uint32_t name = profile_string(&d->assembly.profile, file), id = build_id_string(d, str_first(bytes, length));
        if (name == PROFILE_NONE || id == PROFILE_NONE || !map_add(&d->build_ids, name, id))
            return exhausted(d);
        c = start;
    }
    return foreign_done;
}

/* The process of a pid, added where it is new; NULL on exhaustion. */
static struct process *find_process(struct perf_data *d, uint32_t pid)
{
    uint32_t fresh = (uint32_t)d->processes.n, *index = map_add(&d->process_index, pid, fresh);
    if (!index)
        return NULL;
    if (*index == fresh) {
        struct process process = {.parent = no_process};
        map_init(&process.locations, d->mem);
        if (!vec_push(&d->processes, d->mem, process))
            return NULL;
    }
    return &d->processes.at[*index];
}

/* The build id that the header tells for a file. Kernels are listed there without the symbol that stands behind their
 * names in mappings ("[kernel.kallsyms]_text"). */
static const uint32_t *find_build_id(struct perf_data *d, uint32_t name, struct str file)
{
    size_t bracket = str_find(file, STR("]"), 0);
    if (str_starts_with(file, STR("[")) && bracket + 1 < file.n)
        name = profile_string(&d->assembly.profile, str_first(file, bracket + 1));
    return map_find(&d->build_ids, name);
}

/* Adds a mapping of a process. */
static bool add_mapping(struct perf_data *d, uint32_t pid, struct profile_mapping mapping, struct str file)
{
    struct process *process = find_process(d, pid);
    mapping.file = profile_string(&d->assembly.profile, file);
    if (!process || mapping.file == PROFILE_NONE)
        return false;
    const uint32_t *build_id = mapping.build_id == 0 ? find_build_id(d, mapping.file, file) : NULL;
    if (build_id)
        mapping.build_id = *build_id;
    struct map_range range = {mapping.start, mapping.limit, assembly_add_mapping(&d->assembly, mapping)};
    return range.mapping != PROFILE_NONE && vec_push(&process->maps, d->mem, range);
}

static enum foreign_result take_mmap(struct perf_data *d, struct cursor *c, uint16_t misc, bool second)
{
    uint32_t pid = cursor_u32le(c), protection = prot_exec;
    cursor_u32le(c);
    struct profile_mapping mapping = {.start = cursor_u64le(c)};
    mapping.limit = mapping.start + cursor_u64le(c);
    mapping.offset = cursor_u64le(c);
    if (second) {
        struct str inode = cursor_bytes(c, 24);
        protection = cursor_u32le(c);
        cursor_u32le(c);
        if (cursor_ok(c) && (misc & misc_mmap_build_id) && (uint8_t)inode.p[0] <= build_id_size)
            mapping.build_id = build_id_string(d, (struct str){inode.p + 4, (uint8_t)inode.p[0]});
    }
    if (!cursor_ok(c))
        return settle(d, c);
    if (mapping.build_id == PROFILE_NONE)
        return exhausted(d);
    if (!(protection & prot_exec) || (!second && (misc & misc_mmap_data)) || mapping.limit <= mapping.start)
        return foreign_done;
    struct str file = until_nul((struct str){(const char *)c->p, cursor_left(c)});
    return done_if(d, add_mapping(d, pid, mapping, file));
}

static enum foreign_result take_comm(struct perf_data *d, struct cursor *c)
{
    cursor_u32le(c);
    uint32_t tid = cursor_u32le(c);
    if (!cursor_ok(c))
        return settle(d, c);
    uint32_t name = profile_string(&d->assembly.profile, until_nul((struct str){(const char *)c->p, cursor_left(c)}));
    uint32_t *comm = name == PROFILE_NONE ? NULL : map_add(&d->comms, tid, name);
    if (!comm)
        return exhausted(d);
    *comm = name; /* of an exec: the later one */
    return foreign_done;
}

static enum foreign_result take_fork(struct perf_data *d, struct cursor *c)
{
    uint32_t pid = cursor_u32le(c), parent = cursor_u32le(c);
    if (!cursor_ok(c) || pid == parent)
        return settle(d, c);
    struct process *process = find_process(d, pid);
    if (!process)
        return exhausted(d);
    process->parent = parent;
    return foreign_done;
}

/* The mapping of an address in a process, or in those that it was forked from, or the kernel's; PROFILE_NONE where
 * there is none. */
static uint32_t find_mapping(const struct perf_data *d, uint32_t pid, uint64_t address)
{
    enum { generations_most = 16 };
    for (int i = 0; i < generations_most; i++) {
        const uint32_t *index = map_find(&d->process_index, pid);
        const struct process *process = index ? &d->processes.at[*index] : NULL;
        for (size_t k = process ? process->maps.n : 0; k > 0; k--) {
            const struct map_range *range = &process->maps.at[k - 1];
            if (range->start <= address && address < range->limit)
                return range->mapping;
        }
        if (pid == no_process)
            break;
        pid = process ? process->parent : no_process;
    }
    return PROFILE_NONE;
}

/* The location of an address in a process; PROFILE_NONE on exhaustion. */
static uint32_t find_location(struct perf_data *d, uint32_t pid, uint64_t address)
{
    struct process *process = find_process(d, pid);
    uint32_t *location = process ? map_add(&process->locations, address, PROFILE_NONE) : NULL;
    if (!location)
        return PROFILE_NONE;
    if (*location == PROFILE_NONE)
        *location = assembly_address(&d->assembly, address, find_mapping(d, pid, address));
    return *location;
}

/* A sample record, as far as it is used. */
struct sample {
    uint64_t ip, period;
    uint32_t pid, tid, event;
};

/* Passes over the values of a counter that were read with the sample. */
static void skip_read(struct cursor *c, uint64_t format)
{
    const uint64_t total_enabled = 1, total_running = 2, id = 4, group = 8, lost = 16;
    uint64_t each = 8 + ((format & id) ? 8 : 0) + ((format & lost) ? 8 : 0);
    uint64_t n = 1;
    if (format & group)
        n = cursor_u64le(c);
    cursor_bytes(c, ((format & total_enabled) ? 8 : 0) + ((format & total_running) ? 8 : 0));
    cursor_bytes(c, n > cursor_left(c) ? UINT64_MAX : n * each);
}

/* Which event a sample is of, by the id in it; the first where it has none, or an unknown one. */
static uint32_t event_of(const struct perf_data *d, uint64_t id)
{
    const uint32_t *event = map_find(&d->event_of_id, id);
    return event ? *event : 0;
}

/* Reads the fields before the call chain. All events of a file that has several lay their ids out alike. */
static const struct event *read_sample_fields(struct perf_data *d, struct cursor *c, struct sample *sample)
{
    uint64_t type = d->events.at[0].sample_type;
    *sample = (struct sample){.pid = no_process};
    if (type & sample_identifier)
        sample->event = event_of(d, cursor_u64le(c));
    if (type & sample_ip)
        sample->ip = cursor_u64le(c);
    if (type & sample_tid) {
        sample->pid = cursor_u32le(c);
        sample->tid = cursor_u32le(c);
    }
    cursor_bytes(c, ((type & sample_time) ? 8 : 0) + ((type & sample_addr) ? 8 : 0));
    if (type & sample_id) {
        uint32_t event = event_of(d, cursor_u64le(c));
        sample->event = type & sample_identifier ? sample->event : event;
    }
    const struct event *event = &d->events.at[sample->event];
    cursor_bytes(c, ((type & sample_stream_id) ? 8 : 0) + ((type & sample_cpu) ? 8 : 0));
    sample->period = event->period != 0 ? event->period : 1;
    if (event->sample_type & sample_period)
        sample->period = cursor_u64le(c);
    if (event->sample_type & sample_read)
        skip_read(c, event->read_format);
    return event;
}

/* Reads the addresses of a sample, leaf first: the call chain, or the one address where there is none. */
static bool read_chain(struct perf_data *d, struct cursor *c, bool has_chain, uint64_t ip)
{
    const uint64_t smallest_context = (uint64_t)-4095; /* marks of kernel and user parts, not addresses */
    d->chain.n = 0;
    uint64_t n = has_chain ? cursor_u64le(c) : 0;
    if (n > cursor_left(c) / 8) {
        cursor_fail(c, "a call chain that fits its record");
        return true;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint64_t address = cursor_u64le(c);
        if (address < smallest_context && !vec_push(&d->chain, d->mem, address))
            return false;
    }
    return d->chain.n > 0 || vec_push(&d->chain, d->mem, ip);
}

/* Makes locations of the chain. Return addresses are moved back by one, onto the call. */
static bool find_frames(struct perf_data *d, uint32_t pid)
{
    d->frames.n = 0;
    for (size_t i = 0; i < d->chain.n; i++) {
        uint32_t location = find_location(d, pid, d->chain.at[i] - (i > 0));
        if (location == PROFILE_NONE || !vec_push(&d->frames, d->mem, location))
            return false;
    }
    return true;
}

static bool add_sample(struct perf_data *d, const struct sample *sample, uint32_t event)
{
    struct assembly *a = &d->assembly;
    const int64_t one = 1;
    const uint32_t *comm = map_find(&d->comms, sample->tid);
    uint32_t *frames = assembly_frames(a, d->frames.n);
    if (!frames)
        return false;
    memcpy(frames, d->frames.at, d->frames.n * sizeof *frames);
    return assembly_add_sample(a, d->frames.n, &one) &&
           perf_events_count(&d->names, (struct perf_amount){event, (int64_t)sample->period}) &&
           (!comm || assembly_add_text_label(a, STR("comm"), profile_text(&a->profile, *comm))) &&
           assembly_add_number_label(a, STR("pid"), sample->pid) &&
           assembly_add_number_label(a, STR("tid"), sample->tid);
}

static enum foreign_result take_sample(struct perf_data *d, struct cursor *c)
{
    struct sample sample;
    const struct event *event = read_sample_fields(d, c, &sample);
    bool ok = read_chain(d, c, event->sample_type & sample_callchain, sample.ip);
    if (!cursor_ok(c))
        return settle(d, c);
    return done_if(d, ok && find_frames(d, sample.pid) && add_sample(d, &sample, event->number));
}

static enum foreign_result take_first(struct perf_data *d, uint32_t type, uint16_t misc, struct cursor *c)
{
    switch (type) {
    case record_mmap:
    case record_mmap2:
        return take_mmap(d, c, misc, type == record_mmap2);
    case record_comm:
        return take_comm(d, c);
    case record_fork:
        return take_fork(d, c);
    case record_compressed:
    case record_compressed2:
        return fail(d, cursor_offset(c), "records that are not compressed (perf record without -z)");
    default:
        return foreign_done;
    }
}

static enum foreign_result take_second(struct perf_data *d, uint32_t type, uint16_t misc, struct cursor *c)
{
    (void)misc;
    return type == record_sample ? take_sample(d, c) : foreign_done;
}

/* Walks over the records. */
static enum foreign_result each_record(struct perf_data *d, enum foreign_result (*take)(struct perf_data *, uint32_t,
                                                                                        uint16_t, struct cursor *))
{
    struct cursor c = cursor_at(d, d->data);
    enum foreign_result result = settle(d, &c);
    while (result == foreign_done && cursor_left(&c) > 0) {
        uint64_t offset = cursor_offset(&c);
        uint32_t type = cursor_u32le(&c);
        uint16_t misc = cursor_u16le(&c), size = cursor_u16le(&c);
        if (cursor_ok(&c) && size < 8)
            return fail(d, offset, "a record of at least 8 bytes");
        struct cursor record = cursor_sub(&c, (uint64_t)size - 8);
        result = settle(d, &c);
        if (result != foreign_done)
            break;
        if (type == record_auxtrace) { /* its data follows it */
            struct cursor aux = record;
            cursor_bytes(&c, cursor_u64le(&aux));
        }
        result = take(d, type, misc, &record);
    }
    return result == foreign_done ? settle(d, &c) : result;
}

static enum foreign_result read_all(struct perf_data *d)
{
    enum foreign_result result = read_header(d);
    if (result == foreign_done)
        result = done_if(d, assembly_init(&d->assembly, d->mem) &&
                                assembly_add_type(&d->assembly, STR("samples"), STR("count")));
    if (result == foreign_done)
        result = read_events(d);
    if (result == foreign_done)
        result = read_event_names(d);
    if (result == foreign_done)
        result = read_build_ids(d);
    if (result == foreign_done)
        result = each_record(d, take_first);
    if (result == foreign_done)
        result = each_record(d, take_second);
    return result;
}

static void finish(struct perf_data *d)
{
    for (size_t i = 0; i < d->processes.n; i++) {
        vec_finish(&d->processes.at[i].maps, d->mem);
        map_finish(&d->processes.at[i].locations);
    }
    vec_finish(&d->processes, d->mem);
    vec_finish(&d->events, d->mem);
    vec_finish(&d->chain, d->mem);
    vec_finish(&d->frames, d->mem);
    map_finish(&d->event_of_id);
    map_finish(&d->build_ids);
    map_finish(&d->process_index);
    map_finish(&d->comms);
    perf_events_finish(&d->names);
    assembly_finish(&d->assembly);
}

enum foreign_result perf_data_read(struct str bytes, struct mem *mem, struct profile *out, struct fault *fault)
{
    struct perf_data d = {.mem = mem, .fault = fault, .bytes = bytes, .assembly = {.mem = mem}};
    perf_events_init(&d.names, mem);
    map_init(&d.event_of_id, mem);
    map_init(&d.build_ids, mem);
    map_init(&d.process_index, mem);
    map_init(&d.comms, mem);
    enum foreign_result result = read_all(&d);
    if (result == foreign_done && (!perf_events_put(&d.names, &d.assembly) || !assembly_hand_over(&d.assembly, out)))
        result = exhausted(&d);
    finish(&d);
    return result;
}
