#include "symbol/dwarf_file.h"

#include <string.h>
#include <unistd.h>

#include "symbol/debug_file.h"

enum { most_columns = 16, most_splits = 4096 };

/* A file with split units. */
struct dwarf_file_split {
    struct elf_file *object;
    struct dwarf dwarf;
};

static struct str section_of(struct elf_file *object, const char *name, bool split)
{
    char whole[40];
    size_t n = strlen(name);
    memcpy(whole, name, n);
    if (split)
        memcpy(whole + n, ".dwo", 4);
    return elf_file_section(object, (struct str){whole, n + (split ? 4 : 0)});
}

static struct dwarf_sections sections_of(struct elf_file *object, bool split)
{
    return (struct dwarf_sections){
        .info = section_of(object, ".debug_info", split),
        .abbrev = section_of(object, ".debug_abbrev", split),
        .str = section_of(object, ".debug_str", split),
        .line_str = section_of(object, ".debug_line_str", split),
        .line = section_of(object, ".debug_line", split),
        .addr = section_of(object, ".debug_addr", split),
        .str_offsets = section_of(object, ".debug_str_offsets", split),
        .ranges = section_of(object, ".debug_ranges", split),
        .rnglists = section_of(object, ".debug_rnglists", split),
    };
}

bool dwarf_file_is_there(struct elf_file *object)
{
    struct elf_section section;
    for (uint32_t i = 0; elf_image_section(&object->image, i, &section); i++) {
        if ((str_equal(section.name, STR(".debug_info")) || str_equal(section.name, STR(".zdebug_info"))) &&
            elf_section_bytes(&object->image, &section).n > 0)
            return true;
    }
    return false;
}

static bool open_shared(struct dwarf_file *file, struct debug_server *server)
{
    file->shared_object = debug_file_shared(file->object, server);
    if (!file->shared_object) {
        file->lacks_parts = elf_file_section(file->object, STR(".gnu_debugaltlink")).n > 0;
        return true;
    }
    struct dwarf_sections sections = sections_of(file->shared_object, false);
    if (!dwarf_init(&file->shared, &sections, false, file->mem))
        return false;
    file->dwarf.shared = &file->shared;
    return true;
}

bool dwarf_file_init(struct dwarf_file *file, struct elf_file *object, uint64_t lowest, struct debug_server *server)
{
    struct dwarf_sections sections = sections_of(object, false);
    *file = (struct dwarf_file){.mem = object->mem, .object = object};
    if (!dwarf_init(&file->dwarf, &sections, false, object->mem))
        return false;
    file->dwarf.lowest = lowest;
    if (open_shared(file, server))
        return true;
    dwarf_file_finish(file);
    return false;
}

static void split_destroy(struct dwarf_file_split *split, struct mem *mem)
{
    if (!split)
        return;
    dwarf_finish(&split->dwarf);
    elf_file_destroy(split->object);
    mem_put(mem, split, sizeof *split);
}

void dwarf_file_finish(struct dwarf_file *file)
{
    for (size_t i = 0; i < file->splits.n; i++)
        split_destroy(file->splits.at[i], file->mem);
    vec_finish(&file->splits, file->mem);
    dwarf_finish(&file->dwarf);
    if (file->dwarf.shared)
        dwarf_finish(&file->shared);
    elf_file_destroy(file->shared_object);
}

/* --- Split units --- */

/* Opens a file of split units; NULL where it is none. It stays in the list of splits. */
static struct dwarf_file_split *open_split(struct dwarf_file *file, const struct buf *path)
{
    struct buf error;
    if (path->failed || access(path->p, R_OK) != 0 || file->splits.n >= most_splits)
        return NULL;
    buf_init(&error, file->mem);
    struct elf_file *object = elf_file_create(path->p, file->mem, &error);
    buf_finish(&error);
    struct dwarf_file_split *split = object ? mem_get(file->mem, sizeof *split) : NULL;
    if (!split) {
        elf_file_destroy(object);
        return NULL;
    }
    struct dwarf_sections sections = sections_of(object, true);
    split->object = object;
    if (!dwarf_init(&split->dwarf, &sections, true, file->mem)) {
        elf_file_destroy(object);
        mem_put(file->mem, split, sizeof *split);
        return NULL;
    }
    split->dwarf.lowest = file->dwarf.lowest;
    if (vec_push(&file->splits, file->mem, split))
        return split;
    split_destroy(split, file->mem);
    return NULL;
}

/* Reads a split unit. It does not say where its list of files is, for it is the first of its part of the section;
 * compilers that write none count as the skeleton does. */
static bool read_split(struct dwarf_unit *unit, const struct dwarf_unit *skeleton)
{
    unit->skeleton = skeleton;
    if (!dwarf_unit_read(unit))
        return false;
    unit->has_lines = unit->dwarf->sections.line.n > 0;
    return unit->id == skeleton->id;
}

static struct dwarf_unit *find_in_object(struct dwarf_file *file, const struct dwarf_unit *skeleton, struct str folder)
{
    struct buf path;
    buf_init(&path, file->mem);
    bool absolute = skeleton->split_name.p[0] == '/';
    buf_printf(&path, "%.*s%s%.*s", STR_ARG(absolute ? STR("") : folder), absolute || folder.n == 0 ? "" : "/",
               STR_ARG(skeleton->split_name));
    struct dwarf_file_split *split = open_split(file, &path);
    buf_finish(&path);
    for (size_t i = 0; split && i < split->dwarf.units.n; i++) {
        if (read_split(&split->dwarf.units.at[i], skeleton))
            return &split->dwarf.units.at[i];
    }
    return NULL;
}

/* --- Packages of split units --- */

/* The index of a package: a hash table from ids to rows, each of which tells where the parts of a unit are. */
struct package_index {
    uint32_t version, ncolumns, nunits, nslots;
    struct cursor ids, rows, offsets; /* offsets begins with the columns' names */
};

static bool read_index(struct str section, struct package_index *index)
{
    struct cursor c = cursor_over(section.p, section.n, 0);
    index->version = cursor_u32le(&c) & 0xffff;
    index->ncolumns = cursor_u32le(&c);
    index->nunits = cursor_u32le(&c);
    index->nslots = cursor_u32le(&c);
    index->ids = cursor_sub(&c, (uint64_t)index->nslots * 8);
    index->rows = cursor_sub(&c, (uint64_t)index->nslots * 4);
    index->offsets = c;
    return cursor_ok(&c) && (index->version == 2 || index->version == 5) && index->ncolumns <= most_columns &&
           index->nslots > 0 && (index->nslots & (index->nslots - 1)) == 0;
}

/* The row of an id; 0 where it has none. */
static uint32_t find_row(const struct package_index *index, uint64_t id)
{
    uint32_t mask = index->nslots - 1, slot = (uint32_t)id & mask, step = ((uint32_t)(id >> 32) & mask) | 1;
    for (uint32_t tries = 0; tries < index->nslots; tries++, slot = (slot + step) & mask) {
        struct cursor ids = index->ids, rows = index->rows;
        cursor_bytes(&ids, (uint64_t)slot * 8);
        cursor_bytes(&rows, (uint64_t)slot * 4);
        uint64_t found = cursor_u64le(&ids);
        uint32_t row = cursor_u32le(&rows);
        if (row == 0 || found == id)
            return row;
    }
    return 0;
}

/* Moves a unit's tables to where its parts of the package's sections begin; its own place is returned. */
static uint64_t read_row(const struct package_index *index, uint32_t row, uint64_t parts[most_columns])
{
    struct cursor columns = index->offsets, at = index->offsets;
    cursor_bytes(&at, ((uint64_t)row * index->ncolumns) * 4);
    for (uint32_t i = 0; i < index->ncolumns; i++) {
        uint32_t section = cursor_u32le(&columns), offset = cursor_u32le(&at);
        if (section < most_columns)
            parts[section] = offset;
    }
    return cursor_ok(&at) ? parts[dw_sect_info] : UINT64_MAX;
}

static struct dwarf_unit *find_in_package(struct dwarf_file_split *package, const struct dwarf_unit *skeleton)
{
    struct package_index index;
    uint64_t parts[most_columns] = {0};
    uint32_t row = read_index(elf_file_section(package->object, STR(".debug_cu_index")), &index)
                       ? find_row(&index, skeleton->id)
                       : 0;
    uint64_t offset = row > 0 ? read_row(&index, row, parts) : UINT64_MAX;
    for (size_t i = 0; i < package->dwarf.units.n; i++) {
        struct dwarf_unit *unit = &package->dwarf.units.at[i];
        if (unit->offset != offset)
            continue;
        if (unit->skeleton)
            return unit->skeleton == skeleton ? unit : NULL;
        unit->abbrev_offset += parts[dw_sect_abbrev];
        unit->lines += parts[dw_sect_line];
        unit->str_offsets_base += parts[dw_sect_str_offsets];
        if (index.version == 5)
            unit->rnglists_base += parts[dw_sect_rnglists];
        return read_split(unit, skeleton) ? unit : NULL;
    }
    return NULL;
}

static void seek_package(struct dwarf_file *file)
{
    struct buf path;
    file->package_sought = true;
    if (!file->object->path)
        return;
    buf_init(&path, file->mem);
    buf_printf(&path, "%s.dwp", file->object->path);
    struct dwarf_file_split *split = open_split(file, &path);
    if (!split && str_ends_with(str_of(file->object->path), STR(".debug"))) {
        path.n = 0;
        buf_printf(&path, "%.*s.dwp", (int)strlen(file->object->path) - 6, file->object->path);
        split = open_split(file, &path);
    }
    file->has_package = split != NULL;
    buf_finish(&path);
}

struct dwarf_unit *dwarf_file_find_split(void *to, const struct dwarf_unit *skeleton)
{
    struct dwarf_file *file = to;
    struct dwarf_unit *found = NULL;
    if (!file->package_sought)
        seek_package(file);
    if (file->has_package)
        found = find_in_package(file->splits.at[0], skeleton);
    if (!found)
        found = find_in_object(file, skeleton, skeleton->directory);
    struct str own = str_of(file->object->path);
    if (!found && skeleton->split_name.p[0] != '/')
        found = find_in_object(file, skeleton, str_first(own, str_find_last_byte(own, '/')));
    file->lacks_parts = file->lacks_parts || !found;
    return found;
}
