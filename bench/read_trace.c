/* Reads a trace in order, every event delivered and checked, and prints how many events there were, how long that
 * took, and how long the thread that asks for events computed: "EVENTS SECONDS SECONDS".
 *
 *     read_trace TRACE [alone]      alone: without a thread that decodes ahead
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "trace/reader.h"

static double now(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct stat stat;
    int fd = argc >= 2 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || fstat(fd, &stat) != 0)
        return 1;
    void *bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return 1;
    double start = now(CLOCK_MONOTONIC);
    struct trace_fault fault = {0};
    struct trace_reader *reader = trace_reader_create((struct str){bytes, (size_t)stat.st_size}, mem_libc(), &fault);
    uint64_t events = 0;
    if (reader && argc > 2)
        trace_reader_look_ahead(reader, look_ahead_never);
    while (reader && trace_reader_next(reader))
        events++;
    if (!reader || trace_reader_fault(reader)->set) {
        fprintf(stderr, "%s\n", reader ? trace_reader_fault(reader)->rule : fault.rule);
        return 1;
    }
    printf("%" PRIu64 " %.3f %.3f\n", events, now(CLOCK_MONOTONIC) - start, now(CLOCK_THREAD_CPUTIME_ID));
    trace_reader_destroy(reader);
    return 0;
}
