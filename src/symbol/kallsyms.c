#include "symbol/kallsyms.h"

#include <stdlib.h>

/* Behind the last symbol of the kernel, or before a gap, nothing is named: no function is this long. */
enum { longest_function = 1 << 20 };

struct line {
    uint64_t address;
    char type;
    struct str name, module;
};

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads the next line; false where it is no symbol. */
static bool read_line(struct str *text, struct line *line)
{
    size_t end = str_find(*text, STR("\n"), 0), i = 0;
    struct str s = str_first(*text, end);
    *text = str_skip(*text, end + 1);
    *line = (struct line){.module = STR("")};
    for (; i < s.n && i < 16 && digit(s.p[i]) >= 0; i++)
        line->address = line->address << 4 | (uint64_t)digit(s.p[i]);
    if (i == 0 || s.n < i + 4 || s.p[i] != ' ' || s.p[i + 2] != ' ')
        return false;
    line->type = s.p[i + 1];
    s = str_skip(s, i + 3);
    size_t tab = str_find(s, STR("\t"), 0);
    line->name = str_first(s, tab);
    line->module = str_skip(s, tab + 1);
    return line->name.n > 0;
}

/* Of the names of one address a strong one is shown, rather a global one, with few underscores before it. */
static uint8_t rank_of(const struct line *line)
{
    uint8_t underscores = 0;
    while (underscores < 15 && underscores < line->name.n && line->name.p[underscores] == '_')
        underscores++;
    return (uint8_t)((line->type == 'T' || line->type == 't' ? 64 : 0) + (line->type == 'T' ? 32 : 0) + 15 -
                     underscores);
}

static int by_start(const void *a, const void *b)
{
    const struct kernel_symbol *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank > y->rank ? -1 : 1;
    return str_compare(x->name, y->name);
}

/* Keeps the best of those that begin at one address, and lets each reach to the next. */
static void settle(struct kallsyms *symbols)
{
    struct kernel_symbol *at = symbols->at.at;
    size_t n = 0;
    if (symbols->at.n == 0)
        return;
    qsort(at, symbols->at.n, sizeof *at, by_start);
    for (size_t i = 0; i < symbols->at.n; i++) {
        if (n > 0 && at[n - 1].start == at[i].start)
            continue;
        if (n > 0 && at[i].start < at[n - 1].end)
            at[n - 1].end = at[i].start;
        at[n++] = at[i];
    }
    symbols->at.n = n;
}

bool kallsyms_init(struct kallsyms *symbols, struct str text, struct mem *mem)
{
    bool shown = false, any = false;
    *symbols = (struct kallsyms){.mem = mem};
    while (text.n > 0) {
        struct line line;
        if (!read_line(&text, &line))
            continue;
        any = true;
        shown = shown || line.address != 0;
        if (line.address == 0 || line.address > UINT64_MAX - longest_function ||
            (line.type != 't' && line.type != 'T' && line.type != 'w' && line.type != 'W'))
            continue;
        struct kernel_symbol symbol = {line.address, line.address + longest_function, line.name, line.module,
                                       rank_of(&line)};
        if (!vec_push(&symbols->at, mem, symbol)) {
            kallsyms_finish(symbols);
            return false;
        }
    }
    symbols->hidden = any && !shown;
    settle(symbols);
    return true;
}

void kallsyms_finish(struct kallsyms *symbols)
{
    vec_finish(&symbols->at, symbols->mem);
}

const struct kernel_symbol *kallsyms_find(const struct kallsyms *symbols, uint64_t address)
{
    size_t low = 0, high = symbols->at.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->at.at[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && address < symbols->at.at[low - 1].end ? &symbols->at.at[low - 1] : NULL;
}

uint64_t kallsyms_address(struct str text, struct str name)
{
    struct line line;
    while (text.n > 0) {
        if (read_line(&text, &line) && line.module.n == 0 && str_equal(line.name, name))
            return line.address;
    }
    return 0;
}
