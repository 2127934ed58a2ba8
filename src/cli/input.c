#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/transfer.h"
#include "cli/unpack.h"

enum { read_step = 1 << 20, patience = 60 /* seconds without an answer */ };

static bool is_url(struct str path)
{
    return str_starts_with(path, STR("http://")) || str_starts_with(path, STR("https://")) ||
           str_starts_with(path, STR("https+insecure://"));
}

/* Fetches a URL; one that ends in ?seconds=N answers that much later. */
static bool fetch(struct input *input, const char *url, struct buf *why)
{
    struct transfer transfer = {.url = url, .timeout = patience};
    struct transfer_tls tls = {"", "", ""};
    struct transfer_watch watch = {0};
    size_t seconds = str_find(str_of(url), STR("seconds="), 0);
    if (seconds < strlen(url))
        transfer.timeout += strtol(url + seconds + strlen("seconds="), NULL, 10);
    buf_init(&transfer.body, input->held.mem);
    buf_init(&transfer.error, input->held.mem);
    bool good = transfers_run(&transfer, 1, &tls, &watch, why) && transfer.error.n == 0;
    buf_str(why, buf_text(&transfer.error));
    buf_finish(&transfer.error);
    input->held = transfer.body;
    input->bytes = input->held.n > 0 ? buf_text(&input->held) : STR("");
    return good;
}

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

/* How much packed bytes may become: what no trace reaches, but a bomb does. */
static uint64_t unpacked_limit(uint64_t size)
{
    const uint64_t always = (uint64_t)1 << 30, ratio = 64;
    return size > (UINT64_MAX - always) / ratio ? UINT64_MAX : always + size * ratio;
}

/* Replaces what is compressed by what is in it. */
static bool replace(struct input *input, struct buf *why)
{
    struct buf plain;
    buf_init(&plain, input->held.mem);
    if (!unpack(input->bytes, unpacked_limit(input->bytes.n), &plain, why)) {
        buf_finish(&plain);
        return false;
    }
    input_close(input);
    input->held = plain;
    input->bytes = plain.n > 0 ? buf_text(&plain) : STR("");
    return true;
}

/* Opens a file, or the standard input, and loads it. */
static bool open_file(struct input *input, const char *path, struct buf *why)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && load(input, fd);
    if (!good)
        buf_printf(why, "%s", strerror(errno));
    if (!is_stdin && fd >= 0)
        close(fd);
    return good;
}

bool input_open(struct input *input, const char *path, struct mem *mem, struct buf *why)
{
    *input = (struct input){0};
    buf_init(&input->held, mem);
    bool good = is_url(str_of(path)) ? fetch(input, path, why) : open_file(input, path, why);
    bool packed = unpack_is_gzip(input->bytes) || unpack_is_zstd(input->bytes);
    good = good && (!packed || replace(input, why));
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
