/* The base program of every walk through profiling: something allocates 100 megabytes, ten times. Where is it?
 *
 *     bigbytes plain [SECONDS]      knows nothing of profiling; stays SECONDS at the end, to be looked at
 *     bigbytes memstats             prints the allocator's figures before and after
 *     bigbytes cpu >cpu.prof        a CPU profile of the work
 *     bigbytes heap >heap.prof      a heap profile at the end of the work
 *     bigbytes server [ADDRESS]     serves http://ADDRESS/debug/pprof/ (localhost:6060) until it is interrupted
 *
 * cc bigbytes.c -lsonde
 */
#include <sonde/sonde.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the server keeps, as the walk's last block stays in use while it is looked at. */
static char *kept;

/* Allocates 100 megabytes and writes to all of them. */
static char *bigBytes(void)
{
    char *s = malloc(100000000);
    if (s)
        memset(s, 'x', 100000000);
    return s;
}

/* Allocates ten times, keeps only the last. */
static char *work(void)
{
    char *s = NULL;
    for (int i = 0; i < 10; i++) {
        free(s);
        s = bigBytes();
        if (!s)
            fprintf(stderr, "oh noes\n");
    }
    return s;
}

static void print_memstats(const char *when)
{
    struct sonde_memstats mem;
    sonde_read_memstats(&mem);
    printf("memory %s...\n", when);
    printf("Alloc      %12" PRIu64 "\n", mem.alloc);
    printf("TotalAlloc %12" PRIu64 "\n", mem.total_alloc);
    printf("HeapAlloc  %12" PRIu64 "\n", mem.heap_alloc);
    printf("HeapSys    %12" PRIu64 "\n", mem.heap_sys);
}

static int fail(const char *what, int error)
{
    fprintf(stderr, "bigbytes: %s: %s\n", what, strerror(error));
    return EXIT_FAILURE;
}

static int plain(const char *seconds)
{
    char *s = work();
    sleep(seconds ? (unsigned)atoi(seconds) : 0);
    free(s);
    return EXIT_SUCCESS;
}

static int memstats(void)
{
    print_memstats("baseline");
    char *s = work();
    print_memstats("comparison");
    free(s);
    return EXIT_SUCCESS;
}

static int cpu(void)
{
    int error = sonde_start_cpu_profile(STDOUT_FILENO);
    if (error)
        return fail("start of the CPU profile", error);
    free(work());
    error = sonde_stop_cpu_profile();
    return error ? fail("CPU profile", error) : EXIT_SUCCESS;
}

static int heap(void)
{
    char *s = work();
    int error = sonde_write_profile("heap", 0, STDOUT_FILENO);
    free(s);
    return error ? fail("heap profile", error) : EXIT_SUCCESS;
}

static int server(const char *address)
{
    int error = sonde_http_serve(address ? address : "localhost:6060");
    if (error)
        return fail("server", error);
    printf("look at http://%s/debug/pprof/\n", sonde_http_address());
    fflush(stdout);
    kept = work();
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    const char *stage = argc > 1 ? argv[1] : "", *argument = argc > 2 ? argv[2] : NULL;
    if (strcmp(stage, "plain") == 0)
        return plain(argument);
    if (strcmp(stage, "memstats") == 0)
        return memstats();
    if (strcmp(stage, "cpu") == 0)
        return cpu();
    if (strcmp(stage, "heap") == 0)
        return heap();
    if (strcmp(stage, "server") == 0)
        return server(argument);
    fprintf(stderr, "usage: bigbytes plain [SECONDS] | memstats | cpu | heap | server [ADDRESS]\n");
    return 2;
}
