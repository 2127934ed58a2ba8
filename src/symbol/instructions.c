#include "symbol/instructions.h"

#include <capstone/capstone.h>
#include <dlfcn.h>
#include <string.h>

#include "elf/image.h"
#include "symbol/demangle.h"
#include "symbol/imports.h"

#define CAPSTONE_FUNCTIONS(X)                                                                                          \
    X(cs_open)                                                                                                         \
    X(cs_close)                                                                                                        \
    X(cs_option)                                                                                                       \
    X(cs_malloc)                                                                                                       \
    X(cs_free)                                                                                                         \
    X(cs_disasm_iter)

struct capstone_library {
#define MEMBER(name) __typeof__ (&(name))(name);
    CAPSTONE_FUNCTIONS(MEMBER)
#undef MEMBER
};

enum { longest_instruction = 15 };

struct disassembler {
    struct mem *mem;
    const struct object *object;
    struct capstone_library capstone;
    csh handle;
    bool opened, intel, x86;
    cs_insn *insn;
    struct buf text, name;
    struct imports imports;

    /* What is being shown. */
    uint64_t begin, end;
    struct str code;   /* what is left of it */
    struct str beyond; /* the same, and what follows behind the end */
    uint64_t address;  /* of both */
    uint64_t inside;   /* up to here an instruction was shown already, that reaches beyond the end */
};

static bool load_library(struct capstone_library *capstone, struct buf *error)
{
    void *library = dlopen("libcapstone.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        library = dlopen("libcapstone.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        buf_printf(error, "showing instructions needs the Debian package libcapstone4: %s", dlerror());
        return false;
    }
#define RESOLVE(name)                                                                                                  \
    {                                                                                                                  \
        void *found = dlsym(library, #name);                                                                           \
        if (!found) {                                                                                                  \
            buf_printf(error, "showing instructions needs a newer libcapstone: %s", dlerror());                        \
            return false;                                                                                              \
        }                                                                                                              \
        memcpy(&capstone->name, &found, sizeof found);                                                                 \
    }
    CAPSTONE_FUNCTIONS(RESOLVE)
#undef RESOLVE
    return true;
}

static bool open_handle(struct disassembler *d, struct buf *error)
{
    uint16_t machine = object_machine(d->object);
    d->x86 = machine == elf_x86_64;
    if (!d->x86 && machine != elf_aarch64) {
        buf_printf(error, "instructions of machine %u are not known here: x86-64 and aarch64 are", machine);
        return false;
    }
    d->opened = d->capstone.cs_open(d->x86 ? CS_ARCH_X86 : CS_ARCH_ARM64, d->x86 ? CS_MODE_64 : CS_MODE_LITTLE_ENDIAN,
                                    &d->handle) == CS_ERR_OK;
    if (d->opened)
        d->insn = d->capstone.cs_malloc(d->handle);
    if (!d->insn) {
        buf_str(error, STR("libcapstone could not be started"));
        return false;
    }
    if (d->x86 && !d->intel)
        d->capstone.cs_option(d->handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
    return true;
}

struct disassembler *disassembler_create(const struct object *object, bool intel, struct mem *mem, struct buf *error)
{
    struct disassembler *d = mem_get(mem, sizeof *d);
    if (!d)
        return NULL;
    *d = (struct disassembler){.mem = mem, .object = object, .intel = intel};
    buf_init(&d->text, mem);
    buf_init(&d->name, mem);
    if (imports_init(&d->imports, object_image(object), mem) && load_library(&d->capstone, error) &&
        open_handle(d, error))
        return d;
    disassembler_destroy(d);
    return NULL;
}

void disassembler_destroy(struct disassembler *d)
{
    if (!d)
        return;
    if (d->insn)
        d->capstone.cs_free(d->insn, 1);
    if (d->opened)
        d->capstone.cs_close(&d->handle);
    if (d->imports.mem)
        imports_finish(&d->imports);
    buf_finish(&d->text);
    buf_finish(&d->name);
    mem_put(d->mem, d, sizeof *d);
}

/* --- Where instructions end --- */

/* Encodings that capstone shows and no assembler writes: a REX prefix that another prefix follows, and doubles of
 * instructions that have a proper encoding. What is met as such is data, or the midst of an instruction; Go's tool says
 * so too, and is in step again sooner. */
static bool is_never_written(struct str code)
{
    const uint8_t *p = (const uint8_t *)code.p, *end = p + code.n;
    bool rex = false;
    for (; p < end; p++) {
        bool legacy = *p == 0x66 || *p == 0x67 || *p == 0xf0 || *p == 0xf2 || *p == 0xf3 || (*p & 0xe7) == 0x26 ||
                      *p == 0x64 || *p == 0x65;
        bool is_rex = (*p & 0xf0) == 0x40;
        if (rex && (legacy || is_rex))
            return true;
        if (!legacy && !is_rex)
            break;
        rex = is_rex;
    }
    if (end - p < 2)
        return false;
    unsigned form = p[1] >> 3 & 7;
    bool shift = *p == 0xc0 || *p == 0xc1 || (*p >= 0xd0 && *p <= 0xd3);
    return (shift && form == 6) || ((*p == 0xf6 || *p == 0xf7) && form == 1);
}

/* Decodes the instruction at the front of code into d->insn and returns its size; 0 where there is none. */
static size_t decode(struct disassembler *d, struct str code)
{
    const uint8_t *bytes = (const uint8_t *)code.p;
    size_t left = code.n;
    uint64_t address = d->address;
    if (left == 0 || (d->x86 && is_never_written(code)) ||
        !d->capstone.cs_disasm_iter(d->handle, &bytes, &left, &address, d->insn))
        return 0;
    return d->insn->size;
}

/* --- Their text --- */

static void put_name(struct disassembler *d, struct str symbol)
{
    d->name.n = 0;
    if (demangle(symbol, demangle_default, &d->name))
        buf_str(&d->text, buf_text(&d->name));
    else
        buf_str(&d->text, symbol);
}

/* Appends a place that is another's: a stub or slot of an import; false where it is none. */
static bool put_import(struct disassembler *d, struct str import, const char *kind)
{
    if (!import.p)
        return false;
    put_name(d, import);
    buf_str(&d->text, str_of(kind));
    return true;
}

/* Appends a place by the name of the symbol that holds it; false, with nothing appended, where none does. */
static bool put_symbol(struct disassembler *d, uint64_t address)
{
    const struct object_symbol *symbol = object_symbol_at(d->object, address);
    if (!symbol)
        return put_import(d, imports_slot(&d->imports, address), "@got");
    put_name(d, symbol->name);
    if (address != symbol->start) {
        buf_str(&d->text, STR("+0x"));
        buf_hex(&d->text, address - symbol->start);
    }
    return true;
}

/* Reads "0x1f" or "7" at the front of text; the count of characters, 0 where there is no number. */
static size_t read_number(struct str text, uint64_t *value)
{
    bool hex = str_starts_with(text, STR("0x"));
    size_t i = hex ? 2 : 0, first = i;
    for (*value = 0; i < text.n; i++) {
        char c = text.p[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 16;
        if (digit >= (hex ? 16 : 10))
            break;
        *value = *value * (hex ? 16 : 10) + digit;
    }
    return i > first ? i : 0;
}

/* Appends where a jump or call leads: a function by its name alone, the midst of one with the address, by which its
 * line is found. */
static void put_target(struct disassembler *d, uint64_t target)
{
    if (put_import(d, imports_stub(&d->imports, target), "@plt"))
        return;
    const struct object_symbol *symbol = object_symbol_at(d->object, target);
    if (symbol && symbol->start == target && !(target >= d->begin && target < d->end)) {
        put_symbol(d, target);
        return;
    }
    buf_str(&d->text, STR("0x"));
    buf_hex(&d->text, target);
    size_t before = d->text.n;
    buf_str(&d->text, STR(" <"));
    if (put_symbol(d, target))
        buf_byte(&d->text, '>');
    else
        d->text.n = before;
}

static bool is_branch(const struct disassembler *d)
{
    const char *name = d->insn->mnemonic;
    if (d->x86)
        return name[0] == 'j' || strstr(name, "call") || strstr(name, "bnd j") || strncmp(name, "loop", 4) == 0;
    return name[0] == 'b' || name[0] == 'c' || name[0] == 't'; /* b, bl, b.eq; cbz, cbnz; tbz, tbnz */
}

/* Appends operands that end in the target of a branch ("0x401000"; "w0, #3, #0x401000"); false where they do not. */
static bool put_branch(struct disassembler *d, struct str operands)
{
    uint64_t target;
    size_t from = 0;
    if (!is_branch(d))
        return false;
    if (!d->x86) {
        from = str_find_last_byte(operands, '#');
        if (from == operands.n || !str_starts_with(str_skip(operands, from + 1), STR("0x")))
            return false;
    }
    struct str number = str_skip(operands, from + !d->x86);
    if (!str_starts_with(number, STR("0x")) || read_number(number, &target) != number.n)
        return false;
    buf_str(&d->text, str_first(operands, from));
    put_target(d, target);
    return true;
}

/* Appends data's name for its place relative to the instruction that follows: name(%rip), [rip + name]. */
static bool put_relative(struct disassembler *d, struct str operands, struct str front, size_t at, size_t n,
                         uint64_t offset)
{
    uint64_t target = d->address + d->insn->size + offset;
    buf_str(&d->text, str_first(operands, at));
    buf_str(&d->text, front);
    if (!put_symbol(d, target)) {
        buf_str(&d->text, str_first(str_skip(operands, at + front.n), n - front.n));
        buf_str(&d->text, str_skip(operands, at + n));
        buf_str(&d->text, STR(" # 0x"));
        buf_hex(&d->text, target);
        return true;
    }
    buf_str(&d->text, str_skip(operands, at + n));
    return true;
}

/* "-0x10(%rip)": the number in front, if any. */
static bool put_relative_att(struct disassembler *d, struct str operands)
{
    uint64_t offset = 0;
    size_t end = str_find(operands, STR("(%rip)"), 0), at = end;
    if (end == operands.n)
        return false;
    while (at > 0 && operands.p[at - 1] != ' ' && operands.p[at - 1] != '*' && operands.p[at - 1] != '-' &&
           operands.p[at - 1] != ':')
        at--;
    read_number(str_first(str_skip(operands, at), end - at), &offset);
    if (at > 0 && operands.p[at - 1] == '-') {
        at--;
        offset = -offset;
    }
    return put_relative(d, operands, STR(""), at, end - at, offset);
}

/* "[rip - 0x10]" */
static bool put_relative_intel(struct disassembler *d, struct str operands)
{
    uint64_t offset = 0;
    size_t at = str_find(operands, STR("[rip"), 0), end = str_find(operands, STR("]"), at);
    if (at == operands.n || end == operands.n)
        return false;
    struct str inside = str_first(str_skip(operands, at + 4), end - at - 4);
    if (inside.n > 3)
        read_number(str_skip(inside, 3), &offset);
    if (str_starts_with(inside, STR(" - ")))
        offset = -offset;
    uint64_t target = d->address + d->insn->size + offset;
    if (!object_symbol_at(d->object, target) && !imports_slot(&d->imports, target).p)
        return put_relative(d, operands, STR(""), at, end - at, offset);
    return put_relative(d, operands, STR("[rip + "), at, end - at, offset);
}

static void put_instruction(struct disassembler *d)
{
    struct str operands = str_of(d->insn->op_str);
    buf_str(&d->text, str_of(d->insn->mnemonic));
    if (operands.n == 0)
        return;
    buf_byte(&d->text, ' ');
    if (!put_branch(d, operands) &&
        !(d->x86 && (d->intel ? put_relative_intel(d, operands) : put_relative_att(d, operands))))
        buf_str(&d->text, operands);
}

static void put_bytes(struct disassembler *d, size_t n)
{
    buf_str(&d->text, STR(".byte "));
    for (size_t i = 0; i < n; i++)
        buf_printf(&d->text, "%s0x%02x", i > 0 ? ", " : "", (unsigned char)d->code.p[i]);
}

/* --- One after the other --- */

/* A lock prefix in front of what can't be locked: no more of it than the prefix is wrong. */
static size_t decode_locked(struct disassembler *d)
{
    d->address++;
    size_t size = decode(d, str_skip(d->code, 1));
    if (size > 0) {
        buf_str(&d->text, STR("lock "));
        put_instruction(d);
    }
    d->address--;
    return size > 0 ? size + 1 : 0;
}

/* What is no instruction, or one that is cut off by the end. Its size as Go's tool takes it. */
static size_t put_unknown(struct disassembler *d)
{
    size_t size = d->x86 ? 1 : d->code.n < 4 ? d->code.n : 4;
    if (d->x86 && d->code.p[0] == (char)0xf0) {
        size_t locked = decode_locked(d);
        if (locked > 0)
            return locked;
    }
    size_t whole = decode(d, d->beyond);
    if (whole > d->code.n) {
        put_instruction(d);
        d->inside = d->address + whole;
    } else {
        put_bytes(d, size);
    }
    return size;
}

/* Writes the text of what is at the front and returns its size. */
static size_t put_next(struct disassembler *d)
{
    size_t size = decode(d, d->code);
    d->text.n = 0;
    if (d->address < d->inside) { /* shown already; Go's tool goes on in its midst */
        size = size > 0 ? size : d->x86 ? 1 : d->code.n < 4 ? d->code.n : 4;
        put_bytes(d, size);
    } else if (size > 0) {
        put_instruction(d);
    } else {
        size = put_unknown(d);
    }
    return size;
}

bool disassemble(struct disassembler *d, uint64_t start, uint64_t end, instruction_sink *sink, void *to)
{
    uint64_t farther = end < UINT64_MAX - longest_instruction ? end + longest_instruction : end;
    d->begin = d->address = start;
    d->end = end;
    d->inside = 0;
    d->code = object_code(d->object, start, end);
    d->beyond = object_code(d->object, start, farther);
    while (d->code.n > 0) {
        size_t size = put_next(d);
        struct instruction instruction = {d->address, buf_text(&d->text)};
        if (d->text.failed || !sink(to, &instruction))
            return false;
        d->code = str_skip(d->code, size);
        d->beyond = str_skip(d->beyond, size);
        d->address += size;
    }
    return true;
}
