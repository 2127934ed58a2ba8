#include "report/address.h"

static unsigned base_of(struct str *text)
{
    if (text->n < 2 || text->p[0] != '0')
        return 10;
    char mark = (char)(text->p[1] | 0x20);
    unsigned base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    *text = str_skip(*text, base == 8 && mark != 'o' ? 1 : 2);
    return base;
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

bool address_parse(struct str text, uint64_t *address)
{
    uint64_t value = 0;
    unsigned base = base_of(&text);
    if (text.n == 0)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        unsigned digit = digit_of(text.p[i]);
        if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *address = value;
    return true;
}
