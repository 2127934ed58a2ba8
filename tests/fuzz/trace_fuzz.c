/* Reading any bytes as a v2 trace ends, with a last mark or a fault within the input; events come in time, and a second
 * reading gives as many. The first byte chooses the version. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "trace/delays.h"
#include "trace/dump.h"
#include "trace/raw.h"
#include "trace/reader.h"

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
