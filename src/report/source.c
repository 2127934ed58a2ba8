#include "report/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/path.h"

/* A line that is longer ends the file, as it ends the scanner of Go's tool. Names come from profiles, and there are
 * files without end (/proc/kcore), so no more is read than a source file can be expected to have. */
enum { longest_line = 65535, largest_path = 1 << 16, largest_file = 1 << 26 };

static bool same_directory(const char *a, const char *b)
{
    struct stat left, right;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

/* As the shell calls it, where that is right. */
static struct str working_directory(struct arena *arena)
{
    const char *named = getenv("PWD");
    if (named && named[0] == '/' && same_directory(named, "."))
        return arena_str(arena, str_of(named));
    char *path = arena_new(arena, char, largest_path);
    return path && getcwd(path, largest_path) ? str_of(path) : (struct str){0};
}

bool source_reader_init(struct source_reader *reader, const struct profile *profile, struct str search_path,
                        struct str trim_path, struct arena *arena, struct mem *mem)
{
    *reader = (struct source_reader){
        .mem = mem, .arena = arena, .search_path = search_path, .trim_path = trim_path, .profile = profile};
    buf_init(&reader->notes, mem);
    if (search_path.n == 0)
        reader->search_path = working_directory(arena);
    return reader->search_path.p != NULL;
}

static void finish_file(struct source_reader *reader, struct source_file *file)
{
    buf_finish(&file->bytes);
    vec_finish(&file->lines, reader->mem);
}

void source_reader_finish(struct source_reader *reader)
{
    for (size_t i = 0; i < reader->files.n; i++)
        finish_file(reader, reader->files.at[i]);
    vec_finish(&reader->files, reader->mem);
    debug_server_destroy(reader->server);
    buf_finish(&reader->notes);
}

/* Opens a path; -1 with errno where it can't be. Does not wait for the other end of a pipe. */
static int open_path(struct str path)
{
    if (path.n >= largest_path || memchr(path.p, 0, path.n)) {
        errno = path.n >= largest_path ? ENAMETOOLONG : EINVAL;
        return -1;
    }
    char name[path.n + 1];
    memcpy(name, path.p, path.n);
    name[path.n] = 0;
    return open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* Appends text to a message under construction; its p stays NULL after an exhaustion. */
static struct str concat(struct arena *arena, struct str a, struct str b)
{
    char *text = arena_new(arena, char, a.n + b.n + 1);
    if (!text || !a.p || !b.p)
        return (struct str){0};
    memcpy(text, a.p, a.n);
    memcpy(text + a.n, b.p, b.n);
    return (struct str){text, a.n + b.n};
}

/* Go's text for a system error: as the C library's, without the capital. */
static struct str error_text(struct arena *arena, int error)
{
    struct str text = arena_str(arena, str_of(strerror(error)));
    if (text.p && text.p[0] >= 'A' && text.p[0] <= 'Z')
        *(char *)(uintptr_t)text.p += 'a' - 'A';
    return text;
}

/* Tries a relative path in a directory and in all above it; -1 where there is no such file. */
static int open_upwards(struct arena *arena, struct str directory, struct str path)
{
    for (;;) {
        struct str whole = directory;
        if (directory.n > 0)
            whole = concat(arena, directory, STR("/"));
        whole = concat(arena, whole.n > 0 ? whole : STR(""), path);
        whole = whole.p ? path_clean(whole, arena) : whole;
        int fd = whole.p ? open_path(whole) : -1;
        struct str above = path_directory(directory, arena);
        if (fd >= 0 || !whole.p || !above.p || str_equal(above, directory))
            return fd;
        directory = above;
    }
}

/* Opens a file of the profile, or says why not in file->error. */
static int open_source(struct source_reader *reader, struct source_file *file)
{
    struct arena *arena = reader->arena;
    struct str path = path_trim(file->name, reader->trim_path, reader->search_path);
    if (path.n > 0 && path.p[0] == '/') {
        int fd = open_path(path);
        if (fd < 0) {
            struct str reason = concat(arena, STR(": "), error_text(arena, errno));
            file->error = concat(arena, concat(arena, STR("open "), path), reason);
        }
        return fd;
    }
    struct str directory;
    for (struct path_list list = path_list(reader->search_path); path_next(&list, &directory);) {
        int fd = open_upwards(arena, directory, path);
        if (fd >= 0)
            return fd;
    }
    struct str where = concat(arena, STR(" on path "), reader->search_path);
    file->error = concat(arena, concat(arena, STR("could not find file "), path), where);
    return -1;
}

/* Reads a regular file; anything else has no lines. */
static void read_bytes(struct source_file *file, int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return;
    enum { step = 1 << 16 };
    while (file->bytes.n < largest_file) {
        char *to = buf_reserve(&file->bytes, step);
        ssize_t got = to ? read(fd, to, step) : 0;
        if (got <= 0)
            return;
        file->bytes.n += (size_t)got;
    }
}

static bool split_lines(struct source_reader *reader, struct source_file *file)
{
    struct str rest = buf_text(&file->bytes);
    while (rest.p && rest.n > 0) {
        const char *newline = memchr(rest.p, '\n', rest.n);
        size_t n = newline ? (size_t)(newline - rest.p) : rest.n;
        if (n > longest_line)
            return true;
        struct str line = str_first(rest, n);
        rest = str_skip(rest, n + 1);
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (!vec_push(&file->lines, reader->mem, line))
            return false;
    }
    return true;
}

const struct source_file *source_known(const struct source_reader *reader, struct str name)
{
    for (size_t i = 0; i < reader->files.n; i++) {
        if (str_equal(reader->files.at[i]->name, name))
            return reader->files.at[i];
    }
    return NULL;
}

/* --- From a server --- */

/* The build id of a binary that has code of a source file; "" where none is known. */
static struct str build_id_of(const struct profile *profile, struct str name)
{
    for (uint32_t l = 0; l < profile->nlocations; l++) {
        uint32_t mapping = profile->locations[l].mapping;
        if (mapping == PROFILE_NONE || profile->mappings[mapping].build_id == 0)
            continue;
        for (uint32_t i = profile->line_start[l]; i < profile->line_start[l + 1]; i++) {
            uint32_t file = profile->functions[profile->lines[i].function].filename;
            if (str_equal(profile_text(profile, file), name))
                return profile_text(profile, profile->mappings[mapping].build_id);
        }
    }
    return STR("");
}

/* Opens what a server has under the name that the debug information gives, which is absolute; -1 for nothing. */
static int open_remote(struct source_reader *reader, struct str name)
{
    struct buf path;
    int fd = -1;
    if (!reader->server_sought)
        reader->server = debug_server_create(reader->mem, NULL, NULL, &reader->notes);
    reader->server_sought = true;
    if (!reader->server || name.n == 0 || name.p[0] != '/')
        return -1;
    struct str build_id = build_id_of(reader->profile, name);
    buf_init(&path, reader->mem);
    if (build_id.n > 0 && debug_server_find_source(reader->server, build_id, name, &path))
        fd = open(path.p, O_RDONLY | O_CLOEXEC);
    buf_finish(&path);
    return fd;
}

const struct source_file *source_read(struct source_reader *reader, struct str name)
{
    struct source_file *file = arena_new(reader->arena, struct source_file, 1);
    if (!file)
        return NULL;
    file->name = name;
    buf_init(&file->bytes, reader->mem);
    int fd = open_source(reader, file);
    if (fd < 0 && (fd = open_remote(reader, name)) >= 0)
        file->error.n = 0;
    if (fd >= 0) {
        read_bytes(file, fd);
        close(fd);
    }
    if (file->bytes.failed || !split_lines(reader, file) || !vec_push(&reader->files, reader->mem, file)) {
        finish_file(reader, file);
        return NULL;
    }
    return file;
}
