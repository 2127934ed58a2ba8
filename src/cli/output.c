#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { last_number = 9999 };

struct output output_stdout(void)
{
    return (struct output){.fd = STDOUT_FILENO};
}

static bool open_new(struct output *output, const char *path, int flags)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    if (fd < 0)
        return false;
    *output = (struct output){.fd = fd, .path = path};
    return true;
}

bool output_create(struct output *output, const char *path, struct buf *error)
{
    if (open_new(output, path, O_TRUNC))
        return true;
    buf_printf(error, "%s cannot be written: %s", path, strerror(errno));
    return false;
}

bool output_create_numbered(struct output *output, const char *dir, const char *prefix, const char *suffix,
                            struct buf *path, struct buf *error)
{
    size_t before = path->n;
    for (int number = 1; number <= last_number; number++) {
        path->n = before;
        buf_printf(path, "%s%s%s%03d.%s", dir, dir[0] && dir[strlen(dir) - 1] != '/' ? "/" : "", prefix, number,
                   suffix);
        buf_byte(path, '\0');
        path->n--;
        if (!path->failed && open_new(output, path->p + before, O_EXCL))
            return true;
        if (errno != EEXIST)
            break;
    }
    buf_printf(error, "%s cannot be created: %s", path->p + before, strerror(errno));
    path->n = before;
    return false;
}

void output_write(struct output *output, struct str bytes)
{
    while (bytes.n > 0 && !output->failed) {
        ssize_t n = write(output->fd, bytes.p, bytes.n);
        if (n >= 0)
            bytes = str_skip(bytes, (size_t)n);
        else
            output->failed = errno != EINTR;
    }
}

bool output_close(struct output *output, struct buf *error)
{
    int reason = errno;
    if (output->path && close(output->fd) != 0 && !output->failed) {
        output->failed = true;
        reason = errno;
    }
    if (output->failed)
        buf_printf(error, "%s cannot be written: %s", output->path ? output->path : "the standard output",
                   strerror(reason));
    return !output->failed;
}
