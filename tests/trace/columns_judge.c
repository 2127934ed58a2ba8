/* Prints what the columns of a trace hold, for comparison with the pages of go tool trace:
 *
 *     slice VIEW ROW BEGIN LENGTH NAME          VIEW: proc, thread, goroutine, task
 *     arrow VIEW FROM TO BEGIN END NAME         rows; -1: none, -2: the network's, -3: system calls'
 *     point VIEW ROW TIME NAME
 *     counter NAME TIME VALUE...
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "trace/cause.h"
#include "trace/columns.h"

static void print_str(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        putchar(s.p[i] == '\n' ? ' ' : s.p[i]);
    putchar('\n');
}

static void print_slice(const char *view, int64_t row, int64_t begin, int64_t end, struct str name)
{
    printf("slice %s %" PRId64 " %" PRId64 " %" PRId64 " ", view, row, begin, end - begin);
    print_str(name);
}

static void print_goroutine(const struct columns *c, const char *view, int64_t row, int64_t begin, int64_t end,
                            uint32_t goroutine)
{
    char name[32];
    snprintf(name, sizeof name, "G%" PRId64, c->goroutines.at[goroutine].id);
    print_slice(view, row, begin, end, str_of(name));
}

static struct str range_text(const struct columns *c, uint32_t what, char *room, size_t size)
{
    struct str name = columns_name(c, columns_site(c, what).name);
    if (lane_state(what) != columns_stw)
        return name;
    snprintf(room, size, "stop-the-world (%.*s)", STR_ARG(name));
    return str_of(room);
}

/* The ranges of a goroutine as far as they lie in one of its runs. */
static void print_ranges_in(const struct columns *c, const char *view, int64_t row, uint32_t goroutine, int64_t begin,
                            int64_t end)
{
    char room[256];
    for (uint32_t i = c->nests.at[goroutine].ranges; i != COLUMNS_NONE; i = c->nested.at[i].next) {
        struct lane_reader reader;
        struct lane_item item;
        lane_seek(&reader, &c->nested.at[i].lane, begin);
        while (lane_next(&reader, &item) && item.begin < end) {
            int64_t from = item.begin > begin ? item.begin : begin, to = item.end < end ? item.end : end;
            print_slice(view, row, from, to, range_text(c, item.what, room, sizeof room));
        }
    }
}

static int64_t id_of(const struct columns *c, const char *view, struct columns_place place)
{
    if (strcmp(view, "proc") == 0)
        return place.proc == COLUMNS_NONE ? -1 : c->procs.at[place.proc].id;
    return place.thread == COLUMNS_NONE ? -1 : c->threads.at[place.thread].id;
}

static void print_arrow(const struct columns *c, const char *view, int64_t row, uint32_t goroutine, int64_t time)
{
    struct cause cause;
    if (!cause_find(c, goroutine, time, &cause))
        return;
    struct str reason = columns_name(c, cause.reason);
    int64_t from = id_of(c, view, cause.place);
    bool is_network = str_find(reason, STR("network"), 0) < reason.n;
    if (cause.kind == cause_woken && is_network && strcmp(view, "thread") != 0)
        from = -2;
    if (cause.kind == cause_returned && strcmp(view, "thread") == 0)
        return; /* which threads have no row for */
    if (cause.kind == cause_returned)
        from = -3;
    printf("arrow %s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " ", view, from, row, cause.time, time);
    if (cause.kind == cause_created)
        printf("go\n");
    else if (cause.kind == cause_returned)
        printf("exit blocked syscall\n");
    else if (reason.n == 0)
        printf("unblock\n");
    else
        printf("unblock (%.*s)\n", STR_ARG(reason));
}

static void print_runs(const struct columns *c, const char *view, int64_t row, const struct lane *runs)
{
    struct lane_reader reader;
    struct lane_item item;
    lane_seek(&reader, runs, 0);
    while (lane_next(&reader, &item)) {
        if (lane_state(item.what) != columns_running)
            continue;
        uint32_t goroutine = lane_rest(item.what);
        print_goroutine(c, view, row, item.begin, item.end, goroutine);
        print_ranges_in(c, view, row, goroutine, item.begin, item.end);
        print_arrow(c, view, row, goroutine, item.begin);
    }
}

static void print_spans(const char *view, int64_t row, const struct lane *lane, struct str name)
{
    struct lane_reader reader;
    struct lane_item item;
    lane_seek(&reader, lane, 0);
    while (lane_next(&reader, &item))
        print_slice(view, row, item.begin, item.end, name);
}

static void print_points(const struct columns *c, const char *view, int64_t row, const struct lane *points)
{
    struct lane_reader reader;
    struct lane_item item;
    lane_seek(&reader, points, 0);
    while (lane_next(&reader, &item)) {
        printf("point %s %" PRId64 " %" PRId64 " ", view, row, item.begin);
        if (lane_state(item.what) == columns_sample) {
            print_str(STR("CPU profile sample"));
            continue;
        }
        const struct columns_log *log = &c->logs.at[lane_rest(item.what)];
        if (log->category)
            printf("[%.*s] ", STR_ARG(columns_name(c, log->category)));
        print_str(columns_name(c, log->message));
    }
}

static void print_procs(const struct columns *c)
{
    for (size_t i = 0; i < c->procs.n; i++) {
        const struct columns_proc *proc = &c->procs.at[i];
        print_runs(c, "proc", proc->id, &proc->runs);
        print_spans("proc", proc->id, &proc->syscalls, STR("syscall"));
        print_points(c, "proc", proc->id, &proc->points);
        for (uint32_t k = proc->ranges; k != COLUMNS_NONE; k = c->nested.at[k].next)
            print_spans("proc", proc->id, &c->nested.at[k].lane, STR("GC incremental sweep"));
    }
    print_spans("proc", -4, &c->gc, STR("GC concurrent mark phase"));
}

/* System calls of a goroutine, with and without a processor, on the threads that it makes them on. */
static void print_calls(const struct columns *c, uint32_t goroutine, const char *view, int64_t row, int64_t begin,
                        int64_t end)
{
    struct lane_reader reader;
    struct lane_item item;
    int64_t since = -1;
    lane_seek(&reader, &c->goroutines.at[goroutine].states, begin);
    while (lane_next(&reader, &item) && item.begin < end) {
        bool in_call = lane_state(item.what) == columns_syscall || lane_state(item.what) == columns_detached;
        if (in_call && since < 0)
            since = item.begin;
        if (!in_call && since >= 0)
            print_slice(view, row, since, item.begin, STR("syscall"));
        since = in_call ? since : -1;
    }
    if (since >= 0)
        print_slice(view, row, since, end, STR("syscall"));
}

static void print_threads(const struct columns *c)
{
    for (size_t i = 0; i < c->threads.n; i++) {
        const struct columns_thread *thread = &c->threads.at[i];
        struct lane_reader reader;
        struct lane_item item;
        print_runs(c, "thread", thread->id, &thread->runs);
        print_points(c, "thread", thread->id, &thread->points);
        lane_seek(&reader, &thread->runs, 0);
        while (lane_next(&reader, &item))
            print_calls(c, lane_rest(item.what), "thread", thread->id, item.begin, item.end);
    }
}

static void print_regions(const struct columns *c, int64_t goroutine, uint32_t first)
{
    for (uint32_t i = first; i != COLUMNS_NONE; i = c->nested.at[i].next) {
        struct lane_reader reader;
        struct lane_item item;
        lane_seek(&reader, &c->nested.at[i].lane, 0);
        while (lane_next(&reader, &item)) {
            const struct columns_region *region = &c->regions.at[lane_rest(item.what)];
            if (region->name != 0)
                print_slice("region", goroutine, item.begin, item.end, columns_name(c, region->name));
        }
    }
}

static void print_goroutines(const struct columns *c)
{
    for (size_t i = 0; i < c->goroutines.n; i++) {
        const struct columns_goroutine *g = &c->goroutines.at[i];
        static const char *const states[] = {"runnable", "running", "waiting", "syscall", "detached"};
        struct lane_reader reader;
        struct lane_item item;
        lane_seek(&reader, &g->states, 0);
        while (lane_next(&reader, &item)) {
            if (lane_state(item.what) < columns_idle)
                print_slice("goroutine", g->id, item.begin, item.end, str_of(states[lane_state(item.what)]));
        }
        print_regions(c, g->id, c->nests.at[i].regions);
        print_regions(c, g->id, c->nests.at[i].old_regions);
    }
    for (size_t i = 0; i < c->tasks.n; i++) {
        const struct columns_task *task = &c->tasks.at[i];
        if (task->has_begin || task->has_end)
            print_slice("task", (int64_t)task->id, task->begin, task->has_end ? task->end : c->end,
                        columns_name(c, task->name));
    }
}

static void print_counters(const struct columns *c)
{
    static const char *const names[] = {"heap", "goal", "gomaxprocs", "threads"};
    for (unsigned i = 0; i < columns_value_count; i++) {
        struct lane_reader reader;
        struct lane_item item;
        lane_seek(&reader, &c->values[i], 0);
        while (lane_next(&reader, &item))
            printf("counter %s %" PRId64 " %" PRIu64 "\n", names[i], item.begin, item.value);
    }
    struct population_reader reader = {0};
    while (population_next(&c->population, &reader)) {
        const int32_t *n = reader.now.of;
        printf("counter goroutines %" PRId64 " %d %d %d\n", reader.time, n[population_running] + n[population_syscall],
               n[population_runnable], n[population_waiting_gc]);
    }
}

int main(int argc, char **argv)
{
    struct stat stat;
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || fstat(fd, &stat) != 0)
        return 1;
    void *bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return 1;
    static struct columns columns;
    struct trace_fault fault = {0};
    uint64_t valid;
    if (!columns_read((struct str){bytes, (size_t)stat.st_size}, mem_libc(), NULL, NULL, &columns, &valid, &fault)) {
        fprintf(stderr, "%s\n", fault.rule);
        return 1;
    }
    print_procs(&columns);
    print_threads(&columns);
    print_goroutines(&columns);
    print_counters(&columns);
    columns_finish(&columns);
    munmap(bytes, (size_t)stat.st_size);
    return 0;
}
