/* A file on disk may be rewritten at any moment, and a mapping of one that shrinks is a SIGBUS: so files are read, not
 * mapped, into a sparse copy of which only those pages exist that hold what is needed. */
#include "runtime/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "elf/symbols.h"
#include "runtime/lock.h"
#include "runtime/pages.h"

struct entry {
    uint64_t address; /* of the image */
    uint32_t size, name;
    uint32_t rank; /* among names of one address: lower is better */
};

/* The names of one module, by ascending address, one for each. */
struct table {
    struct table *next;
    const struct module *module;
    struct entry *entries;
    uint32_t n, room;
    struct str names;
};

static struct lock lock;
static struct table *tables;

/* --- From symbols to a table ------------------------------------------------------------------------------------- */

static bool before(const struct entry *a, const struct entry *b, const char *names)
{
    if (a->address != b->address)
        return a->address < b->address;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return strcmp(names + a->name, names + b->name) < 0;
}

static void sift(struct entry *at, uint32_t root, uint32_t n, const char *names)
{
    for (uint32_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && before(&at[child], &at[child + 1], names))
            child++;
        if (!before(&at[root], &at[child], names))
            return;
        struct entry swap = at[root];
        at[root] = at[child];
        at[child] = swap;
    }
}

/* A heap sort: in place and without malloc, which libc's qsort calls. */
static void sort(struct entry *at, uint32_t n, const char *names)
{
    for (uint32_t i = n / 2; i > 0; i--)
        sift(at, i - 1, n, names);
    for (uint32_t i = n; i > 1; i--) {
        struct entry swap = at[0];
        at[0] = at[i - 1];
        at[i - 1] = swap;
        sift(at, 0, i - 1, names);
    }
}

/* Those with a size first, then fewer leading underscores ("write" is a better name than "__write"), then global names
 * before weak before local ones, then short ones ("strtol" before "strtoimax"). */
static uint32_t rank(const struct elf_symbol *symbol)
{
    uint32_t binding = symbol->binding == 1 ? 0 : symbol->binding == 2 ? 1 : 2, underscores = 0;
    while (underscores < 15 && underscores < symbol->name.n && symbol->name.p[underscores] == '_')
        underscores++;
    uint32_t length = symbol->name.n < UINT16_MAX ? (uint32_t)symbol->name.n : UINT16_MAX;
    return (uint32_t)(symbol->size == 0) << 24 | underscores << 20 | binding << 16 | length;
}

static uint32_t count_code(const struct elf_symbols *symbols)
{
    struct elf_symbol symbol;
    uint32_t n = 0;
    for (uint32_t i = 0; elf_symbol_at(symbols, i, &symbol); i++)
        n += elf_symbol_is_code(&symbol);
    return n;
}

/* Fills the table, whose names are those of the symbols already. */
static bool fill(struct table *table, const struct elf_symbols *symbols)
{
    struct elf_symbol symbol;
    table->room = count_code(symbols);
    table->entries = mem_get_array(pages_mem(), table->room, sizeof *table->entries);
    if (!table->entries) {
        table->room = 0;
        return false;
    }
    for (uint32_t i = 0; elf_symbol_at(symbols, i, &symbol); i++)
        if (elf_symbol_is_code(&symbol) && table->n < table->room)
            table->entries[table->n++] =
                (struct entry){.address = symbol.address,
                               .size = symbol.size > UINT32_MAX ? UINT32_MAX : (uint32_t)symbol.size,
                               .name = (uint32_t)(symbol.name.p - symbols->names.p),
                               .rank = rank(&symbol)};
    sort(table->entries, table->n, table->names.p);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < table->n; i++)
        if (kept == 0 || table->entries[i].address != table->entries[kept - 1].address)
            table->entries[kept++] = table->entries[i];
    table->n = kept;
    return true;
}

static void empty(struct table *table)
{
    mem_put(pages_mem(), table->entries, table->room * sizeof *table->entries);
    mem_put(pages_mem(), (char *)table->names.p, table->names.n);
    table->entries = NULL;
    table->n = table->room = 0;
    table->names = (struct str){0};
}

/* --- From the file ------------------------------------------------------------------------------------------------ */

struct copy {
    int fd;
    char *bytes; /* as large as the file; only what was read is there, the rest is zero */
    size_t size;
};

static bool read_at(const struct copy *copy, char *to, size_t offset, size_t size)
{
    while (size > 0) {
        long n = syscall(SYS_pread64, copy->fd, to, size, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        offset += (size_t)n;
        size -= (size_t)n;
    }
    return true;
}

/* Reads a part of the copy in place. */
static bool read_part(const struct copy *copy, struct str part)
{
    return part.n == 0 || read_at(copy, copy->bytes + (part.p - copy->bytes), (size_t)(part.p - copy->bytes), part.n);
}

/* The headers one by one, since each says where the next are. */
static bool read_headers(const struct copy *copy, struct elf_image *image)
{
    struct str all = {copy->bytes, copy->size}, header = str_first(all, 64);
    struct fault fault;
    if (!read_part(copy, header) || !elf_image_of_file(all, image, &fault))
        return false;
    for (int i = 0; i < 3; i++)
        if (!read_part(copy, image->segments) || !read_part(copy, image->sections) ||
            !read_part(copy, image->section_names) || !elf_image_of_file(all, image, &fault))
            return false;
    struct elf_segment segment;
    for (uint32_t i = 0; elf_image_segment(image, i, &segment); i++)
        if (segment.type == elf_note && !read_part(copy, str_first(str_skip(all, segment.offset), segment.file_size)))
            return false;
    return true;
}

static bool is_same(const struct elf_image *image, const struct module *module)
{
    char build_id[elf_build_id_hex_max];
    uint64_t start, limit, offset;
    elf_image_build_id(image, build_id);
    return strcmp(build_id, module->build_id) == 0 && elf_image_text(image, &start, &limit, &offset) &&
           (start & ~(uint64_t)4095) == module->start - module->bias &&
           ((limit + 4095) & ~(uint64_t)4095) == module->limit - module->bias;
}

static bool table_from_copy(const struct copy *copy, struct table *table)
{
    struct elf_image image;
    struct elf_symbols symbols;
    if (!read_headers(copy, &image) || !is_same(&image, table->module) ||
        (!elf_symbols_full(&image, &symbols) && !elf_symbols_dynamic(&image, &symbols)) || symbols.names.n == 0 ||
        !read_part(copy, symbols.entries))
        return false;
    char *names = mem_get(pages_mem(), symbols.names.n);
    if (!names)
        return false;
    table->names = (struct str){names, symbols.names.n};
    if (!read_at(copy, names, (size_t)(symbols.names.p - copy->bytes), symbols.names.n)) {
        empty(table);
        return false;
    }
    symbols.names = table->names;
    return fill(table, &symbols);
}

static bool table_from_file(struct table *table, bool is_program)
{
    const char *path = is_program ? "/proc/self/exe" : table->module->path;
    struct stat status;
    struct copy copy = {.fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    bool made = false;
    if (copy.fd < 0)
        return false;
    if (fstat(copy.fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        copy.size = (size_t)status.st_size;
        copy.bytes = pages_map(copy.size);
        if (copy.bytes) {
            made = table_from_copy(&copy, table);
            pages_unmap(copy.bytes, copy.size);
        }
    }
    syscall(SYS_close, copy.fd);
    return made;
}

/* --- From memory -------------------------------------------------------------------------------------------------- */

/* Under the dynamic linker's lock: the module can't go away while it is read. */
static int visit(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    struct table *table = context;
    struct elf_image image;
    struct elf_symbols symbols;
    if (info->dlpi_addr != table->module->bias ||
        !elf_image_of_loaded(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum, &image) ||
        !is_same(&image, table->module))
        return 0;
    if (!elf_symbols_dynamic(&image, &symbols) || symbols.names.n == 0)
        return 1;
    char *names = mem_get(pages_mem(), symbols.names.n);
    if (!names)
        return 1;
    memcpy(names, symbols.names.p, symbols.names.n);
    table->names = (struct str){names, symbols.names.n};
    symbols.names = table->names;
    fill(table, &symbols);
    return 1;
}

/* --- The tables --------------------------------------------------------------------------------------------------- */

static struct table *find_table(const struct module *module)
{
    struct table *table = tables;
    while (table && table->module != module)
        table = table->next;
    return table;
}

/* Reads a module's table without a lock (files are slow, and the dynamic linker has its own), and keeps it unless
 * another thread was faster. A module without symbols has an empty one, so that it isn't read again. */
static struct table *make_table(const struct module *module, bool is_program)
{
    struct table *table = mem_get(pages_mem(), sizeof *table);
    if (!table)
        return NULL;
    *table = (struct table){.module = module};
    if (!table_from_file(table, is_program)) {
        empty(table);
        dl_iterate_phdr(visit, table);
    }
    lock_take(&lock, lock_rank_symbols);
    struct table *other = find_table(module);
    if (!other) {
        table->next = tables;
        tables = table;
    }
    lock_give(&lock, lock_rank_symbols);
    if (other) {
        empty(table);
        mem_put(pages_mem(), table, sizeof *table);
        return other;
    }
    return table;
}

static const struct entry *find_entry(const struct table *table, uint64_t address)
{
    uint32_t low = 0, high = table->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (table->entries[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    const struct entry *entry = &table->entries[low - 1];
    return entry->size > 0 && address - entry->address >= entry->size ? NULL : entry;
}

bool symbols_find(uint64_t pc, struct symbol *symbol)
{
    int saved = errno;
    const struct module_list *list = modules_current();
    const struct module *module = modules_find(list, pc);
    if (!module)
        return false;
    lock_take(&lock, lock_rank_symbols);
    struct table *table = find_table(module);
    lock_give(&lock, lock_rank_symbols);
    if (!table)
        table = make_table(module, module == list->program);
    errno = saved;
    const struct entry *entry = table ? find_entry(table, pc - module->bias) : NULL;
    if (!entry)
        return false;
    *symbol = (struct symbol){str_of(table->names.p + entry->name), entry->address + module->bias, entry->size};
    return true;
}

void symbols_fork_child(void)
{
    lock = (struct lock){0};
}
