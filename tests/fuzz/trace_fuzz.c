/* Reading any bytes as a v2 trace ends, with a last mark or a fault within the input; events come in time, and a second
 * reading gives as many. The first byte chooses the version. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "trace/collector.h"
#include "trace/columns_check.h"
#include "trace/delay_filter.h"
#include "trace/delays.h"
#include "trace/dump.h"
#include "trace/mmu.h"
#include "trace/pass.h"
#include "trace/raw.h"
#include "trace/reader.h"
#include "trace/summary.h"

static size_t read_all(struct str bytes)
{
    struct trace_fault fault = {0};
    struct trace_reader *reader = trace_reader_create(bytes, mem_libc(), &fault);
    if (!reader)
        return 0;
    struct trace_dump dump;
    struct buf text;
    size_t n = 0;
    int64_t last = INT64_MIN;
    bool ended = false;
    buf_init(&text, mem_libc());
    trace_dump_init(&dump, mem_libc());
    for (const struct trace_event *e; (e = trace_reader_next(reader)); n++) {
        if (e->time <= last && last != INT64_MAX)
            abort();
        last = e->time;
        ended = e->type == ev_mark && !e->table;
        text.n = 0;
        trace_dump_event(&dump, e, &text);
    }
    const struct trace_fault *end = trace_reader_fault(reader);
    if ((!ended && !end->set) || (end->set && end->offset > bytes.n) || trace_reader_valid(reader) > bytes.n)
        abort();
    trace_dump_finish(&dump);
    buf_finish(&text);
    trace_reader_destroy(reader);
    return n;
}

static void profile_all(struct str bytes)
{
    struct trace_fault fault = {0};
    struct trace_share share;
    struct profile profile;
    if (trace_delays(bytes, trace_delay_sched, mem_libc(), &profile, &share, &fault))
        profile_finish(&profile);
    else if (!fault.set)
        abort();
}

struct analysis {
    struct activity activity;
    struct collector collector;
    struct utilization utilization;
    struct summary summary;
};

static bool take(void *state, const struct trace_event *e)
{
    struct analysis *a = state;
    return activity_add(&a->activity, e) && collector_add(&a->collector, e) && utilization_add(&a->utilization, e) &&
           summary_add(&a->summary, e);
}

/* No more than all of the time is spent, and no processor is busier than always. */
static void check(const struct activity *a)
{
    struct trace_range span = activity_span(a);
    for (size_t i = 0; i < a->procs.n; i++) {
        if (a->procs.at[i].busy < 0 || a->procs.at[i].running < 0 || a->procs.at[i].running > span.end - span.start)
            abort();
    }
    for (size_t i = 0; i < a->groups.n; i++) {
        for (int k = 0; k <= go_syscall; k++) {
            if (a->groups.at[i].time[k] < 0)
                abort();
        }
    }
}

/* All that is computed of a trace, whole or of a part of its time. */
static void analyse(struct str bytes, struct trace_range range, unsigned flags)
{
    struct analysis *a = malloc(sizeof *a);
    struct trace_extent extent;
    struct trace_fault fault = {0};
    struct mmu mmu;
    struct mmu_plot plot;
    bool exhausted;
    if (!a || !activity_init(&a->activity, range, mem_libc()) || !summary_init(&a->summary, mem_libc()))
        abort();
    a->summary.wanted = range;
    a->summary.wants_region_times = true;
    collector_init(&a->collector, &a->activity, mem_libc());
    utilization_init(&a->utilization, flags, mem_libc());
    if (trace_pass(bytes, mem_libc(), UINT64_MAX, take, a, &extent, &fault)) {
        if (!collector_end(&a->collector) || !activity_end(&a->activity) || !utilization_end(&a->utilization) ||
            !summary_end(&a->summary))
            abort();
        if (extent.last - extent.begin >= 0 && extent.last < INT64_MAX / 4 && extent.begin > INT64_MIN / 4)
            check(&a->activity);
        utilization_cut(&a->utilization, trace_range_from(range, extent.begin));
        if (mmu_init(&mmu, &a->utilization)) {
            const double share = 0.5;
            double util;
            if ((mmu_plot(&mmu, false, &plot, &exhausted) && plot.points[0].util > 1) ||
                !mmu_quantiles(&mmu, 1000, &share, 1, &util))
                abort();
            mmu_finish(&mmu);
        }
    }
    collector_finish(&a->collector);
    activity_finish(&a->activity);
    utilization_finish(&a->utilization);
    summary_finish(&a->summary);
    free(a);
}

static void profile_part(struct str bytes)
{
    struct trace_delay_filter filter = TRACE_DELAY_ANY;
    struct trace_fault fault = {0};
    struct trace_share share;
    struct profile profile;
    filter.by_region = true;
    filter.range = (struct trace_range){10, 1000000};
    if (trace_delays_of(bytes, trace_delay_sync, &filter, mem_libc(), &profile, &share, &fault))
        profile_finish(&profile);
    else if (!fault.set)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const headers[] = {"go 1.22 trace", "go 1.23 trace", "go 1.25 trace", "go 1.26 trace"};
    struct buf trace;
    if (size == 0)
        return 0;
    buf_init(&trace, mem_libc());
    buf_str(&trace, str_of(headers[bytes[0] % 4]));
    buf_fill(&trace, 0, 3);
    buf_bytes(&trace, bytes + 1, size - 1);
    size_t first = read_all(buf_text(&trace)), second = read_all(buf_text(&trace));
    if (first != second)
        abort();
    profile_all(buf_text(&trace));
    check_loading(buf_text(&trace));
    profile_part(buf_text(&trace));
    analyse(buf_text(&trace), TRACE_RANGE_ALL, bytes[0] >> 2);
    analyse(buf_text(&trace), (struct trace_range){50, 500}, bytes[0] >> 2);
    struct trace_raw raw;
    struct trace_raw_event event;
    struct trace_fault fault = {0};
    struct buf text;
    buf_init(&text, mem_libc());
    if (trace_raw_init(&raw, buf_text(&trace), &fault)) {
        while (text.n < 1 << 20 && trace_raw_next(&raw, &event, &fault))
            trace_raw_print(&event, &text);
    }
    buf_finish(&text);
    buf_finish(&trace);
    return 0;
}
