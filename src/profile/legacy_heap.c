/* Heap texts: tcmalloc's and early Go's heap, heap_v2, growth and fragmentation,
 *
 *     heap profile:    133:   524288 [   200:   900000] @ heap_v2/524288
 *         1:   262144 [     2:   524288] @ 0x4a1b2c 0x4a1b3d
 *
 * in use and, in brackets, ever allocated: counts and bytes. */
#include <math.h>

#include "profile/legacy.h"

static const char heap_header[] =
    "heap profile: *(\\d+): *(\\d+) *\\[ *(\\d+): *(\\d+) *\\] *@ *(heap[_a-z0-9]*)/?(\\d*)";
static const char growth_header[] = "heap profile: *(\\d+): *(\\d+) *\\[ *(\\d+): *(\\d+) *\\] @ growthz?";
static const char fragmentation_header[] =
    "heap profile: *(\\d+): *(\\d+) *\\[ *(\\d+): *(\\d+) *\\] @ fragmentationz?";
static const char sample_line[] = "(-?\\d+): *(-?\\d+) *\\[ *(\\d+): *(\\d+) *] @([ x0-9a-f]*)";

/* What the header tells. */
struct heap {
    struct legacy *legacy;
    struct pattern *sample;
    int64_t period;
    bool sampled, has_alloc;
};

/* Whether a number in the header tells of allocations that are not in use. */
static bool differs(struct str all, struct str in_use)
{
    return !str_equal(all, in_use) && !str_equal(all, STR("0"));
}

static bool take_heap_header(struct heap *heap, const struct str *groups)
{
    if (groups[6].n > 0 && !legacy_parse_int(groups[6], 10, &heap->period))
        return false;
    heap->has_alloc = differs(groups[3], groups[1]) || differs(groups[4], groups[2]);
    if (str_equal(groups[5], STR("heapz_v2")) || str_equal(groups[5], STR("heap_v2"))) {
        heap->sampled = true;
    } else if (str_equal(groups[5], STR("heapprofile"))) {
        heap->period = 1;
    } else if (str_equal(groups[5], STR("heap"))) { /* Go's, which gives twice the rate */
        heap->sampled = true;
        heap->period /= 2;
    } else {
        return false;
    }
    return true;
}

/* Whether the first line is a heap text's. */
static enum legacy_result read_header(struct heap *heap, struct str line)
{
    struct legacy *l = heap->legacy;
    struct pattern *full = legacy_pattern(l, heap_header), *growth = legacy_pattern(l, growth_header),
                   *fragmentation = legacy_pattern(l, fragmentation_header);
    struct str groups[7];
    enum legacy_result result = legacy_other;
    if (!full || !growth || !fragmentation) {
        result = legacy_exhausted(l);
    } else if (pattern_find(full, line, groups, 7)) {
        result = take_heap_header(heap, groups) ? legacy_done : legacy_other;
    } else if (pattern_matches(growth, line) || pattern_matches(fragmentation, line)) {
        heap->period = 1;
        result = legacy_done;
    }
    pattern_destroy(full);
    pattern_destroy(growth);
    pattern_destroy(fragmentation);
    return result;
}

static bool set_types(const struct heap *heap)
{
    static const char *const space[2] = {"space", "bytes"};
    static const char *const plain[][2] = {{"objects", "count"}, {"space", "bytes"}};
    static const char *const full[][2] = {
        {"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"}, {"inuse_space", "bytes"}};
    return heap->has_alloc ? legacy_set_types(heap->legacy, space, heap->period, full, 4)
                           : legacy_set_types(heap->legacy, space, heap->period, plain, 2);
}

/* Reads a count and bytes; *size becomes the size of a block, unless there are none. */
static bool read_pair(const struct heap *heap, const struct str texts[2], int64_t values[2], int64_t *size)
{
    if (!legacy_parse_int(texts[0], 10, &values[0]) || !legacy_parse_int(texts[1], 10, &values[1]))
        return false;
    if (values[0] == 0)
        return values[1] == 0;
    *size = values[0] == -1 ? (int64_t) - (uint64_t)values[1] : values[1] / values[0];
    if (heap->sampled)
        legacy_unsample(&values[0], &values[1], heap->period);
    return true;
}

static enum legacy_result read_sample(struct heap *heap, struct str line)
{
    struct legacy *l = heap->legacy;
    struct str groups[6];
    int64_t values[4], size = 0;
    bool fits;
    if (!pattern_find(heap->sample, line, groups, 6) ||
        (heap->has_alloc && !read_pair(heap, groups + 3, values, &size)) ||
        !read_pair(heap, groups + 1, values + (heap->has_alloc ? 2 : 0), &size))
        return legacy_fail(l, line.p, "a heap sample \"count: bytes [count: bytes] @ addresses\"");
    if (!legacy_add_sample(l, values, heap->has_alloc ? 4 : 2) || !legacy_add_frames(l, groups[5], 0, &fits))
        return legacy_exhausted(l);
    if (!fits)
        return legacy_fail(l, line.p, "addresses of at most 64 bits");
    l->samples.at[l->samples.n - 1].has_size = true;
    l->samples.at[l->samples.n - 1].size = size;
    return legacy_done;
}

static enum legacy_result read_samples(struct heap *heap, struct legacy_lines *lines)
{
    enum legacy_result result = legacy_done;
    while (result == legacy_done && legacy_next_line(lines)) {
        struct str line = legacy_trim(lines->line);
        if (legacy_is_blank(line))
            continue;
        if (legacy_is_map_sentinel(line))
            break;
        result = read_sample(heap, line);
    }
    if (result == legacy_done && !legacy_read_sections(heap->legacy, lines))
        return legacy_exhausted(heap->legacy);
    return result;
}

enum legacy_result legacy_read_heap(struct legacy *l)
{
    struct heap heap = {.legacy = l};
    struct legacy_lines lines = {.text = l->text};
    if (!legacy_next_line(&lines) || str_find(lines.line, STR("heap profile: "), 0) == lines.line.n)
        return legacy_other;
    enum legacy_result result = read_header(&heap, lines.line);
    if (result != legacy_done)
        return result;
    heap.sample = legacy_pattern(l, sample_line);
    result = heap.sample && set_types(&heap) ? read_samples(&heap, &lines) : legacy_exhausted(l);
    pattern_destroy(heap.sample);
    return result;
}
