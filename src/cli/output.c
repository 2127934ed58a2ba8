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

struct output output_later(const char *path)
{
    return (struct output){.fd = -1, .path = path};
}

/* Keeps the first failure. */
static void fail(struct output *output)
{
    if (!output->failed)
        output->reason = errno;
    output->failed = true;
}

/* Creates a file that was put off. */
static void create_late(struct output *output)
{
    if (output->fd < 0 && !output->failed && !open_new(output, output->path, O_TRUNC))
        fail(output);
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
        if (!path->failed && open_new(output, path->p + before, O_EXCL)) {
            output->fresh = true;
            return true;
        }
        if (errno != EEXIST)
            break;
    }
    buf_printf(error, "%s cannot be created: %s", path->p + before, strerror(errno));
    path->n = before;
    return false;
}

void output_write(struct output *output, struct str bytes)
{
    if (bytes.n == 0)
        return;
    create_late(output);
    output->fresh = false;
    while (bytes.n > 0 && !output->failed) {
        ssize_t n = write(output->fd, bytes.p, bytes.n);
        if (n >= 0)
            bytes = str_skip(bytes, (size_t)n);
        else if (errno != EINTR)
            fail(output);
    }
}

void output_discard(struct output *output)
{
    if (!output->path || output->fd < 0)
        return;
    close(output->fd);
    if (output->fresh)
        unlink(output->path);
}

bool output_close(struct output *output, struct buf *error)
{
    create_late(output);
    if (output->path && output->fd >= 0 && close(output->fd) != 0)
        fail(output);
    if (output->failed)
        buf_printf(error, "%s cannot be written: %s", output->path ? output->path : "the standard output",
                   strerror(output->reason));
    return !output->failed;
}
