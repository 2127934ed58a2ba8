#include "symbol/binary.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/vec.h"
#include "elf/symbols.h"
#include "symbol/debug.h"
#include "symbol/debug_file.h"
#include "symbol/demangle_d.h"
#include "symbol/dwarf_file.h"
#include "symbol/elf_file.h"
#include "symbol/go_table.h"
#include "symbol/packed.h"

enum { most_frames = 256, largest_hidden_table = 64 << 20 };

/* A function of a symbol table, [start, end) in the file's addresses. */
struct symbol {
    uint64_t start, end;
    struct str name;
    uint8_t rank; /* of equals the higher is shown */
};

struct binary {
    struct mem *mem;
    struct elf_file *object, *debug; /* debug: the separate file with debug information; NULL for none */
    struct elf_file *hidden;         /* the symbol table in .gnu_debugdata; NULL for none */
    struct debug_server *server;     /* not owned; NULL for none */
    bool debug_sought, lacks_parts;
    bool go_sought, has_go;
    struct go_table go; /* where has_go */
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

struct binary *binary_create(const char *path, struct mem *mem, struct buf *error)
{
    struct elf_file *object = elf_file_create(path, mem, error);
    struct binary *binary = object ? mem_get(mem, sizeof *binary) : NULL;
    if (binary)
        *binary = (struct binary){.mem = mem, .object = object};
    else
        elf_file_destroy(object);
    return binary;
}

void binary_destroy(struct binary *binary)
{
    if (!binary)
        return;
    vec_finish(&binary->symbols, binary->mem);
    elf_file_destroy(binary->hidden);
    elf_file_destroy(binary->debug);
    elf_file_destroy(binary->object);
    mem_put(binary->mem, binary, sizeof *binary);
}

void binary_set_server(struct binary *binary, struct debug_server *server)
{
    binary->server = server;
}

struct str binary_build_id(const struct binary *binary)
{
    return str_of(binary->object->build_id);
}

/* The loadable segment that holds a byte of the file; the executable one where two share a page. */
static bool find_segment(const struct binary *binary, uint64_t offset, struct elf_segment *found)
{
    struct elf_segment segment;
    bool any = false;
    for (uint32_t i = 0; elf_image_segment(&binary->object->image, i, &segment); i++) {
        /* A file of debug information alone has sizes of 0 in the file. */
        uint64_t size = segment.file_size ? segment.file_size : segment.memory_size;
        if (segment.type != elf_load || offset < segment.offset || offset - segment.offset >= size)
            continue;
        if (!any || (segment.flags & elf_executable))
            *found = segment;
        any = true;
    }
    return any;
}

uint64_t binary_address(const struct binary *binary, uint64_t start, uint64_t offset, uint64_t address)
{
    struct elf_segment segment;
    if (start == 0)
        return address;
    uint64_t in_file = address - start + offset;
    return find_segment(binary, in_file, &segment) ? in_file - segment.offset + segment.address : in_file;
}

/* The object with the debug information, looked for when it is first asked for; NULL where there is none. */
static struct elf_file *find_debug(struct binary *binary)
{
    if (dwarf_file_is_there(binary->object))
        return binary->object;
    if (!binary->debug_sought)
        binary->debug = debug_file_find(binary->object, binary->server);
    binary->debug_sought = true;
    return binary->debug;
}

uint64_t binary_debug_key(struct binary *binary, uint64_t *size)
{
    struct elf_file *debug = find_debug(binary);
    struct elf_section section;
    *size = 0;
    if (!debug)
        return 0;
    uint64_t key = hash_u64(debug->image.file.n);
    for (uint32_t i = 0; elf_image_section(&debug->image, i, &section); i++) {
        key = hash_fold(key, section.offset);
        key = hash_fold(key, section.size);
        if (str_starts_with(section.name, STR(".debug_")) || str_starts_with(section.name, STR(".zdebug_")))
            *size += section.size;
    }
    return key;
}

bool binary_is_whole(const struct binary *binary)
{
    return !binary->lacks_parts;
}

/* --- Symbol tables --- */

enum { rank_public = 3, rank_sized = 4 };

static uint8_t rank_of(const struct elf_symbol *symbol)
{
    enum { local, global, weak };
    return (uint8_t)((symbol->size > 0 ? rank_sized : 0) + (symbol->binding == global ? 2
                                                            : symbol->binding == weak ? 1
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
static uint64_t section_end(const struct elf_file *object, uint32_t number)
{
    struct elf_section section;
    return elf_image_section(&object->image, number, &section) ? section.address + section.size : 0;
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

static bool add_symbols(struct binary *binary, const struct elf_file *object, const struct elf_symbols *table)
{
    enum { first_reserved = 0xff00 };
    struct elf_symbol symbol;
    for (uint32_t i = 1; elf_symbol_at(table, i, &symbol); i++) {
        if (symbol.name.n == 0 || symbol.section == 0 || symbol.section >= first_reserved ||
            (symbol.type != elf_symbol_function && symbol.type != elf_symbol_ifunc && symbol.type != elf_symbol_none))
            continue;
        uint64_t end = symbol.size > 0 ? symbol.address + symbol.size : section_end(object, symbol.section);
        struct symbol made = {symbol.address, end, symbol.name, rank_of(&symbol)};
        if (!vec_push(&binary->symbols, binary->mem, made))
            return false;
    }
    return true;
}

/* Distributions leave a small symbol table, compressed, in programs that were stripped. */
static struct elf_file *find_hidden(struct binary *binary)
{
    struct str packed = elf_file_section(binary->object, STR(".gnu_debugdata"));
    struct buf bytes;
    if (packed.n == 0)
        return NULL;
    buf_init(&bytes, binary->mem);
    if (packed_unpack_xz(packed, largest_hidden_table, &bytes))
        return elf_file_of_bytes(&bytes, binary->mem);
    buf_finish(&bytes);
    return NULL;
}

/* Takes the full table, of the file or of that with its debug information, or else what is left in a stripped one. */
static bool take_tables(struct binary *binary)
{
    struct elf_symbols table;
    struct elf_file *debug = NULL;
    if (elf_symbols_full(&binary->object->image, &table))
        return add_symbols(binary, binary->object, &table);
    if ((debug = find_debug(binary)) && elf_symbols_full(&debug->image, &table))
        return add_symbols(binary, debug, &table);
    if (elf_symbols_dynamic(&binary->object->image, &table) && !add_symbols(binary, binary->object, &table))
        return false;
    if (!(binary->hidden = find_hidden(binary)) || !elf_symbols_full(&binary->hidden->image, &table))
        return true;
    return add_symbols(binary, binary->hidden, &table);
}

static bool read_symbols(struct binary *binary)
{
    binary->symbols_read = true;
    if (!take_tables(binary))
        return false;
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

/* A name without the version that debug files have behind it: malloc@@GLIBC_2.2.5. */
static struct str unversioned(struct str name)
{
    return str_first(name, str_find(name, STR("@"), 1));
}

static bool is_mangled(struct str name)
{
    return str_starts_with(name, STR("_Z")) || str_starts_with(name, STR("_R")) || demangle_d_is(name);
}

/* The name that people know a function by: where it has an underscore in front, as libraries call their own
 * (__GI___libc_read), the shortest of the names without one that others may call the same code by (read). The symbol is
 * the last of those that begin at its address; another name than theirs is of something else. */
static struct str public_name(const struct binary *binary, const struct symbol *symbol, struct str name)
{
    struct str best = name;
    bool among = false;
    if (!str_starts_with(name, STR("_")) || is_mangled(name))
        return name;
    for (size_t i = (size_t)(symbol - binary->symbols.at) + 1; i > 0; i--) {
        const struct symbol *other = &binary->symbols.at[i - 1];
        struct str plain = unversioned(other->name);
        if (other->start != symbol->start)
            break;
        among = among || str_equal(plain, unversioned(name));
        if ((other->rank & rank_public) == 0 || plain.n == 0 || str_starts_with(plain, STR("_")))
            continue;
        if (best.p == name.p || plain.n < best.n || (plain.n == best.n && str_compare(plain, best) < 0))
            best = plain;
    }
    return among ? best : name;
}

/* Go's own table of lines; NULL where there is none. */
static const struct go_table *find_go(struct binary *binary)
{
    if (!binary->go_sought)
        binary->has_go = go_table_find(&binary->object->image, &binary->go);
    binary->go_sought = true;
    return binary->has_go ? &binary->go : NULL;
}

/* Resolves what Go's own table tells of the addresses that are not known yet, and sets which it did. */
static bool resolve_by_go(const struct go_table *go, const uint64_t *addresses, size_t n, bool names_only, bool *known,
                          binary_sink *sink, void *to)
{
    struct binary_frame frames[most_frames];
    for (size_t i = 0; i < n; i++) {
        size_t count = known[i] ? 0 : go_table_frames(go, addresses[i], frames, most_frames);
        if (count == 0)
            continue;
        known[i] = true;
        struct binary_frame name = {.name = frames[count - 1].name, .file = STR("")};
        if (names_only ? !sink(to, i, &name, 1, false) : !sink(to, i, frames, count, true))
            return false;
    }
    return true;
}

static bool resolve_by_symbols(struct binary *binary, const uint64_t *addresses, size_t n, const bool *known,
                               binary_sink *sink, void *to)
{
    if (!binary->symbols_read && !read_symbols(binary))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct symbol *symbol = known && known[i] ? NULL : find_symbol(binary, addresses[i]);
        struct str name = symbol ? public_name(binary, symbol, symbol->name) : STR("");
        struct binary_frame frame = {.name = name, .file = STR("")};
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

/* Takes from Go's own table the places that debug information leaves out: those of wrappers that the compiler makes,
 * <autogenerated>. */
static void fill_places(struct naming *naming, size_t index, struct binary_frame *frames, size_t n)
{
    struct binary_frame known[most_frames];
    const struct go_table *go = frames[n - 1].file.n == 0 ? find_go(naming->binary) : NULL;
    if (!go || go_table_frames(go, naming->addresses[index], known, most_frames) != n)
        return;
    for (size_t i = 0; i < n; i++) {
        if (frames[i].file.n > 0)
            continue;
        frames[i].file = known[i].file;
        frames[i].line = known[i].line;
    }
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
    if (symbol)
        named[n - 1].name = public_name(binary, symbol, named[n - 1].name);
    fill_places(naming, index, named, n);
    return naming->sink(naming->to, index, named, n, from_debug);
}

/* Resolves what debug information tells of the addresses, and sets which it did. */
static bool resolve_by_debug(struct binary *binary, struct elf_file *debug, const uint64_t *addresses, size_t n,
                             bool *known, binary_sink *sink, void *to)
{
    struct naming naming = {binary, addresses, sink, to};
    struct dwarf_file file;
    if (!dwarf_file_init(&file, debug, elf_file_lowest_code(binary->object), binary->server))
        return false;
    bool fine =
        debug_resolve(&file.dwarf, dwarf_file_find_split, &file, true, addresses, n, known, pass_named, &naming);
    binary->lacks_parts = binary->lacks_parts || file.lacks_parts;
    dwarf_file_finish(&file);
    return fine;
}

bool binary_resolve(struct binary *binary, const uint64_t *addresses, size_t n, bool names_only, binary_sink *sink,
                    void *to)
{
    struct elf_file *debug = names_only || n == 0 ? NULL : find_debug(binary);
    const struct go_table *go = n == 0 ? NULL : find_go(binary);
    if (n == 0)
        return true;
    if (!debug && !go)
        return resolve_by_symbols(binary, addresses, n, NULL, sink, to);
    bool *known = mem_get(binary->mem, n);
    if (!known)
        return false;
    memset(known, 0, n);
    bool fine = (!debug || resolve_by_debug(binary, debug, addresses, n, known, sink, to)) &&
                (!go || resolve_by_go(go, addresses, n, names_only, known, sink, to)) &&
                resolve_by_symbols(binary, addresses, n, known, sink, to);
    mem_put(binary->mem, known, n);
    return fine;
}
