/* A program that serves its profiles: it has memory in use, a thread that computes and others that wait, prints where
 * it serves and ends when its standard input does. With "closefrom" it closes every other descriptor first. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sonde/sonde.h"

enum { blocks = 64, block_size = 1 << 20 };

static char *kept[blocks];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noinline)) static char *allocate_block(void)
{
    return memset(malloc(block_size), 1, block_size);
}

__attribute__((noinline)) static void compute(void)
{
    struct timespec now, pause = {0, 5000000};
    for (;;) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        for (volatile unsigned i = 0; i < 5000000; i++)
            continue;
        nanosleep(&pause, NULL);
    }
}

static void *compute_thread(void *argument)
{
    pthread_setname_np(pthread_self(), "computer");
    compute();
    return argument;
}

static void *wait_thread(void *argument)
{
    pthread_setname_np(pthread_self(), argument);
    pthread_mutex_lock(&mutex);
    return argument;
}

__attribute__((noinline)) static int start_threads(void)
{
    pthread_t thread;
    pthread_mutex_lock(&mutex);
    return pthread_create(&thread, NULL, compute_thread, NULL) |
           pthread_create(&thread, NULL, wait_thread, "one \"w\"") | pthread_create(&thread, NULL, wait_thread, "two");
}

int main(int argc, char **argv)
{
    char byte;
    for (int i = 0; i < blocks; i++)
        kept[i] = allocate_block();
    int error = start_threads();
    if (error == 0)
        error = sonde_http_serve("127.0.0.1:0");
    if (argc > 1 && strcmp(argv[1], "closefrom") == 0)
        for (int fd = 3; fd < 65536; fd++)
            close(fd);
    printf("%s %p %d\n", sonde_http_address(), (void *)kept[0], error);
    fflush(stdout);
    while (error == 0 && read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    return error;
}
