#include "report/columns.h"

#include <string.h>

#include "base/vec.h"
#include "report/figure.h"

struct cell {
    size_t start, n;
    size_t width; /* in characters, that of its column once known */
};

struct line {
    size_t first;     /* cell; the last cell of a line belongs to no column */
    bool ends_blocks; /* no column goes on below it */
};

struct columns {
    struct str text;
    VEC(struct cell) cells;
    VEC(struct line) lines; /* and one more behind the last */
};

static size_t cells_of(const struct columns *columns, size_t line)
{
    return columns->lines.at[line + 1].first - columns->lines.at[line].first;
}

static bool split(struct columns *columns, struct mem *mem)
{
    struct line line = {0, false};
    size_t start = 0;
    for (size_t i = 0; i <= columns->text.n; i++) {
        char c = i < columns->text.n ? columns->text.p[i] : '\n';
        if (c != '\t' && c != '\v' && c != '\n' && c != '\f')
            continue;
        struct str cell = str_first(str_skip(columns->text, start), i - start);
        if (!vec_push(&columns->cells, mem, (struct cell){start, cell.n, figure_characters(cell)}))
            return false;
        start = i + 1;
        if (c == '\t' || c == '\v')
            continue;
        line.ends_blocks = c == '\f';
        if (!vec_push(&columns->lines, mem, line))
            return false;
        line.first = columns->cells.n;
    }
    return vec_push(&columns->lines, mem, line);
}

static bool has_column(const struct columns *columns, size_t line, size_t column)
{
    return line + 1 < columns->lines.n && column + 1 < cells_of(columns, line);
}

/* Gives all cells of a column from a line on, down to the first line that lacks it, the width of the widest. */
static void widen_block(struct columns *columns, size_t from, size_t column)
{
    size_t widest = 0, end = from;
    for (bool more = true; more && has_column(columns, end, column); end++) {
        const struct cell *cell = &columns->cells.at[columns->lines.at[end].first + column];
        widest = cell->width > widest ? cell->width : widest;
        more = !columns->lines.at[end].ends_blocks;
    }
    for (size_t line = from; line < end; line++)
        columns->cells.at[columns->lines.at[line].first + column].width = widest;
}

static void widen(struct columns *columns)
{
    for (size_t line = 0; line + 1 < columns->lines.n; line++) {
        bool fresh = line == 0 || columns->lines.at[line - 1].ends_blocks;
        for (size_t column = 0; has_column(columns, line, column); column++) {
            if (fresh || !has_column(columns, line - 1, column))
                widen_block(columns, line, column);
        }
    }
}

static void put_line(struct buf *out, const struct columns *columns, size_t line)
{
    size_t n = cells_of(columns, line);
    for (size_t i = 0; i < n; i++) {
        const struct cell *cell = &columns->cells.at[columns->lines.at[line].first + i];
        size_t start = out->n;
        buf_bytes(out, columns->text.p + cell->start, cell->n);
        if (i + 1 < n)
            figure_widen(out, start, cell->width + 1);
    }
}

bool columns_put(struct buf *out, struct str text, struct mem *mem)
{
    struct columns columns = {.text = text};
    if (text.n == 0)
        return true;
    bool good = split(&columns, mem);
    if (good) {
        widen(&columns);
        for (size_t line = 0; line + 1 < columns.lines.n; line++) {
            put_line(out, &columns, line);
            if (line + 2 < columns.lines.n)
                buf_byte(out, '\n');
        }
    }
    vec_finish(&columns.cells, mem);
    vec_finish(&columns.lines, mem);
    return good;
}
