/* Times have no signs, so that the dash between them is the only one. */
#include "trace/range.h"

#include "base/duration.h"

bool trace_range_parse(struct str text, struct trace_range *range, const char **why)
{
    struct trace_range r = TRACE_RANGE_ALL;
    size_t dash = str_find(text, STR("-"), 0);
    struct str start = str_first(text, dash), end = str_skip(text, dash + 1);
    *why = "a range is START-END, START- or -END, for example 1.2s-1.4s";
    if (dash == text.n || text.n == 1)
        return false;
    *why = "the times of a range are numbers with units, for example 1.2s, 250ms or 3us";
    if ((start.n > 0 && !duration_parse(start, &r.start)) || (end.n > 0 && !duration_parse(end, &r.end)))
        return false;
    *why = "the range ends before it starts";
    if (r.end <= (r.start > 0 ? r.start : 0))
        return false;
    *range = r;
    return true;
}

static int64_t add(int64_t time, int64_t begin)
{
    int64_t sum;
    if (time == INT64_MIN || time == INT64_MAX)
        return time;
    return __builtin_add_overflow(time, begin, &sum) ? INT64_MAX : sum;
}

struct trace_range trace_range_from(struct trace_range range, int64_t begin)
{
    return (struct trace_range){add(range.start, begin), add(range.end, begin)};
}
