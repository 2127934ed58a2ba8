/* Each allocator is asked through the C interface that it documents. None of them need be there, so all are weak
 * references (a dlsym that finds nothing would leave its error for the program to see). That an interface is there does
 * not say that malloc is its allocator's (a library may bring its own jemalloc along), so it must lie in the same
 * module as the malloc below ours. */
#include "runtime/allocator_stats.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stddef.h>

#include "runtime/real.h"

#define WEAK __attribute__((weak, visibility("default")))

int mallctl(const char *name, void *old, size_t *old_size, void *new, size_t new_size) WEAK;
int MallocExtension_GetNumericProperty(const char *property, size_t *value) WEAK;
void mi_process_info(size_t *elapsed, size_t *user, size_t *system, size_t *rss, size_t *peak_rss, size_t *commit,
                     size_t *peak_commit, size_t *faults) WEAK;

static void *module_of(const void *function)
{
    Dl_info info;
    return function && dladdr(function, &info) ? info.dli_fbase : NULL;
}

/* Whether a function belongs to the allocator below. */
static bool is_below(const void *function)
{
    void *module = module_of(function);
    return module && module == module_of((const void *)real.malloc);
}

/* Sums over all arenas: the manual says otherwise, glibc's source and a test do not. */
static void read_glibc(struct allocator_stats *stats)
{
    struct mallinfo2 info = mallinfo2();
    stats->in_use_known = true;
    stats->in_use = info.uordblks + info.hblkhd;
    stats->sys = info.arena + info.hblkhd;
}

static uint64_t jemalloc_figure(const char *name)
{
    size_t figure = 0, size = sizeof figure;
    return mallctl(name, &figure, &size, NULL, 0) == 0 ? figure : 0;
}

static void read_jemalloc(struct allocator_stats *stats)
{
    uint64_t epoch = 1; /* setting it brings the figures up to date */
    mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
    stats->in_use = jemalloc_figure("stats.allocated");
    stats->in_use_known = stats->in_use > 0; /* it may have been built without statistics */
    stats->released = jemalloc_figure("stats.retained");
    stats->sys = jemalloc_figure("stats.mapped") + stats->released;
}

static uint64_t tcmalloc_figure(const char *name)
{
    size_t figure = 0;
    return MallocExtension_GetNumericProperty(name, &figure) ? figure : 0;
}

static void read_tcmalloc(struct allocator_stats *stats)
{
    stats->in_use_known = true;
    stats->in_use = tcmalloc_figure("generic.current_allocated_bytes");
    stats->sys = tcmalloc_figure("generic.heap_size");
    stats->released = tcmalloc_figure("tcmalloc.pageheap_unmapped_bytes");
}

static void read_mimalloc(struct allocator_stats *stats)
{
    size_t elapsed, user, system, rss, peak_rss, commit = 0, peak_commit, faults;
    mi_process_info(&elapsed, &user, &system, &rss, &peak_rss, &commit, &peak_commit, &faults);
    stats->sys = commit;
}

bool allocator_stats_read(struct allocator_stats *stats)
{
    struct allocator_stats read = {0};
    if (is_below((const void *)mallctl))
        read_jemalloc(&read);
    else if (is_below((const void *)MallocExtension_GetNumericProperty))
        read_tcmalloc(&read);
    else if (is_below((const void *)mi_process_info))
        read_mimalloc(&read);
    else if (is_below((const void *)mallinfo2)) /* last: others define it, too */
        read_glibc(&read);
    else
        return false;
    *stats = read;
    return true;
}
