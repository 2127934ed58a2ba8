#include "report/figure.h"

#include <string.h>

#include "profile/measure.h"
#include "report/number.h"

void figure_put(struct buf *out, const struct figures *figures, int64_t value)
{
    if (figures->ratio > 0 && figures->ratio != 1)
        value = number_of((double)value * figures->ratio);
    measure_put_scaled(out, value, figures->from, figures->to);
}

/* The length of the character of UTF-8 at the front of text; 1 for a byte that begins none. */
static size_t character_size(struct str text)
{
    unsigned char lead = (unsigned char)text.p[0], second = text.n > 1 ? (unsigned char)text.p[1] : 0;
    size_t size = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
    if (size > text.n || (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
        return 1;
    for (size_t i = 1; i < size; i++) {
        if (((unsigned char)text.p[i] & 0xc0) != 0x80)
            return 1;
    }
    return size;
}

size_t figure_characters(struct str text)
{
    size_t count = 0;
    for (; text.n > 0; count++)
        text = str_skip(text, character_size(text));
    return count;
}

void figure_widen(struct buf *out, size_t start, size_t width)
{
    size_t n = out->n - start;
    size_t wide = n == 0 ? 0 : figure_characters((struct str){out->p + start, n});
    if (wide >= width || !buf_reserve(out, width - wide))
        return;
    memmove(out->p + start + (width - wide), out->p + start, n);
    memset(out->p + start, ' ', width - wide);
    out->n += width - wide;
}

void figure_put_wide(struct buf *out, const struct figures *figures, int64_t value, size_t width)
{
    size_t start = out->n;
    figure_put(out, figures, value);
    figure_widen(out, start, width);
}

void figure_put_dotted(struct buf *out, const struct figures *figures, int64_t value, size_t width)
{
    size_t start = out->n;
    if (value == 0)
        buf_byte(out, '.');
    else
        figure_put(out, figures, value);
    figure_widen(out, start, width);
}

/* Appends a percentage of magnitudes without the spaces before it. */
static void put_bare(struct buf *out, int64_t value, int64_t whole)
{
    size_t start = out->n, spaces = 0;
    measure_put_percentage(out, value, whole);
    if (out->failed)
        return;
    while (start + spaces < out->n && out->p[start + spaces] == ' ')
        spaces++;
    memmove(out->p + start, out->p + start + spaces, out->n - start - spaces);
    out->n -= spaces;
}

static bool has_other_sign(int64_t value, int64_t whole)
{
    return value != 0 && whole != 0 && (value < 0) != (whole < 0);
}

void figure_put_percentage(struct buf *out, const struct figures *figures, int64_t value, int64_t whole)
{
    enum { width = sizeof "-12.34%" - 1 };
    if (!figures->signs) {
        measure_put_percentage(out, value, whole);
        return;
    }
    size_t start = out->n;
    if (has_other_sign(value, whole))
        buf_byte(out, '-');
    put_bare(out, value, whole);
    figure_widen(out, start, width);
}

void figure_put_share(struct buf *out, const struct figures *figures, int64_t value)
{
    if (figures->signs && has_other_sign(value, figures->total))
        buf_byte(out, '-');
    put_bare(out, value, figures->total);
}
