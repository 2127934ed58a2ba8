#include "symbol/symbol_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "symbol/answers.h"

/* Less debug information than this is read as fast as a file is written. */
enum { least_debug = 64 << 10, largest_file = 128 << 20, default_limit = 1 << 30, old_temporary = 3600 };

struct symbol_cache symbol_cache_of_user(struct buf *path)
{
    const char *wanted = getenv("SONDE_SYMBOL_CACHE"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct symbol_cache none = {NULL, 0};
    if (wanted && strcmp(wanted, "0") == 0)
        return none;
    if (cache && cache[0] == '/')
        buf_printf(path, "%s/sonde/symbols", cache);
    else if (home && home[0] == '/')
        buf_printf(path, "%s/.cache/sonde/symbols", home);
    else
        return none;
    buf_byte(path, '\0');
    return path->failed ? none : (struct symbol_cache){path->p, default_limit};
}

/* --- One look-up --- */

struct lookup {
    const struct symbol_cache *cache;
    struct binary *binary;
    struct mem *mem;
    struct str build_id;
    uint64_t key;

    /* What the cache has: */
    struct str file; /* mapped */
    struct answers answers;

    /* What it has not: */
    uint64_t *missing; /* addresses, and how the caller counts them */
    size_t *index;
    size_t nmissing;
    bool *told;
    struct answer_set learned;
    struct arena arena;

    binary_sink *sink;
    void *to;
};

static void put_path(const struct lookup *look, struct buf *path)
{
    buf_printf(path, "%s/%.*s", look->cache->folder, STR_ARG(look->build_id));
    buf_byte(path, '\0');
}

static void read_file(struct lookup *look)
{
    struct buf path;
    struct stat status;
    buf_init(&path, look->mem);
    put_path(look, &path);
    int fd = path.failed ? -1 : open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
        status.st_size <= largest_file) {
        void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes != MAP_FAILED)
            look->file = (struct str){bytes, (size_t)status.st_size};
        futimens(fd, NULL); /* used now: what is thrown away first is what was not */
    }
    if (fd >= 0)
        close(fd);
    buf_finish(&path);
    if (look->file.n > 0 && !answers_read(look->file, look->key, &look->answers))
        look->answers = (struct answers){0};
}

/* Tells what the cache knows and lists what it does not. */
static bool tell_known(struct lookup *look, const uint64_t *addresses, size_t n)
{
    uint32_t from = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t number = answers_find(&look->answers, addresses[i], from);
        if (number < look->answers.naddresses) {
            from = number;
            if (!answers_tell(&look->answers, number, i, look->sink, look->to))
                return false;
        } else {
            look->missing[look->nmissing] = addresses[i];
            look->index[look->nmissing++] = i;
        }
    }
    return true;
}

static bool learn(void *to, size_t index, const struct binary_frame *frames, size_t n, bool from_debug)
{
    struct lookup *look = to;
    look->told[index] = true;
    return answer_set_add(&look->learned, look->missing[index], frames, n, from_debug) &&
           look->sink(look->to, look->index[index], frames, n, from_debug);
}

/* --- Writing --- */

static bool relearn(void *to, size_t index, const struct binary_frame *frames, size_t n, bool from_debug)
{
    struct lookup *look = to;
    return answer_set_add(&look->learned, answers_address(&look->answers, (uint32_t)index), frames, n, from_debug);
}

/* Adds what the cache knew, and that nothing is known of some addresses. */
static bool complete(struct lookup *look)
{
    for (uint32_t i = 0; i < look->answers.naddresses; i++) {
        size_t before = look->learned.answers.n;
        if (!answers_tell(&look->answers, i, i, relearn, look))
            return false;
        if (look->learned.answers.n == before &&
            !answer_set_add(&look->learned, answers_address(&look->answers, i), NULL, 0, false))
            return false;
    }
    for (size_t i = 0; i < look->nmissing; i++) {
        if (!look->told[i] && !answer_set_add(&look->learned, look->missing[i], NULL, 0, false))
            return false;
    }
    return true;
}

/* Makes a folder and those above it. */
static bool make_folder(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        bool fine = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!fine)
            return false;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool write_all(int fd, struct str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n <= 0 && errno != EINTR)
            return false;
        bytes = str_skip(bytes, n > 0 ? (size_t)n : 0);
    }
    return true;
}

/* Writes a file beside its place and puts it there. */
static bool write_file(const struct lookup *look, struct str bytes)
{
    struct buf place, temporary;
    buf_init(&place, look->mem);
    buf_init(&temporary, look->mem);
    put_path(look, &place);
    buf_printf(&temporary, "%s/.new-XXXXXX", look->cache->folder);
    buf_byte(&temporary, '\0');
    int fd = place.failed || temporary.failed ? -1 : mkostemp(temporary.p, O_CLOEXEC);
    bool fine = fd >= 0 && write_all(fd, bytes);
    if (fd >= 0 && close(fd) != 0)
        fine = false;
    fine = fine && rename(temporary.p, place.p) == 0;
    if (fd >= 0 && !fine)
        unlink(temporary.p);
    buf_finish(&temporary);
    buf_finish(&place);
    return fine;
}

/* --- Bounds --- */

struct cached_file {
    char name[80];
    uint64_t size;
    int64_t used;
};

static int by_use(const void *a, const void *b)
{
    const struct cached_file *x = a, *y = b;
    return (x->used > y->used) - (x->used < y->used);
}

/* Throws away what was not used for longest until the rest is within the limit, and what writers left that died. */
static void keep_within_limit(const struct lookup *look)
{
    VEC(struct cached_file) files = {0};
    DIR *folder = opendir(look->cache->folder);
    uint64_t total = 0;
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        struct stat status;
        struct cached_file file = {.size = 0};
        if (strlen(entry->d_name) >= sizeof file.name ||
            fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
            continue;
        if (strncmp(entry->d_name, ".new-", 5) == 0 && time(NULL) - status.st_mtime > old_temporary)
            unlinkat(dirfd(folder), entry->d_name, 0);
        memcpy(file.name, entry->d_name, strlen(entry->d_name) + 1);
        file.size = (uint64_t)status.st_size;
        file.used = (int64_t)status.st_mtim.tv_sec;
        total += file.size;
        if (!vec_push(&files, look->mem, file))
            break;
    }
    if (total > look->cache->limit)
        qsort(files.at, files.n, sizeof *files.at, by_use);
    for (size_t i = 0; i < files.n && total > look->cache->limit; i++) {
        if (unlinkat(dirfd(folder), files.at[i].name, 0) == 0)
            total -= files.at[i].size;
    }
    if (folder)
        closedir(folder);
    vec_finish(&files, look->mem);
}

/* Keeps what was learned; where that fails, the next run learns it again. */
static void keep(struct lookup *look)
{
    struct buf bytes, folder;
    buf_init(&bytes, look->mem);
    buf_init(&folder, look->mem);
    buf_printf(&folder, "%s", look->cache->folder);
    buf_byte(&folder, '\0');
    if (complete(look) && answer_set_write(&look->learned, look->key, &bytes) && bytes.n <= largest_file &&
        !folder.failed && make_folder(folder.p) && write_file(look, buf_text(&bytes)))
        keep_within_limit(look);
    buf_finish(&folder);
    buf_finish(&bytes);
}

static bool resolve_missing(struct lookup *look)
{
    size_t n = look->nmissing;
    if (n == 0)
        return true;
    look->told = mem_get(look->mem, n);
    if (!look->told)
        return false;
    memset(look->told, 0, n);
    if (!binary_resolve(look->binary, look->missing, n, false, learn, look))
        return false;
    if (binary_is_whole(look->binary))
        keep(look);
    return true;
}

bool symbol_cache_resolve(const struct symbol_cache *cache, struct binary *binary, struct mem *mem,
                          const uint64_t *addresses, size_t n, binary_sink *sink, void *to)
{
    struct lookup look = {
        .cache = cache, .binary = binary, .mem = mem, .build_id = binary_build_id(binary), .sink = sink, .to = to};
    uint64_t size = 0;
    look.key = n > 0 && cache->folder && look.build_id.n > 0 ? binary_debug_key(binary, &size) : 0;
    if (size < least_debug)
        return binary_resolve(binary, addresses, n, false, sink, to);
    arena_init(&look.arena, mem);
    answer_set_init(&look.learned, mem, &look.arena);
    look.missing = mem_get_array(mem, n, sizeof *look.missing);
    look.index = mem_get_array(mem, n, sizeof *look.index);
    read_file(&look);
    bool fine = look.missing && look.index && tell_known(&look, addresses, n) && resolve_missing(&look);
    mem_put(mem, look.told, look.nmissing);
    mem_put(mem, look.index, n * sizeof *look.index);
    mem_put(mem, look.missing, n * sizeof *look.missing);
    if (look.file.n > 0)
        munmap((void *)look.file.p, look.file.n);
    answer_set_finish(&look.learned);
    arena_finish(&look.arena);
    return fine;
}
