/* The other direction of quote.c, for texts that people edit: what strconv.Unquote takes is taken, and nothing else. */
#include "base/quote.h"

void buf_rune(struct buf *out, uint32_t rune)
{
    if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
        rune = 0xfffd;
    if (rune < 0x80) {
        buf_byte(out, (char)rune);
        return;
    }
    unsigned more = rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;
    static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};
    buf_byte(out, (char)(first[more] | rune >> (6 * more)));
    while (more-- > 0)
        buf_byte(out, (char)(0x80 | (rune >> (6 * more) & 0x3f)));
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Reads n digits of a base; false where they are not that. */
static bool read_digits(struct str *s, unsigned n, unsigned base, uint32_t *value)
{
    if (s->n < n)
        return false;
    *value = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned digit = (unsigned)digit_of(s->p[i]);
        if (digit >= base)
            return false;
        *value = *value * base + digit;
    }
    *s = str_skip(*s, n);
    return true;
}

/* Reads what follows a backslash; false where that is no escape. */
static bool read_escape(struct buf *out, struct str *s, char quote)
{
    if (s->n == 0)
        return false;
    char c = s->p[0];
    uint32_t value;
    static const char letters[] = "abfnrtv\\", meant[] = "\a\b\f\n\r\t\v\\";
    const char *letter = c ? strchr(letters, c) : NULL;
    if (letter || c == quote) {
        buf_byte(out, letter ? meant[letter - letters] : c);
        *s = str_skip(*s, 1);
        return true;
    }
    if (c >= '0' && c <= '7') {
        if (!read_digits(s, 3, 8, &value) || value > 255)
            return false;
        buf_byte(out, (char)value);
        return true;
    }
    unsigned n = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    *s = str_skip(*s, 1);
    if (n == 0 || !read_digits(s, n, 16, &value))
        return false;
    if (n == 2) {
        buf_byte(out, (char)value);
        return true;
    }
    if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return false;
    buf_rune(out, value);
    return true;
}

/* Reads one character, escaped or not. Bytes that are not UTF-8 become U+FFFD, as in Go. */
static bool read_character(struct buf *out, struct str *s, char quote)
{
    if (s->p[0] == '\n' || s->p[0] == quote)
        return false;
    if (s->p[0] == '\\') {
        *s = str_skip(*s, 1);
        return read_escape(out, s, quote);
    }
    uint32_t rune = 0xfffd;
    size_t n = utf8_decode(*s, &rune);
    if (n > 0)
        buf_str(out, str_first(*s, n));
    else
        buf_rune(out, rune);
    *s = str_skip(*s, n > 0 ? n : 1);
    return true;
}

static bool unquote_raw(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '`')
            return false;
        if (s.p[i] != '\r')
            buf_byte(out, s.p[i]);
    }
    return true;
}

static bool unquote(struct buf *out, struct str s)
{
    if (s.n < 2 || s.p[0] != s.p[s.n - 1])
        return false;
    char quote = s.p[0];
    s = str_first(str_skip(s, 1), s.n - 2);
    if (quote == '`')
        return unquote_raw(out, s);
    if (quote != '"' && (quote != '\'' || s.n == 0))
        return false;
    while (s.n > 0) {
        if (!read_character(out, &s, quote) || (quote == '\'' && s.n > 0))
            return false;
    }
    return true;
}

bool buf_unquote(struct buf *out, struct str s)
{
    size_t before = out->n;
    if (unquote(out, s))
        return true;
    out->n = before;
    return false;
}
