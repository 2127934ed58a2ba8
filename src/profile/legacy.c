#include "profile/legacy.h"

#include <math.h>
#include <string.h>

#include "profile/stacks.h"

enum legacy_result legacy_fail(struct legacy *l, const char *at, const char *expected)
{
    *l->fault = (struct fault){expected, at ? (uint64_t)(at - l->text.p) : 0};
    return legacy_broken;
}

enum legacy_result legacy_exhausted(struct legacy *l)
{
    return legacy_fail(l, NULL, "enough memory to read the profile");
}

static bool set_type(struct profile *p, const char *const texts[2], struct profile_value_type *type)
{
    type->type = profile_string(p, str_of(texts[0]));
    type->unit = profile_string(p, str_of(texts[1]));
    return type->type != PROFILE_NONE && type->unit != PROFILE_NONE;
}

bool legacy_set_types(struct legacy *l, const char *const period_type[2], int64_t period,
                      const char *const (*sample_types)[2], uint32_t n)
{
    struct profile *p = &l->profile;
    p->period = period;
    if (!set_type(p, period_type, &p->period_type) ||
        !profile_resize(p, &p->sample_types, p->nsample_types, n, sizeof *p->sample_types))
        return false;
    p->nsample_types = n;
    for (uint32_t i = 0; i < n; i++) {
        if (!set_type(p, sample_types[i], &p->sample_types[i]))
            return false;
    }
    return true;
}

bool legacy_add_sample(struct legacy *l, const int64_t *values, uint32_t nvalues)
{
    struct legacy_sample sample = {.first = l->frames.n, .first_value = l->values.n};
    if (!vec_push(&l->samples, l->mem, sample))
        return false;
    for (uint32_t i = 0; i < nvalues; i++) {
        if (!vec_push(&l->values, l->mem, values[i]))
            return false;
    }
    return true;
}

bool legacy_add_frame(struct legacy *l, uint64_t address)
{
    uint32_t fresh = (uint32_t)l->locations.n, *location = map_add(&l->by_address, address, fresh);
    if (!location)
        return false;
    struct legacy_location added = {.address = address, .function = PROFILE_NONE};
    if (*location == fresh && !vec_push(&l->locations, l->mem, added))
        return false;
    l->samples.at[l->samples.n - 1].depth++;
    return vec_push(&l->frames, l->mem, *location);
}

/* The next "0x..." at or behind *at, which moves behind it. */
static bool next_hex(struct str text, size_t *at, struct str *digits)
{
    for (;; ++*at) {
        *at = str_find(text, STR("0x"), *at);
        if (*at == text.n)
            return false;
        size_t end = *at + 2;
        while (end < text.n &&
               ((text.p[end] >= '0' && text.p[end] <= '9') || (text.p[end] >= 'a' && text.p[end] <= 'f')))
            end++;
        if (end > *at + 2) {
            *digits = (struct str){text.p + *at + 2, end - *at - 2};
            *at = end;
            return true;
        }
    }
}

bool legacy_add_frames(struct legacy *l, struct str text, uint64_t from, bool *fits)
{
    struct str digits;
    size_t at = 0;
    *fits = true;
    for (uint64_t i = 0; next_hex(text, &at, &digits); i++) {
        uint64_t address;
        *fits = legacy_parse_hex(digits, &address);
        if (!*fits)
            return true;
        if (!legacy_add_frame(l, address - (i >= from)))
            return false;
    }
    return true;
}

void legacy_drop_second(struct legacy *l, struct legacy_sample *sample)
{
    uint32_t *frames = l->frames.at + sample->first;
    sample->depth--;
    memmove(frames + 1, frames + 2, (sample->depth - 1) * sizeof *frames);
}

/* Drops second frames that are the leaf again, moved back by one: signal handlers have the leaf from the registers too.
 */
static void drop_repeated_leaves(struct legacy *l)
{
    for (size_t i = 0; i < l->samples.n; i++) {
        struct legacy_sample *sample = &l->samples.at[i];
        if (sample->depth < 2)
            continue;
        const uint32_t *frames = l->frames.at + sample->first;
        if (l->locations.at[frames[0]].address == l->locations.at[frames[1]].address + 1)
            legacy_drop_second(l, sample);
    }
}

bool legacy_next_line(struct legacy_lines *lines)
{
    lines->line = (struct str){0};
    if (lines->next >= lines->text.n)
        return false;
    size_t end = str_find(lines->text, STR("\n"), lines->next), from = lines->next;
    lines->next = end + 1;
    if (end > from && lines->text.p[end - 1] == '\r')
        end--;
    lines->line = (struct str){lines->text.p + from, end - from};
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str legacy_trim(struct str text)
{
    while (text.n > 0 && is_space(text.p[0]))
        text = str_skip(text, 1);
    while (text.n > 0 && is_space(text.p[text.n - 1]))
        text.n--;
    return text;
}

bool legacy_is_blank(struct str line)
{
    line = legacy_trim(line);
    return line.n == 0 || line.p[0] == '#';
}

static bool contains(struct str text, struct str part)
{
    return part.n <= text.n && str_find(text, part, 0) < text.n;
}

bool legacy_is_map_sentinel(struct str line)
{
    return contains(line, STR("--- Memory map: ---")) || contains(line, STR("MAPPED_LIBRARIES:"));
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 99;
}

/* The base that a number's prefix tells, which is skipped. */
static int prefixed_base(struct str *digits)
{
    if (digits->n < 2 || digits->p[0] != '0')
        return 10;
    char c = digits->p[1] | 0x20;
    int base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;
    *digits = str_skip(*digits, base == 0 ? 1 : 2);
    return base == 0 ? 8 : base;
}

static bool parse_digits(struct str digits, int base, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < digits.n; i++) {
        int digit = digit_of(digits.p[i]);
        if (digit >= base || __builtin_mul_overflow(*value, (uint64_t)base, value) ||
            __builtin_add_overflow(*value, (uint64_t)digit, value))
            return false;
    }
    return digits.n > 0;
}

bool legacy_parse_int(struct str text, int base, int64_t *value)
{
    uint64_t magnitude;
    bool negative = text.n > 0 && text.p[0] == '-';
    if (text.n > 0 && (text.p[0] == '-' || text.p[0] == '+'))
        text = str_skip(text, 1);
    if (base == 0)
        base = prefixed_base(&text);
    if (!parse_digits(text, base, &magnitude) || magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *value = (int64_t)(negative ? -magnitude : magnitude);
    return true;
}

bool legacy_parse_hex(struct str text, uint64_t *value)
{
    return parse_digits(text, 16, value);
}

/* As Go converts on amd64: what does not fit becomes the smallest number. */
static int64_t to_int64(double value)
{
    return value >= -0x1p63 && value < 0x1p63 ? (int64_t)value : INT64_MIN;
}

void legacy_unsample(int64_t *count, int64_t *size, int64_t rate)
{
    if (*count == 0 || *size == 0) {
        *count = *size = 0;
        return;
    }
    if (rate <= 1) /* 1: all were taken; less: not known */
        return;
    double average = (double)*size / (double)*count, scale = 1 / (1 - exp(-average / (double)rate));
    *count = to_int64((double)*count * scale);
    *size = to_int64((double)*size * scale);
}

struct pattern *legacy_pattern(struct legacy *l, const char *expression)
{
    struct buf error;
    buf_init(&error, l->mem);
    struct pattern *pattern = pattern_create_with_groups(str_of(expression), l->mem, &error);
    buf_finish(&error);
    return pattern;
}

/* Frames to drop and keep, by what the samples are: those of allocators, of locks, or of profilers' signal handlers. */
static const char allocator_frames[] =
    "calloc|cfree|malloc|free|memalign|do_memalign|(__)?posix_memalign|pvalloc|valloc|realloc|tcmalloc::.*|tc_calloc|"
    "tc_cfree|tc_malloc|tc_free|tc_memalign|tc_posix_memalign|tc_pvalloc|tc_valloc|tc_realloc|tc_new|tc_delete|"
    "tc_newarray|tc_deletearray|tc_new_nothrow|tc_newarray_nothrow|malloc_zone_malloc|malloc_zone_calloc|"
    "malloc_zone_valloc|malloc_zone_realloc|malloc_zone_memalign|malloc_zone_free|runtime\\..*|BaseArena::.*|"
    "(::)?do_malloc_no_errno|(::)?do_malloc_pages|(::)?do_malloc|DoSampledAllocation|"
    "MallocedMemBlock::MallocedMemBlock|_M_allocate|__builtin_(vec_)?delete|__builtin_(vec_)?new|"
    "__gnu_cxx::new_allocator::allocate|__libc_malloc|__malloc_alloc_template::allocate|allocate|cpp_alloc|"
    "operator new(\\[\\])?|simple_alloc::allocate";
static const char allocator_frames_kept[] = "runtime\\.panic|runtime\\.reflectcall|runtime\\.call[0-9]*";
static const char profiler_frames[] =
    "ProfileData::Add|ProfileData::prof_handler|CpuProfiler::prof_handler|__pthread_sighandler|__restore";
static const char lock_frames[] =
    "RecordLockProfileData|(base::)?RecordLockProfileData.*|(base::)?SubmitMutexProfileData.*|"
    "(base::)?SubmitSpinLockProfileData.*|(base::Mutex::)?AwaitCommon.*|(base::Mutex::)?Unlock.*|"
    "(base::Mutex::)?UnlockSlow.*|(base::Mutex::)?ReaderUnlock.*|(base::MutexLock::)?~MutexLock.*|"
    "(Mutex::)?AwaitCommon.*|(Mutex::)?Unlock.*|(Mutex::)?UnlockSlow.*|(Mutex::)?ReaderUnlock.*|"
    "(MutexLock::)?~MutexLock.*|(SpinLock::)?Unlock.*|(SpinLock::)?SlowUnlock.*|(SpinLockHolder::)?~SpinLockHolder.*";

/* Whether the sample types are just these, a list that ends with NULL. */
static bool has_types(const struct profile *p, const char *const *types)
{
    uint32_t i = 0;
    for (; types[i]; i++) {
        if (i >= p->nsample_types || !str_equal(p->strings[p->sample_types[i].type], str_of(types[i])))
            return false;
    }
    return i == p->nsample_types;
}

static bool is_heap(const struct profile *p)
{
    static const char *const kinds[][5] = {{"allocations", "size"},
                                           {"objects", "space"},
                                           {"inuse_objects", "inuse_space"},
                                           {"alloc_objects", "alloc_space"},
                                           {"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (has_types(p, kinds[i]))
            return true;
    }
    return false;
}

static bool set_dropped_frames(struct profile *p)
{
    static const char *const contention[] = {"contentions", "delay", NULL};
    bool heap = is_heap(p);
    const char *drop = heap ? allocator_frames : has_types(p, contention) ? lock_frames : profiler_frames;
    p->drop_frames = profile_string(p, str_of(drop));
    p->keep_frames = profile_string(p, str_of(heap ? allocator_frames_kept : ""));
    return p->drop_frames != PROFILE_NONE && p->keep_frames != PROFILE_NONE;
}

/* The mapping of an address; PROFILE_NONE where there is none. */
static uint32_t find_mapping(struct legacy *l, uint64_t address)
{
    for (size_t i = 0; i < l->mappings.n; i++) {
        if (l->mappings.at[i].start <= address && address < l->mappings.at[i].limit)
            return (uint32_t)i;
    }
    /* Some writers leave out the first part of a mapping that is split. */
    for (size_t i = 0; i < l->mappings.n; i++) {
        struct profile_mapping *m = &l->mappings.at[i];
        if (m->offset != 0 && m->start - m->offset <= address && address < m->start) {
            m->start -= m->offset;
            m->offset = 0;
            return (uint32_t)i;
        }
    }
    return PROFILE_NONE;
}

/* Gives a location its mapping: where none fits, one over all addresses that is made at the first need. */
static bool map_location(struct legacy *l, struct profile_location *location, uint32_t *fake)
{
    if (location->address == 0)
        return true;
    location->mapping = find_mapping(l, location->address);
    if (location->mapping != PROFILE_NONE)
        return true;
    if (*fake == PROFILE_NONE) {
        *fake = (uint32_t)l->mappings.n;
        if (!vec_push(&l->mappings, l->mem, (struct profile_mapping){.limit = UINT64_MAX}))
            return false;
    }
    location->mapping = *fake;
    return true;
}

static void fix_first_mapping(struct legacy *l)
{
    const uint64_t expected_start = 0x400000;
    struct profile_mapping *first = l->mappings.at;
    if (l->mappings.n > 1 && first[0].limit == first[1].start &&
        str_starts_with(l->profile.strings[first[0].file], STR("/anon_hugepage"))) {
        l->mappings.n--;
        memmove(first, first + 1, l->mappings.n * sizeof *first);
    }
    if (l->mappings.n > 0 && first->start - first->offset == expected_start) {
        first->start = expected_start;
        first->offset = 0;
    }
}

/* Puts the locations that samples use into the profile, in the order of their first use; new_index tells what became of
 * each. */
static bool put_locations(struct legacy *l, uint32_t *new_index)
{
    struct profile *p = &l->profile;
    uint32_t n = 0, fake = PROFILE_NONE;
    for (uint32_t i = 0; i < l->locations.n; i++)
        n += new_index[i] != PROFILE_NONE;
    p->nlocations = n;
    if (!profile_resize(p, &p->locations, 0, n, sizeof *p->locations) ||
        !profile_resize(p, &p->line_start, 0, (uint64_t)n + 1, sizeof *p->line_start))
        return false;
    memset(p->line_start, 0, ((size_t)n + 1) * sizeof *p->line_start);
    for (uint32_t i = 0; i < l->locations.n; i++) {
        if (new_index[i] != PROFILE_NONE) {
            struct profile_location location = {l->locations.at[i].address, PROFILE_NONE, false,
                                                (uint64_t)new_index[i] + 1};
            p->locations[new_index[i]] = location;
            p->line_start[new_index[i] + 1] = l->locations.at[i].function != PROFILE_NONE;
        }
    }
    fix_first_mapping(l);
    for (uint32_t i = 0; i < n; i++) {
        if (!map_location(l, &p->locations[i], &fake))
            return false;
        if (l->strips_addresses)
            p->locations[i].address = 0;
        p->line_start[i + 1] += p->line_start[i];
    }
    return true;
}

/* Puts the lines of the locations that are used there, and renumbers functions in the order of these. */
static bool put_lines(struct legacy *l, const uint32_t *new_index)
{
    struct profile *p = &l->profile;
    uint32_t nlines = p->line_start[p->nlocations], nfunctions = p->nfunctions, used = 0;
    if (!profile_resize(p, &p->lines, 0, nlines, sizeof *p->lines))
        return false;
    for (uint32_t i = 0; i < l->locations.n; i++) {
        const struct legacy_location *location = &l->locations.at[i];
        if (new_index[i] != PROFILE_NONE && location->function != PROFILE_NONE)
            p->lines[p->line_start[new_index[i]]] =
                (struct profile_line){.function = location->function, .line = location->line};
    }
    struct profile_function *functions = NULL;
    uint32_t *renamed = mem_get_array(l->mem, (size_t)nfunctions + 1, sizeof *renamed);
    bool ok = renamed && profile_resize(p, &functions, 0, nfunctions, sizeof *functions);
    if (ok) {
        memset(renamed, 0xff, ((size_t)nfunctions + 1) * sizeof *renamed);
        for (uint32_t i = 0; i < nlines; i++) {
            uint32_t *name = &renamed[p->lines[i].function];
            if (*name == PROFILE_NONE) {
                functions[used] = p->functions[p->lines[i].function];
                functions[used].id = (uint64_t)used + 1;
                *name = used++;
            }
            p->lines[i].function = *name;
        }
        mem_put(l->mem, p->functions, nfunctions * sizeof *functions);
        profile_resize(p, &functions, nfunctions, used, sizeof *functions);
        p->functions = functions;
        p->nfunctions = used;
    }
    mem_put(l->mem, renamed, ((size_t)nfunctions + 1) * sizeof *renamed);
    return ok;
}

/* Makes stacks of the samples' frames. */
static bool put_stacks(struct legacy *l, const uint32_t *new_index)
{
    struct profile *p = &l->profile;
    struct stacks stacks;
    if (!stacks_init(&stacks, l->mem, p->nsamples))
        return false;
    bool ok = true;
    for (uint32_t i = 0; ok && i < p->nsamples; i++) {
        const struct legacy_sample *sample = &l->samples.at[i];
        uint32_t *frames = stacks_reserve(&stacks, sample->depth);
        for (uint64_t k = 0; frames && k < sample->depth; k++)
            frames[k] = new_index[l->frames.at[sample->first + k]];
        p->stack[i] = frames ? stacks_take(&stacks, sample->depth) : PROFILE_NONE;
        ok = p->stack[i] != PROFILE_NONE;
    }
    if (ok) {
        p->nstacks = stacks.n;
        stacks_release(&stacks, &p->stack_start, &p->frames);
    }
    stacks_finish(&stacks);
    return ok;
}

static bool put_samples(struct legacy *l)
{
    struct profile *p = &l->profile;
    uint32_t n = (uint32_t)l->samples.n, bytes = profile_string(p, STR("bytes"));
    uint64_t nlabels = 0;
    for (uint32_t i = 0; i < n; i++)
        nlabels += l->samples.at[i].has_size;
    if (bytes == PROFILE_NONE || !profile_resize(p, &p->stack, 0, n, sizeof *p->stack) ||
        !profile_resize(p, &p->label_start, 0, (uint64_t)n + 1, sizeof *p->label_start))
        return false;
    memset(p->label_start, 0, ((size_t)n + 1) * sizeof *p->label_start);
    p->nsamples = n;
    if (!profile_resize(p, &p->labels, 0, nlabels, sizeof *p->labels))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t at = p->label_start[i];
        if (l->samples.at[i].has_size)
            p->labels[at] = (struct profile_label){.key = bytes, .is_num = true, .num = l->samples.at[i].size};
        p->label_start[i + 1] = at + l->samples.at[i].has_size;
    }
    profile_resize(p, &l->values.at, l->values.room, l->values.n, sizeof *l->values.at);
    p->values = l->values.at;
    l->values.at = NULL;
    l->values.room = l->values.n = 0;
    return true;
}

static bool put_mappings(struct legacy *l)
{
    struct profile *p = &l->profile;
    p->nmappings = (uint32_t)l->mappings.n;
    if (!profile_resize(p, &p->mappings, 0, p->nmappings, sizeof *p->mappings))
        return false;
    for (uint32_t i = 0; i < p->nmappings; i++) {
        p->mappings[i] = l->mappings.at[i];
        p->mappings[i].id = (uint64_t)i + 1;
    }
    return true;
}

/* Numbers the locations in the order in which samples use them. */
static void number_locations(const struct legacy *l, uint32_t *new_index)
{
    uint32_t n = 0;
    memset(new_index, 0xff, l->locations.n * sizeof *new_index);
    for (size_t i = 0; i < l->samples.n; i++) {
        const struct legacy_sample *sample = &l->samples.at[i];
        for (uint64_t k = 0; k < sample->depth; k++) {
            uint32_t *index = &new_index[l->frames.at[sample->first + k]];
            if (*index == PROFILE_NONE)
                *index = n++;
        }
    }
}

/* Makes columns of what was read. */
static bool finish(struct legacy *l)
{
    size_t room = l->locations.n + 1;
    uint32_t *new_index = mem_get_array(l->mem, room, sizeof *new_index);
    if (!new_index)
        return false;
    number_locations(l, new_index);
    if (l->drops_repeated_leaves)
        drop_repeated_leaves(l);
    bool ok = put_samples(l) && put_stacks(l, new_index) && put_locations(l, new_index) && put_lines(l, new_index) &&
              put_mappings(l) && set_dropped_frames(&l->profile);
    mem_put(l->mem, new_index, room * sizeof *new_index);
    return ok;
}

static bool begin(struct legacy *l, struct str text, struct mem *mem, struct fault *fault)
{
    *l = (struct legacy){.mem = mem, .text = text, .fault = fault};
    map_init(&l->by_address, mem);
    return profile_init(&l->profile, mem);
}

/* Frees all but the profile. */
static void end(struct legacy *l)
{
    map_finish(&l->by_address);
    vec_finish(&l->locations, l->mem);
    vec_finish(&l->samples, l->mem);
    vec_finish(&l->frames, l->mem);
    vec_finish(&l->values, l->mem);
    vec_finish(&l->mappings, l->mem);
}

/* Asks one format's reader. */
static enum legacy_result try_format(enum legacy_result (*read)(struct legacy *), struct str text, struct mem *mem,
                                     struct profile *out, struct fault *fault)
{
    struct legacy l;
    enum legacy_result result = begin(&l, text, mem, fault) ? read(&l) : legacy_exhausted(&l);
    if (result == legacy_done && !finish(&l))
        result = legacy_exhausted(&l);
    if (result == legacy_done)
        *out = l.profile;
    else
        profile_finish(&l.profile);
    end(&l);
    return result;
}

enum legacy_result legacy_read(struct str text, struct mem *mem, struct profile *out, struct fault *fault)
{
    static enum legacy_result (*const readers[])(struct legacy *) = {
        legacy_read_cpu,    legacy_read_heap,       legacy_read_count,
        legacy_read_thread, legacy_read_contention, legacy_read_java,
    };
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        enum legacy_result result = try_format(readers[i], text, mem, out, fault);
        if (result != legacy_other)
            return result;
    }
    return legacy_other;
}
