#include "cli/trace_text.h"

void trace_put_count(struct buf *out, uint64_t n)
{
    if (n >= 1000) {
        trace_put_count(out, n / 1000);
        buf_printf(out, ",%03u", (unsigned)(n % 1000));
    } else {
        buf_uint(out, n);
    }
}

void grid_count(struct grid *grid, uint64_t n)
{
    trace_put_count(&grid->text, n);
    grid_end_cell(grid);
}

void grid_time(struct grid *grid, int64_t ns)
{
    buf_printf(&grid->text, "%.6fs", (double)ns / 1e9);
    grid_end_cell(grid);
}

void trace_put_spark(struct buf *out, const struct course *t, int64_t from, int64_t to, double full, unsigned columns)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double length = (double)(to - from) / columns;
    for (unsigned i = 0; i < columns && length >= 1; i++) {
        int64_t start = from + (int64_t)(length * i), end = from + (int64_t)(length * (i + 1));
        double share = course_sum(t, start, end) / ((double)(end - start) * full);
        unsigned height = share <= 0 ? 0 : share >= 1 ? 8 : (unsigned)(share * 8 + 0.5);
        buf_str(out, str_of(blocks[height == 0 && share > 0.005 ? 1 : height]));
    }
}

static bool is_runtime(struct str func)
{
    static const struct str prefixes[] = {STR("runtime."), STR("runtime/"), STR("internal/"), STR("sync."),
                                          STR("syscall."), STR("time."),    STR("reflect.")};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (str_starts_with(func, prefixes[i]))
            return true;
    }
    return false;
}

static struct str base_name(struct str path)
{
    size_t slash = str_find_last_byte(path, '/');
    return slash < path.n ? str_skip(path, slash + 1) : path;
}

/* The first frame that is not the runtime's or near to it; the leaf where all are. */
static uint32_t first_own_frame(const struct places *places, uint32_t stack)
{
    uint32_t depth = places_depth(places, stack);
    for (uint32_t i = 0; i < depth; i++) {
        if (!is_runtime(places->names.at[places_frame(places, stack, i)->func]))
            return i;
    }
    return 0;
}

void trace_put_place(struct buf *out, const struct places *places, uint32_t stack, unsigned callers)
{
    uint32_t depth = places_depth(places, stack), first = first_own_frame(places, stack);
    if (depth == 0) {
        buf_str(out, STR("(no stack)"));
        return;
    }
    const struct place *place = places_frame(places, stack, first);
    buf_str(out, places->names.at[place->func]);
    buf_byte(out, ' ');
    buf_str(out, base_name(places->names.at[place->file]));
    buf_byte(out, ':');
    buf_uint(out, place->line);
    for (uint32_t i = first + 1; i < depth && i <= first + callers; i++) {
        buf_str(out, STR(" < "));
        buf_str(out, places->names.at[places_frame(places, stack, i)->func]);
    }
}

bool trace_is_runtime_start(struct str name)
{
    return (str_starts_with(name, STR("runtime.")) && !str_equal(name, STR("runtime.main"))) ||
           str_starts_with(name, STR("runtime/"));
}

struct str trace_group_name(const struct places *places, uint32_t name)
{
    return name ? places->names.at[name] : STR("(no stack was seen)");
}

void trace_put_decades(struct buf *out, const struct quantiles *q)
{
    enum { longest_bar = 50, decades = 10 };
    static const char *const labels[decades] = {"below 100ns", "100ns - 1µs", "1µs - 10µs",   "10µs - 100µs",
                                                "100µs - 1ms", "1ms - 10ms",  "10ms - 100ms", "100ms - 1s",
                                                "1s - 10s",    "10s and more"};
    uint64_t in[decades], most = 1;
    int first = decades, last = -1;
    int64_t limit = 100;
    for (int i = 0; i < decades; i++, limit *= 10) {
        uint64_t from = i == 0 ? q->count : quantiles_from(q, limit / 10);
        in[i] = from - (i == decades - 1 ? 0 : quantiles_from(q, limit));
        most = in[i] > most ? in[i] : most;
        if (in[i] > 0) {
            first = first < i ? first : i;
            last = i;
        }
    }
    struct grid grid;
    grid_init(&grid, out->mem, 4);
    grid.indent = 2;
    grid.left = 1 << 3;
    for (int i = first; i <= last; i++) {
        grid_text(&grid, str_of(labels[i]));
        grid_count(&grid, in[i]);
        grid_percent(&grid, (double)in[i], (double)q->count);
        buf_fill(&grid.text, '#', (size_t)((in[i] * longest_bar + most - 1) / most));
        grid_end_cell(&grid);
    }
    grid_print(&grid, out);
    grid_finish(&grid);
}

void trace_put_quantiles(struct buf *out, const struct quantiles *q)
{
    static const struct {
        const char *name;
        double share;
    } shown[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        buf_printf(out, "%s ", shown[i].name);
        buf_brief(out, quantiles_at(q, shown[i].share));
        buf_str(out, STR(", "));
    }
    buf_str(out, STR("longest "));
    buf_brief(out, q->most);
}
