#include "symbol/locate.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbol/binary.h"

struct search {
    struct profile *profile;
    struct profile_mapping *mapping;
    struct str file, build_id, base, dir; /* of the mapping; dir is its file's */
    struct buf path;                      /* the candidate, NUL-terminated */
    struct buf *notes;
};

static struct str base_of(struct str path)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    size_t slash = str_find_last_byte(path, '/');
    return slash == path.n || path.n == 1 ? path : str_skip(path, slash + 1);
}

static struct str dir_of(struct str path)
{
    size_t slash = str_find_last_byte(path, '/');
    return slash == path.n ? STR(".") : str_first(path, slash == 0 ? 1 : slash);
}

/* Appends a path part behind a slash, so that the parts join as one path. */
static void put_part(struct buf *path, struct str part)
{
    while (part.n > 0 && part.p[0] == '/' && path->n > 0)
        part = str_skip(part, 1);
    if (part.n == 0 || str_equal(part, STR(".")))
        return;
    if (path->n > 0 && path->p[path->n - 1] != '/')
        buf_byte(path, '/');
    buf_str(path, part);
}

/* Takes the candidate in search->path where it fits. */
static bool take(struct search *search)
{
    buf_byte(&search->path, '\0');
    search->path.n -= !search->path.failed;
    if (search->path.failed || !binary_is_elf(search->path.p))
        return false;
    struct buf error;
    buf_init(&error, search->profile->mem);
    struct binary *binary = binary_create(search->path.p, search->profile->mem, &error);
    struct str found = binary ? binary_build_id(binary) : STR("");
    bool fits = binary && (search->build_id.n == 0 || str_equal(found, search->build_id));
    if (binary && !fits)
        buf_printf(search->notes, "Ignoring local file %s: build-id mismatch (%.*s != %.*s)\n", search->path.p,
                   STR_ARG(search->build_id), STR_ARG(found));
    uint32_t name = fits ? profile_string(search->profile, buf_text(&search->path)) : PROFILE_NONE;
    if (name != PROFILE_NONE)
        search->mapping->file = name;
    binary_destroy(binary);
    buf_finish(&error);
    return name != PROFILE_NONE;
}

/* Tries FOLDER/a/b, with what `end` says behind it. */
static bool try(struct search *search, struct str folder, struct str a, struct str b, const char *end)
{
    search->path.n = 0;
    buf_str(&search->path, folder);
    put_part(&search->path, a);
    put_part(&search->path, b);
    buf_str(&search->path, str_of(end));
    return take(search);
}

/* Tries every file of FOLDER/BUILDID, in the order of their names. */
static bool try_folder_of_id(struct search *search, struct str folder)
{
    struct dirent **entries;
    bool taken = false;
    search->path.n = 0;
    buf_str(&search->path, folder);
    put_part(&search->path, search->build_id);
    buf_byte(&search->path, '\0');
    int n = search->path.failed ? -1 : scandir(search->path.p, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (!taken && entries[i]->d_name[0] != '.')
            taken = try(search, folder, search->build_id, str_of(entries[i]->d_name), "");
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return taken;
}

static bool try_by_build_id(struct search *search, struct str folder)
{
    struct str id = search->build_id;
    if (try(search, folder, id, search->base, "") || try_folder_of_id(search, folder) ||
        try(search, folder, search->file, id, ""))
        return true;
    return id.n > 2 && try(search, folder, str_first(id, 2), str_skip(id, 2), ".debug");
}

static bool try_by_name(struct search *search, struct str folder)
{
    if (try(search, folder, search->base, STR(""), "") || try(search, folder, search->file, STR(""), "") ||
        try(search, folder, search->file, STR(""), ".debug"))
        return true;
    search->path.n = 0;
    buf_str(&search->path, folder);
    put_part(&search->path, search->dir);
    put_part(&search->path, STR(".debug"));
    put_part(&search->path, search->base);
    buf_str(&search->path, STR(".debug"));
    if (take(search))
        return true;
    search->path.n = 0;
    buf_str(&search->path, folder);
    put_part(&search->path, STR("usr/lib/debug"));
    put_part(&search->path, search->dir);
    put_part(&search->path, search->base);
    buf_str(&search->path, STR(".debug"));
    return take(search);
}

static void locate_mapping(struct search *search, struct str path)
{
    search->file = profile_text(search->profile, search->mapping->file);
    search->build_id = profile_text(search->profile, search->mapping->build_id);
    search->base = base_of(search->file);
    search->dir = dir_of(search->file);
    while (path.n > 0) {
        size_t colon = str_find(path, STR(":"), 0);
        struct str folder = str_first(path, colon);
        path = str_skip(path, colon + 1);
        char *terminated = strndup(folder.p, folder.n);
        bool exists = terminated && access(terminated, X_OK) == 0;
        free(terminated);
        if (exists && ((search->build_id.n > 0 && try_by_build_id(search, folder)) ||
                       (search->file.n > 0 && try_by_name(search, folder))))
            return;
    }
}

/* Go programs on some systems write none. */
static bool add_mapping(struct profile *profile)
{
    if (!profile_resize(profile, &profile->mappings, 0, 1, sizeof *profile->mappings))
        return false;
    profile->mappings[0] = (struct profile_mapping){.id = 1};
    profile->nmappings = 1;
    for (uint32_t l = 0; l < profile->nlocations; l++)
        profile->locations[l].mapping = 0;
    return true;
}

bool locate_binaries(struct profile *profile, const struct locate_options *options, struct buf *notes)
{
    struct search search = {.profile = profile, .notes = notes};
    buf_init(&search.path, profile->mem);
    for (uint32_t m = 0; m < profile->nmappings; m++) {
        search.mapping = &profile->mappings[m];
        locate_mapping(&search, options->path);
    }
    buf_finish(&search.path);
    if (profile->nmappings == 0 && !add_mapping(profile))
        return false;
    struct profile_mapping *first = &profile->mappings[0];
    uint32_t file = options->binary ? profile_string(profile, str_of(options->binary)) : first->file;
    uint32_t build_id = first->build_id ? first->build_id : profile_string(profile, str_of(options->build_id));
    if (file == PROFILE_NONE || build_id == PROFILE_NONE)
        return false;
    first->file = file;
    first->build_id = build_id;
    return true;
}
