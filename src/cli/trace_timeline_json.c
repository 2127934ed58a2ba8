/* One object; a row has an array for each number that a pixel has, so that equal ones lie together. */
#include <inttypes.h>

#include "base/quote.h"
#include "cli/tool_mem.h"
#include "cli/trace_timeline.h"

static void put_name(struct str name, bool first, struct buf *out)
{
    if (!first)
        buf_byte(out, ',');
    buf_quote_json(out, name);
    buf_byte(out, ':');
}

/* "name":[...] of one number of each pixel. */
#define PUT_NUMBERS(out, name, width, format, expression)                                                              \
    do {                                                                                                               \
        put_name(STR(name), false, (out));                                                                             \
        buf_byte((out), '[');                                                                                          \
        for (uint32_t i = 0; i < (width); i++)                                                                         \
            buf_printf((out), "%s%" format, i ? "," : "", (expression));                                               \
        buf_byte((out), ']');                                                                                          \
    } while (0)

static void put_states(const struct picture *p, const struct lane_pixel *pixels, struct buf *out)
{
    static const char *const names[] = {"runnable", "running", "waiting", "syscall", "syscall without processor",
                                        "idle"};
    bool first = true;
    put_name(STR("ns"), false, out);
    buf_byte(out, '{');
    for (unsigned state = 0; state < lane_state_count; state++) {
        bool some = false;
        for (uint32_t i = 0; i < p->width; i++)
            some |= pixels[i].covered[state] != 0;
        if (!some)
            continue;
        put_name(str_of(names[state]), first, out);
        first = false;
        buf_byte(out, '[');
        for (uint32_t i = 0; i < p->width; i++)
            buf_printf(out, "%s%" PRId64, i ? "," : "", pixels[i].covered[state]);
        buf_byte(out, ']');
    }
    buf_byte(out, '}');
}

/* What the longest item of a pixel is: a goroutine's number, or what it waits for. */
static void put_longest(const struct picture *p, const struct picture_row *row, const struct lane_pixel *pixels,
                        struct buf *out)
{
    const struct columns *c = p->columns;
    put_name(STR("longest"), false, out);
    buf_byte(out, '[');
    for (uint32_t i = 0; i < p->width; i++) {
        uint32_t what = pixels[i].what;
        buf_str(out, i ? STR(",") : STR(""));
        if (pixels[i].count == 0)
            buf_str(out, STR("null"));
        else if (row->kind == row_goroutine && lane_state(what) == columns_running)
            buf_str(out, STR("\"running\""));
        else if (row->kind == row_goroutine)
            buf_quote_json(out, columns_name(c, columns_site(c, what).name));
        else if (lane_state(what) == columns_idle)
            buf_str(out, STR("\"idle\""));
        else
            buf_printf(out, "%" PRId64, c->goroutines.at[lane_rest(what)].id);
    }
    buf_byte(out, ']');
}

static void put_lane(const struct picture *p, const struct picture_row *row, struct buf *out)
{
    struct lane_pixel *pixels = mem_get_array(tool_mem(), p->width, sizeof *pixels);
    lane_draw(row->lane, p->begin, p->end, p->width, pixels);
    PUT_NUMBERS(out, "count", p->width, PRIu64, pixels[i].count);
    if (row->kind == row_gc || row->kind == row_stw) {
        unsigned state = row->kind == row_gc ? columns_gc : columns_stw;
        PUT_NUMBERS(out, "covered", p->width, PRId64, pixels[i].covered[state]);
    } else {
        put_states(p, pixels, out);
        put_longest(p, row, pixels, out);
    }
    mem_put(tool_mem(), pixels, p->width * sizeof *pixels);
}

static void put_counter(const struct picture *p, const struct picture_row *row, struct buf *out)
{
    struct lane_values *values = mem_get_array(tool_mem(), p->width, sizeof *values);
    lane_draw_values(row->lane, p->begin, p->end, p->width, values);
    PUT_NUMBERS(out, "count", p->width, PRIu64, values[i].count);
    PUT_NUMBERS(out, "min", p->width, PRIu64, values[i].min);
    PUT_NUMBERS(out, "max", p->width, PRIu64, values[i].max);
    PUT_NUMBERS(out, "last", p->width, PRIu64, values[i].last);
    mem_put(tool_mem(), values, p->width * sizeof *values);
}

static void put_population(const struct picture *p, const struct picture_row *row, struct buf *out)
{
    struct population_pixel *pixels = mem_get_array(tool_mem(), p->width, sizeof *pixels);
    unsigned state = row->kind == row_running    ? population_running
                     : row->kind == row_runnable ? population_runnable
                                                 : population_waiting;
    population_draw(&p->columns->population, p->begin, p->end, p->width, pixels);
    PUT_NUMBERS(out, "min", p->width, PRId32, pixels[i].min.of[state]);
    PUT_NUMBERS(out, "max", p->width, PRId32, pixels[i].max.of[state]);
    PUT_NUMBERS(out, "last", p->width, PRId32, pixels[i].last.of[state]);
    mem_put(tool_mem(), pixels, p->width * sizeof *pixels);
}

void picture_print_json(const struct picture *p, struct buf *out)
{
    buf_printf(out,
               "{\"begin\":%" PRId64 ",\"end\":%" PRId64 ",\"width\":%" PRIu32 ",\"events\":%" PRIu64
               ",\"leftOut\":%" PRIu64 ",\"rows\":[",
               p->begin, p->end, p->width, p->columns->events, p->left_out);
    for (size_t i = 0; i < p->rows.n; i++) {
        const struct picture_row *row = &p->rows.at[i];
        buf_str(out, i ? STR(",\n{\"row\":") : STR("\n{\"row\":"));
        buf_quote_json(out, row->label);
        if (row->kind == row_counter)
            put_counter(p, row, out);
        else if (!row->lane)
            put_population(p, row, out);
        else
            put_lane(p, row, out);
        buf_byte(out, '}');
    }
    buf_str(out, STR("\n]}\n"));
}
