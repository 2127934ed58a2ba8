/* Reading any bytes as a v1 trace ends with a last mark or a fault; what is read is read the same again, and as far as
 * it is good becomes a v2 trace without a fault, whole or in part. The first byte chooses the version. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "trace/columns_check.h"
#include "trace/cut.h"
#include "trace/dump.h"
#include "trace/pass.h"
#include "trace/reader.h"

static size_t read_all(struct str bytes)
{
    struct trace_fault fault = {0};
    struct trace_reader *reader = trace_reader_create(bytes, mem_libc(), &fault);
    if (!reader) {
        if (!fault.set)
            abort();
        return 0;
    }
    struct trace_dump dump;
    struct buf text;
    size_t n = 0;
    buf_init(&text, mem_libc());
    trace_dump_init(&dump, mem_libc());
    for (const struct trace_event *e; (e = trace_reader_next(reader)); n++) {
        text.n = 0;
        trace_dump_event(&dump, e, &text);
    }
    trace_dump_finish(&dump);
    buf_finish(&text);
    trace_reader_destroy(reader);
    return n;
}

struct conversion {
    struct trace_cut cut;
    struct buf out;
    int64_t last;
};

static bool survey(void *state, const struct trace_event *e)
{
    struct conversion *c = state;
    c->last = e->time;
    return trace_cut_survey(&c->cut, e);
}

static bool take(void *state, const struct trace_event *e)
{
    struct conversion *c = state;
    return trace_cut_add(&c->cut, e, &c->out);
}

static void check_conversion(struct str bytes, struct trace_range range, const struct map *goroutines)
{
    struct conversion c = {.out = {.mem = mem_libc()}};
    struct trace_extent extent;
    struct trace_fault fault = {0};
    if (!trace_cut_init(&c.cut, mem_libc(), 21, range, goroutines))
        abort();
    if (trace_pass(bytes, mem_libc(), UINT64_MAX, survey, &c, &extent, &fault) &&
        trace_pass(bytes, mem_libc(), UINT64_MAX, take, &c, &extent, &fault)) {
        if (!trace_cut_end(&c.cut, &c.out))
            abort();
        /* Times that are no whole numbers as double are not read as they were written. */
        struct trace_reader *reader = c.cut.active && c.last < (int64_t)1 << 52
                                          ? trace_reader_create(buf_text(&c.out), mem_libc(), &fault)
                                          : NULL;
        while (reader && trace_reader_next(reader))
            ;
        if (reader && trace_reader_fault(reader)->set)
            abort();
        trace_reader_destroy(reader);
    }
    trace_cut_finish(&c.cut);
    buf_finish(&c.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const versions[] = {"5", "7", "8", "9", "10", "11", "19", "21"};
    struct buf trace;
    if (size == 0)
        return 0;
    buf_init(&trace, mem_libc());
    buf_printf(&trace, "go 1.%s trace", versions[bytes[0] % 8]);
    buf_fill(&trace, 0, 16 - trace.n);
    buf_bytes(&trace, bytes + 1, size - 1);
    size_t first = read_all(buf_text(&trace)), second = read_all(buf_text(&trace));
    if (first != second)
        abort();
    check_loading(buf_text(&trace));
    struct map goroutines;
    map_init(&goroutines, mem_libc());
    map_add(&goroutines, bytes[0] / 8 + 1, 1);
    check_conversion(buf_text(&trace), TRACE_RANGE_ALL, NULL);
    check_conversion(buf_text(&trace), (struct trace_range){bytes[0], INT64_MAX}, &goroutines);
    map_finish(&goroutines);
    buf_finish(&trace);
    return 0;
}
