#include "symbol/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbol/packed.h"

/* Compression may not yield more than this from a byte: deflate cannot, and zstd does on nothing but zeroes. */
enum { section_compressed = 1 << 11, ratio_largest = 20000 };

static bool map_file(const char *path, struct str *bytes, struct buf *error)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        buf_printf(error, "the file cannot be read%s%s", fd < 0 ? ": " : "", fd < 0 ? strerror(errno) : "");
        if (fd >= 0)
            close(fd);
        return false;
    }
    void *at = status.st_size > 0 ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (at == MAP_FAILED) {
        buf_str(error, STR("expected an ELF file"));
        return false;
    }
    *bytes = (struct str){at, (size_t)status.st_size};
    return true;
}

struct elf_file *elf_file_create(const char *path, struct mem *mem, struct buf *error)
{
    struct elf_file *file = mem_get(mem, sizeof *file);
    struct fault fault = {0};
    struct str bytes;
    if (!file)
        return NULL;
    if (!map_file(path, &bytes, error)) {
        mem_put(mem, file, sizeof *file);
        return NULL;
    }
    *file = (struct elf_file){.mem = mem, .image = {.file = bytes}, .path = mem_get(mem, strlen(path) + 1)};
    buf_init(&file->own, mem);
    if (file->path && elf_image_of_file(bytes, &file->image, &fault)) {
        memcpy(file->path, path, strlen(path) + 1);
        elf_image_build_id(&file->image, file->build_id);
        return file;
    }
    if (file->path) {
        mem_put(mem, file->path, strlen(path) + 1);
        file->path = NULL;
        buf_printf(error, "expected %s", fault.expected);
    }
    elf_file_destroy(file);
    return NULL;
}

struct elf_file *elf_file_of_bytes(struct buf *bytes, struct mem *mem)
{
    struct elf_file *file = mem_get(mem, sizeof *file);
    struct fault fault;
    if (!file) {
        buf_finish(bytes);
        return NULL;
    }
    *file = (struct elf_file){.mem = mem, .own = *bytes};
    buf_init(bytes, bytes->mem);
    if (elf_image_of_file(buf_text(&file->own), &file->image, &fault)) {
        elf_image_build_id(&file->image, file->build_id);
        return file;
    }
    elf_file_destroy(file);
    return NULL;
}

void elf_file_destroy(struct elf_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->sections.n; i++)
        mem_put(file->mem, (char *)file->sections.at[i].bytes.p, file->sections.at[i].bytes.n);
    vec_finish(&file->sections, file->mem);
    if (file->own.room > 0)
        buf_finish(&file->own);
    else if (file->image.file.n > 0)
        munmap((void *)file->image.file.p, file->image.file.n);
    if (file->path)
        mem_put(file->mem, file->path, strlen(file->path) + 1);
    mem_put(file->mem, file, sizeof *file);
}

/* --- Compressed sections --- */

/* What stands before compressed bytes. */
struct chunk {
    uint32_t packing;
    uint64_t size;
    struct str bytes;
};

static bool read_header(struct str bytes, bool old, bool wide, struct chunk *chunk)
{
    struct cursor c = cursor_over(bytes.p, bytes.n, 0);
    if (old) { /* "ZLIB" and the size */
        bool fine = str_equal(cursor_bytes(&c, 4), STR("ZLIB"));
        chunk->packing = packing_zlib;
        chunk->size = cursor_u64be(&c);
        chunk->bytes = cursor_bytes(&c, cursor_left(&c));
        return fine && cursor_ok(&c);
    }
    chunk->packing = cursor_u32le(&c);
    if (wide)
        cursor_u32le(&c); /* reserved */
    chunk->size = wide ? cursor_u64le(&c) : cursor_u32le(&c);
    wide ? cursor_u64le(&c) : cursor_u32le(&c); /* the alignment */
    chunk->bytes = cursor_bytes(&c, cursor_left(&c));
    return cursor_ok(&c);
}

static struct str unpack(struct elf_file *file, uint64_t offset, struct str bytes, bool old)
{
    for (size_t i = 0; i < file->sections.n; i++) {
        if (file->sections.at[i].offset == offset)
            return file->sections.at[i].bytes;
    }
    struct chunk chunk;
    if (!read_header(bytes, old, !file->image.narrow, &chunk) || chunk.size == 0 ||
        chunk.size / ratio_largest > chunk.bytes.n || !packed_is_known(chunk.packing))
        return (struct str){0};
    char *out = mem_get(file->mem, chunk.size);
    struct elf_file_section section = {offset, {out, chunk.size}};
    if (out && packed_unpack(chunk.packing, chunk.bytes, out, chunk.size) &&
        vec_push(&file->sections, file->mem, section))
        return section.bytes;
    mem_put(file->mem, out, chunk.size);
    return (struct str){0};
}

/* Whether a section's name is ".zdebug_x" for the name ".debug_x". */
static bool is_old_name(struct str section, struct str name)
{
    return str_starts_with(section, STR(".z")) && name.n > 1 && str_equal(str_skip(section, 2), str_skip(name, 1));
}

struct str elf_file_section(struct elf_file *file, struct str name)
{
    struct elf_section section;
    for (uint32_t i = 0; elf_image_section(&file->image, i, &section); i++) {
        bool old = is_old_name(section.name, name);
        if (!old && !str_equal(section.name, name))
            continue;
        struct str bytes = elf_section_bytes(&file->image, &section);
        return old || (section.flags & section_compressed) ? unpack(file, section.offset, bytes, old) : bytes;
    }
    return (struct str){0};
}

uint64_t elf_file_lowest_code(const struct elf_file *file)
{
    uint64_t start, limit, offset;
    return elf_image_text(&file->image, &start, &limit, &offset) ? start : 0;
}
