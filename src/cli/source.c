#include "cli/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/unpack.h"
#include "cli/url.h"
#include "profile/decode.h"

enum { read_step = 1 << 16, map_from = 1 << 20 };

void sources_init(struct source *sources, size_t n, const char *const *names, struct mem *mem)
{
    for (size_t i = 0; i < n; i++) {
        sources[i].name = names[i];
        buf_init(&sources[i].bytes, mem);
        buf_init(&sources[i].url, mem);
        buf_init(&sources[i].error, mem);
    }
}

void sources_finish(struct source *sources, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_finish(&sources[i].bytes);
        buf_finish(&sources[i].url);
        buf_finish(&sources[i].error);
    }
}

/* Reads to the end, having made room for what the file system says is there. */
static bool read_all(int fd, struct buf *out)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        buf_reserve(out, (size_t)status.st_size + 1);
    for (;;) {
        size_t room = out->room - out->n;
        char *to = buf_reserve(out, room > 0 ? room : read_step);
        ssize_t n = to ? read(fd, to, out->room - out->n) : -1;
        if (n > 0)
            out->n += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return n == 0;
    }
}

/* Memory whose only blocks are mapped files: they can be given back, no more. */
static void *unmap(struct mem *self, void *block, size_t old_size, size_t new_size)
{
    (void)self;
    if (new_size == 0)
        munmap(block, old_size);
    return NULL;
}

static struct mem mapped = {unmap};

/* Maps a large regular file, which saves copying it; false where it has to be read. */
static bool map_file(int fd, struct buf *out)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < map_from || lseek(fd, 0, SEEK_CUR) != 0)
        return false;
    void *p = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return false;
    madvise(p, (size_t)status.st_size, MADV_SEQUENTIAL);
    *out = (struct buf){.mem = &mapped, .p = p, .n = (size_t)status.st_size, .room = (size_t)status.st_size};
    return true;
}

void source_let_go(const struct source *source)
{
    if (source->bytes.mem == &mapped)
        madvise(source->bytes.p, source->bytes.n, MADV_DONTNEED); /* the file has them, should they be wanted again */
}

static void read_file(struct source *source, const char *path)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !(map_file(fd, &source->bytes) || read_all(fd, &source->bytes)))
        buf_str(&source->error, str_of(strerror(errno)));
    else if (source->bytes.n == 0)
        buf_str(&source->error, STR("it is empty: expected a profile"));
    if (fd > STDIN_FILENO)
        close(fd);
}

/* A local source is what stat knows (also names with colons), "-", and what is no URL: then opening it says why. */
static bool read_local(struct source *source)
{
    struct stat status;
    const char *path = source->name;
    if (strncmp(path, "file://", 7) == 0)
        path += 7;
    if (strcmp(path, "-") != 0 && path == source->name && stat(path, &status) != 0 && source->url.n > 0)
        return false;
    buf_finish(&source->url);
    read_file(source, path);
    return true;
}

static void tell_fetch(const char *url, int64_t seconds)
{
    fprintf(stderr, "Fetching profile over HTTP from %s\n", url);
    if (seconds <= 0)
        return;
    fputs("Please wait... (", stderr);
    if (seconds >= 3600)
        fprintf(stderr, "%lldh", (long long)(seconds / 3600));
    if (seconds >= 60)
        fprintf(stderr, "%lldm", (long long)(seconds / 60 % 60));
    fprintf(stderr, "%llds)\n", (long long)(seconds % 60));
}

/* The one line that is drawn over and over while the user waits. */
struct progress {
    bool drawn;
};

static void draw_progress(void *to, const struct transfer *transfers, size_t n, double seconds)
{
    struct progress *progress = to;
    size_t left = 0, bytes = 0;
    const char *url = "";
    for (size_t i = 0; i < n; i++) {
        bytes += transfers[i].body.n;
        if (!transfers[i].done && left++ == 0)
            url = transfers[i].url;
    }
    if (left == 0 || seconds < 0.5)
        return;
    progress->drawn = true;
    fprintf(stderr, "\r\033[K%.0f s, %.1f kB: waiting for %.80s", seconds, (double)bytes / 1024, url);
    if (left > 1)
        fprintf(stderr, " and %zu more", left - 1);
    fflush(stderr);
}

static void fetch(struct source *sources, size_t n, const struct source_options *options, struct transfer *transfers,
                  size_t ntransfers)
{
    struct progress progress = {.drawn = false};
    struct transfer_watch watch = {.tick = isatty(STDERR_FILENO) ? draw_progress : NULL, .to = &progress};
    struct buf error;
    buf_init(&error, sources->error.mem);
    bool made = transfers_run(transfers, ntransfers, &options->tls, &watch, &error);
    if (progress.drawn)
        fputs("\r\033[K", stderr);
    for (size_t i = 0, t = 0; i < n; i++) {
        if (sources[i].url.n == 0)
            continue;
        struct transfer *transfer = &transfers[t++];
        buf_str(&sources[i].error, buf_text(made ? &transfer->error : &error));
        buf_finish(&transfer->error);
        sources[i].bytes = transfer->body;
    }
    buf_finish(&error);
}

void source_unpack(struct source *source)
{
    struct buf plain;
    if (source->error.n > 0 || !unpack_is_zstd(buf_text(&source->bytes)))
        return;
    buf_init(&plain, source->bytes.mem);
    unpack(buf_text(&source->bytes), profile_inflated_limit(source->bytes.n), &plain, &source->error);
    buf_finish(&source->bytes);
    source->bytes = plain;
}

void sources_read(struct source *sources, size_t n, const struct source_options *options)
{
    size_t ntransfers = 0;
    struct mem *mem = n > 0 ? sources->bytes.mem : NULL;
    struct transfer *transfers = n > 0 ? mem_get_array(mem, n, sizeof *transfers) : NULL;
    for (size_t i = 0; i < n && transfers; i++) {
        struct profile_url url = {.timeout = 0};
        buf_init(&url.text, mem);
        if (url_of_profile(sources[i].name, options->seconds, options->timeout, &url))
            buf_byte(&url.text, '\0');
        if (url.text.n > 0)
            url.text.n--;
        sources[i].url = url.text;
        if (read_local(&sources[i]))
            continue;
        tell_fetch(url.text.p, options->seconds);
        struct transfer *transfer = &transfers[ntransfers++];
        *transfer = (struct transfer){.url = url.text.p, .timeout = url.timeout};
        buf_init(&transfer->body, mem);
        buf_init(&transfer->error, mem);
    }
    if (ntransfers > 0)
        fetch(sources, n, options, transfers, ntransfers);
    mem_put(mem, transfers, n * sizeof *transfers);
}
