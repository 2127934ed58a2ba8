/* Any bytes as a list of the kernel's symbols: it is sorted, nothing overlaps, and every name is inside. */
#include "symbol/kallsyms.h"

#include <stdlib.h>

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct str text = {(const char *)bytes, size};
    struct kallsyms symbols;
    if (!kallsyms_init(&symbols, text, mem_libc()))
        abort();
    for (size_t i = 0; i < symbols.at.n; i++) {
        const struct kernel_symbol *symbol = &symbols.at.at[i];
        if (symbol->name.p < text.p || symbol->name.p + symbol->name.n > text.p + text.n ||
            symbol->start >= symbol->end || (i > 0 && symbol[-1].end > symbol->start) ||
            kallsyms_find(&symbols, symbol->end - 1) != symbol)
            abort();
    }
    kallsyms_address(text, STR("_text"));
    kallsyms_finish(&symbols);
    return 0;
}
