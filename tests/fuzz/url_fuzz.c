/* The bytes are a source as a command line names it. What it means as a URL is a URL again, and means itself. */
#include <stdlib.h>
#include <string.h>

#include "cli/url.h"
#include "fuzz/fuzz.h"

static bool meaning_of(const char *source, struct profile_url *url)
{
    buf_init(&url->text, mem_libc());
    bool is_url = url_of_profile(source, -1, -1, url);
    buf_byte(&url->text, '\0');
    return is_url;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *source = calloc(1, size + 1);
    struct profile_url once, twice;
    struct buf symbols;
    if (!source)
        return 0;
    if (size > 0)
        memcpy(source, bytes, size);
    if (meaning_of(source, &once)) {
        if (!meaning_of(once.text.p, &twice) || !str_equal(buf_text(&once.text), buf_text(&twice.text)))
            abort();
        buf_finish(&twice.text);
        buf_init(&symbols, mem_libc());
        if (!url_of_symbols(str_of(once.text.p), &symbols))
            abort();
        buf_finish(&symbols);
    }
    buf_finish(&once.text);
    free(source);
    return 0;
}
