#include "cli/keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/output.h"
#include "profile/encode.h"
#include "wire/gzip.h"

enum { gzip_level = 6 };

/* Makes a folder and those above it. */
static bool make_folders(char *path)
{
    struct stat status;
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, 0755) == 0 || errno == EEXIST || stat(path, &status) == 0;
        *slash = '/';
        if (!made)
            return false;
    }
    if (mkdir(path, 0755) == 0)
        return true;
    bool exists = errno == EEXIST && stat(path, &status) == 0;
    if (exists && !S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        exists = false;
    }
    return exists;
}

/* Makes the folder FORMATted from an environment variable the place to use, where that works. */
static bool use_folder(struct buf *dir, const char *variable, const char *below, const char *otherwise,
                       struct buf *notes)
{
    const char *value = getenv(variable);
    if ((!value || !value[0]) && !otherwise)
        return false;
    dir->n = 0;
    buf_printf(dir, "%s%s", value && value[0] ? value : otherwise, below);
    buf_byte(dir, '\0');
    if (!dir->failed && make_folders(dir->p))
        return true;
    buf_printf(notes, "Could not use temp dir %s: %s\n", dir->p, strerror(errno));
    return false;
}

static void put_prefix(const struct profile *profile, struct buf *prefix)
{
    struct str file = profile->nmappings > 0 ? profile_text(profile, profile->mappings[0].file) : STR("");
    size_t slash = str_find_last_byte(file, '/');
    buf_str(prefix, STR("pprof."));
    if (file.n > 0) {
        buf_str(prefix, slash == file.n ? file : str_skip(file, slash + 1));
        buf_byte(prefix, '.');
    }
    for (uint32_t i = 0; i < profile->nsample_types; i++) {
        buf_str(prefix, profile_text(profile, profile->sample_types[i].type));
        buf_byte(prefix, '.');
    }
    /* A type or file may be named by another machine: it is not to lead out of the folder. */
    for (size_t i = 0; i < prefix->n; i++) {
        if (prefix->p[i] == '/' || prefix->p[i] == '\0')
            prefix->p[i] = '_';
    }
    buf_byte(prefix, '\0');
}

static bool write_packed(const struct profile *profile, struct output *output)
{
    struct buf plain, packed;
    buf_init(&plain, profile->mem);
    buf_init(&packed, profile->mem);
    bool fine = profile_encode(profile, &plain) && gzip_deflate(buf_text(&plain), gzip_level, &packed);
    if (fine)
        output_write(output, buf_text(&packed));
    buf_finish(&packed);
    buf_finish(&plain);
    return fine;
}

static void keep_in(const char *dir, const struct profile *profile, struct buf *notes)
{
    struct output output;
    struct buf prefix, path, error;
    buf_init(&prefix, profile->mem);
    buf_init(&path, profile->mem);
    buf_init(&error, profile->mem);
    put_prefix(profile, &prefix);
    bool fine = output_create_numbered(&output, dir, prefix.p, "pb.gz", &path, &error);
    if (fine) {
        fine = write_packed(profile, &output);
        fine = output_close(&output, &error) && fine;
    }
    if (fine)
        buf_printf(notes, "Saved profile in %s\n", path.p);
    else
        buf_printf(notes, "Could not save profile: %.*s\n", (int)error.n, error.p);
    buf_finish(&error);
    buf_finish(&path);
    buf_finish(&prefix);
}

void keep_profile(const struct profile *profile, struct buf *notes)
{
    struct buf dir;
    buf_init(&dir, profile->mem);
    if (use_folder(&dir, "PPROF_TMPDIR", "", NULL, notes) || use_folder(&dir, "HOME", "/pprof", NULL, notes) ||
        use_folder(&dir, "TMPDIR", "", "/tmp", notes))
        keep_in(dir.p, profile, notes);
    buf_finish(&dir);
}
