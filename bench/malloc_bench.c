/* What a free and a malloc cost together, as programs use them: each thread has a pool of blocks and, again and again,
 * frees one of them and puts a new one in its place.
 *
 *     malloc_pairs THREADS LIVE SIZES PAIRS      prints nanoseconds of CPU time for a pair
 *
 * LIVE: blocks in a thread's pool. SIZES: "64" for that size always, or "mixed": 16 to 2047 bytes, smaller ones more
 * often. CPU time, so that what else runs on the machine counts little; the best of several parts of the run, so that
 * what it interrupts counts less. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { threads_most = 64, parts = 10 };

static unsigned live;
static size_t fixed_size; /* 0: mixed */
static long pairs;        /* of each part */

static double cpu_nanoseconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static size_t draw_size(uint64_t random)
{
    if (fixed_size)
        return fixed_size;
    size_t power = (size_t)16 << (random >> 40) % 7;
    return power + (random >> 50) % power;
}

static void replace(char **pool, uint64_t *state)
{
    uint64_t random = next_random(state);
    char **slot = &pool[(random >> 8) % live];
    free(*slot);
    *slot = malloc(draw_size(random));
    if (!*slot)
        abort();
    **slot = 1;
}

struct worker {
    uint64_t seed;
    double nanoseconds; /* for a pair */
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    char **pool = calloc(live, sizeof *pool);
    double best = 1e18;
    for (unsigned i = 0; i < 3 * live; i++)
        replace(pool, &worker->seed);
    for (int part = 0; part < parts; part++) {
        double begun = cpu_nanoseconds();
        for (long i = 0; i < pairs; i++)
            replace(pool, &worker->seed);
        double each = (cpu_nanoseconds() - begun) / (double)pairs;
        best = each < best ? each : best;
    }
    worker->nanoseconds = best;
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: malloc_pairs THREADS LIVE SIZES PAIRS\n");
        return 2;
    }
    int threads = atoi(argv[1]);
    live = (unsigned)atoi(argv[2]);
    fixed_size = strcmp(argv[3], "mixed") == 0 ? 0 : (size_t)atoi(argv[3]);
    pairs = atol(argv[4]) / parts;
    if (threads < 1 || threads > threads_most || live < 1 || pairs < 1)
        return 2;

    pthread_t ids[threads_most];
    struct worker workers[threads_most];
    double sum = 0;
    for (int i = 0; i < threads; i++) {
        workers[i].seed = 88172645463325252u + (uint64_t)i;
        if (pthread_create(&ids[i], NULL, work, &workers[i]) != 0)
            return 1;
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        sum += workers[i].nanoseconds;
    }
    printf("%.3f\n", sum / threads);
    return 0;
}
