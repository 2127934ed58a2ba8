/* Any text becomes a binary form, or is refused with a fault within it and nothing written. What became one prints as a
 * text that becomes the same one: encoding what was decoded changes nothing. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "trace/raw.h"
#include "trace/reader.h"
#include "trace/text.h"

/* Prints a binary form; how many of its bytes were good (at an event of type 0, which texts can't name, it ends). */
static bool print(struct str binary, struct buf *text)
{
    struct trace_raw raw;
    struct trace_raw_event event;
    struct trace_fault fault = {0};
    if (!trace_raw_init(&raw, binary, &fault))
        abort();
    buf_printf(text, "Trace Go1.%u\n", raw.version);
    while (trace_raw_next(&raw, &event, &fault))
        trace_raw_print(&event, text);
    return !fault.set && cursor_left(&raw.bytes) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct str text = {(const char *)bytes, size};
    struct buf binary, again, printed;
    struct trace_fault fault = {0}, none = {0};
    buf_init(&binary, mem_libc());
    buf_init(&again, mem_libc());
    buf_init(&printed, mem_libc());
    (void)trace_text_is(text);
    if (!trace_text_encode(text, &binary, &fault)) {
        if (!fault.set || fault.offset > size || binary.n > 0)
            abort();
    } else if (!print(buf_text(&binary), &printed)) {
        abort();
    } else {
        /* Data that is empty is not printed, and so can't be read back. */
        bool has_empty = str_find(text, STR("data"), 0) < text.n;
        bool good = trace_text_encode(buf_text(&printed), &again, &none);
        if (!has_empty && (!good || !str_equal(buf_text(&again), buf_text(&binary))))
            abort();
    }
    buf_finish(&binary);
    buf_finish(&again);
    buf_finish(&printed);
    return 0;
}
