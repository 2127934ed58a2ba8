#include "symbol/go_table.h"

#include "elf/symbols.h"

/* Words of moduledata. */
enum { word_text = 22, word_gofunc_118 = 38, word_gofunc_120 = 40, moduledata_words = 41 };

enum { pcdata_inline_tree = 2, funcdata_inline_tree = 3 };

/* --- Finding it --- */

/* The first value of a symbol of that name; false where there is none. */
static bool find_symbol(const struct elf_image *image, struct str name, uint64_t *address)
{
    struct elf_symbols symbols;
    struct elf_symbol symbol;
    if (!elf_symbols_full(image, &symbols))
        return false;
    for (uint32_t i = 0; elf_symbol_at(&symbols, i, &symbol); i++) {
        if (str_equal(symbol.name, name)) {
            *address = symbol.address;
            return true;
        }
    }
    return false;
}

/* The bytes of the table and their address: in a section of its own, or between two symbols (of programs that a C
 * linker put together). Empty where there is none. */
static struct str table_bytes(const struct elf_image *image, uint64_t *address)
{
    struct elf_section section;
    uint64_t end;
    if (elf_image_find_section(image, STR(".gopclntab"), &section) ||
        elf_image_find_section(image, STR(".data.rel.ro.gopclntab"), &section)) {
        *address = section.address;
        return elf_section_bytes(image, &section);
    }
    if (find_symbol(image, STR("runtime.pclntab"), address) && find_symbol(image, STR("runtime.epclntab"), &end) &&
        *address != 0 && *address < end)
        return str_first(elf_image_at(image, *address), end - *address);
    return (struct str){0};
}

static uint64_t word_at(struct str bytes, size_t word)
{
    struct cursor c = cursor_over(str_skip(bytes, word * 8).p, bytes.n > word * 8 ? bytes.n - word * 8 : 0, 0);
    return cursor_u64le(&c);
}

/* The moduledata in a section: its words from the table's address on; empty where it is not there. */
static struct str module_in(struct str bytes, uint64_t table)
{
    for (size_t at = 0; bytes.n >= moduledata_words * 8 && at <= bytes.n - moduledata_words * 8; at += 8) {
        struct str words = str_skip(bytes, at);
        if (word_at(words, 0) == table)
            return words;
    }
    return (struct str){0};
}

static struct str find_module(const struct elf_image *image, uint64_t table)
{
    static const struct str names[] = {{".go.module", 10}, {".noptrdata", 10}, {".data", 5}, {".data.rel.ro", 12}};
    struct elf_section section;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!elf_image_find_section(image, names[i], &section))
            continue;
        struct str module = module_in(elf_section_bytes(image, &section), table);
        if (module.n > 0)
            return module;
    }
    return (struct str){0};
}

/* Takes the text's start from where it is known best: C code stands in front of it where a C linker had a part in the
 * program. */
static void place_text(struct go_table *table, struct str module, uint64_t section)
{
    uint64_t text = 0;
    if (find_symbol(table->image, STR("runtime.text"), &text))
        table->lines.text_start = text;
    else if (module.n > 0 && word_at(module, word_text) > section)
        table->lines.text_start = word_at(module, word_text);
    else if (table->lines.header_text_start > section)
        table->lines.text_start = table->lines.header_text_start;
}

bool go_table_find(const struct elf_image *image, struct go_table *table)
{
    struct fault fault;
    struct elf_section text = {.size = 0};
    struct go_table found = {.image = image};
    uint64_t address = 0;
    struct str bytes = table_bytes(image, &address);
    elf_image_find_section(image, STR(".text"), &text);
    if (bytes.n == 0 || !pclntab_init(&found.lines, bytes, text.address, &fault))
        return false;
    struct str module = found.lines.version >= pclntab_go118 && found.lines.pointer_size == 8
                            ? find_module(image, address)
                            : (struct str){0};
    if (found.lines.version >= pclntab_go118)
        place_text(&found, module, text.address);
    if (module.n > 0)
        found.funcdata = word_at(module, found.lines.version == pclntab_go118 ? word_gofunc_118 : word_gofunc_120);
    *table = found;
    return true;
}

/* --- Inlined calls --- */

/* A call that was inlined. */
struct inlined {
    struct str name;
    int64_t start_line;
    uint64_t called_at; /* an address whose file and line are those of the call */
    int32_t parent;     /* the call that this is in; -1 for the function itself */
};

/* The bytes of the inline tree of a function; empty where it has none, or it can't be found. */
static struct str inline_tree(const struct go_table *table, const struct pclntab_function *function)
{
    uint64_t place;
    if (table->lines.version == pclntab_go12 || /* other numbers, up to Go 1.15 */
        !pclntab_funcdata(&table->lines, function, funcdata_inline_tree, &place))
        return (struct str){0};
    if (table->lines.version >= pclntab_go118)
        place = table->funcdata == 0 ? 0 : table->funcdata + place;
    return place == 0 ? (struct str){0} : elf_image_at(table->image, place);
}

/* Reads call `number` of a tree:
 *
 *     Go 1.20 on   funcID (4 bytes), name, parent's pc, first line
 *     before       parent (2), funcID (2), file, line, name, parent's pc */
static bool read_inlined(const struct go_table *table, const struct pclntab_function *function, struct str tree,
                         int32_t number, struct inlined *inlined)
{
    bool newer = table->lines.version == pclntab_go120;
    uint64_t at = (uint64_t)number * (newer ? 16 : 20);
    if (number < 0 || at > tree.n)
        return false;
    struct cursor c = cursor_over(tree.p + at, tree.n - at, at);
    inlined->parent = (int16_t)cursor_u16le(&c);
    cursor_u16le(&c);
    if (!newer)
        cursor_bytes(&c, 8);
    inlined->name = pclntab_name(&table->lines, cursor_u32le(&c));
    inlined->called_at = function->entry + cursor_u32le(&c);
    inlined->start_line = newer ? (int32_t)cursor_u32le(&c) : 0;
    if (newer)
        inlined->parent = pclntab_pcdata(&table->lines, function, pcdata_inline_tree, inlined->called_at);
    return cursor_ok(&c) && inlined->name.n > 0;
}

static void place_frame(const struct go_table *table, uint64_t address, struct binary_frame *frame)
{
    struct pclntab_place place = {.file = STR("")};
    pclntab_place(&table->lines, address, &place);
    frame->file = place.file;
    frame->line = place.line > 0 ? place.line : 0;
}

size_t go_table_frames(const struct go_table *table, uint64_t address, struct binary_frame *frames, size_t most)
{
    struct pclntab_function function;
    struct inlined inlined;
    size_t n = 0;
    if (!pclntab_find(&table->lines, address, &function))
        return 0;
    struct str tree = inline_tree(table, &function);
    int32_t call = tree.n > 0 ? pclntab_pcdata(&table->lines, &function, pcdata_inline_tree, address) : -1;
    while (n + 1 < most && read_inlined(table, &function, tree, call, &inlined)) {
        frames[n] = (struct binary_frame){.name = inlined.name, .start_line = inlined.start_line};
        place_frame(table, address, &frames[n++]);
        address = inlined.called_at;
        call = inlined.parent;
    }
    frames[n] = (struct binary_frame){.name = function.name, .start_line = function.start_line};
    place_frame(table, address, &frames[n]);
    return n + 1;
}
