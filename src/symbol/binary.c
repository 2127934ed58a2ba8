#include "symbol/binary.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdwfl.h>

#include "base/vec.h"
#include "symbol/debug.h"

enum { most_frames = 256 };

/* A function of a symbol table, [start, end) in the file's addresses. */
struct symbol {
    uint64_t start, end;
    struct str name;
    uint8_t rank; /* of equals the higher is shown */
};

struct binary {
    struct mem *mem;
    Dwfl *dwfl;
    Dwfl_Module *module;
    Elf *elf;
    uint64_t bias; /* the module's addresses in libdwfl less the file's */
    char build_id[129];
    bool symbols_read;
    VEC(struct symbol) symbols; /* by start, and of equal starts the one to show last */
};

bool binary_is_elf(const char *path)
{
    char magic[4];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool is = read(fd, magic, 4) == 4 && memcmp(magic, "\177ELF", 4) == 0;
    close(fd);
    return is;
}

static void read_build_id(struct binary *binary)
{
    const unsigned char *bits;
    GElf_Addr at;
    int n = dwfl_module_build_id(binary->module, &bits, &at);
    for (int i = 0; i < n && (size_t)i < sizeof binary->build_id / 2; i++) {
        binary->build_id[2 * i] = "0123456789abcdef"[bits[i] >> 4];
        binary->build_id[2 * i + 1] = "0123456789abcdef"[bits[i] & 15];
    }
}

static bool load(struct binary *binary, const char *path)
{
    static char *no_path;
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
                                             .find_debuginfo = dwfl_standard_find_debuginfo,
                                             .section_address = dwfl_offline_section_address,
                                             .debuginfo_path = &no_path};
    GElf_Addr bias;
    if (!(binary->dwfl = dwfl_begin(&callbacks)) ||
        !(binary->module = dwfl_report_offline(binary->dwfl, "", path, -1)) ||
        dwfl_report_end(binary->dwfl, NULL, NULL) != 0 || !(binary->elf = dwfl_module_getelf(binary->module, &bias)))
        return false;
    binary->bias = bias;
    return true;
}

struct binary *binary_create(const char *path, struct mem *mem, struct buf *error)
{
    struct binary *binary = mem_get(mem, sizeof *binary);
    if (!binary)
        return NULL;
    *binary = (struct binary){.mem = mem};
    if (!binary_is_elf(path)) {
        buf_str(error, access(path, R_OK) == 0 ? STR("expected an ELF file") : STR("the file cannot be read"));
    } else if (!load(binary, path)) {
        buf_str(error, str_of(dwfl_errmsg(-1)));
    } else {
        read_build_id(binary);
        return binary;
    }
    binary_destroy(binary);
    return NULL;
}

void binary_destroy(struct binary *binary)
{
    if (!binary)
        return;
    if (binary->dwfl)
        dwfl_end(binary->dwfl);
    vec_finish(&binary->symbols, binary->mem);
    mem_put(binary->mem, binary, sizeof *binary);
}

struct str binary_build_id(const struct binary *binary)
{
    return str_of(binary->build_id);
}

/* The loadable segment that holds a byte of the file; the executable one where two share a page. */
static bool find_segment(const struct binary *binary, uint64_t offset, GElf_Phdr *found)
{
    size_t n;
    bool any = false;
    if (elf_getphdrnum(binary->elf, &n) != 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr header;
        if (!gelf_getphdr(binary->elf, (int)i, &header) || header.p_type != PT_LOAD)
            continue;
        /* A file of debug information alone has sizes of 0 in the file. */
        uint64_t size = header.p_filesz ? header.p_filesz : header.p_memsz;
        if (offset < header.p_offset || offset - header.p_offset >= size)
            continue;
        if (!any || (header.p_flags & PF_X))
            *found = header;
        any = true;
    }
    return any;
}

uint64_t binary_address(const struct binary *binary, uint64_t start, uint64_t offset, uint64_t address)
{
    GElf_Phdr segment;
    if (start == 0)
        return address;
    uint64_t in_file = address - start + offset;
    return find_segment(binary, in_file, &segment) ? in_file - segment.p_offset + segment.p_vaddr : in_file;
}

/* --- Symbol tables --- */

enum { rank_sized = 4 };

static uint8_t rank_of(const GElf_Sym *symbol)
{
    unsigned binding = GELF_ST_BIND(symbol->st_info);
    return (uint8_t)((symbol->st_size > 0 ? rank_sized : 0) + (binding == STB_GLOBAL ? 2
                                                               : binding == STB_WEAK ? 1
                                                                                     : 0));
}

static int by_start(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return -str_compare(x->name, y->name);
}

/* Where the section that a symbol is in ends. */
static uint64_t section_end(const struct binary *binary, GElf_Word section)
{
    GElf_Shdr header;
    Elf_Scn *at = elf_getscn(binary->elf, section);
    return at && gelf_getshdr(at, &header) ? header.sh_addr + header.sh_size : 0;
}

/* Functions of unknown size, which assemblers leave, reach up to the next, or to the end of their section (which stands
 * in their `end` until here). */
static void close_gaps(struct binary *binary)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = binary->symbols.n; i > 0; i--) {
        struct symbol *symbol = &binary->symbols.at[i - 1];
        if (!(symbol->rank & rank_sized) && next < symbol->end)
            symbol->end = next;
        if (i > 1 && binary->symbols.at[i - 2].start != symbol->start)
            next = symbol->start;
    }
}

static bool read_symbols(struct binary *binary)
{
    int n = dwfl_module_getsymtab(binary->module);
    binary->symbols_read = true;
    for (int i = 1; i < n; i++) {
        GElf_Sym symbol;
        GElf_Addr address;
        GElf_Word section;
        const char *name = dwfl_module_getsym_info(binary->module, i, &symbol, &address, &section, NULL, NULL);
        unsigned type = GELF_ST_TYPE(symbol.st_info);
        if (!name || name[0] == '\0' || section == SHN_UNDEF ||
            (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE))
            continue;
        uint64_t start = address - binary->bias;
        uint64_t end = symbol.st_size > 0 ? start + symbol.st_size : section_end(binary, section);
        if (!vec_push(&binary->symbols, binary->mem, (struct symbol){start, end, str_of(name), rank_of(&symbol)}))
            return false;
    }
    if (binary->symbols.n > 0)
        qsort(binary->symbols.at, binary->symbols.n, sizeof *binary->symbols.at, by_start);
    close_gaps(binary);
    return true;
}

/* How many symbols begin at or before an address. */
static size_t symbols_up_to(const struct binary *binary, uint64_t address)
{
    size_t low = 0, high = binary->symbols.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (binary->symbols.at[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The symbol that holds an address; NULL for none. */
static const struct symbol *find_symbol(const struct binary *binary, uint64_t address)
{
    enum { farthest = 64 }; /* symbols within symbols: how many to look back over */
    size_t before = symbols_up_to(binary, address);
    for (size_t i = before; i > 0 && before - i < farthest; i--) {
        if (address < binary->symbols.at[i - 1].end)
            return &binary->symbols.at[i - 1];
    }
    return NULL;
}

/* The symbol before an address of which a line is known but no function: padding belongs to what it follows. */
static const struct symbol *find_symbol_before(const struct binary *binary, uint64_t address)
{
    size_t before = symbols_up_to(binary, address);
    return before > 0 ? &binary->symbols.at[before - 1] : NULL;
}

static bool resolve_by_symbols(struct binary *binary, const uint64_t *addresses, size_t n, const bool *known,
                               binary_sink *sink, void *to)
{
    if (!binary->symbols_read && !read_symbols(binary))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct symbol *symbol = known && known[i] ? NULL : find_symbol(binary, addresses[i]);
        struct binary_frame frame = {.name = symbol ? symbol->name : STR(""), .file = STR("")};
        if (symbol && !sink(to, i, &frame, 1, false))
            return false;
    }
    return true;
}

/* --- Both together --- */

/* Passes frames of debug information on, with the linker's name for the function where only that is whole: compilers
 * leave it out for functions that are local to a file, and what they say then is the bare last part of a C++ name; for
 * code of an assembler they say nothing. */
struct naming {
    struct binary *binary;
    const uint64_t *addresses; /* in the file's terms */
    binary_sink *sink;
    void *to;
};

static bool is_mangled(struct str name)
{
    return str_starts_with(name, STR("_Z")) || str_starts_with(name, STR("_R"));
}

static bool pass_named(void *to, size_t index, const struct binary_frame *frames, size_t n, bool from_debug)
{
    struct naming *naming = to;
    struct binary_frame named[most_frames];
    struct binary *binary = naming->binary;
    if (is_mangled(frames[n - 1].name) || n > most_frames)
        return naming->sink(naming->to, index, frames, n, from_debug);
    if (!binary->symbols_read && !read_symbols(binary))
        return false;
    const struct symbol *symbol = find_symbol(binary, naming->addresses[index]);
    if (!symbol && frames[n - 1].name.n == 0)
        symbol = find_symbol_before(binary, naming->addresses[index]);
    memcpy(named, frames, n * sizeof *frames);
    if (symbol && (frames[n - 1].name.n == 0 || is_mangled(symbol->name)))
        named[n - 1].name = symbol->name;
    return naming->sink(naming->to, index, named, n, from_debug);
}

static bool resolve_by_debug(struct binary *binary, Dwarf *dwarf, uint64_t shift, const uint64_t *addresses, size_t n,
                             bool *known, binary_sink *sink, void *to)
{
    struct naming naming = {binary, addresses, sink, to};
    uint64_t *shifted = mem_get_array(binary->mem, n, sizeof *shifted);
    if (!shifted)
        return false;
    for (size_t i = 0; i < n; i++)
        shifted[i] = addresses[i] + shift;
    bool fine = debug_resolve(dwarf, binary->mem, shifted, n, known, pass_named, &naming);
    mem_put(binary->mem, shifted, n * sizeof *shifted);
    return fine;
}

bool binary_resolve(struct binary *binary, const uint64_t *addresses, size_t n, bool names_only, binary_sink *sink,
                    void *to)
{
    Dwarf_Addr bias;
    Dwarf *dwarf = names_only ? NULL : dwfl_module_getdwarf(binary->module, &bias);
    if (n == 0)
        return true;
    if (!dwarf)
        return resolve_by_symbols(binary, addresses, n, NULL, sink, to);
    bool *known = mem_get(binary->mem, n);
    if (!known)
        return false;
    memset(known, 0, n);
    bool fine = resolve_by_debug(binary, dwarf, binary->bias - bias, addresses, n, known, sink, to) &&
                resolve_by_symbols(binary, addresses, n, known, sink, to);
    mem_put(binary->mem, known, n);
    return fine;
}
