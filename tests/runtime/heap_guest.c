/* A program that knows nothing of libsonde, but what it can find by name, and allocates in every way, early and late.
 * What it prints is the same whoever is preloaded; of the statistics, where there are some, it says on stderr whether
 * they are right. */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sonde/sonde.h"

static char *early, *late;

__attribute__((constructor)) static void allocate_early(void)
{
    early = strdup("early");
}

static void free_late(void)
{
    printf("%s and %s\n", early, late);
    free(early);
    free(late);
}

static unsigned sum_of(const unsigned char *block, size_t size)
{
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + block[i];
    return sum;
}

static void *fill(void *block, size_t size, int byte)
{
    if (!block || malloc_usable_size(block) < size) {
        printf("bad block of %zu bytes\n", size);
        exit(1);
    }
    return memset(block, byte, size);
}

static void use_every_function(unsigned *sum)
{
    for (size_t size = 1; size < 100000; size += size / 3 + 1) {
        void *blocks[8], *aligned;
        blocks[0] = fill(malloc(size), size, 1);
        blocks[1] = calloc(size, 1);
        *sum += sum_of(blocks[1], size);
        blocks[2] = fill(realloc(fill(malloc(size / 2 + 1), size / 2 + 1, 2), size), size / 3, 3);
        blocks[3] = fill(reallocarray(NULL, size, 2), 2 * size, 4);
        blocks[4] = fill(aligned_alloc(64, (size + 63) / 64 * 64), size, 5);
        blocks[5] = posix_memalign(&aligned, 256, size) == 0 ? fill(aligned, size, 6) : NULL;
        blocks[6] = fill(memalign(128, size), size, 7);
        blocks[7] = fill(valloc(size), size, 8);
        if ((size_t)blocks[4] % 64 || (size_t)blocks[5] % 256 || (size_t)blocks[6] % 128 || (size_t)blocks[7] % 4096)
            printf("not aligned\n");
        for (int i = 0; i < 8; i++) {
            *sum += sum_of(blocks[i], size / 3);
            free(blocks[i]);
        }
    }
}

static void *run_thread(void *sum)
{
    use_every_function(sum);
    return strdup("from a thread");
}

static void use_threads(void)
{
    pthread_t threads[4];
    unsigned sums[4] = {0};
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, run_thread, &sums[i]);
    for (int i = 0; i < 4; i++) {
        void *text;
        pthread_join(threads[i], &text);
        printf("%s: %u\n", (char *)text, sums[i]);
        free(text);
    }
}

static void use_library(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    for (int i = 0; i < 1000; i++)
        fprintf(stream, "%d ", i);
    fclose(stream);
    printf("%zu bytes, %s\n", size, dlsym(RTLD_DEFAULT, "no_such_function") ? "found" : "not found");
    printf("%s\n", dlerror() ? "and told so" : "without a word");
    free(text);
}

static void fail(void)
{
    size_t volatile huge = PTRDIFF_MAX, more = SIZE_MAX / 2;
    void *block = NULL;
    errno = 0;
    printf("%p ", malloc(huge));
    printf("%s ", strerror(errno));
    errno = 0;
    printf("%p ", calloc(more, 3));
    printf("%s ", strerror(errno));
    int status = posix_memalign(&block, 24, 100);
    printf("%s\n", strerror(status));
    errno = 77;
    free(malloc(10));
    printf("%d\n", errno);
}

static void use_child(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        unsigned sum = 0;
        alarm(60);
        use_every_function(&sum);
        use_threads();
        fflush(stdout);
        _exit((int)(sum & 63));
    }
    int status;
    waitpid(child, &status, 0);
    printf("child: %d\n", status);
}

/* Checks that what happens between two readings is counted to the block, and the sums that must hold. */
static void check_statistics(void)
{
    int (*read_memstats)(struct sonde_memstats *) =
        (int (*)(struct sonde_memstats *))dlsym(RTLD_DEFAULT, "sonde_read_memstats");
    static struct sonde_memstats a, b;
    static void *blocks[1000];
    if (!read_memstats)
        return;
    read_memstats(&b);
    read_memstats(&a);
    for (int i = 0; i < 1000; i++)
        blocks[i] = malloc(5000);
    for (int i = 0; i < 300; i++)
        free(blocks[i]);
    read_memstats(&b);
    for (int i = 300; i < 1000; i++)
        free(blocks[i]);
    fprintf(stderr, "counts %s\n", b.mallocs - a.mallocs == 1000 && b.frees - a.frees == 300 ? "right" : "wrong");
    fprintf(stderr, "bytes %s\n", b.total_alloc - a.total_alloc == 5000000 ? "right" : "wrong");
    fprintf(stderr, "use %s\n",
            b.heap_alloc - a.heap_alloc > 3000000 && b.heap_alloc - a.heap_alloc < 4500000 ? "right" : "wrong");
    fprintf(stderr, "sums %s\n",
            b.heap_objects == b.mallocs - b.frees && b.heap_idle == b.heap_sys - b.heap_inuse &&
                    b.alloc == b.heap_alloc && b.heap_alloc <= b.total_alloc && b.stack_inuse > 0
                ? "right"
                : "wrong");
}

int main(void)
{
    unsigned sum = 0;
    late = malloc(10);
    strcpy(late, "late");
    atexit(free_late);
    use_every_function(&sum);
    printf("%u\n", sum);
    use_threads();
    use_library();
    fail();
    use_child();
    check_statistics();
    return 0;
}
