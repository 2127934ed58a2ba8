/* Which delays count depends on when a goroutine starts for the first time and when it ends. Mostly that is known soon
 * enough: one delay before the start is kept until there is one, and one pass is enough. Where it is not (a goroutine
 * is born again under the same number, as those of threads of C are; the trace is broken) two passes are made, the
 * first only for starts and ends. Stacks are interned by their frames' pcs, once for each stack of a generation. */
#include "trace/delays.h"

#include <string.h>

#include "profile/stacks.h"
#include "trace/delay_filter.h"
#include "trace/reader.h"

enum { unknown_stack = UINT32_MAX, first_stacks = 256 };

/* One line of memory. */
struct goroutine {
    int64_t id;
    int64_t start, end; /* its first start and its end; 0 for never */
    bool known;
    bool waits; /* in the state that is measured, with a stack, since: */
    bool has_early;
    uint32_t stack;
    int64_t since;

    /* In a single pass: a delay before the first start, which counts only if there is none. */
    uint32_t early_stack;
    int64_t early, early_at;
};
_Static_assert(sizeof(struct goroutine) == 64, "a goroutine takes one line");

/* What was added up for a stack. Go's tool takes stacks as equal that differ only by frames of pc 0 at their ends, and
 * prints the one that it saw last: delays are added to the shortest of them, which remembers that one. */
struct record {
    uint64_t count;
    int64_t time;
    uint32_t shortest, shown; /* stacks */
    int64_t shown_at;
};

/* What strings of a table say of a reason to wait. */
enum reason { reason_unknown, reason_matters, reason_does_not };

struct delays {
    struct mem *mem;
    enum trace_delay kind;
    struct profile *profile;
    struct trace_ids numbers; /* of goroutines by id: the index and 1 */
    uint32_t number_of_zero;  /* that of id 0, which the map cannot hold */
    VEC(struct goroutine) goroutines;
    uint32_t recent[1 << 12];             /* numbers by the low bits of ids, as likely ones */
    int64_t last_mark;                    /* time; of the whole trace in the second pass, too */
    uint64_t marked;                      /* events up to and with the last mark */
    bool give_up;                         /* a single pass is not enough */
    const struct delay_intervals *wanted; /* NULL for everything */
    struct trace_share share;

    struct stacks stacks; /* of locations */
    struct map location_of_pc;
    struct str_map function_of_name;
    struct arena names;         /* keys of function_of_name */
    VEC(struct record) records; /* by stack */

    /* Columns of the profile while they grow. */
    VEC(struct profile_function) functions;
    VEC(struct profile_location) locations;
    VEC(struct profile_line) lines; /* one a location */

    uint64_t serial; /* of the table that the two below are for */
    VEC(uint32_t) stack_of_index;
    VEC(uint8_t) reasons; /* enum reason by index of a string */
};

static bool contains(struct str s, struct str part)
{
    return str_find(s, part, 0) < s.n;
}

static bool reason_counts(enum trace_delay kind, struct str reason)
{
    if (kind == trace_delay_net)
        return str_equal(reason, STR("network"));
    return contains(reason, STR("chan")) || contains(reason, STR("sync")) || contains(reason, STR("select"));
}

static uint8_t measured_state(enum trace_delay kind)
{
    return kind == trace_delay_sched ? go_runnable : kind == trace_delay_syscall ? go_syscall : go_waiting;
}

/* Forgets what was known of another table; false on exhaustion. */
static bool begin_table(struct delays *d, const struct trace_table *table)
{
    if (d->serial == table->serial)
        return true;
    d->serial = table->serial;
    d->stack_of_index.n = d->reasons.n = 0;
    if (!vec_reserve(&d->stack_of_index, d->mem, table->stacks.n) ||
        !vec_reserve(&d->reasons, d->mem, table->strings.n))
        return false;
    d->stack_of_index.n = table->stacks.n;
    memset(d->stack_of_index.at, 0xff, table->stacks.n * sizeof *d->stack_of_index.at);
    d->reasons.n = table->strings.n;
    memset(d->reasons.at, reason_unknown, table->strings.n);
    return true;
}

static bool matters(struct delays *d, const struct trace_event *e, uint64_t reason)
{
    if (d->kind == trace_delay_sched || d->kind == trace_delay_syscall)
        return true;
    uint32_t index;
    trace_ids_find(&e->table->string_ids, reason, &index);
    uint8_t *known = &d->reasons.at[index];
    if (*known == reason_unknown)
        *known = reason_counts(d->kind, e->table->strings.at[index]) ? reason_matters : reason_does_not;
    return *known == reason_matters;
}

/* The function of a frame, added where it is new; PROFILE_NONE on exhaustion. Functions differ by file and name, put
 * together. */
static uint32_t function_of(struct delays *d, struct str name, struct str file)
{
    struct profile *profile = d->profile;
    struct str key = arena_printf(&d->names, "%.*s%.*s", STR_ARG(file), STR_ARG(name));
    uint32_t fresh = (uint32_t)d->functions.n, *index = key.p ? str_map_add(&d->function_of_name, key, fresh) : NULL;
    if (!index)
        return PROFILE_NONE;
    if (*index != fresh)
        return *index;
    struct profile_function function = {.id = (uint64_t)fresh + 1};
    function.name = function.system_name = profile_string(profile, name);
    function.filename = profile_string(profile, file);
    if (function.name == PROFILE_NONE || function.filename == PROFILE_NONE ||
        !vec_push(&d->functions, d->mem, function))
        return PROFILE_NONE;
    return fresh;
}

/* The location of a frame's pc, with one line, added where it is new; PROFILE_NONE on exhaustion. */
static uint32_t location_of(struct delays *d, const struct trace_table *table, const struct trace_frame *frame)
{
    uint32_t fresh = (uint32_t)d->locations.n, *index = map_add(&d->location_of_pc, frame->pc, fresh);
    if (!index || *index != fresh)
        return index ? *index : PROFILE_NONE;
    uint32_t function = function_of(d, table->strings.at[frame->func], table->strings.at[frame->file]);
    struct profile_line line = {.function = function, .line = (int64_t)frame->line};
    struct profile_location location = {.address = frame->pc, .mapping = PROFILE_NONE, .id = (uint64_t)fresh + 1};
    if (function == PROFILE_NONE || !vec_push(&d->lines, d->mem, line) || !vec_push(&d->locations, d->mem, location))
        return PROFILE_NONE;
    return fresh;
}

/* Interns the first n of the frames that stand behind all stacks; unknown_stack on exhaustion. */
static uint32_t intern(struct delays *d, uint32_t n)
{
    uint32_t stack = stacks_take(&d->stacks, n);
    if (stack == d->records.n && !vec_push(&d->records, d->mem, (struct record){.shortest = stack, .shown = stack}))
        return unknown_stack;
    return stack;
}

/* Interns the frames of a table's stack, and the shortest stack that is taken as equal. */
static uint32_t intern_frames(struct delays *d, const struct trace_table *table, struct trace_stack stack)
{
    uint32_t n = stack.n < trace_max_stack ? stack.n : trace_max_stack, shortest = 0;
    uint32_t locations[trace_max_stack];
    for (uint32_t i = 0; i < n; i++) {
        const struct trace_frame *frame = trace_stack_frame(table, stack, i);
        locations[i] = location_of(d, table, frame);
        if (locations[i] == PROFILE_NONE)
            return unknown_stack;
        if (frame->pc != 0)
            shortest = i + 1;
    }
    uint32_t lengths[] = {shortest, n}, interned[2];
    for (int i = 0; i < 2; i++) {
        uint32_t *frames = stacks_reserve(&d->stacks, n);
        if (frames && n > 0)
            memcpy(frames, locations, n * sizeof *locations);
        interned[i] = frames || n == 0 ? intern(d, lengths[i]) : unknown_stack;
        if (interned[i] == unknown_stack)
            return unknown_stack;
    }
    d->records.at[interned[1]].shortest = interned[0];
    return interned[1];
}

/* The interned stack of a stack id; unknown_stack on exhaustion. */
static uint32_t stack_of(struct delays *d, const struct trace_table *table, uint64_t id)
{
    uint32_t index;
    trace_ids_find(&table->stack_ids, id, &index);
    uint32_t *known = &d->stack_of_index.at[index];
    if (*known == unknown_stack)
        *known = intern_frames(d, table, table->stacks.at[index]);
    return *known;
}

/* The number of a goroutine, from 1; 0 where it is not known. */
static uint32_t find_number(struct delays *d, int64_t id)
{
    uint32_t *recent = &d->recent[(uint64_t)id % (sizeof d->recent / sizeof *d->recent)];
    if (*recent != 0 && d->goroutines.at[*recent - 1].id == id)
        return *recent;
    uint32_t number = d->number_of_zero;
    if (id != 0)
        trace_ids_find(&d->numbers, (uint64_t)id, &number);
    *recent = number;
    return number;
}

/* The goroutine of an id; NULL where it is not known. */
static struct goroutine *find_goroutine(struct delays *d, int64_t id)
{
    uint32_t number = find_number(d, id);
    return number ? &d->goroutines.at[number - 1] : NULL;
}

/* The same, added where it is new; NULL on exhaustion. */
static struct goroutine *goroutine_of(struct delays *d, int64_t id)
{
    uint32_t number = find_number(d, id);
    if (number)
        return &d->goroutines.at[number - 1];
    number = (uint32_t)d->goroutines.n + 1;
    if (!vec_push(&d->goroutines, d->mem, (struct goroutine){.id = id}))
        return NULL;
    if (id == 0)
        d->number_of_zero = number;
    else if (!trace_ids_add(&d->numbers, d->mem, (uint64_t)id, number))
        return NULL;
    return &d->goroutines.at[number - 1];
}

static bool is_forever(const struct trace_event *e, uint64_t reason)
{
    return str_equal(trace_string(e->table, reason), STR("forever"));
}

/* First of two passes: when goroutines start and end. */
static bool note_life(struct delays *d, const struct trace_event *e, const struct trace_transition *t)
{
    if (t->from == t->to)
        return true;
    struct goroutine *g = goroutine_of(d, t->id);
    if (!g)
        return false;
    if (t->from == go_undetermined || t->from == go_not_exist)
        g->start = g->end = 0;
    if (t->to == go_running && g->start == 0)
        g->start = e->time;
    if (t->to == go_not_exist || (t->to == go_waiting && t->reason && is_forever(e, t->reason)))
        g->end = e->time;
    return true;
}

/* The part of [from, to] in the goroutine's life. */
static int64_t overlap(const struct delays *d, const struct goroutine *g, int64_t from, int64_t to)
{
    int64_t start = g->start, end = g->end ? g->end : d->last_mark;
    if (end < from || to < start)
        return 0;
    return (int64_t)((uint64_t)(end < to ? end : to) - (uint64_t)(start > from ? start : from));
}

static void add_delay(struct delays *d, uint32_t stack, int64_t time, int64_t at)
{
    if (time <= 0)
        return;
    struct record *record = &d->records.at[d->records.at[stack].shortest];
    record->count++;
    record->time += time;
    if (at >= record->shown_at) {
        record->shown = stack;
        record->shown_at = at;
    }
}

/* Begins a delay where the change leads into the state that is measured; false on exhaustion. */
static bool begin_delay(struct delays *d, struct goroutine *g, const struct trace_event *e,
                        const struct trace_transition *t)
{
    if (g->waits || t->to != measured_state(d->kind) || !matters(d, e, t->reason))
        return true;
    g->waits = true;
    g->since = e->time;
    g->stack = stack_of(d, e->table, trace_event_stack(e));
    return g->stack != unknown_stack;
}

/* A single pass: a delay that ended now. */
static void end_delay_at_once(struct delays *d, struct goroutine *g, int64_t now)
{
    g->waits = false;
    if (g->start != 0) {
        int64_t to = g->end && g->end < now ? g->end : now;
        add_delay(d, g->stack, to - (g->start > g->since ? g->start : g->since), now);
    } else if (g->has_early) {
        d->give_up = true;
    } else {
        g->has_early = true;
        g->early = now - g->since;
        g->early_at = now;
        g->early_stack = g->stack;
    }
}

/* A single pass over starts, ends and delays. */
static bool note_at_once(struct delays *d, const struct trace_event *e, const struct trace_transition *t)
{
    struct goroutine *g = goroutine_of(d, t->id);
    if (!g)
        return false;
    if (t->from != t->to) {
        bool born = t->from == go_undetermined || t->from == go_not_exist;
        bool ends = t->to == go_not_exist || (t->to == go_waiting && t->reason && is_forever(e, t->reason));
        if ((born && g->known) || (ends && g->end != 0))
            d->give_up = true;
        g->known = true;
        if (ends)
            g->end = e->time;
        if (t->to == go_running && g->start == 0)
            g->start = e->time;
    }
    if (g->waits && t->to != measured_state(d->kind)) {
        end_delay_at_once(d, g, e->time);
        return true;
    }
    return begin_delay(d, g, e, t);
}

/* Second of two passes: the delays. */
static bool note_delay(struct delays *d, const struct trace_event *e, const struct trace_transition *t)
{
    struct goroutine *g = find_goroutine(d, t->id);
    if (!g)
        return true;
    if (!g->waits || t->to == measured_state(d->kind))
        return begin_delay(d, g, e, t);
    g->waits = false;
    add_delay(d, g->stack, overlap(d, g, g->since, e->time), e->time);
    return true;
}

/* The only pass where not everything is wanted. */
static bool note_wanted(struct delays *d, const struct trace_event *e, const struct trace_transition *t)
{
    struct goroutine *g = goroutine_of(d, t->id);
    if (!g)
        return false;
    if (!g->waits || t->to == measured_state(d->kind))
        return begin_delay(d, g, e, t);
    g->waits = false;
    add_delay(d, g->stack, delay_intervals_overlap(d->wanted, g->id, g->since, e->time), e->time);
    return true;
}

typedef bool note(struct delays *d, const struct trace_event *e, const struct trace_transition *t);

/* Reads the trace, all of it or so many events, and notes each change of a goroutine's state. False on exhaustion, or
 * where not even a reader can be made. */
static bool pass(struct delays *d, struct str bytes, uint64_t most, note *note_change, struct trace_fault *fault)
{
    struct trace_reader *reader = trace_reader_create(bytes, d->mem, fault);
    if (!reader)
        return false;
    const struct trace_event *e;
    struct trace_transition t;
    bool good = true;
    d->serial = UINT64_MAX;
    for (uint64_t n = 0; good && !d->give_up && n < most && (e = trace_reader_next(reader)); n++) {
        if (e->type == ev_mark) {
            if (e->time > d->last_mark)
                d->last_mark = e->time;
            d->marked = n + 1 > d->marked ? n + 1 : d->marked;
            d->share = (struct trace_share){trace_reader_valid(reader), bytes.n};
        } else if (trace_event_transition(e, &t) && t.is_goroutine) {
            good = begin_table(d, e->table) && note_change(d, e, &t);
        }
    }
    if (!good)
        trace_fault_at(fault, 0, "out of memory");
    else if (trace_reader_fault(reader)->set)
        *fault = *trace_reader_fault(reader);
    trace_reader_destroy(reader);
    return good;
}

/* Allocates count * size bytes; false on exhaustion, but not for none. */
static bool allocate(struct delays *d, void *array, uint64_t count, size_t size)
{
    void *block = mem_get_array(d->mem, count, size);
    memcpy(array, &block, sizeof block);
    return block || count == 0;
}

static bool describe(struct profile *profile)
{
    const struct str texts[] = {STR("contentions"), STR("count"), STR("delay"), STR("nanoseconds"), STR("trace")};
    uint32_t ids[5];
    for (int i = 0; i < 5; i++) {
        ids[i] = profile_string(profile, texts[i]);
        if (ids[i] == PROFILE_NONE)
            return false;
    }
    if (!profile_resize(profile, &profile->sample_types, 0, 2, sizeof *profile->sample_types))
        return false;
    profile->nsample_types = 2;
    profile->sample_types[0] = (struct profile_value_type){ids[0], ids[1]};
    profile->sample_types[1] = (struct profile_value_type){ids[2], ids[3]};
    profile->period_type = (struct profile_value_type){ids[4], ids[1]};
    profile->has_period_type = true;
    profile->period = 1;
    return true;
}

/* Stacks without a delay have no sample. */
static bool add_samples(struct delays *d)
{
    struct profile *profile = d->profile;
    uint32_t n = 0;
    for (size_t i = 0; i < d->records.n; i++)
        n += d->records.at[i].count > 0;
    if (!allocate(d, &profile->stack, n, sizeof *profile->stack))
        return false;
    profile->nsamples = n;
    if (!allocate(d, &profile->values, 2 * (uint64_t)n, sizeof *profile->values) ||
        !allocate(d, &profile->label_start, (uint64_t)n + 1, sizeof *profile->label_start))
        return false;
    memset(profile->label_start, 0, ((size_t)n + 1) * sizeof *profile->label_start);
    for (uint32_t i = 0, at = 0; i < d->records.n; i++) {
        if (d->records.at[i].count == 0)
            continue;
        profile->stack[at] = d->records.at[i].shown;
        profile->values[2 * (size_t)at] = (int64_t)d->records.at[i].count;
        profile->values[2 * (size_t)at + 1] = d->records.at[i].time;
        at++;
    }
    return true;
}

/* Copies the columns that have grown, and moves the stacks. */
static bool add_columns(struct delays *d)
{
    struct profile *profile = d->profile;
    size_t nfunctions = d->functions.n, nlocations = d->locations.n;
    if (!allocate(d, &profile->functions, nfunctions, sizeof *profile->functions))
        return false;
    profile->nfunctions = (uint32_t)nfunctions;
    if (!allocate(d, &profile->line_start, nlocations + 1, sizeof *profile->line_start))
        return false;
    for (uint32_t i = 0; i <= nlocations; i++)
        profile->line_start[i] = i;
    profile->nlocations = (uint32_t)nlocations;
    if (!allocate(d, &profile->locations, nlocations, sizeof *profile->locations) ||
        !allocate(d, &profile->lines, nlocations, sizeof *profile->lines))
        return false;
    if (nfunctions > 0)
        memcpy(profile->functions, d->functions.at, nfunctions * sizeof *profile->functions);
    if (nlocations > 0) {
        memcpy(profile->locations, d->locations.at, nlocations * sizeof *profile->locations);
        memcpy(profile->lines, d->lines.at, nlocations * sizeof *profile->lines);
    }
    profile->nstacks = d->stacks.n;
    stacks_release(&d->stacks, &profile->stack_start, &profile->frames);
    return true;
}

/* Makes the single pass; whether it was enough. Delays of goroutines that never started count in full. */
static bool try_at_once(struct delays *d, struct str bytes)
{
    struct trace_fault fault = {0};
    if (!pass(d, bytes, UINT64_MAX, note_at_once, &fault) || fault.set || d->give_up || d->goroutines.n == 0)
        return false;
    for (size_t i = 0; i < d->goroutines.n; i++) {
        const struct goroutine *g = &d->goroutines.at[i];
        if (g->has_early && g->start == 0)
            add_delay(d, g->early_stack, g->end && g->end < g->early_at ? 0 : g->early, g->early_at);
    }
    return true;
}

/* Forgets all delays and goroutines. */
static void forget(struct delays *d)
{
    for (uint32_t i = 0; i < d->records.n; i++) {
        struct record *record = &d->records.at[i];
        *record = (struct record){.shortest = record->shortest, .shown = i};
    }
    trace_ids_finish(&d->numbers, d->mem);
    trace_ids_init(&d->numbers, d->mem);
    d->number_of_zero = 0;
    d->goroutines.n = 0;
    memset(d->recent, 0, sizeof d->recent);
    d->last_mark = INT64_MIN;
    d->marked = 0;
    d->give_up = false;
}

static bool compute_in_two(struct delays *d, struct str bytes, struct trace_fault *fault)
{
    if (!pass(d, bytes, UINT64_MAX, note_life, fault))
        return false;
    if (d->marked == 0)
        return trace_fault_at(fault, 0, "nothing of the trace is good");
    if (d->goroutines.n == 0)
        return trace_fault_at(fault, 0, "no goroutine is in the trace");
    struct trace_fault again = {0};
    if (pass(d, bytes, d->marked, note_delay, &again))
        return true;
    *fault = again;
    return false;
}

/* What is wanted must be known before. */
static bool compute_wanted(struct delays *d, struct str bytes, const struct trace_delay_filter *filter,
                           struct trace_fault *fault)
{
    struct delay_intervals intervals;
    struct trace_extent extent;
    struct trace_fault again = {0};
    if (!delay_intervals_find(bytes, filter, d->mem, &intervals, &extent, fault))
        return false;
    d->wanted = &intervals;
    bool good = pass(d, bytes, extent.marked, note_wanted, &again);
    delay_intervals_finish(&intervals);
    if (!good)
        *fault = again;
    return good;
}

static bool compute(struct delays *d, struct str bytes, const struct trace_delay_filter *filter,
                    struct trace_fault *fault)
{
    if (filter) {
        if (!compute_wanted(d, bytes, filter, fault))
            return false;
    } else if (!try_at_once(d, bytes)) {
        forget(d);
        if (!compute_in_two(d, bytes, fault))
            return false;
    }
    if (add_samples(d) && add_columns(d))
        return true;
    fault->set = false;
    return trace_fault_at(fault, 0, "out of memory");
}

bool trace_delays(struct str bytes, enum trace_delay kind, struct mem *mem, struct profile *profile,
                  struct trace_share *share, struct trace_fault *fault)
{
    return trace_delays_of(bytes, kind, NULL, mem, profile, share, fault);
}

bool trace_delays_of(struct str bytes, enum trace_delay kind, const struct trace_delay_filter *filter, struct mem *mem,
                     struct profile *profile, struct trace_share *share, struct trace_fault *fault)
{
    if (!profile_init(profile, mem))
        return trace_fault_at(fault, 0, "out of memory");
    struct delays d = {.mem = mem, .kind = kind, .profile = profile, .last_mark = INT64_MIN};
    trace_ids_init(&d.numbers, mem);
    map_init(&d.location_of_pc, mem);
    str_map_init(&d.function_of_name, mem);
    arena_init(&d.names, mem);
    bool good =
        (stacks_init(&d.stacks, mem, first_stacks) && describe(profile)) || trace_fault_at(fault, 0, "out of memory");
    good = good && compute(&d, bytes, filter, fault);
    if (good)
        *share = d.share;
    else
        profile_finish(profile);
    stacks_finish(&d.stacks);
    trace_ids_finish(&d.numbers, mem);
    map_finish(&d.location_of_pc);
    str_map_finish(&d.function_of_name);
    arena_finish(&d.names);
    vec_finish(&d.goroutines, mem);
    vec_finish(&d.records, mem);
    vec_finish(&d.functions, mem);
    vec_finish(&d.locations, mem);
    vec_finish(&d.lines, mem);
    vec_finish(&d.stack_of_index, mem);
    vec_finish(&d.reasons, mem);
    return good;
}
