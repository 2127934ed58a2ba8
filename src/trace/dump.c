/* Most of a dump is stacks, and most stacks come again and again: each is rendered once in a generation and copied from
 * then on. Numbers are written by hand: printf would be half of the time. */
#include "trace/dump.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/quote.h"

enum { most_cached = 64 << 20 /* bytes of rendered stacks that are kept */ };

void trace_dump_init(struct trace_dump *dump, struct mem *mem)
{
    *dump = (struct trace_dump){.mem = mem};
    buf_init(&dump->text, mem);
}

void trace_dump_finish(struct trace_dump *dump)
{
    buf_finish(&dump->text);
    vec_finish(&dump->stacks, dump->mem);
}

#define put(out, literal) buf_bytes((out), (literal), sizeof(literal) - 1)

enum { most_digits = 20 };

static inline char *add(char *to, const char *bytes, size_t n)
{
    memcpy(to, bytes, n);
    return to + n;
}

#define ADD(to, literal) add((to), (literal), sizeof(literal) - 1)

static char *add_number(char *to, uint64_t value, unsigned base)
{
    char digits[most_digits], *p = digits + sizeof digits;
    do {
        *--p = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    return add(to, p, (size_t)(digits + sizeof digits - p));
}

/* A frame; there is room for it. */
static char *add_frame(char *to, const struct trace_table *table, const struct trace_frame *frame)
{
    struct str func = table->strings.at[frame->func], file = table->strings.at[frame->file];
    to = ADD(to, "\t");
    to = func.n > 0 ? add(to, func.p, func.n) : to;
    to = ADD(to, " @ 0x");
    to = add_number(to, frame->pc, 16);
    to = ADD(to, "\n\t\t");
    to = file.n > 0 ? add(to, file.p, file.n) : to;
    to = ADD(to, ":");
    to = add_number(to, frame->line, 10);
    return ADD(to, "\n");
}

static void put_frames(const struct trace_table *table, struct trace_stack stack, struct buf *out)
{
    enum { around = 16 + 2 * most_digits };
    for (uint32_t i = 0; i < stack.n; i++) {
        const struct trace_frame *frame = trace_stack_frame(table, stack, i);
        size_t most = table->strings.at[frame->func].n + table->strings.at[frame->file].n + around;
        char *to = buf_reserve(out, most);
        if (!to)
            return;
        out->n = (size_t)(add_frame(to, table, frame) - out->p);
    }
}

/* Forgets the stacks of another table. */
static bool begin_table(struct trace_dump *dump, const struct trace_table *table)
{
    if (dump->serial == table->serial && dump->stacks.n == table->stacks.n)
        return true;
    dump->serial = table->serial;
    dump->text.n = dump->stacks.n = 0;
    if (!vec_reserve(&dump->stacks, dump->mem, table->stacks.n))
        return false;
    dump->stacks.n = table->stacks.n;
    memset(dump->stacks.at, 0, dump->stacks.n * sizeof *dump->stacks.at);
    return true;
}

static void put_stack(struct trace_dump *dump, const struct trace_table *table, uint64_t id, struct buf *out)
{
    uint32_t index;
    trace_ids_find(&table->stack_ids, id, &index);
    struct trace_stack stack = table->stacks.at[index];
    if (!begin_table(dump, table) || dump->text.n > most_cached) {
        put_frames(table, stack, out);
        return;
    }
    struct trace_dump_stack *cached = &dump->stacks.at[index];
    if (cached->n == 0) {
        cached->start = dump->text.n;
        put_frames(table, stack, &dump->text);
        cached->n = dump->text.n - cached->start;
    }
    if (cached->n > 0)
        buf_bytes(out, dump->text.p + cached->start, cached->n);
}

static void put_quoted(const struct trace_event *e, uint64_t string_id, struct buf *out)
{
    buf_quote(out, trace_string(e->table, string_id));
}

static void put_value(struct buf *out, uint64_t value)
{
    put(out, "Value{Uint64(");
    buf_uint(out, value);
    put(out, ")}");
}

/* The end of the line behind the kind: "Time=" and the time. */
static void put_kind(const struct trace_event *e, const char *kind, size_t n, struct buf *out)
{
    buf_bytes(out, kind, n);
    put(out, " Time=");
    buf_int(out, e->time);
}

#define KIND(e, name, out) put_kind((e), name, sizeof(name) - 1, (out))

static void put_metric(const struct trace_event *e, struct buf *out)
{
    KIND(e, "Metric", out);
    put(out, " Name=\"");
    if (e->type == ev_procs_change)
        put(out, "/sched/gomaxprocs:threads");
    else if (e->type == ev_heap_alloc)
        put(out, "/memory/classes/heap/objects:bytes");
    else
        put(out, "/gc/heap/goal:bytes");
    put(out, "\" Value=");
    put_value(out, e->args[0]);
}

static void put_range(const struct trace_event *e, struct buf *out)
{
    uint8_t start = trace_specs[e->type].start;
    bool active = e->type == ev_gc_active || e->type == ev_gc_sweep_active || e->type == ev_gc_mark_assist_active;
    if (active)
        KIND(e, "RangeActive", out);
    else if (start)
        KIND(e, "RangeEnd", out);
    else
        KIND(e, "RangeBegin", out);
    put(out, " Name=");
    switch (start ? start : e->type) {
    case ev_gc_begin:
        put(out, "\"GC concurrent mark phase\" Scope=None");
        break;
    case ev_gc_sweep_begin:
        put(out, "\"GC incremental sweep\" Scope=Proc(");
        buf_int(out, active ? (int64_t)e->args[0] : e->p);
        buf_byte(out, ')');
        break;
    case ev_gc_mark_assist_begin:
        put(out, "\"GC mark assist\" Scope=Goroutine(");
        buf_int(out, active ? (int64_t)e->args[0] : e->g);
        buf_byte(out, ')');
        break;
    default: {
        /* The quotes are around the whole name; within it nothing changes what quoting yields. */
        struct buf name;
        buf_init(&name, out->mem);
        put(&name, "stop-the-world (");
        buf_str(&name, trace_string(e->table, e->args[0]));
        buf_byte(&name, ')');
        buf_quote(out, buf_text(&name));
        out->failed |= name.failed;
        buf_finish(&name);
        put(out, " Scope=Goroutine(");
        buf_int(out, e->g);
        buf_byte(out, ')');
    }
    }
    if (active || !start)
        return;
    put(out, " Attributes=[");
    if (e->type == ev_gc_sweep_end) {
        put(out, "\"bytes swept\"=");
        put_value(out, e->args[0]);
        put(out, " \"bytes reclaimed\"=");
        put_value(out, e->args[1]);
    }
    buf_byte(out, ']');
}

static void put_task(const struct trace_event *e, struct buf *out)
{
    bool begin = e->type == ev_user_task_begin;
    if (begin)
        KIND(e, "TaskBegin", out);
    else
        KIND(e, "TaskEnd", out);
    put(out, " ID=");
    buf_uint(out, e->args[0]);
    put(out, " Parent=");
    buf_uint(out, begin ? e->args[1] : e->args[2]);
    put(out, " Type=");
    buf_quote(out, begin ? trace_string(e->table, e->args[2]) : e->table->extras.at[e->args[3]]);
}

static void put_region(const struct trace_event *e, struct buf *out)
{
    if (e->type == ev_user_region_begin)
        KIND(e, "RegionBegin", out);
    else
        KIND(e, "RegionEnd", out);
    put(out, " Task=");
    buf_uint(out, e->args[0]);
    put(out, " Type=");
    put_quoted(e, e->args[1], out);
}

static void put_log(const struct trace_event *e, struct buf *out)
{
    KIND(e, "Log", out);
    put(out, " Task=");
    buf_uint(out, e->args[0]);
    put(out, " Category=");
    put_quoted(e, e->args[1], out);
    put(out, " Message=");
    put_quoted(e, e->args[2], out);
}

static void put_label(const struct trace_event *e, struct buf *out)
{
    KIND(e, "Label", out);
    put(out, " Label=");
    put_quoted(e, e->args[0], out);
    put(out, " Resource=Goroutine(");
    buf_int(out, e->g);
    buf_byte(out, ')');
}

static void put_experimental(const struct trace_event *e, struct buf *out)
{
    const struct trace_spec *spec = &trace_specs[e->type];
    KIND(e, "Experimental", out);
    put(out, " Name=");
    buf_str(out, str_of(spec->name));
    put(out, " Args=[");
    for (int i = 1; i < spec->nargs; i++) {
        if (i > 1)
            put(out, ", ");
        buf_str(out, str_of(spec->args[i]));
        buf_byte(out, '=');
        put_value(out, e->args[i - 1]);
    }
    buf_byte(out, ']');
}

static void put_transition(struct trace_dump *dump, const struct trace_event *e, const struct trace_transition *t,
                           struct buf *out)
{
    static const struct str go_names[] = {
        [go_undetermined] = STR("Undetermined"), [go_not_exist] = STR("NotExist"), [go_runnable] = STR("Runnable"),
        [go_running] = STR("Running"),           [go_waiting] = STR("Waiting"),    [go_syscall] = STR("Syscall")};
    static const struct str proc_names[] = {[proc_undetermined] = STR("Undetermined"),
                                            [proc_not_exist] = STR("NotExist"),
                                            [proc_running] = STR("Running"),
                                            [proc_idle] = STR("Idle")};
    const struct str *names = t->is_goroutine ? go_names : proc_names;
    KIND(e, "StateTransition", out);
    if (t->is_goroutine)
        put(out, " GoID=");
    else
        put(out, " ProcID=");
    buf_int(out, t->id);
    buf_byte(out, ' ');
    buf_str(out, names[t->from]);
    put(out, "->");
    buf_str(out, names[t->to]);
    put(out, " Reason=");
    if (t->reason)
        put_quoted(e, t->reason, out);
    else
        put(out, "\"\"");
    if (t->has_stack) {
        put(out, "\nTransitionStack=\n");
        put_stack(dump, e->table, t->stack, out);
    }
}

/* The wall clock in the local time zone, as RFC 3339 with as many digits behind the second as are not zero. */
static void put_wall(const struct trace_clocks *clocks, struct buf *out)
{
    int64_t sec = (int64_t)clocks->sec, nsec = (int64_t)clocks->nsec;
    sec += nsec / 1000000000;
    nsec %= 1000000000;
    if (nsec < 0) {
        nsec += 1000000000;
        sec--;
    }
    time_t when = (time_t)sec;
    struct tm tm;
    if (!localtime_r(&when, &tm))
        return;
    buf_printf(out, "%04ld-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900L, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
               tm.tm_min, tm.tm_sec);
    if (nsec > 0) {
        char digits[16];
        snprintf(digits, sizeof digits, ".%09d", (int)nsec);
        size_t n = 10;
        while (digits[n - 1] == '0')
            n--;
        buf_bytes(out, digits, n);
    }
    long minutes = tm.tm_gmtoff / 60, size = minutes < 0 ? -minutes : minutes;
    if (minutes == 0)
        buf_byte(out, 'Z');
    else
        buf_printf(out, "%c%02ld:%02ld", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

static void put_mark(const struct trace_event *e, struct buf *out)
{
    KIND(e, "Sync", out);
    put(out, " N=");
    buf_uint(out, e->args[0]);
    if (!e->table || !e->table->has_clocks)
        return;
    const struct trace_clocks *clocks = &e->table->clocks;
    put(out, " Trace=");
    buf_int(out, trace_ns(e->table, clocks->time));
    put(out, " Mono=");
    buf_uint(out, clocks->mono);
    put(out, " Wall=");
    put_wall(clocks, out);
}

/* What follows "G=" and the goroutine for all but changes of state. */
static void put_details(const struct trace_event *e, struct buf *out)
{
    switch (e->type) {
    case ev_mark:
        put_mark(e, out);
        break;
    case ev_cpu_sample:
        KIND(e, "StackSample", out);
        break;
    case ev_procs_change:
    case ev_heap_alloc:
    case ev_heap_goal:
        put_metric(e, out);
        break;
    case ev_go_label:
        put_label(e, out);
        break;
    case ev_user_task_begin:
    case ev_user_task_end:
        put_task(e, out);
        break;
    case ev_user_region_begin:
    case ev_user_region_end:
        put_region(e, out);
        break;
    case ev_user_log:
        put_log(e, out);
        break;
    default:
        if (e->type >= ev_span)
            put_experimental(e, out);
        else
            put_range(e, out);
    }
}

void trace_dump_event(struct trace_dump *dump, const struct trace_event *e, struct buf *out)
{
    struct trace_transition transition;
    put(out, "M=");
    buf_int(out, e->m);
    put(out, " P=");
    buf_int(out, e->p);
    put(out, " G=");
    buf_int(out, e->g);
    buf_byte(out, ' ');
    if (trace_event_transition(e, &transition))
        put_transition(dump, e, &transition, out);
    else
        put_details(e, out);
    uint64_t stack = trace_event_stack(e);
    if (stack || e->type == ev_cpu_sample) {
        put(out, "\nStack=\n");
        put_stack(dump, e->table, stack, out);
    }
    buf_byte(out, '\n');
}
