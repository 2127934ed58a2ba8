/* Loads a trace into columns and draws random windows of random rows at 2,000 pixels. Prints
 *
 *     EVENTS LOAD_SECONDS BYTES_AN_EVENT PEAK_MB WORST_MS MEAN_MS WINDOWS
 *
 * and, with a third argument, on the standard error what the bytes are for, and the worst window of each kind of row.
 *
 *     load_columns TRACE [WINDOWS [verbose]]
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/tool_mem.h"
#include "trace/columns.h"

enum { width = 2000, default_windows = 2000 };

/* Windows take so little that what other programs do would show: they are measured in the processor's time. */
static double now(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

struct mapped {
    char *bytes;
    size_t size;
};

/* What was read is the page cache's again. */
static void passed(void *context, uint64_t valid)
{
    struct mapped *mapped = context;
    madvise(mapped->bytes, valid & ~(uint64_t)4095, MADV_DONTNEED);
}

enum kind { of_goroutine, of_thread, of_proc, of_syscalls, of_value, of_population, kinds };

static const char *const kind_names[] = {"goroutine", "thread", "processor", "system calls", "value", "population"};

/* A random row's lane; every kind is as likely. */
static const struct lane *any_lane(const struct columns *cols, uint64_t *random, enum kind *kind)
{
    const struct columns_proc *proc = &cols->procs.at[next(random) % cols->procs.n];
    *kind = (enum kind)(next(random) % of_population);
    switch (*kind) {
    case of_goroutine:
        return &cols->goroutines.at[next(random) % cols->goroutines.n].states;
    case of_thread:
        return &cols->threads.at[next(random) % cols->threads.n].runs;
    case of_proc:
        return &proc->runs;
    case of_syscalls:
        return &proc->syscalls;
    default:
        return &cols->values[next(random) % columns_value_count];
    }
}

/* Draws one window; the seconds that it took, and of what kind it was. */
static double draw(const struct columns *cols, uint64_t *random, enum kind *kind)
{
    static struct lane_pixel pixels[width];
    static struct lane_values values[width];
    static struct population_pixel population[width];
    const struct lane *lane = any_lane(cols, random, kind);
    /* As many wide windows as narrow ones. */
    uint64_t length = (uint64_t)cols->end >> next(random) % 24;
    int64_t begin = (int64_t)(next(random) % ((uint64_t)cols->end - length + 1));
    double start = now(CLOCK_THREAD_CPUTIME_ID);
    if (next(random) % 8 == 0)
        *kind = of_population;
    if (*kind == of_population)
        population_draw(&cols->population, begin, begin + (int64_t)length, width, population);
    else if (lane->form == lane_values)
        lane_draw_values(lane, begin, begin + (int64_t)length, width, values);
    else
        lane_draw(lane, begin, begin + (int64_t)length, width, pixels);
    return now(CLOCK_THREAD_CPUTIME_ID) - start;
}

static void print_sizes(const struct columns *cols)
{
    struct columns_size size = columns_size(cols);
    fprintf(stderr,
            "columns %" PRIu64 " levels %" PRIu64 " population %" PRIu64 " rows %" PRIu64 " sites %" PRIu64
            " total %" PRIu64 "; %zu goroutines %zu threads %zu procs\n",
            size.columns, size.levels, size.population, size.rows, size.sites, size.total, cols->goroutines.n,
            cols->threads.n, cols->procs.n);
}

int main(int argc, char **argv)
{
    struct stat stat;
    int fd = argc >= 2 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || fstat(fd, &stat) != 0)
        return 1;
    struct mapped mapped = {NULL, (size_t)stat.st_size};
    mapped.bytes = mmap(NULL, mapped.size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (mapped.bytes == MAP_FAILED)
        return 1;
    static struct columns cols;
    struct trace_fault fault = {0};
    uint64_t valid, random = 1, windows = argc > 2 ? strtoull(argv[2], NULL, 10) : default_windows;
    double start = now(CLOCK_MONOTONIC);
    if (!columns_read((struct str){mapped.bytes, mapped.size}, tool_mem(), passed, &mapped, &cols, &valid, &fault)) {
        fprintf(stderr, "%s\n", fault.rule);
        return 1;
    }
    double load = now(CLOCK_MONOTONIC) - start, worst = 0, sum = 0;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double worst_of[kinds] = {0};
    for (uint64_t i = 0; i < windows; i++) {
        enum kind kind;
        double seconds = draw(&cols, &random, &kind);
        sum += seconds;
        worst = seconds > worst ? seconds : worst;
        worst_of[kind] = seconds > worst_of[kind] ? seconds : worst_of[kind];
    }
    printf("%" PRIu64 " %.3f %.1f %.0f %.3f %.3f %" PRIu64 "\n", cols.events, load,
           (double)columns_size(&cols).total / (double)cols.events, (double)usage.ru_maxrss / 1024, worst * 1e3,
           windows > 0 ? sum / (double)windows * 1e3 : 0.0, windows);
    if (argc > 3)
        print_sizes(&cols);
    for (int i = 0; argc > 3 && i < kinds; i++)
        fprintf(stderr, "%s: %.2f ms\n", kind_names[i], worst_of[i] * 1e3);
    columns_finish(&cols);
    return 0;
}
