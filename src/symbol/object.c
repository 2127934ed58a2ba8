#include "symbol/object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "elf/symbols.h"
#include "symbol/debug_file.h"
#include "symbol/elf_file.h"
#include "symbol/go_table.h"

struct object {
    struct mem *mem;
    struct elf_file *file;
    struct elf_file *debug;  /* with the symbols that were stripped from the file; NULL for none */
    struct elf_section text; /* size 0 where there is none */
    bool has_table, has_symtab;
    struct go_table table;
    VEC(struct object_symbol) symbols;
};

/* --- The file --- */

static void refuse(struct buf *error, const char *path, const char *reason)
{
    buf_printf(error, "open %s: ", path);
    size_t start = error->n;
    buf_str(error, str_of(reason));
    if (!error->failed && error->p[start] >= 'A' && error->p[start] <= 'Z')
        error->p[start] += 'a' - 'A'; /* as Go words system errors */
}

/* --- Symbols --- */

static int by_start(const void *a, const void *b)
{
    const struct object_symbol *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->name.p > y->name.p) - (x->name.p < y->name.p); /* names stand in the table's order, as a rule */
}

static bool add_symbol(struct object *object, struct object_symbol symbol)
{
    if (symbol.size > UINT64_MAX - symbol.start)
        symbol.size = UINT64_MAX - symbol.start;
    return symbol.size == 0 || symbol.name.n == 0 || vec_push(&object->symbols, object->mem, symbol);
}

/* A name without the version that debug files have behind it: malloc@@GLIBC_2.2.5. */
static struct str unversioned(struct str name)
{
    return str_first(name, str_find(name, STR("@"), 1));
}

static bool add_elf_symbols(struct object *object, const struct elf_symbols *symbols, bool versioned)
{
    struct elf_symbol symbol;
    for (uint32_t i = 0; elf_symbol_at(symbols, i, &symbol); i++) {
        if (symbol.section != 0 &&
            !add_symbol(object, (struct object_symbol){versioned ? unversioned(symbol.name) : symbol.name,
                                                       symbol.address, symbol.size}))
            return false;
    }
    return true;
}

/* The size of a function whose end is where the next begins: without the breakpoints that fill the gap. */
static uint64_t size_of(const struct object *object, const struct pclntab_function *function)
{
    struct str code = object_code(object, function->entry, function->end);
    while (object_machine(object) == elf_x86_64 && code.n > 0 && (unsigned char)code.p[code.n - 1] == 0xcc)
        code.n--;
    return code.n;
}

static bool add_go_functions(struct object *object)
{
    struct pclntab_function function;
    for (uint32_t i = 0; pclntab_function(&object->table.lines, i, &function); i++) {
        uint64_t size = size_of(object, &function);
        if (!add_symbol(object, (struct object_symbol){function.name, function.entry, size}))
            return false;
    }
    return true;
}

static bool read_symbols(struct object *object, struct debug_server *server)
{
    struct elf_symbols symbols;
    bool fine = true;
    if (elf_symbols_full(&object->file->image, &symbols))
        fine = add_elf_symbols(object, &symbols, false);
    object->has_symtab = object->symbols.n > 0;
    if (fine && object->symbols.n == 0 && object->has_table)
        fine = add_go_functions(object);
    if (fine && object->symbols.n == 0 && (object->debug = debug_file_find(object->file, server)) &&
        elf_symbols_full(&object->debug->image, &symbols))
        fine = add_elf_symbols(object, &symbols, true);
    if (fine && object->symbols.n == 0 && elf_symbols_dynamic(&object->file->image, &symbols))
        fine = add_elf_symbols(object, &symbols, false);
    if (object->symbols.n > 0)
        qsort(object->symbols.at, object->symbols.n, sizeof *object->symbols.at, by_start);
    return fine;
}

/* Whether a path can be opened at all; false with errno set. */
static bool can_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Makes an object of a file, which it takes over also on failure. */
static struct object *make(struct elf_file *file, struct debug_server *server, struct mem *mem)
{
    struct object *object = mem_get(mem, sizeof *object);
    if (!object) {
        elf_file_destroy(file);
        return NULL;
    }
    *object = (struct object){.mem = mem, .file = file};
    elf_image_find_section(&file->image, STR(".text"), &object->text);
    object->has_table = go_table_find(&file->image, &object->table);
    if (read_symbols(object, server))
        return object;
    object_destroy(object);
    return NULL;
}

struct object *object_create(const char *path, struct debug_server *server, struct mem *mem, struct buf *error)
{
    struct buf reason; /* in other words than Go's */
    if (!can_open(path)) {
        refuse(error, path, strerror(errno));
        return NULL;
    }
    buf_init(&reason, mem);
    struct elf_file *file = elf_file_create(path, mem, &reason);
    buf_finish(&reason);
    if (file)
        return make(file, server, mem);
    refuse(error, path, "unrecognized object file");
    return NULL;
}

struct object *object_of_bytes(struct buf *bytes, struct mem *mem)
{
    struct elf_file *file = elf_file_of_bytes(bytes, mem);
    return file ? make(file, NULL, mem) : NULL;
}

void object_destroy(struct object *object)
{
    if (!object)
        return;
    vec_finish(&object->symbols, object->mem);
    elf_file_destroy(object->debug);
    elf_file_destroy(object->file);
    mem_put(object->mem, object, sizeof *object);
}

struct str object_build_id(const struct object *object)
{
    return str_of(object->file->build_id);
}

const struct elf_image *object_image(const struct object *object)
{
    return &object->file->image;
}

uint16_t object_machine(const struct object *object)
{
    return object->file->image.machine;
}

const struct pclntab *object_pclntab(const struct object *object)
{
    return object->has_table ? &object->table.lines : NULL;
}

/* --- Addresses --- */

/* The page that a segment's first byte is on. */
static uint64_t page_of(uint64_t address, uint64_t align)
{
    return align > 1 ? address - address % align : address;
}

uint64_t object_bias(const struct object *object, uint64_t start, uint64_t offset)
{
    struct elf_segment segment;
    uint64_t load = 0;
    bool any = false;
    if (start == 0)
        return 0;
    for (uint32_t i = 0; elf_image_segment(&object->file->image, i, &segment); i++) {
        if (segment.type != elf_load || !(segment.flags & elf_executable))
            continue;
        uint64_t first = page_of(segment.offset, segment.align);
        if (offset >= first && offset - first < segment.file_size + (segment.offset - first))
            return start - (page_of(segment.address, segment.align) + (offset - first));
        if (!any) /* what Go's tool takes, whatever the mapping is of */
            load = page_of(segment.address, segment.align);
        any = true;
    }
    /* A mapping of the whole file begins with its first byte. */
    uint64_t address;
    if (offset == 0 && elf_image_address_of(&object->file->image, 0, &address))
        return start - address;
    return any ? start - load : 0;
}

const struct object_symbol *object_symbols(const struct object *object, size_t *n)
{
    *n = object->symbols.n;
    return object->symbols.at;
}

bool object_has_symtab(const struct object *object)
{
    return object->has_symtab;
}

const struct object_symbol *object_symbol_at(const struct object *object, uint64_t address)
{
    enum { farthest = 16 }; /* symbols within symbols: how many to look back over */
    size_t low = 0, high = object->symbols.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (object->symbols.at[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i > 0 && low - i < farthest; i--) {
        const struct object_symbol *symbol = &object->symbols.at[i - 1];
        if (address - symbol->start < symbol->size)
            return symbol;
    }
    return NULL;
}

void object_clip(const struct object *object, uint64_t *start, uint64_t *end)
{
    uint64_t first = object->text.address, limit = first + object->text.size;
    if (*start >= limit || *end <= first)
        return;
    *start = *start < first ? first : *start;
    *end = *end > limit ? limit : *end;
}

struct str object_code(const struct object *object, uint64_t start, uint64_t end)
{
    const struct elf_section *text = &object->text;
    struct str bytes;
    if (end <= start)
        return (struct str){0};
    if (start >= text->address && start - text->address < text->size)
        bytes = str_skip(elf_section_bytes(&object->file->image, text), start - text->address);
    else
        bytes = elf_image_at(&object->file->image, start);
    return str_first(bytes, end - start);
}
