/* As Go's pages do it: a goroutine's time is from its first start to its end; of regions of one goroutine that overlap,
 * the outermost counts. */
#include "trace/delay_filter.h"

#include <stdlib.h>

#include "trace/summary.h"

void delay_intervals_finish(struct delay_intervals *d)
{
    vec_finish(&d->all, d->mem);
    vec_finish(&d->places, d->mem);
    map_finish(&d->place_of_goroutine);
}

static bool take(void *state, const struct trace_event *event)
{
    return summary_add(state, event);
}

/* Adds an interval to those of the goroutine at hand, as far as it is in the range. */
static bool add(struct delay_intervals *d, struct trace_range range, int64_t start, int64_t end)
{
    start = start > range.start ? start : range.start;
    end = end < range.end ? end : range.end;
    return start >= end || vec_push(&d->all, d->mem, (struct trace_range){start, end});
}

/* The intervals from `first` on are the goroutine's. */
static bool end_goroutine(struct delay_intervals *d, size_t first, int64_t id)
{
    struct delay_place place = {(uint32_t)first, (uint32_t)(d->all.n - first)};
    uint32_t fresh = (uint32_t)d->places.n;
    return place.n == 0 ||
           (map_add(&d->place_of_goroutine, (uint64_t)id, fresh) && vec_push(&d->places, d->mem, place));
}

/* The number that a text is; false where it is none. */
static bool is_number(struct str text, int64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || *number > (INT64_MAX - 9) / 10)
            return false;
        *number = *number * 10 + (text.p[i] - '0');
    }
    return text.n > 0;
}

static bool is_wanted(const struct summary *s, const struct summary_goroutine *g, const struct trace_delay_filter *f)
{
    int64_t id;
    if (!f->by_goroutine || f->goroutine.n == 0)
        return true;
    return is_number(f->goroutine, &id) ? g->id == id : str_equal(s->names.at[g->name], f->goroutine);
}

static bool add_goroutines(struct delay_intervals *d, const struct summary *s, const struct trace_delay_filter *f,
                           struct trace_range range, int64_t trace_end, bool *any)
{
    bool good = true;
    *any = false;
    for (size_t i = 0; i < s->goroutines.n && good; i++) {
        const struct summary_goroutine *g = &s->goroutines.at[i];
        size_t first = d->all.n;
        if (!is_wanted(s, g, f))
            continue;
        *any = true;
        good = add(d, range, g->start, g->end ? g->end : trace_end) && end_goroutine(d, first, g->id);
    }
    return good;
}

/* A matching region's time. */
struct span {
    uint32_t goroutine;
    int64_t start, end;
};

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    if (x->goroutine != y->goroutine)
        return x->goroutine < y->goroutine ? -1 : 1;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static bool region_matches(const struct summary *s, const struct summary_region *region, int64_t length,
                           const struct trace_delay_filter *f)
{
    return (!f->of_type || str_equal(s->names.at[region->name], f->type)) && (!f->at_pc || region->pc == f->pc) &&
           length >= f->least && length <= f->most && is_wanted(s, &s->goroutines.at[region->goroutine], f);
}

static bool add_regions(struct delay_intervals *d, const struct summary *s, const struct trace_delay_filter *f,
                        struct trace_range range, const struct trace_extent *extent)
{
    VEC(struct span) spans = {0};
    bool good = true;
    for (size_t i = 0; i < s->regions.n && good; i++) {
        const struct summary_region *region = &s->regions.at[i];
        struct span span = {region->goroutine, region->has_start ? region->start : extent->begin,
                            region->has_end ? region->end : extent->end};
        if (summary_region_counts(s, region) && region_matches(s, region, span.end - span.start, f))
            good = vec_push(&spans, d->mem, span);
    }
    if (spans.n > 0)
        qsort(spans.at, spans.n, sizeof *spans.at, compare_spans);
    size_t first = 0;
    int64_t last = 0;
    for (size_t i = 0; i < spans.n && good; i++) {
        struct span span = spans.at[i];
        if (i == 0 || spans.at[i - 1].goroutine != span.goroutine) {
            first = d->all.n;
            last = 0;
        }
        if (last <= span.start) {
            good = add(d, range, span.start, span.end);
            last = span.end;
        }
        if (good && (i + 1 == spans.n || spans.at[i + 1].goroutine != span.goroutine))
            good = end_goroutine(d, first, s->goroutines.at[span.goroutine].id);
    }
    vec_finish(&spans, d->mem);
    return good;
}

static bool fill(struct delay_intervals *d, struct summary *s, const struct trace_delay_filter *f,
                 const struct trace_extent *extent, struct trace_fault *fault)
{
    struct trace_range range = trace_range_from(f->range, extent->begin);
    bool any = true;
    bool good = summary_end(s);
    if (good && f->by_region)
        good = add_regions(d, s, f, range, extent);
    else if (good)
        good = add_goroutines(d, s, f, range, extent->end, &any);
    fault->set &= good && any;
    if (!good)
        return trace_fault_at(fault, 0, "out of memory");
    return any || trace_fault_at(fault, 0, "no goroutine starts in %.*s or has that number",
                                 (int)(f->goroutine.n < 80 ? f->goroutine.n : 80), f->goroutine.p);
}

bool delay_intervals_find(struct str bytes, const struct trace_delay_filter *filter, struct mem *mem,
                          struct delay_intervals *intervals, struct trace_extent *extent, struct trace_fault *fault)
{
    struct delay_intervals d = {.mem = mem};
    struct summary summary;
    map_init(&d.place_of_goroutine, mem);
    if (!summary_init(&summary, mem))
        return trace_fault_at(fault, 0, "out of memory");
    bool good =
        trace_pass(bytes, mem, UINT64_MAX, take, &summary, extent, fault) && fill(&d, &summary, filter, extent, fault);
    summary_finish(&summary);
    if (good)
        *intervals = d;
    else
        delay_intervals_finish(&d);
    return good;
}

int64_t delay_intervals_overlap(const struct delay_intervals *d, int64_t goroutine, int64_t from, int64_t to)
{
    uint32_t *place = map_find(&d->place_of_goroutine, (uint64_t)goroutine);
    if (!place)
        return 0;
    const struct trace_range *all = d->all.at + d->places.at[*place].first;
    size_t left = 0, right = d->places.at[*place].n, n = right;
    while (left < right) { /* to the first that ends behind `from` */
        size_t middle = (left + right) / 2;
        if (all[middle].end <= from)
            left = middle + 1;
        else
            right = middle;
    }
    int64_t sum = 0;
    for (; left < n && all[left].start < to; left++)
        sum += trace_range_overlap(all[left], from, to);
    return sum;
}
