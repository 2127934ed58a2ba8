#include "trace/chrome.h"

#include "base/quote.h"

#define put(out, literal) buf_bytes((out), (literal), sizeof(literal) - 1)

/* The viewer knows only some names of colours. */
static const struct str state_colours[] = {
    [timeline_run] = STR("thread_state_running"),
    [timeline_runnable] = STR("thread_state_runnable"),
    [timeline_waiting] = STR("thread_state_sleeping"),
    [timeline_syscall_state] = STR("thread_state_iowait"),
};

/* Microseconds, exactly. */
static void put_time(struct buf *out, const char *key, int64_t ns)
{
    put(out, ",\"");
    buf_str(out, str_of(key));
    put(out, "\":");
    if (ns < 0) {
        buf_byte(out, '-');
        ns = ns == INT64_MIN ? INT64_MAX : -ns;
    }
    buf_int(out, ns / 1000);
    unsigned rest = (unsigned)(ns % 1000);
    if (rest == 0)
        return;
    char digits[4] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)};
    size_t n = 4;
    while (digits[n - 1] == '0')
        n--;
    buf_bytes(out, digits, n);
}

static void put_number(struct buf *out, const char *key, int64_t value)
{
    put(out, ",\"");
    buf_str(out, str_of(key));
    put(out, "\":");
    buf_int(out, value);
}

/* A nested object's first number, from args to id: {"key":value */
static void put_first(struct buf *out, const char *object, const char *key, uint64_t value)
{
    put(out, ",\"");
    buf_str(out, str_of(object));
    put(out, "\":{\"");
    buf_str(out, str_of(key));
    put(out, "\":");
    buf_uint(out, value);
}

/* Begins an event: a comma, its name, phase, row and time. */
static void begin_event(struct chrome *chrome, struct str name, char phase, struct timeline_row row, int64_t time)
{
    struct buf *out = chrome->out;
    if (chrome->any)
        put(out, ",\n");
    chrome->any = true;
    chrome->used[row.group] = true;
    put(out, "{\"name\":");
    buf_quote_json(out, name);
    put(out, ",\"ph\":\"");
    buf_byte(out, phase);
    buf_byte(out, '"');
    if (phase != 'M')
        put_time(out, "ts", (int64_t)((uint64_t)time - (uint64_t)chrome->timeline.begin));
    put_number(out, "pid", (int64_t)row.group);
    put_number(out, "tid", row.id);
}

static void put_stack(struct buf *out, const char *key, uint32_t stack)
{
    if (stack != 0)
        put_number(out, key, stack);
}

/* Tasks and regions: a pair of asynchronous events, because they may overlap with what else is on the row. */
static void put_span(struct chrome *chrome, const struct timeline_slice *slice)
{
    struct buf *out = chrome->out;
    bool is_task = slice->kind == timeline_task;
    uint64_t id = ++chrome->spans;
    for (int end = 0; end < 2; end++) {
        begin_event(chrome, slice->name, end ? 'e' : 'b', slice->row, end ? slice->end : slice->start);
        if (is_task)
            put(out, ",\"cat\":\"Task\"");
        else
            put(out, ",\"cat\":\"Region\"");
        put_number(out, "id", (int64_t)id);
        put_stack(out, "sf", end ? slice->end_stack : slice->stack);
        if (!end) {
            put_first(out, "args", is_task ? "id" : "taskid", slice->task);
            if (is_task && slice->parent != 0) {
                put(out, ",\"parent\":");
                buf_uint(out, slice->parent);
            }
            buf_byte(out, '}');
        }
        buf_byte(out, '}');
    }
}

static void put_slice(struct timeline_sink *sink, const struct timeline_slice *slice)
{
    struct chrome *chrome = (struct chrome *)sink;
    struct buf *out = chrome->out;
    if (slice->kind == timeline_task || slice->kind == timeline_region) {
        put_span(chrome, slice);
        return;
    }
    begin_event(chrome, slice->name, 'X', slice->row, slice->start);
    put_time(out, "dur", (int64_t)((uint64_t)slice->end - (uint64_t)slice->start));
    put_stack(out, "sf", slice->stack);
    put_stack(out, "esf", slice->end_stack);
    if (slice->has_blocked && slice->blocked)
        put(out, ",\"args\":{\"blocked\":\"yes\"}");
    else if (slice->has_blocked)
        put(out, ",\"args\":{\"blocked\":\"no\"}");
    if (slice->row.group == timeline_goroutines) {
        put(out, ",\"cname\":");
        buf_quote_json(out, state_colours[slice->kind]);
    }
    buf_byte(out, '}');
}

static void put_instant(struct timeline_sink *sink, const struct timeline_instant *instant)
{
    struct chrome *chrome = (struct chrome *)sink;
    struct buf *out = chrome->out;
    begin_event(chrome, instant->name, 'I', instant->row, instant->time);
    put(out, ",\"s\":\"t\"");
    put_stack(out, "sf", instant->stack);
    if (instant->category.n > 0) {
        put(out, ",\"cat\":");
        buf_quote_json(out, instant->category);
    }
    if (instant->has_context) {
        put(out, ",\"args\":{\"thread\":");
        buf_int(out, instant->thread);
        put_number(out, "proc", instant->proc);
        buf_byte(out, '}');
    }
    buf_byte(out, '}');
}

static void put_arrow(struct timeline_sink *sink, const struct timeline_arrow *arrow)
{
    struct chrome *chrome = (struct chrome *)sink;
    struct buf *out = chrome->out;
    begin_event(chrome, arrow->name, 's', arrow->from, arrow->start);
    put(out, ",\"cat\":\"wake\"");
    put_number(out, "id", (int64_t)arrow->id);
    put_stack(out, "sf", arrow->stack);
    buf_byte(out, '}');
    begin_event(chrome, arrow->name, 't', arrow->to, arrow->end);
    put(out, ",\"cat\":\"wake\"");
    put_number(out, "id", (int64_t)arrow->id);
    buf_byte(out, '}');
}

static void put_count(struct timeline_sink *sink, const struct timeline_count *count)
{
    struct chrome *chrome = (struct chrome *)sink;
    struct buf *out = chrome->out;
    const char *const *names = timeline_value_names[count->counter];
    struct timeline_row row = {timeline_stats, 0};
    begin_event(chrome, str_of(timeline_counter_names[count->counter]), 'C', row, count->time);
    put_first(out, "args", names[0], count->values[0]);
    for (int i = 1; i < 3 && names[i]; i++) {
        put(out, ",\"");
        buf_str(out, str_of(names[i]));
        put(out, "\":");
        buf_uint(out, count->values[i]);
    }
    put(out, "}}");
}

/* A name, and where it sorts to, of a row or a group. */
static void put_names(struct chrome *chrome, const char *const keys[2], struct timeline_row row, struct str name,
                      int64_t place)
{
    struct buf *out = chrome->out;
    begin_event(chrome, str_of(keys[0]), 'M', row, 0);
    put(out, ",\"args\":{\"name\":");
    buf_quote_json(out, name);
    put(out, "}}");
    begin_event(chrome, str_of(keys[1]), 'M', row, 0);
    put(out, ",\"args\":{\"sort_index\":");
    buf_int(out, place);
    put(out, "}}");
}

static void put_row(struct timeline_sink *sink, struct timeline_row row, struct str name, bool again)
{
    static const char *const keys[] = {"thread_name", "thread_sort_index"};
    (void)again;
    bool is_special = row.group == timeline_procs && row.id >= timeline_network_row && row.id <= timeline_collector_row;
    int64_t place = !is_special                        ? row.id
                    : row.id == timeline_collector_row ? -6
                    : row.id == timeline_network_row   ? -5
                                                       : -3;
    put_names((struct chrome *)sink, keys, row, name, place);
}

bool chrome_begin(struct chrome *chrome, struct mem *mem, const bool groups[timeline_groups], struct trace_range range,
                  struct buf *out)
{
    *chrome = (struct chrome){
        .sink = {.row = put_row, .slice = put_slice, .instant = put_instant, .arrow = put_arrow, .count = put_count}};
    if (!timeline_init(&chrome->timeline, mem, &chrome->sink, groups, range))
        return false;
    put(out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
    return true;
}

void chrome_finish(struct chrome *chrome)
{
    timeline_finish(&chrome->timeline);
}

bool chrome_add(struct chrome *chrome, const struct trace_event *event, struct buf *out)
{
    chrome->out = out;
    return timeline_add(&chrome->timeline, event);
}

static void put_frames(struct chrome *chrome, struct buf *out)
{
    const struct frame_tree *tree = &chrome->timeline.frames;
    put(out, "\n],\"stackFrames\":{");
    for (uint32_t i = 1; i < tree->nodes.n; i++) {
        const struct frame_node *node = &tree->nodes.at[i];
        put(out, "\n\"");
        buf_uint(out, i);
        put(out, "\":{\"name\":");
        struct buf name;
        buf_init(&name, out->mem);
        buf_str(&name, tree->texts.at[node->func]);
        buf_byte(&name, ':');
        buf_uint(&name, node->line);
        buf_quote_json(out, buf_text(&name));
        out->failed |= name.failed;
        buf_finish(&name);
        if (node->parent != 0)
            put_number(out, "parent", node->parent);
        buf_bytes(out, "},", i + 1 < tree->nodes.n ? 2 : 1);
    }
    put(out, "}}\n");
}

bool chrome_end(struct chrome *chrome, struct buf *out)
{
    static const char *const keys[] = {"process_name", "process_sort_index"};
    static const int places[] = {[timeline_procs] = 2,
                                 [timeline_stats] = 0,
                                 [timeline_tasks] = 1,
                                 [timeline_threads] = 3,
                                 [timeline_goroutines] = 4};
    chrome->out = out;
    if (!timeline_end(&chrome->timeline))
        return false;
    for (enum timeline_group group = 0; group < timeline_groups; group++) {
        struct timeline_row row = {group, 0};
        if (chrome->used[group])
            put_names(chrome, keys, row, str_of(timeline_group_names[group]), places[group]);
    }
    put_frames(chrome, out);
    return !out->failed;
}
