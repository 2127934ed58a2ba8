#include "runtime/descriptors.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1u << 1)
#endif

/* The sanitizers write what they find to the standard error. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define FIRST_CLOSED 3
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FIRST_CLOSED 3
#endif
#endif
#ifndef FIRST_CLOSED
#define FIRST_CLOSED 0
#endif

static _Thread_local bool separate;

/* In older kernels: a copy of the whole table, which is then emptied. */
static bool separate_by_copy(void)
{
    struct rlimit limit = {.rlim_cur = 1024};
    if (unshare(CLONE_FILES) != 0)
        return false;
    getrlimit(RLIMIT_NOFILE, &limit);
    for (rlim_t fd = FIRST_CLOSED; fd < limit.rlim_cur && fd < 1 << 20; fd++)
        close((int)fd);
    return true;
}

void descriptors_separate(void)
{
    separate = syscall(SYS_close_range, FIRST_CLOSED, UINT_MAX, CLOSE_RANGE_UNSHARE) == 0 || separate_by_copy();
    for (int fd = FIRST_CLOSED; separate && fd < 3; fd++)
        if (open("/dev/null", O_RDWR) < 0)
            break;
}

int descriptors_keep(int fd)
{
    struct rlimit limit = {.rlim_cur = 1024};
    if (fd < 0 || separate)
        return fd;
    getrlimit(RLIMIT_NOFILE, &limit);
    int most = limit.rlim_cur < 1 << 20 ? (int)limit.rlim_cur : 1 << 20;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, most > 512 ? most - 256 : most / 2);
    if (high < 0)
        return fd;
    close(fd);
    return high;
}
