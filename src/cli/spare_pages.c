#include "cli/spare_pages.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

enum { most_runs = 32 };

/* What a few profiles in work need; more would be held for nothing. */
static const size_t most_bytes = 64 << 20;

struct run {
    char *p;
    size_t size;
};

static struct {
    pthread_mutex_t lock;
    struct run runs[most_runs];
    unsigned n;
    size_t bytes;
} spare = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void drop(unsigned i)
{
    spare.bytes -= spare.runs[i].size;
    spare.runs[i] = spare.runs[--spare.n];
}

void *spare_pages_take(size_t size)
{
    char *p = NULL;
    pthread_mutex_lock(&spare.lock);
    unsigned best = spare.n;
    for (unsigned i = 0; i < spare.n; i++) {
        if (spare.runs[i].size >= size && (best == spare.n || spare.runs[i].size < spare.runs[best].size))
            best = i;
    }
    if (best < spare.n) {
        p = spare.runs[best].p;
        spare.runs[best].p += size;
        spare.runs[best].size -= size;
        spare.bytes -= size;
        if (spare.runs[best].size == 0)
            drop(best);
    }
    pthread_mutex_unlock(&spare.lock);
    return p;
}

/* Joins a run with those that lie beside it. */
static struct run join(struct run run)
{
    for (unsigned i = 0; i < spare.n;) {
        struct run other = spare.runs[i];
        if (other.p + other.size != run.p && run.p + run.size != other.p) {
            i++;
            continue;
        }
        run = (struct run){other.p < run.p ? other.p : run.p, run.size + other.size};
        drop(i);
    }
    return run;
}

void spare_pages_give(void *pages, size_t size)
{
    pthread_mutex_lock(&spare.lock);
    bool keep = spare.n < most_runs && spare.bytes + size <= most_bytes;
    if (keep) {
        struct run run = join((struct run){pages, size});
        spare.runs[spare.n++] = run;
        spare.bytes += run.size;
    }
    pthread_mutex_unlock(&spare.lock);
    if (!keep)
        munmap(pages, size);
}
