/* Reading any bytes as a v1 trace ends with a last mark or a fault; what is read is read the same again. The first byte
 * chooses the version. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "trace/columns_check.h"
#include "trace/dump.h"
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
    buf_finish(&trace);
    return 0;
}
