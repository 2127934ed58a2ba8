/* A program that seems stuck: which of its threads waits for what? It knows nothing of profiling:
 *
 *     sonde run -- threads 60 &
 *     sonde pprof -traces http://localhost:6060/debug/pprof/goroutine      # every thread's stack, equal ones counted
 *     curl 'http://localhost:6060/debug/pprof/goroutine?debug=2'           # one by one, with names and states
 *     sonde pprof -top http://localhost:6060/debug/pprof/profile?seconds=5 # who burns the time meanwhile
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setname_np */
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_filled = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool done;
static atomic_ulong sum;

/* Waits for work that does not come. */
static void *queue_worker(void *unused)
{
    pthread_mutex_lock(&queue_lock);
    while (!done)
        pthread_cond_wait(&queue_filled, &queue_lock);
    pthread_mutex_unlock(&queue_lock);
    return unused;
}

/* Waits for a lock that the main thread holds. */
static void *ledger_writer(void *unused)
{
    pthread_mutex_lock(&ledger_lock);
    pthread_mutex_unlock(&ledger_lock);
    return unused;
}

/* Never waits. */
static void *prime_counter(void *unused)
{
    for (unsigned long n = 3; !done; n += 2) {
        unsigned long divisor = 3;
        while (divisor * divisor <= n && n % divisor != 0)
            divisor += 2;
        sum += divisor * divisor > n;
    }
    return unused;
}

static pthread_t start(const char *name, void *(*run)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, NULL) != 0) {
        perror("threads: pthread_create");
        exit(EXIT_FAILURE);
    }
    pthread_setname_np(thread, name);
    return thread;
}

int main(int argc, char **argv)
{
    enum { workers = 8, writers = 3 };
    pthread_t threads[workers + writers + 1];
    int n = 0;
    pthread_mutex_lock(&ledger_lock);
    for (int i = 0; i < workers; i++)
        threads[n++] = start("queue", queue_worker);
    for (int i = 0; i < writers; i++)
        threads[n++] = start("ledger", ledger_writer);
    threads[n++] = start("primes", prime_counter);

    sleep(argc > 1 ? (unsigned)atoi(argv[1]) : 60);

    pthread_mutex_unlock(&ledger_lock);
    pthread_mutex_lock(&queue_lock);
    done = true;
    pthread_cond_broadcast(&queue_filled);
    pthread_mutex_unlock(&queue_lock);
    while (n > 0)
        pthread_join(threads[--n], NULL);
    printf("%lu primes\n", sum);
    return EXIT_SUCCESS;
}
