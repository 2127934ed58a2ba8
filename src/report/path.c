/* Go's rules, not POSIX's: what a report prints has passed through filepath.Clean and filepath.Base. */
#include "report/path.h"

#include <string.h>

static bool is_clean(struct str path)
{
    if (path.n == 0 || (path.n > 1 && path.p[path.n - 1] == '/'))
        return false;
    for (size_t at = 0; at < path.n;) {
        size_t end = str_find(path, STR("/"), at);
        struct str element = str_first(str_skip(path, at), end - at);
        if (element.n == 0 && at > 0)
            return false;
        if (path.n > 1 && (str_equal(element, STR(".")) || str_equal(element, STR(".."))))
            return false;
        at = end + 1;
    }
    return true;
}

/* Takes the last element off what was written so far, which is `n` bytes of which the first `keep` stay. */
static size_t without_last(const char *out, size_t n, size_t keep)
{
    while (n > keep && out[n - 1] != '/')
        n--;
    return n > keep ? n - 1 : n;
}

static size_t append_element(char *out, size_t n, bool rooted, struct str element)
{
    if (n > (rooted ? 1u : 0u))
        out[n++] = '/';
    memcpy(out + n, element.p, element.n);
    return n + element.n;
}

struct str path_clean(struct str path, struct arena *arena)
{
    if (is_clean(path))
        return path;
    char *out = arena_new(arena, char, path.n + 1);
    if (!out)
        return (struct str){0};
    bool rooted = path.n > 0 && path.p[0] == '/';
    size_t n = 0, keep; /* the first `keep` bytes are "/" or leading ".." that later ".." can't take back */
    if (rooted)
        out[n++] = '/';
    keep = n;
    for (size_t at = rooted ? 1 : 0; at < path.n;) {
        size_t end = str_find(path, STR("/"), at);
        struct str element = str_first(str_skip(path, at), end - at);
        at = end + 1;
        if (element.n == 0 || str_equal(element, STR(".")))
            continue;
        if (!str_equal(element, STR(".."))) {
            n = append_element(out, n, rooted, element);
        } else if (n > keep) {
            n = without_last(out, n, keep);
        } else if (!rooted) {
            n = append_element(out, n, false, element);
            keep = n;
        }
    }
    if (n == 0)
        out[n++] = '.';
    return (struct str){out, n};
}

struct str path_base(struct str path)
{
    if (path.n == 0)
        return STR(".");
    while (path.n > 0 && path.p[path.n - 1] == '/')
        path.n--;
    if (path.n == 0)
        return STR("/");
    size_t slash = str_find_last_byte(path, '/');
    return slash < path.n ? str_skip(path, slash + 1) : path;
}

struct str path_directory(struct str path, struct arena *arena)
{
    size_t slash = str_find_last_byte(path, '/');
    return path_clean(slash < path.n ? str_first(path, slash + 1) : (struct str){path.p, 0}, arena);
}

bool path_next(struct path_list *list, struct str *element)
{
    if (!list->more)
        return false;
    size_t colon = str_find(list->rest, STR(":"), 0);
    *element = str_first(list->rest, colon);
    list->more = colon < list->rest.n;
    list->rest = str_skip(list->rest, colon + 1);
    return true;
}

/* Strips everything up to the first "/<base>/"; false where the path has none. */
static bool strip_up_to(struct str *path, struct str base)
{
    for (size_t at = 0; (at = str_find(*path, STR("/"), at)) < path->n; at++) {
        struct str rest = str_skip(*path, at + 1);
        if (str_starts_with(rest, base) && rest.n > base.n && rest.p[base.n] == '/') {
            *path = str_skip(rest, base.n + 1);
            return true;
        }
    }
    return false;
}

/* Strips prefix, with or without its slash at the end; false where the path does not begin so. */
static bool strip(struct str *path, struct str prefix)
{
    if (prefix.n > 0 && prefix.p[prefix.n - 1] == '/')
        prefix.n--;
    if (!str_starts_with(*path, prefix) || path->n == prefix.n || path->p[prefix.n] != '/')
        return false;
    *path = str_skip(*path, prefix.n + 1);
    return true;
}

struct str path_trim(struct str path, struct str trim, struct str search)
{
    struct str element;
    struct path_list prefixes = path_list(trim), directories = path_list(search);
    while (trim.n == 0 && path_next(&directories, &element)) {
        if (strip_up_to(&path, path_base(element)))
            return path;
    }
    while (path_next(&prefixes, &element)) {
        if (strip(&path, element))
            return path;
    }
    if (!strip(&path, STR("/proc/self/cwd/./")))
        strip(&path, STR("/proc/self/cwd/"));
    return path;
}
