#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/gzip.h"

enum { read_step = 1 << 20 };

static bool read_all(int fd, struct buf *out)
{
    for (;;) {
        char *to = buf_reserve(out, read_step);
        ssize_t n = to ? read(fd, to, read_step) : -1;
        if (n == 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
        out->n += n > 0 ? (size_t)n : 0;
    }
}

/* Maps a regular file; other files, and those that cannot be mapped, are read. */
static bool load(struct input *input, int fd)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return false;
    if (S_ISREG(stat.st_mode) && stat.st_size > 0) {
        input->mapped = (size_t)stat.st_size;
        void *p = mmap(NULL, input->mapped, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p != MAP_FAILED) {
            madvise(p, input->mapped, MADV_SEQUENTIAL);
            input->mapping = p;
            input->bytes = (struct str){p, input->mapped};
            return true;
        }
    }
    if (!read_all(fd, &input->held))
        return false;
    input->bytes = input->held.n > 0 ? buf_text(&input->held) : STR("");
    return true;
}

/* Replaces gzip by what is in it. */
static bool unzip(struct input *input, struct buf *why)
{
    struct buf plain;
    struct fault fault = {0};
    buf_init(&plain, input->held.mem);
    if (!gzip_inflate(input->bytes, UINT64_MAX, &plain, &fault)) {
        buf_printf(why, "broken gzip at byte %" PRIu64 ": expected %s", fault.offset, fault.expected);
        buf_finish(&plain);
        return false;
    }
    input_close(input);
    input->held = plain;
    input->bytes = plain.n > 0 ? buf_text(&plain) : STR("");
    return true;
}

bool input_open(struct input *input, const char *path, struct mem *mem, struct buf *why)
{
    *input = (struct input){0};
    buf_init(&input->held, mem);
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && load(input, fd);
    if (!good)
        buf_printf(why, "%s", strerror(errno));
    if (!is_stdin && fd >= 0)
        close(fd);
    good = good && (!gzip_is(input->bytes) || unzip(input, why));
    if (!good)
        input_close(input);
    return good;
}

void input_close(struct input *input)
{
    struct mem *mem = input->held.mem;
    if (input->mapping)
        munmap(input->mapping, input->mapped);
    buf_finish(&input->held);
    *input = (struct input){0};
    buf_init(&input->held, mem);
}
