#include "cli/source_list.h"

#include <dirent.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

static bool add(struct source_list *list, struct arena *arena, const char *name)
{
    return name && vec_push(&list->names, arena->mem, name);
}

static bool add_folder(struct source_list *list, struct arena *arena, const char *folder)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);
    bool fine = true;
    size_t before = list->names.n;
    for (int i = 0; i < n; i++) {
        const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
        const char *path = arena_printf(arena, "%s%s%s", folder, slash, entries[i]->d_name).p;
        if (fine && entries[i]->d_name[0] != '.' && path && is_file(path))
            fine = add(list, arena, path);
        fine = fine && path;
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    /* An empty folder is left to whoever reads it, who says what is wrong with it. */
    return fine && (list->names.n > before || add(list, arena, folder));
}

static bool add_matches(struct source_list *list, struct arena *arena, const char *pattern)
{
    glob_t found;
    bool fine = true;
    size_t before = list->names.n;
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && fine; i++)
            fine = add(list, arena, arena_str(arena, str_of(found.gl_pathv[i])).p);
        globfree(&found);
    }
    return fine && (list->names.n > before || add(list, arena, pattern));
}

bool source_list_add(struct source_list *list, struct arena *arena, const char *name)
{
    struct stat status;
    if (stat(name, &status) == 0)
        return S_ISDIR(status.st_mode) ? add_folder(list, arena, name) : add(list, arena, name);
    if (strpbrk(name, "*?[") && !strstr(name, "://"))
        return add_matches(list, arena, name);
    return add(list, arena, name);
}
