/* Each allocator is asked through the C interface that it documents, which is looked up by name, since none of them
 * need be there. That an interface is there does not say that malloc is its allocator's (a library may bring its own
 * jemalloc along), so it must lie in the same module as the malloc below ours. */
#include "runtime/allocator_stats.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stddef.h>

#include "runtime/real.h"

static void *module_of(const void *function)
{
    Dl_info info;
    return function && dladdr(function, &info) ? info.dli_fbase : NULL;
}

/* The function of that name, if it belongs to the allocator below. */
static void *find(const char *name)
{
    void *function = dlsym(RTLD_DEFAULT, name);
    void *module = module_of(function);
    return module && module == module_of((const void *)real.malloc) ? function : NULL;
}

static bool read_glibc(struct allocator_stats *stats)
{
    if (!find("mallinfo2"))
        return false;
    struct mallinfo2 info = mallinfo2(); /* sums over all arenas; the manual knows better, the source does not */
    stats->in_use_known = true;
    stats->in_use = info.uordblks + info.hblkhd;
    stats->sys = info.arena + info.hblkhd;
    return true;
}

typedef int mallctl_fn(const char *name, void *old, size_t *old_size, void *new, size_t new_size);

static uint64_t jemalloc_figure(mallctl_fn *mallctl, const char *name)
{
    size_t figure = 0, size = sizeof figure;
    return mallctl(name, &figure, &size, NULL, 0) == 0 ? figure : 0;
}

static bool read_jemalloc(struct allocator_stats *stats)
{
    mallctl_fn *mallctl = (mallctl_fn *)find("mallctl");
    if (!mallctl)
        return false;
    uint64_t epoch = 1; /* setting it brings the figures up to date */
    if (mallctl("epoch", NULL, NULL, &epoch, sizeof epoch) != 0)
        return false;
    stats->in_use_known = true;
    stats->in_use = jemalloc_figure(mallctl, "stats.allocated");
    stats->released = jemalloc_figure(mallctl, "stats.retained");
    stats->sys = jemalloc_figure(mallctl, "stats.mapped") + stats->released;
    return stats->sys > 0; /* 0 where it was built without statistics */
}

typedef int tcmalloc_fn(const char *property, size_t *value);

static uint64_t tcmalloc_figure(tcmalloc_fn *property, const char *name)
{
    size_t figure = 0;
    return property(name, &figure) ? figure : 0;
}

static bool read_tcmalloc(struct allocator_stats *stats)
{
    tcmalloc_fn *property = (tcmalloc_fn *)find("MallocExtension_GetNumericProperty");
    if (!property)
        return false;
    stats->in_use_known = true;
    stats->in_use = tcmalloc_figure(property, "generic.current_allocated_bytes");
    stats->sys = tcmalloc_figure(property, "generic.heap_size");
    stats->released = tcmalloc_figure(property, "tcmalloc.pageheap_unmapped_bytes");
    return stats->sys > 0;
}

typedef void mimalloc_fn(size_t *elapsed, size_t *user, size_t *system, size_t *rss, size_t *peak_rss, size_t *commit,
                         size_t *peak_commit, size_t *faults);

static bool read_mimalloc(struct allocator_stats *stats)
{
    mimalloc_fn *info = (mimalloc_fn *)find("mi_process_info");
    if (!info)
        return false;
    size_t elapsed, user, system, rss, peak_rss, commit = 0, peak_commit, faults;
    info(&elapsed, &user, &system, &rss, &peak_rss, &commit, &peak_commit, &faults);
    stats->sys = commit;
    return true;
}

bool allocator_stats_read(struct allocator_stats *stats)
{
    struct allocator_stats read = {0};
    if (!read_glibc(&read) && !read_jemalloc(&read) && !read_tcmalloc(&read) && !read_mimalloc(&read))
        return false;
    *stats = read;
    return true;
}
