#include "symbol/perf_map.h"

#include "symbol/spans.h"

static bool hexadecimal(struct str *s, uint64_t *value)
{
    size_t i = str_starts_with(*s, STR("0x")) ? 2 : 0, first = i;
    *value = 0;
    for (; i < s->n && i - first < 16; i++) {
        char c = s->p[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            break;
        *value = *value << 4 | digit;
    }
    if (i == first || i == s->n || s->p[i] != ' ')
        return false;
    *s = str_skip(*s, i + 1);
    return true;
}

/* Takes the last line off a text. */
static struct str last_line(struct str *text)
{
    if (text->p[text->n - 1] == '\n')
        text->n--;
    size_t newline = str_find_last_byte(*text, '\n'), from = newline == text->n ? 0 : newline + 1;
    struct str line = str_skip(*text, from);
    text->n = from;
    return line;
}

/* From the last line to the first, each names what has no name yet. */
bool perf_map_resolve(struct str text, const uint64_t *addresses, size_t n, struct str *names, struct mem *mem)
{
    struct spans spans;
    if (!spans_init(&spans, addresses, n, mem))
        return false;
    for (size_t i = 0; i < n; i++)
        names[i] = STR("");
    while (text.n > 0) {
        uint64_t start, size;
        struct str line = last_line(&text);
        if (!hexadecimal(&line, &start) || !hexadecimal(&line, &size) || line.n == 0)
            continue;
        for (size_t i; (i = spans_take(&spans, start, size)) < n;)
            names[i] = line;
    }
    spans_finish(&spans);
    return true;
}
