/* A cell for each pixel: how full it is, or which state takes most of it. What is too short to fill a cell shows as a
 * dot, so that nothing is missing. */
#include <inttypes.h>
#include <stdio.h>

#include "base/duration.h"
#include "cli/tool_mem.h"
#include "cli/trace_timeline.h"

enum { number_width = 7, tick_width = 14 };

/* Colours of terminals. */
enum color { plain, green = 32, yellow = 33, blue = 34, magenta = 35, cyan = 36, gray = 90, red = 31 };

struct cell {
    const char *text; /* one column wide */
    enum color color;
};

static void put_cell(const struct picture *p, struct cell cell, enum color *current, struct buf *out)
{
    if (p->in_color && cell.color != *current) {
        buf_printf(out, "\033[%dm", cell.color);
        *current = cell.color;
    }
    buf_str(out, str_of(cell.text));
}

static void end_color(const struct picture *p, enum color current, struct buf *out)
{
    if (p->in_color && current != plain)
        buf_str(out, STR("\033[0m"));
}

/* Characters of a label's text, at most n, and blanks up to n. Bytes that begin a character count. */
static void put_padded(struct str text, size_t n, struct buf *out)
{
    size_t columns = 0, i = 0;
    while (i < text.n && (((unsigned char)text.p[i] & 0xc0) == 0x80 || columns < n)) {
        columns += ((unsigned char)text.p[i] & 0xc0) != 0x80;
        buf_byte(out, (unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f ? '?' : text.p[i]);
        i++;
    }
    buf_fill(out, ' ', n - columns);
}

/* A row's begin: its label, and a number on the right. */
static void put_head(const struct picture *p, struct str label, struct str number, struct buf *out)
{
    put_padded(label, p->label_width, out);
    buf_byte(out, ' ');
    buf_fill(out, ' ', number.n < number_width ? number_width - number.n : 0);
    buf_str(out, number);
    buf_byte(out, ' ');
}

/* The length of a pixel, ns. */
static int64_t pixel_length(const struct picture *p, uint32_t i)
{
    int64_t length = lane_edge(p->begin, p->end, p->width, i + 1) - lane_edge(p->begin, p->end, p->width, i);
    return length > 0 ? length : 1;
}

static const char *shade(int64_t part, int64_t whole)
{
    static const char *const shades[] = {"·", "░", "▒", "▓", "█"};
    /* Whether anything is there at all has been asked before. */
    int64_t eighths = (int64_t)((__int128_t)part * 8 / whole);
    return shades[eighths < 1 ? 0 : eighths < 3 ? 1 : eighths < 5 ? 2 : eighths < 8 ? 3 : 4];
}

/* A cell of a lane of spans, of which some states count. */
static struct cell span_cell(const struct lane_pixel *pixel, unsigned state, int64_t length, enum color color)
{
    bool some = pixel->covered[state] > 0 || (pixel->count > 0 && lane_state(pixel->what) == state);
    return some ? (struct cell){shade(pixel->covered[state], length), color} : (struct cell){" ", plain};
}

/* A cell of a goroutine: the state that takes most of it; where that is to wait, but not all, a mark says so. */
static struct cell state_cell(const struct lane_pixel *pixel)
{
    static const struct cell cells[] = {
        [columns_runnable] = {"▒", yellow}, [columns_running] = {"█", green}, [columns_waiting] = {"─", gray},
        [columns_syscall] = {"▓", blue},    [columns_detached] = {"░", blue}, [columns_idle] = {" ", plain},
    };
    unsigned best = lane_state(pixel->what);
    if (pixel->count == 0)
        return cells[columns_idle];
    for (unsigned i = 0; i < lane_state_count; i++)
        best = pixel->covered[i] > pixel->covered[best] ? i : best;
    bool ran = pixel->covered[columns_running] + pixel->covered[columns_syscall] > 0;
    if (best == columns_waiting && ran)
        return (struct cell){"┼", cyan};
    if (best == columns_waiting && pixel->covered[columns_runnable] > 0)
        return (struct cell){"┼", yellow};
    return cells[best];
}

static void put_lane(const struct picture *p, const struct picture_row *row, struct lane_pixel *pixels, struct buf *out)
{
    enum color current = plain;
    int64_t busy = 0;
    char number[24] = "";
    unsigned state = row->kind == row_gc ? columns_gc : row->kind == row_stw ? columns_stw : columns_running;
    lane_draw(row->lane, p->begin, p->end, p->width, pixels);
    for (uint32_t i = 0; i < p->width; i++)
        busy += pixels[i].covered[state] + (row->kind == row_goroutine ? pixels[i].covered[columns_syscall] : 0);
    int64_t length = p->end > p->begin ? p->end - p->begin : 1;
    snprintf(number, sizeof number, "%.1f%%", 100.0 * (double)(busy < length ? busy : length) / (double)length);
    put_head(p, row->label, str_of(number), out);
    enum color color = row->kind == row_gc ? magenta : row->kind == row_stw ? red : green;
    for (uint32_t i = 0; i < p->width; i++)
        put_cell(p,
                 row->kind == row_goroutine ? state_cell(&pixels[i])
                                            : span_cell(&pixels[i], state, pixel_length(p, i), color),
                 &current, out);
    end_color(p, current, out);
    buf_byte(out, '\n');
}

/* A number in a few characters: 950, 12.3k, 4.56M. */
static void put_short(uint64_t value, bool is_bytes, struct buf *out)
{
    static const char units[] = " kMGTPE";
    double x = (double)value, step = is_bytes ? 1024 : 1000;
    unsigned unit = 0;
    while (x >= step && unit < 6) {
        x /= step;
        unit++;
    }
    if (unit == 0)
        buf_printf(out, "%" PRIu64, value);
    else
        buf_printf(out, "%.*f%c", x < 10 ? 2 : x < 100 ? 1 : 0, x, units[unit]);
}

/* A line of bars, each as high as the pixel's greatest value; the number is the greatest of all. */
static void put_bars(const struct picture *p, struct str label, const uint64_t *values, bool is_bytes, struct buf *out)
{
    static const char *const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    uint64_t most = 0;
    struct buf number;
    enum color current = plain;
    for (uint32_t i = 0; i < p->width; i++)
        most = values[i] > most ? values[i] : most;
    buf_init(&number, tool_mem());
    put_short(most, is_bytes, &number);
    put_head(p, label, buf_text(&number), out);
    for (uint32_t i = 0; i < p->width; i++) {
        /* What is not zero is at least the lowest bar. */
        unsigned eighths = values[i] == 0 ? 0 : 1 + (unsigned)(((__uint128_t)values[i] * 8 - 1) / most);
        put_cell(p, (struct cell){bars[eighths < 8 ? eighths : 8], cyan}, &current, out);
    }
    end_color(p, current, out);
    buf_byte(out, '\n');
    buf_finish(&number);
}

static void put_counter(const struct picture *p, const struct picture_row *row, uint64_t *bars, struct buf *out)
{
    struct lane_values *values = mem_get_array(tool_mem(), p->width, sizeof *values);
    lane_draw_values(row->lane, p->begin, p->end, p->width, values);
    for (uint32_t i = 0; i < p->width; i++)
        bars[i] = values[i].max;
    mem_put(tool_mem(), values, p->width * sizeof *values);
    put_bars(p, row->label, bars, row->index == columns_heap || row->index == columns_goal, out);
}

static void put_population(const struct picture *p, const struct picture_row *row, uint64_t *bars, struct buf *out)
{
    struct population_pixel *pixels = mem_get_array(tool_mem(), p->width, sizeof *pixels);
    population_draw(&p->columns->population, p->begin, p->end, p->width, pixels);
    for (uint32_t i = 0; i < p->width; i++) {
        const int32_t *n = pixels[i].max.of;
        int32_t most = row->kind == row_running    ? n[population_running]
                       : row->kind == row_runnable ? n[population_runnable]
                                                   : n[population_waiting];
        bars[i] = most > 0 ? (uint64_t)most : 0;
    }
    mem_put(tool_mem(), pixels, p->width * sizeof *pixels);
    put_bars(p, row->label, bars, false, out);
}

/* A time with as many digits as tell columns apart. */
static int64_t rounded(const struct picture *p, int64_t time)
{
    int64_t unit = 1;
    while (unit * 10 <= (p->end - p->begin) / p->width)
        unit *= 10;
    return time - time % unit;
}

/* The ruler: a mark, and the time there, as often as there is room. */
static void put_ruler(const struct picture *p, struct buf *out)
{
    struct buf text;
    buf_init(&text, tool_mem());
    buf_fill(out, ' ', p->label_width + number_width + 2);
    for (uint32_t at = 0; at < p->width;) {
        text.n = 0;
        buf_str(&text, STR("|"));
        buf_duration(&text, rounded(p, lane_edge(p->begin, p->end, p->width, at)));
        uint32_t room = p->width - at < tick_width ? p->width - at : tick_width;
        size_t characters = 0;
        for (size_t i = 0; i < text.n; i++)
            characters += ((unsigned char)text.p[i] & 0xc0) != 0x80;
        if (characters < room)
            put_padded(buf_text(&text), room, out);
        at += tick_width;
    }
    buf_byte(out, '\n');
    buf_finish(&text);
}

static void put_legend(const struct picture *p, struct buf *out)
{
    bool has_goroutines = false, has_spans = false;
    for (size_t i = 0; i < p->rows.n; i++) {
        has_goroutines |= p->rows.at[i].kind == row_goroutine;
        has_spans |= p->rows.at[i].kind >= row_gc && p->rows.at[i].kind < row_goroutine;
    }
    if (has_spans)
        buf_str(out, STR("\n█ all of a column's time, ▓ ▒ ░ some, · very little"));
    if (has_goroutines)
        buf_str(out, STR("\n█ mostly running, ▓ in system calls, ░ in one without a processor, ▒ runnable, ─ waiting, "
                         "┼ waiting, but not only"));
    if (p->left_out > 0)
        buf_printf(out, "\n%" PRIu64 " goroutines more, which ran less", p->left_out);
    buf_str(out, STR("\nbars are as high as the most in a column; the number is the highest\n"));
}

/* The first line: what, and how much time a column is. */
static void put_title(const struct picture *p, struct buf *out)
{
    const struct columns *c = p->columns;
    buf_duration(out, p->begin);
    buf_str(out, STR(" to "));
    buf_duration(out, p->end);
    buf_str(out, STR(", "));
    buf_duration(out, (p->end - p->begin) / p->width);
    buf_printf(out, " a column; %" PRIu64 " events, %zu processors, %zu threads, %zu goroutines\n\n", c->events,
               c->procs.n, c->threads.n, c->goroutines.n);
}

void picture_print_text(const struct picture *p, struct buf *out)
{
    struct lane_pixel *pixels = mem_get_array(tool_mem(), p->width, sizeof *pixels);
    uint64_t *bars = mem_get_array(tool_mem(), p->width, sizeof *bars);
    put_title(p, out);
    put_ruler(p, out);
    for (size_t i = 0; i < p->rows.n; i++) {
        const struct picture_row *row = &p->rows.at[i];
        if (row->kind == row_counter)
            put_counter(p, row, bars, out);
        else if (!row->lane)
            put_population(p, row, bars, out);
        else
            put_lane(p, row, pixels, out);
    }
    put_legend(p, out);
    mem_put(tool_mem(), pixels, p->width * sizeof *pixels);
    mem_put(tool_mem(), bars, p->width * sizeof *bars);
}
