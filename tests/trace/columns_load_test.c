/* Columns of traces that are empty, small, odd, broken or real. Events are made by hand where no program would write
 * them. */
#include "testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "columns_check.h"
#include "trace/larder.h"
#include "trace/order.h"

/* Strings 1 to 3 and a stack 1 of one frame. */
static void make_table(struct trace_table *table)
{
    struct trace_fault fault = {0};
    struct trace_frame frame = {0x1000, 7, 1, 2};
    assert_true(trace_table_init(table, mem_libc()));
    table->serial = 1;
    assert_true(trace_table_add_string(table, 1, STR("main.work"), 0, &fault));
    assert_true(trace_table_add_string(table, 2, STR("work.go"), 0, &fault));
    assert_true(trace_table_add_string(table, 3, STR("select"), 0, &fault));
    assert_true(trace_table_add_frame(table, frame));
    assert_true(trace_table_add_stack(table, 1, 0, 0, &fault));
    assert_true(trace_table_complete(table, 0, &fault));
}

/* An event on thread 1, processor 0 and goroutine 1. */
#define EVENT(at, kind, ...)                                                                                           \
    ((struct trace_event){.time = (at), .m = 1, .p = 0, .g = 1, .type = (kind), .table = &table, .args = {__VA_ARGS__}})

static struct trace_table table;

#define STATUS(from, to) ((uint64_t)(from) << 32 | (to))

/* One of each kind of event. Times from 100 on. */
static const struct trace_event *rich_events(size_t *n)
{
    static struct trace_event events[64];
    size_t i = 0;
    events[i++] = EVENT(100, ev_mark, 1);
    events[i++] = EVENT(110, ev_proc_status, 0, proc_status_running, proc_undetermined);
    events[i++] = EVENT(120, ev_go_status, 1, 1, STATUS(go_undetermined, go_status_running));
    events[i++] = EVENT(130, ev_gc_active, 1);
    events[i++] = EVENT(140, ev_gc_mark_assist_active, 1);
    events[i++] = EVENT(150, ev_gc_sweep_active, 0);
    events[i++] = EVENT(160, ev_gc_mark_assist_end);
    events[i++] = EVENT(170, ev_gc_sweep_end, 1, 1);
    events[i++] = EVENT(180, ev_gc_end, 2);
    events[i++] = EVENT(190, ev_heap_alloc, UINT64_MAX);
    events[i++] = EVENT(200, ev_heap_goal, UINT64_MAX);
    events[i++] = EVENT(210, ev_procs_change, 4, 1);
    events[i++] = EVENT(220, ev_user_task_begin, 9, TRACE_NO_TASK, 1, 1);
    events[i++] = EVENT(230, ev_user_region_end, 9, 3, 1); /* began before the trace */
    events[i++] = EVENT(240, ev_user_region_begin, 9, 1, 1);
    events[i++] = EVENT(250, ev_user_region_begin, 9, 3, 1);
    events[i++] = EVENT(260, ev_user_log, 9, 1, 3, 1);
    events[i++] = EVENT(270, ev_cpu_sample, 1);
    events[i++] = EVENT(280, ev_user_region_end, 9, 3, 1);
    events[i++] = EVENT(290, ev_user_task_end, 9, 1, TRACE_NO_TASK, 0);
    events[i++] = EVENT(300, ev_user_task_end, 9, 1, TRACE_NO_TASK, 0); /* again */
    events[i++] = EVENT(305, ev_user_task_end, 10, 1, TRACE_NO_TASK, 0);
    events[i++] = EVENT(310, ev_go_label, 3);
    events[i++] = EVENT(320, ev_stw_begin, 3, 1);
    events[i++] = EVENT(330, ev_stw_end, 3);
    events[i++] = EVENT(340, ev_go_create, 2, 1, 1);
    events[i++] = EVENT(350, ev_go_syscall_begin, 1, 1);
    events[i++] = EVENT(360, ev_proc_steal, 0, 1, 1, proc_status_syscall);
    events[i] = EVENT(370, ev_go_syscall_end_blocked);
    events[i++].p = TRACE_NO_PROC;
    events[i++] = EVENT(380, ev_proc_start, 0, 2);
    events[i++] = EVENT(390, ev_go_start, 1, 1);
    events[i++] = EVENT(400, ev_go_block, 3, 1);
    events[i] = EVENT(410, ev_go_unblock, 1, 2, 1);
    events[i].g = 2;
    events[i++].m = 3;
    events[i++] = EVENT(420, ev_go_start, 1, 3);
    events[i++] = EVENT(430, ev_go_destroy);
    events[i++] = EVENT(440, ev_mark, 2);
    *n = i;
    return events;
}

static bool load(struct columns *c, const struct trace_event *events, size_t n, struct mem *mem)
{
    if (!columns_init(c, mem))
        return false;
    bool good = true;
    for (size_t i = 0; i < n && good; i++)
        good = columns_add(c, &events[i]);
    good = good && columns_end(c);
    if (!good)
        columns_finish(c);
    return good;
}

static int64_t sum_of(const struct lane *lane, unsigned state)
{
    struct lane_pixel total;
    lane_total(lane, &total);
    return total.covered[state];
}

static void every_kind_of_event_is_kept(void **state)
{
    (void)state;
    static struct columns c;
    size_t n;
    make_table(&table);
    const struct trace_event *events = rich_events(&n);
    assert_true(load(&c, events, n, mem_libc()));
    check_columns(&c, 0, c.end, false);
    check_columns(&c, -1000, 1000, false);
    assert_int_equal(c.end, 340);
    assert_int_equal(c.events, n);
    assert_int_equal(c.goroutines.n, 2);
    const struct columns_goroutine *g = &c.goroutines.at[0];
    assert_str(columns_name(&c, c.goroutines.at[1].name), "main.work");
    assert_str(columns_name(&c, g->label), "select");
    assert_true(g->ended);
    assert_int_equal(sum_of(&g->states, columns_running), 250 + 10 + 10);
    assert_int_equal(sum_of(&g->states, columns_syscall), 10);
    assert_int_equal(sum_of(&g->states, columns_detached), 10);
    assert_int_equal(sum_of(&g->states, columns_waiting), 10);
    assert_int_equal(sum_of(&g->states, columns_runnable), 20 + 10);
    assert_int_equal(sum_of(&c.gc, columns_gc), 80);
    assert_int_equal(sum_of(&c.stw, columns_stw), 10);
    assert_int_equal(sum_of(&c.procs.at[0].runs, columns_idle), 20);
    assert_int_equal(c.regions.n, 3);
    assert_false(c.regions.at[0].has_begin);
    assert_true(c.regions.at[1].has_end); /* its goroutine ended */
    assert_int_equal(c.tasks.n, 2);
    assert_int_equal(c.tasks.at[0].end, 200);
    assert_int_equal(c.logs.n, 1);
    struct cause cause;
    assert_true(cause_find(&c, 0, 290, &cause));
    assert_int_equal(cause.kind, cause_returned);
    assert_true(cause_find(&c, 0, 320, &cause));
    assert_int_equal(cause.kind, cause_woken);
    assert_int_equal(cause.time, 310);
    assert_str(columns_name(&c, cause.reason), "select");
    assert_false(cause_find(&c, 0, 0, &cause));
    columns_finish(&c);
    trace_table_finish(&table);
}

static void every_allocation_of_columns_may_fail(void **state)
{
    (void)state;
    static struct columns c;
    size_t n;
    make_table(&table);
    const struct trace_event *events = rich_events(&n);
    for (size_t successes = 0;; successes++) {
        struct failing_mem failing = failing_mem(successes);
        if (load(&c, events, n, &failing.mem)) {
            columns_finish(&c);
            break;
        }
        assert_true(successes < 1000);
    }
    trace_table_finish(&table);
}

static void times_out_of_all_proportion_are_kept_in_bounds(void **state)
{
    (void)state;
    static struct columns c;
    make_table(&table);
    struct trace_event events[] = {
        EVENT(INT64_MIN, ev_mark, 1),        EVENT(0, ev_go_status, 1, 1, STATUS(go_undetermined, go_status_running)),
        EVENT(INT64_MAX, ev_go_stop, 3, 1),  EVENT(INT64_MIN, ev_go_start, 1, 1), /* back, and equal */
        EVENT(INT64_MAX, ev_go_block, 3, 1),
    };
    assert_true(load(&c, events, sizeof events / sizeof *events, mem_libc()));
    assert_int_equal(c.end, COLUMNS_LIMIT);
    check_columns(&c, INT64_MIN, INT64_MAX, false);
    check_columns(&c, 0, 10, false);
    columns_finish(&c);
    trace_table_finish(&table);
}

static void ids_of_any_size_are_rows(void **state)
{
    (void)state;
    static struct columns c;
    static const uint64_t ids[] = {5, UINT64_C(1) << 62, 5, 900, 70000, 1 << 20, INT64_MAX, 1023, 1024, 5000};
    make_table(&table);
    assert_true(columns_init(&c, mem_libc()));
    for (size_t i = 0; i < 20000; i++) {
        struct trace_event event = EVENT((int64_t)i, ev_go_create, ids[i % 10] + i / 10 % 7 * (i / 10), 0, 0);
        assert_true(columns_add(&c, &event));
        uint32_t row = columns_find(&c.goroutine_of_id, (int64_t)event.args[0]);
        assert_int_equal(row, i);
    }
    assert_true(columns_end(&c));
    assert_int_equal(columns_find(&c.goroutine_of_id, 123456789), COLUMNS_NONE);
    for (size_t i = 0; i < c.goroutines.n; i++) {
        uint32_t row = columns_find(&c.goroutine_of_id, c.goroutines.at[i].id);
        assert_int_equal(c.goroutines.at[row].id, c.goroutines.at[i].id);
    }
    columns_finish(&c);
    trace_table_finish(&table);
}

static void a_hundred_thousand_regions_within_another_take_no_time(void **state)
{
    (void)state;
    static struct columns c;
    make_table(&table);
    assert_true(columns_init(&c, mem_libc()));
    struct trace_event first = EVENT(0, ev_go_status, 1, 1, STATUS(go_undetermined, go_status_running));
    assert_true(columns_add(&c, &first));
    for (int i = 0; i < 200000; i++) {
        struct trace_event event = EVENT(i, i < 100000 ? ev_user_region_begin : ev_user_region_end, 9, 1, 1);
        assert_true(columns_add(&c, &event));
    }
    assert_true(columns_end(&c));
    assert_int_equal(c.regions.n, 100000);
    columns_finish(&c);
    trace_table_finish(&table);
}

static void a_header_alone_is_an_empty_timeline(void **state)
{
    (void)state;
    static struct columns c;
    struct trace_fault fault = {0};
    uint64_t valid;
    struct str header = {"go 1.26 trace\0\0\0", 16};
    assert_true(columns_read(header, mem_libc(), NULL, NULL, &c, &valid, &fault));
    assert_int_equal(c.goroutines.n, 0);
    assert_int_equal(c.end, 0);
    check_columns(&c, 0, 100, true);
    columns_finish(&c);
    assert_false(columns_read(STR("no trace"), mem_libc(), NULL, NULL, &c, &valid, &fault));
    assert_true(fault.set);
}

static void same_lane(const struct lane *a, const struct lane *b)
{
    struct lane_reader from_a, from_b;
    struct lane_item x, y;
    lane_seek(&from_a, a, 0);
    lane_seek(&from_b, b, 0);
    while (lane_next(&from_a, &x)) {
        assert_true(lane_next(&from_b, &y));
        assert_int_equal(x.begin, y.begin);
        assert_int_equal(x.end, y.end);
        assert_int_equal(x.what, y.what);
    }
    assert_false(lane_next(&from_b, &y));
}

/* What two readings of a trace made of it. */
static void same_columns(const struct columns *a, const struct columns *b)
{
    struct columns_size x = columns_size(a), y = columns_size(b);
    assert_memory_equal(&x, &y, sizeof x);
    assert_int_equal(a->events, b->events);
    assert_int_equal(a->end, b->end);
    assert_int_equal(a->goroutines.n, b->goroutines.n);
    assert_int_equal(a->threads.n, b->threads.n);
    assert_int_equal(a->procs.n, b->procs.n);
    for (size_t i = 0; i < a->goroutines.n; i++) {
        assert_int_equal(a->goroutines.at[i].id, b->goroutines.at[i].id);
        assert_int_equal(a->goroutines.at[i].name, b->goroutines.at[i].name);
        same_lane(&a->goroutines.at[i].states, &b->goroutines.at[i].states);
    }
    for (size_t i = 0; i < a->threads.n; i++)
        same_lane(&a->threads.at[i].runs, &b->threads.at[i].runs);
    for (size_t i = 0; i < a->procs.n; i++)
        same_lane(&a->procs.at[i].runs, &b->procs.at[i].runs);
    for (size_t i = 0; i < a->nested.n; i++)
        same_lane(&a->nested.at[i].lane, &b->nested.at[i].lane);
    for (size_t i = 0; i < a->sites.names.n; i++)
        assert_true(str_equal(a->sites.names.at[i], b->sites.names.at[i]));
}

/* Memory that threads can share, in which allocations from a certain one on fail. */
struct shared_mem {
    struct mem mem;
    struct failing_mem failing;
    pthread_mutex_t lock;
};

static void *shared_resize(struct mem *self, void *block, size_t old_size, size_t new_size)
{
    struct shared_mem *shared = (struct shared_mem *)self;
    pthread_mutex_lock(&shared->lock);
    void *p = shared->failing.mem.resize(&shared->failing.mem, block, old_size, new_size);
    pthread_mutex_unlock(&shared->lock);
    return p;
}

/* Loads and checks a file of the corpus, or its first `size` bytes: with help of other threads, and without. */
static void check_file(const char *path, size_t size, bool is_sound)
{
    static struct columns c;
    struct stat stat;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &stat) == 0);
    size_t all = (size_t)stat.st_size;
    char *bytes = mmap(NULL, all > 0 ? all : 1, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    assert_true(bytes != MAP_FAILED);
    struct trace_fault fault = {0};
    uint64_t valid;
    struct str trace = {bytes, size < all ? size : all};
    bool good = columns_read_with(look_ahead_never, trace, mem_libc(), NULL, NULL, &c, &valid, &fault);
    if (good) {
        check_columns(&c, 0, c.end, is_sound);
        check_columns(&c, c.end / 3, c.end / 2, is_sound);
    } else {
        assert_true(fault.set);
    }
    static struct columns helped;
    struct trace_fault second = {0};
    uint64_t again = 0;
    assert_int_equal(columns_read_with(look_ahead_always, trace, mem_libc(), NULL, NULL, &helped, &again, &second),
                     good);
    assert_string_equal(fault.rule, second.rule);
    assert_int_equal(fault.offset, second.offset);
    if (good) {
        assert_int_equal(valid, again);
        same_columns(&c, &helped);
        columns_finish(&c);
        columns_finish(&helped);
    }
    munmap(bytes, all > 0 ? all : 1);
}

static void real_traces_add_up(void **state)
{
    (void)state;
    const char *corpus = getenv("CORPUS");
    char path[4096];
    DIR *folder = corpus ? opendir(corpus) : NULL;
    if (!folder)
        skip_with("no corpus");
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct stat stat;
        snprintf(path, sizeof path, "%s/%s", corpus, entry->d_name);
        if (lstat(path, &stat) != 0 || !S_ISREG(stat.st_mode) || stat.st_size > 700000 || stat.st_size == 0)
            continue;
        /* Traces of Go 1.21 and before do not say who runs where in system calls. */
        bool is_sound = strncmp(entry->d_name, "go12", 4) == 0 && entry->d_name[4] >= '2';
        check_file(path, SIZE_MAX, is_sound);
    }
    closedir(folder);
}

static void every_broken_tail_leaves_what_is_good(void **state)
{
    (void)state;
    const char *corpus = getenv("CORPUS");
    char path[4096];
    snprintf(path, sizeof path, "%s/go126-startstop.trace", corpus ? corpus : "");
    if (access(path, R_OK) != 0)
        skip_with("no corpus");
    for (size_t size = 0; size < 240000; size += 7919)
        check_file(path, size, true);
    snprintf(path, sizeof path, "%s/v1/http_1_9_good", corpus);
    for (size_t size = 0; size < 3000; size += 97)
        check_file(path, size, false);
}

static void memory_may_run_out_on_any_thread(void **state)
{
    (void)state;
    static struct columns c;
    const char *corpus = getenv("CORPUS");
    char path[4096];
    snprintf(path, sizeof path, "%s/go126-startstop.trace", corpus ? corpus : "");
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        skip_with("no corpus");
    struct stat stat;
    assert_int_equal(fstat(fd, &stat), 0);
    char *bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    assert_true(bytes != MAP_FAILED);
    bool good = false;
    for (size_t successes = 0; !good; successes += 1 + successes / 4) {
        struct shared_mem shared = {{shared_resize}, failing_mem(successes), PTHREAD_MUTEX_INITIALIZER};
        struct trace_fault fault = {0};
        uint64_t valid;
        bool read = columns_read_with(look_ahead_always, (struct str){bytes, (size_t)stat.st_size}, &shared.mem, NULL,
                                      NULL, &c, &valid, &fault);
        if (read) /* where the fault is set, up to where the reader itself had no memory left */
            columns_finish(&c);
        good = read && !fault.set;
        assert_true(good || fault.set);
        assert_true(successes < 1000000);
    }
    munmap(bytes, (size_t)stat.st_size);
}

static void a_larder_gives_each_block_once(void **state)
{
    (void)state;
    enum { size = 1 << 20, most_blocks = 8 };
    for (int blocks = 0; blocks < most_blocks; blocks++) {
        struct larder larder;
        char *taken[most_blocks];
        larder_start(&larder, mem_libc(), size);
        assert_null(larder_take(&larder)); /* that asks for the first */
        for (int i = 0; i < blocks; i++) {
            while (!(taken[i] = larder_take(&larder)))
                sched_yield();
            memset(taken[i], i + 1, size);
        }
        larder_finish(&larder); /* it may be at one, or have one left */
        for (int i = 0; i < blocks; i++) {
            assert_int_equal(taken[i][0], i + 1);
            assert_int_equal(taken[i][size - 1], i + 1);
            mem_put(mem_libc(), taken[i], size);
        }
    }
}

static void a_larder_without_memory_stays_empty(void **state)
{
    (void)state;
    struct shared_mem shared = {{shared_resize}, failing_mem(0), PTHREAD_MUTEX_INITIALIZER};
    struct larder larder;
    larder_start(&larder, &shared.mem, 1 << 20);
    for (int i = 0; i < 100; i++)
        assert_null(larder_take(&larder));
    larder_finish(&larder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_event_is_kept),
        cmocka_unit_test(every_allocation_of_columns_may_fail),
        cmocka_unit_test(times_out_of_all_proportion_are_kept_in_bounds),
        cmocka_unit_test(ids_of_any_size_are_rows),
        cmocka_unit_test(a_hundred_thousand_regions_within_another_take_no_time),
        cmocka_unit_test(a_header_alone_is_an_empty_timeline),
        cmocka_unit_test(real_traces_add_up),
        cmocka_unit_test(every_broken_tail_leaves_what_is_good),
        cmocka_unit_test(memory_may_run_out_on_any_thread),
        cmocka_unit_test(a_larder_gives_each_block_once),
        cmocka_unit_test(a_larder_without_memory_stays_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
