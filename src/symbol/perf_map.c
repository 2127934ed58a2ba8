#include "symbol/perf_map.h"

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

static size_t first_at_or_after(const uint64_t *addresses, size_t n, uint64_t address)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (addresses[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first address at or behind `i` that has no name yet; `next` leads over those that have. */
static size_t unnamed(size_t *next, size_t i)
{
    size_t end = i;
    while (next[end] != end)
        end = next[end];
    while (next[i] != end) {
        size_t following = next[i];
        next[i] = end;
        i = following;
    }
    return end;
}

/* From the last line to the first, each names what has no name yet. What has one is passed over in one step, so that
 * lines which all hold everything cost no more than others. */
bool perf_map_resolve(struct str text, const uint64_t *addresses, size_t n, struct str *names, struct mem *mem)
{
    size_t *next = mem_get_array(mem, n + 1, sizeof *next);
    if (!next)
        return false;
    for (size_t i = 0; i <= n; i++)
        next[i] = i;
    for (size_t i = 0; i < n; i++)
        names[i] = STR("");
    while (text.n > 0) {
        uint64_t start, size;
        struct str line = last_line(&text);
        if (!hexadecimal(&line, &start) || !hexadecimal(&line, &size) || line.n == 0)
            continue;
        size_t i = unnamed(next, first_at_or_after(addresses, n, start));
        for (; i < n && addresses[i] - start < size; i = unnamed(next, i)) {
            names[i] = line;
            next[i] = i + 1;
        }
    }
    mem_put(mem, next, (n + 1) * sizeof *next);
    return true;
}
