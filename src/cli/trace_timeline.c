/* Which rows, which time, how wide; drawing itself is in trace_timeline_text.c and trace_timeline_json.c. */
#include "cli/trace_timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/tool_mem.h"
#include "cli/trace_answer.h"
#include "trace/range.h"

enum {
    usual_width = 100,
    smallest_width = 20,
    json_width = 2000,
    largest_width = 100000,
    most_goroutines = 40, /* that are drawn where none is named */
    longest_label = 30,
    room_for_numbers = 9, /* and blanks, between a label and what is drawn */
};

static struct str label_of(struct picture *picture, const char *format, int64_t id)
{
    char text[40];
    snprintf(text, sizeof text, format, id);
    return arena_str(&picture->arena, str_of(text));
}

static void add_row(struct picture *picture, enum picture_row_kind kind, uint32_t index, const struct lane *lane,
                    struct str label)
{
    struct picture_row row = {kind, index, lane, label};
    (void)vec_push(&picture->rows, tool_mem(), row);
}

static void add_counters(struct picture *p)
{
    const struct columns *c = p->columns;
    add_row(p, row_running, 0, NULL, STR("running"));
    add_row(p, row_runnable, 0, NULL, STR("runnable"));
    add_row(p, row_waiting, 0, NULL, STR("waiting"));
    if (c->values[columns_heap].newest)
        add_row(p, row_counter, columns_heap, &c->values[columns_heap], STR("heap"));
    if (c->values[columns_goal].newest)
        add_row(p, row_counter, columns_goal, &c->values[columns_goal], STR("heap goal"));
    add_row(p, row_counter, columns_threads, &c->values[columns_threads], STR("threads"));
    if (c->gc.newest)
        add_row(p, row_gc, 0, &c->gc, STR("GC"));
    if (c->stw.newest)
        add_row(p, row_stw, 0, &c->stw, STR("world stopped"));
}

static void add_proc(struct picture *p, uint32_t i)
{
    const struct columns_proc *proc = &p->columns->procs.at[i];
    add_row(p, row_proc, i, &proc->runs, label_of(p, "P%" PRId64, proc->id));
}

static void add_thread(struct picture *p, uint32_t i)
{
    const struct columns_thread *thread = &p->columns->threads.at[i];
    add_row(p, row_thread, i, &thread->runs, label_of(p, "M%" PRId64, thread->id));
}

static void add_goroutine(struct picture *p, uint32_t i)
{
    const struct columns_goroutine *g = &p->columns->goroutines.at[i];
    struct str name = columns_name(p->columns, g->name);
    /* The package's path says less than what is in it. */
    size_t slash = str_find_last_byte(name, '/');
    name = slash < name.n ? str_skip(name, slash + 1) : name;
    struct str label = arena_printf(&p->arena, "G%" PRId64 " %.*s", g->id, STR_ARG(name));
    add_row(p, row_goroutine, i, &g->states, label);
}

static int compare_ids(const void *a, const void *b)
{
    int64_t x = **(const int64_t *const *)a, y = **(const int64_t *const *)b;
    return (x > y) - (x < y);
}

/* Adds all of n rows that begin with their ids, by those. */
static void add_sorted(struct picture *p, const void *rows, size_t n, size_t size,
                       void (*add)(struct picture *p, uint32_t i))
{
    const char **sorted = mem_get_array(tool_mem(), n, sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        sorted[i] = (const char *)rows + i * size;
    if (n > 0)
        qsort(sorted, n, sizeof *sorted, compare_ids);
    for (size_t i = 0; i < n; i++)
        add(p, (uint32_t)((size_t)(sorted[i] - (const char *)rows) / size));
    mem_put(tool_mem(), sorted, n * sizeof *sorted);
}

struct busy {
    int64_t running;
    uint32_t goroutine;
};

static int compare_busy(const void *a, const void *b)
{
    const struct busy *x = a, *y = b;
    if (x->running != y->running)
        return x->running < y->running ? 1 : -1;
    return (x->goroutine > y->goroutine) - (x->goroutine < y->goroutine);
}

/* The goroutines that run longest within the window. */
static void add_busiest(struct picture *p)
{
    VEC(struct busy) busy = {0};
    for (size_t i = 0; i < p->columns->goroutines.n; i++) {
        struct lane_pixel pixel;
        lane_draw(&p->columns->goroutines.at[i].states, p->begin, p->end, 1, &pixel);
        struct busy one = {pixel.covered[columns_running] + pixel.covered[columns_syscall], (uint32_t)i};
        if (pixel.count > 0)
            (void)vec_push(&busy, tool_mem(), one);
    }
    if (busy.n > 0)
        qsort(busy.at, busy.n, sizeof *busy.at, compare_busy);
    for (size_t i = 0; i < busy.n && i < most_goroutines; i++)
        add_goroutine(p, busy.at[i].goroutine);
    p->left_out = busy.n > most_goroutines ? busy.n - most_goroutines : 0;
    vec_finish(&busy, tool_mem());
}

static void add_procs(struct picture *p)
{
    add_sorted(p, p->columns->procs.at, p->columns->procs.n, sizeof *p->columns->procs.at, add_proc);
}

static void add_threads(struct picture *p)
{
    add_sorted(p, p->columns->threads.at, p->columns->threads.n, sizeof *p->columns->threads.at, add_thread);
}

/* Adds all goroutines that had the id of a row: the goroutines of threads of C take turns with theirs. */
static void add_lives(struct picture *p, uint32_t row)
{
    size_t first = p->rows.n;
    for (uint32_t i = row; i != COLUMNS_NONE; i = p->columns->nests.at[i].earlier)
        add_goroutine(p, i);
    for (size_t a = first, b = p->rows.n - 1; a < b; a++, b--) {
        struct picture_row last = p->rows.at[b];
        p->rows.at[b] = p->rows.at[a];
        p->rows.at[a] = last;
    }
}

/* Reads "g17", "p0" or "m1234". */
static bool parse_numbered(struct str word, char *kind, int64_t *id)
{
    char number[24], *end;
    if (word.n < 2 || word.n > sizeof number)
        return false;
    memcpy(number, word.p + 1, word.n - 1);
    number[word.n - 1] = 0;
    *kind = word.p[0] | 0x20;
    errno = 0;
    *id = strtoll(number, &end, 10);
    return !*end && !errno && end != number && (*kind == 'g' || *kind == 'p' || *kind == 'm');
}

/* Adds a row by its number; false where there is none. */
static bool add_numbered(struct picture *p, struct str word)
{
    char kind;
    int64_t id;
    if (!parse_numbered(word, &kind, &id))
        return false;
    const struct columns *c = p->columns;
    const struct columns_index *index = kind == 'g'   ? &c->goroutine_of_id
                                        : kind == 'p' ? &c->proc_of_id
                                                      : &c->thread_of_id;
    uint32_t row = columns_find(index, id);
    if (row == COLUMNS_NONE)
        return false;
    (kind == 'g' ? add_lives : kind == 'p' ? add_proc : add_thread)(p, row);
    return true;
}

struct row_group {
    struct str name;
    void (*add)(struct picture *p);
};

/* The rows with a name; NULL for none. */
static const struct row_group *find_group(struct str word)
{
    static const struct row_group groups[] = {{STR("counters"), add_counters},
                                              {STR("procs"), add_procs},
                                              {STR("threads"), add_threads},
                                              {STR("goroutines"), add_busiest}};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (str_equal(word, groups[i].name))
            return &groups[i];
    }
    return NULL;
}

static bool add_named(struct picture *p, struct str word)
{
    const struct row_group *group = find_group(word);
    if (group)
        group->add(p);
    return group || add_numbered(p, word);
}

static bool check_rows(struct str list)
{
    char kind;
    int64_t id;
    for (size_t at = 0; at <= list.n;) {
        size_t comma = str_find(list, STR(","), at);
        struct str word = {list.p + at, comma - at};
        if (!find_group(word) && !parse_numbered(word, &kind, &id)) {
            fprintf(stderr,
                    "sonde trace: -rows is made of counters, procs, threads, goroutines and numbers as in g17, p0, "
                    "m1234, not \"%.*s\"\n",
                    STR_ARG(word));
            return false;
        }
        at = comma + 1;
    }
    return true;
}

/* Adds the rows of a list; false, with what is wrong said, where one is none. */
static bool add_rows(struct picture *p, const struct trace_timeline *timeline)
{
    struct str list = str_of(timeline->rows ? timeline->rows : "counters,procs");
    for (size_t at = 0; at <= list.n;) {
        size_t comma = str_find(list, STR(","), at);
        struct str word = {list.p + at, comma - at};
        if (!add_named(p, word)) {
            fprintf(stderr, "sonde trace: %s: there is no row %.*s\n", timeline->file, STR_ARG(word));
            return false;
        }
        at = comma + 1;
    }
    return true;
}

static int64_t within(int64_t time, int64_t end)
{
    return time < 0 ? 0 : time < end ? time : end;
}

/* Reads a range; false, with what is wrong said, where it is none. */
static bool parse_range(const struct trace_timeline *timeline, struct trace_range *range)
{
    const char *why;
    *range = TRACE_RANGE_ALL;
    if (!timeline->range || trace_range_parse(str_of(timeline->range), range, &why))
        return true;
    fprintf(stderr, "sonde trace: -range=%s: %s\n", timeline->range, why);
    return false;
}

/* Reads a width, which is 0 where none is asked for; false, with what is wrong said, where it is none. */
static bool parse_width(const struct trace_timeline *timeline, uint32_t *width)
{
    char *end;
    long n = timeline->width ? strtol(timeline->width, &end, 10) : 0;
    *width = (uint32_t)n;
    if (!timeline->width || (!*end && end != timeline->width && n >= 1 && n <= largest_width))
        return true;
    fprintf(stderr, "sonde trace: -width=%s: a width is a number from 1 to %d\n", timeline->width, largest_width);
    return false;
}

bool trace_timeline_check(const struct trace_timeline *timeline)
{
    struct trace_range range;
    uint32_t width;
    return parse_range(timeline, &range) && check_rows(str_of(timeline->rows ? timeline->rows : "procs")) &&
           parse_width(timeline, &width);
}

/* How wide the terminal is that the output goes to, or a usual one. */
static uint32_t terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long n = columns ? strtol(columns, NULL, 10) : 0;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        n = size.ws_col;
    return n > 0 && n < largest_width ? (uint32_t)n : usual_width;
}

static void set_label_width(struct picture *p)
{
    for (size_t i = 0; i < p->rows.n; i++) {
        uint32_t n = p->rows.at[i].label.n < longest_label ? (uint32_t)p->rows.at[i].label.n : longest_label;
        p->label_width = n > p->label_width ? n : p->label_width;
    }
}

static void set_width(struct picture *p, const struct trace_timeline *timeline)
{
    uint32_t terminal = terminal_width(), room = p->label_width + room_for_numbers;
    if (parse_width(timeline, &p->width) && p->width > 0)
        return;
    p->width = timeline->json ? json_width : terminal > room + smallest_width ? terminal - room : smallest_width;
}

/* What was read of a mapped file is the page cache's again: the memory is better used for columns. */
static void passed(void *context, uint64_t valid)
{
    const struct input *input = context;
    if (input->mapping && input->bytes.p == input->mapping)
        madvise(input->mapping, valid & ~(uint64_t)((1 << 20) - 1), MADV_DONTNEED);
}

static int write_text(struct str text)
{
    struct output output = output_stdout();
    struct buf why;
    buf_init(&why, tool_mem());
    output_write(&output, text);
    bool good = output_close(&output, &why);
    if (!good)
        fprintf(stderr, "sonde trace: %.*s\n", STR_ARG(buf_text(&why)));
    buf_finish(&why);
    return good ? exit_fine : exit_failure;
}

static int draw(const struct trace_timeline *timeline, const struct columns *columns)
{
    struct picture picture = {.columns = columns,
                              .in_color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && !timeline->json};
    struct buf text;
    int status = exit_failure;
    arena_init(&picture.arena, tool_mem());
    buf_init(&text, tool_mem());
    struct trace_range range;
    bool good = parse_range(timeline, &range);
    picture.begin = within(range.start, columns->end);
    picture.end = within(range.end, columns->end);
    good = good && add_rows(&picture, timeline);
    set_label_width(&picture);
    set_width(&picture, timeline);
    if (good) {
        (timeline->json ? picture_print_json : picture_print_text)(&picture, &text);
        status = write_text(buf_text(&text));
    }
    vec_finish(&picture.rows, tool_mem());
    arena_finish(&picture.arena);
    buf_finish(&text);
    return status;
}

int trace_timeline(const struct trace_timeline *timeline, struct input *input, struct str bytes)
{
    struct trace_fault fault = {0};
    struct trace_share share = {.size = bytes.n};
    struct columns *columns = mem_get(tool_mem(), sizeof *columns);
    bool is_file = bytes.p == input->bytes.p;
    if (!columns_read(bytes, tool_mem(), is_file ? passed : NULL, input, columns, &share.valid, &fault)) {
        trace_complain(timeline->file, &fault);
        mem_put(tool_mem(), columns, sizeof *columns);
        return exit_failure;
    }
    if (fault.set)
        trace_tell_loss(timeline->file, &share, &fault);
    int status = draw(timeline, columns);
    columns_finish(columns);
    mem_put(tool_mem(), columns, sizeof *columns);
    return status;
}
