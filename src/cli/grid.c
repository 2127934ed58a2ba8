#include "cli/grid.h"

#include "base/duration.h"

void grid_init(struct grid *grid, struct mem *mem, size_t columns)
{
    *grid = (struct grid){.mem = mem, .columns = columns};
    buf_init(&grid->text, mem);
}

void grid_finish(struct grid *grid)
{
    buf_finish(&grid->text);
    vec_finish(&grid->ends, grid->mem);
}

void grid_end_cell(struct grid *grid)
{
    if (!vec_push(&grid->ends, grid->mem, grid->text.n))
        grid->text.failed = true;
}

void grid_text(struct grid *grid, struct str text)
{
    buf_str(&grid->text, text);
    grid_end_cell(grid);
}

void grid_int(struct grid *grid, int64_t value)
{
    buf_int(&grid->text, value);
    grid_end_cell(grid);
}

void grid_duration(struct grid *grid, int64_t ns)
{
    buf_duration(&grid->text, ns);
    grid_end_cell(grid);
}

void grid_brief(struct grid *grid, int64_t ns)
{
    buf_brief(&grid->text, ns);
    grid_end_cell(grid);
}

void grid_percent(struct grid *grid, double part, double whole)
{
    buf_printf(&grid->text, "%.1f%%", whole > 0 ? 100 * part / whole : 0.0);
    grid_end_cell(grid);
}

/* The bytes of a text's first n code points. */
static size_t bytes_of(struct str s, size_t n)
{
    size_t i = 0;
    for (; i < s.n; i++) {
        if (((unsigned char)s.p[i] & 0xc0) != 0x80 && n-- == 0)
            break;
    }
    return i;
}

void grid_short(struct grid *grid, struct str text, size_t most)
{
    size_t width = grid_width(text);
    if (most >= 8 && width > most) {
        size_t head = (most - 3) / 3, tail = most - 3 - head;
        buf_str(&grid->text, str_first(text, bytes_of(text, head)));
        buf_str(&grid->text, STR("..."));
        text = str_skip(text, bytes_of(text, width - tail));
    }
    grid_text(grid, text);
}

void grid_cut(struct grid *grid, struct str text, size_t most)
{
    bool cut = most >= 8 && grid_width(text) > most;
    buf_str(&grid->text, cut ? str_first(text, bytes_of(text, most - 3)) : text);
    grid_text(grid, cut ? STR("...") : STR(""));
}

static struct str cell(const struct grid *grid, size_t i)
{
    size_t start = i == 0 ? 0 : grid->ends.at[i - 1];
    return (struct str){grid->text.p + start, grid->ends.at[i] - start};
}

size_t grid_width(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

/* How wide each column is; NULL on exhaustion. */
static size_t *measure(const struct grid *grid)
{
    size_t *widths = mem_get_array(grid->mem, grid->columns, sizeof *widths);
    for (size_t column = 0; column < grid->columns && widths; column++) {
        widths[column] = 0;
        for (size_t i = column; i < grid->ends.n; i += grid->columns) {
            size_t width = grid_width(cell(grid, i));
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    return widths;
}

static bool is_blank_row(const struct grid *grid, size_t first)
{
    return grid->ends.at[first + grid->columns - 1] == (first == 0 ? 0 : grid->ends.at[first - 1]);
}

void grid_print(const struct grid *grid, struct buf *out)
{
    size_t *widths = measure(grid);
    for (size_t i = 0, column = 0; i < grid->ends.n && widths;
         i++, column = column + 1 == grid->columns ? 0 : column + 1) {
        if (column == 0 && i + grid->columns <= grid->ends.n && is_blank_row(grid, i)) {
            buf_byte(out, '\n');
            i += grid->columns - 1;
            column = grid->columns - 1;
            continue;
        }
        bool left = column < 64 && (grid->left >> column & 1), last = column == grid->columns - 1;
        struct str text = cell(grid, i);
        size_t room = widths[column] - grid_width(text);
        if (column == 0)
            buf_fill(out, ' ', grid->indent);
        buf_fill(out, ' ', left ? 0 : room);
        buf_str(out, text);
        buf_fill(out, ' ', left && !last ? room : 0);
        while (last && text.n == 0 && out->n > 0 && out->p[out->n - 1] == ' ')
            out->n--;
        buf_str(out, last ? STR("\n") : STR("  "));
    }
    mem_put(grid->mem, widths, grid->columns * sizeof *widths);
}

void buf_brief(struct buf *out, int64_t ns)
{
    static const struct {
        double size;
        const char *unit;
    } units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}};
    double value = (double)ns, size = value < 0 ? -value : value;
    if (ns == 0) {
        buf_byte(out, '0');
        return;
    }
    if (size >= 60e9) {
        int64_t second = 1000000000, rest = ns % second;
        buf_duration(out, ns - rest);
        return;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        double scaled = value / units[i].size, whole = size / units[i].size;
        if (whole < 0.9995)
            continue;
        buf_printf(out, "%.*f%s", whole < 9.995 ? 2 : whole < 99.95 ? 1 : 0, scaled, units[i].unit);
        return;
    }
    buf_printf(out, "%lldns", (long long)ns);
}

void buf_size(struct buf *out, uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    buf_printf(out, "%.*f %s", unit == 0 || value >= 99.95 ? 0 : 1, value, units[unit]);
}
