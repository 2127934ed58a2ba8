#include "runtime/columns.h"

enum { tab = 8 };

void columns_init(struct columns *columns, struct mem *mem)
{
    *columns = (struct columns){0};
    buf_init(&columns->text, mem);
}

void columns_finish(struct columns *columns)
{
    vec_finish(&columns->lines, columns->text.mem);
    buf_finish(&columns->text);
}

/* Characters of a UTF-8 text, as many as Go counts in valid ones. */
static uint32_t width_of(struct str text)
{
    uint32_t width = 0;
    for (size_t i = 0; i < text.n; i++)
        width += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return width;
}

void columns_line(struct columns *columns)
{
    struct columns_line line = {.ncells = 0};
    if (!vec_push(&columns->lines, columns->text.mem, line))
        columns->failed = true;
}

void columns_cell(struct columns *columns, struct str text)
{
    if (columns->failed || columns->lines.n == 0)
        return;
    struct columns_line *line = &columns->lines.at[columns->lines.n - 1];
    if (line->ncells == columns_most)
        return;
    size_t begin = columns->text.n;
    buf_str(&columns->text, text);
    line->cells[line->ncells].begin = begin;
    line->cells[line->ncells].end = columns->text.n;
    line->cells[line->ncells].width = width_of(text);
    line->ncells++;
}

static void put_line(const struct columns *columns, const struct columns_line *line, const uint32_t *widths,
                     struct buf *out)
{
    for (unsigned i = 0; i < line->ncells; i++) {
        buf_str(out, str_skip(str_first(buf_text(&columns->text), line->cells[i].end), line->cells[i].begin));
        if (i + 1 < line->ncells)
            buf_fill(out, '\t', (widths[i] - line->cells[i].width + tab - 1) / tab);
    }
    buf_byte(out, '\n');
}

/* Formats the lines [from, to), which have the columns before `column` in common, with those columns' widths. A run of
 * lines that have one more column is formatted with the width of its widest cell. */
static void put_lines(const struct columns *columns, size_t from, size_t to, unsigned column, uint32_t *widths,
                      struct buf *out)
{
    const struct columns_line *lines = columns->lines.at;
    while (from < to) {
        if (column + 1 >= lines[from].ncells) {
            put_line(columns, &lines[from++], widths, out);
            continue;
        }
        size_t end = from;
        uint32_t width = 1;
        for (; end < to && column + 1 < lines[end].ncells; end++)
            if (lines[end].cells[column].width + 1 > width)
                width = lines[end].cells[column].width + 1;
        widths[column] = (width + tab - 1) / tab * tab;
        put_lines(columns, from, end, column + 1, widths, out);
        from = end;
    }
}

bool columns_flush(struct columns *columns, struct buf *out)
{
    uint32_t widths[columns_most];
    if (columns->failed || columns->text.failed)
        return false;
    put_lines(columns, 0, columns->lines.n, 0, widths, out);
    columns->lines.n = 0;
    columns->text.n = 0;
    return !out->failed;
}
