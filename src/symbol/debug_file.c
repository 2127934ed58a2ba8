#include "symbol/debug_file.h"

#include <string.h>
#include <unistd.h>

#include <libdeflate.h>

/* Opens a file where it is there; what is wrong with one that cannot be read is not told: another place follows. */
static struct elf_file *open_quietly(const struct buf *path, struct mem *mem)
{
    struct buf error;
    if (path->failed || access(path->p, R_OK) != 0)
        return NULL;
    buf_init(&error, mem);
    struct elf_file *object = elf_file_create(path->p, mem, &error);
    buf_finish(&error);
    return object;
}

static struct elf_file *open_with_id(const struct buf *path, struct str build_id, struct mem *mem)
{
    struct elf_file *object = open_quietly(path, mem);
    if (object && str_equal(str_of(object->build_id), build_id))
        return object;
    elf_file_destroy(object);
    return NULL;
}

struct elf_file *debug_file_by_id(struct str build_id, struct mem *mem)
{
    struct buf path;
    if (build_id.n < 4)
        return NULL;
    buf_init(&path, mem);
    buf_printf(&path, "/usr/lib/debug/.build-id/%.2s/%.*s.debug", build_id.p, (int)build_id.n - 2, build_id.p + 2);
    struct elf_file *object = open_with_id(&path, build_id, mem);
    buf_finish(&path);
    return object;
}

/* The folder of an object's file, "" or with its slash. */
static struct str folder_of(const struct elf_file *object)
{
    struct str path = str_of(object->path);
    size_t slash = str_find_last_byte(path, '/');
    return slash == path.n ? STR("") : str_first(path, slash + 1);
}

static bool is_linked(const struct elf_file *found, uint32_t checksum)
{
    return found && libdeflate_crc32(0, found->image.file.p, found->image.file.n) == checksum;
}

static struct elf_file *try_link(const struct elf_file *object, const char *before, const char *behind, struct str name,
                                 uint32_t checksum)
{
    struct buf path;
    buf_init(&path, object->mem);
    buf_printf(&path, "%s%.*s%s%.*s", before, STR_ARG(folder_of(object)), behind, STR_ARG(name));
    struct elf_file *found = open_quietly(&path, object->mem);
    buf_finish(&path);
    if (is_linked(found, checksum))
        return found;
    elf_file_destroy(found);
    return NULL;
}

static struct elf_file *find_by_link(struct elf_file *object)
{
    struct str section = elf_file_section(object, STR(".gnu_debuglink"));
    struct cursor c = cursor_over(section.p, section.n, 0);
    struct str name = cursor_c_string(&c);
    cursor_bytes(&c, -(name.n + 1) & 3);
    uint32_t checksum = cursor_u32le(&c);
    if (!cursor_ok(&c) || name.n == 0 || str_find(name, STR("/"), 0) < name.n || !object->path)
        return NULL;
    struct elf_file *found = try_link(object, "", "", name, checksum);
    if (!found)
        found = try_link(object, "", ".debug/", name, checksum);
    if (!found && object->path[0] == '/')
        found = try_link(object, "/usr/lib/debug", "", name, checksum);
    return found;
}

static struct elf_file *ask(struct debug_server *server, struct str build_id, struct mem *mem)
{
    struct buf path;
    buf_init(&path, mem);
    struct elf_file *found =
        debug_server_find(server, debug_server_debug_info, build_id, &path) ? open_with_id(&path, build_id, mem) : NULL;
    buf_finish(&path);
    return found;
}

struct elf_file *debug_file_find(struct elf_file *object, struct debug_server *server)
{
    struct str build_id = str_of(object->build_id);
    struct elf_file *found = debug_file_by_id(build_id, object->mem);
    if (!found)
        found = find_by_link(object);
    return found || build_id.n == 0 ? found : ask(server, build_id, object->mem);
}

struct elf_file *debug_file_shared(struct elf_file *object, struct debug_server *server)
{
    struct str section = elf_file_section(object, STR(".gnu_debugaltlink"));
    struct cursor c = cursor_over(section.p, section.n, 0);
    struct str name = cursor_c_string(&c), id = cursor_bytes(&c, cursor_left(&c));
    char hex[elf_build_id_hex_max] = "";
    struct buf path;
    if (!cursor_ok(&c) || name.n == 0 || id.n == 0 || id.n > (sizeof hex - 1) / 2)
        return NULL;
    for (size_t i = 0; i < id.n; i++) {
        hex[2 * i] = "0123456789abcdef"[(uint8_t)id.p[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[id.p[i] & 15];
    }
    buf_init(&path, object->mem);
    bool relative = name.p[0] != '/' && object->path;
    buf_printf(&path, "%.*s%.*s", STR_ARG(relative ? folder_of(object) : STR("")), STR_ARG(name));
    struct elf_file *found = open_with_id(&path, str_of(hex), object->mem);
    buf_finish(&path);
    if (!found)
        found = debug_file_by_id(str_of(hex), object->mem);
    return found ? found : ask(server, str_of(hex), object->mem);
}
