#include "runtime/maps.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* System calls are made directly: open, read and close may be interposed, by the program or by others. */
bool maps_open(struct maps *maps)
{
    maps->from = maps->to = 0;
    maps->fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    return maps->fd >= 0;
}

void maps_close(struct maps *maps)
{
    syscall(SYS_close, maps->fd);
}

/* Reads more behind what is left; false at the end. */
static bool fill(struct maps *maps)
{
    memmove(maps->buffer, maps->buffer + maps->from, maps->to - maps->from);
    maps->to -= maps->from;
    maps->from = 0;
    if (maps->to == sizeof maps->buffer)
        return false;
    long n = syscall(SYS_read, maps->fd, maps->buffer + maps->to, sizeof maps->buffer - maps->to);
    if (n <= 0)
        return false;
    maps->to += (size_t)n;
    return true;
}

static uint64_t hex(const char **p)
{
    uint64_t value = 0;
    for (;; ++*p) {
        char c = **p;
        if (c >= '0' && c <= '9')
            value = value * 16 + (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + (uint64_t)(c - 'a' + 10);
        else
            return value;
    }
}

/* "7f00-8f00 r-xp 00001000 fe:01 1234      /usr/lib/libx.so" */
static void parse(const char *p, struct maps_line *line)
{
    line->start = hex(&p);
    p += *p == '-';
    line->limit = hex(&p);
    line->executable = strlen(p) > 3 && p[3] == 'x';
    p += strcspn(p + (*p == ' '), " ") + (*p == ' ');
    p += *p == ' ';
    line->offset = hex(&p);
    for (int i = 0; i < 2; i++) {
        p += strspn(p, " ");
        p += strcspn(p, " ");
    }
    line->path = p + strspn(p, " ");
}

bool maps_next(struct maps *maps, struct maps_line *line)
{
    char *end;
    while (!(end = memchr(maps->buffer + maps->from, '\n', maps->to - maps->from)))
        if (!fill(maps))
            return false;
    *end = 0;
    parse(maps->buffer + maps->from, line);
    maps->from = (size_t)(end + 1 - maps->buffer);
    return true;
}
