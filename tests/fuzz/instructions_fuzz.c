/* Any bytes can be shown as the code of a program: the first says for which machine and in which syntax, the others are
 * its text. Every byte is shown once, in order. */
#include <stdlib.h>

#include "elf/image.h"
#include "fuzz/fuzz.h"
#include "symbol/instructions.h"

enum { text_address = 0x401000, text_at = 64 + 2 * 64 + 16 };

static void put(struct buf *out, uint64_t value, size_t size)
{
    buf_bytes(out, &value, size);
}

static void put_section(struct buf *out, uint32_t name, uint32_t type, uint64_t address, uint64_t offset, uint64_t size)
{
    put(out, name, 4);
    put(out, type, 4);
    put(out, 6, 8);
    put(out, address, 8);
    put(out, offset, 8);
    put(out, size, 8);
    put(out, 0, 8);
    put(out, 1, 8);
    put(out, 0, 8);
}

/* A file of sections alone: .text, and the names. */
static void put_file(struct buf *out, uint16_t machine, struct str text)
{
    buf_bytes(out, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16);
    put(out, 2, 2);
    put(out, machine, 2);
    put(out, 1, 4);
    put(out, text_address, 8);
    put(out, 0, 8);
    put(out, 64, 8); /* section headers */
    put(out, 0, 4);
    put(out, 64, 2);
    put(out, 56, 2);
    put(out, 0, 2);
    put(out, 64, 2);
    put(out, 2, 2);
    put(out, 1, 2); /* the one with names */
    put_section(out, 0, 1, text_address, text_at, text.n);
    put_section(out, 0, 3, 0, text_at - 16, 16);
    buf_bytes(out, ".text\0\0\0\0\0\0\0\0\0\0\0", 16);
    buf_str(out, text);
}

static bool take(void *to, const struct instruction *instruction)
{
    uint64_t *last = to;
    if (instruction->address < *last || instruction->text.n == 0)
        abort();
    *last = instruction->address + 1;
    return true;
}

static void show(const struct object *object, bool intel, uint64_t size)
{
    struct buf error;
    uint64_t last = text_address;
    buf_init(&error, mem_libc());
    struct disassembler *disassembler = disassembler_create(object, intel, mem_libc(), &error);
    if (disassembler &&
        (!disassemble(disassembler, text_address, text_address + size, take, &last) || last > text_address + size))
        abort();
    disassembler_destroy(disassembler);
    buf_finish(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct buf file;
    if (size == 0)
        return 0;
    struct str text = {(const char *)bytes + 1, size - 1};
    buf_init(&file, mem_libc());
    put_file(&file, bytes[0] & 1 ? elf_aarch64 : elf_x86_64, text);
    struct object *object = object_of_bytes(&file, mem_libc());
    if (!object)
        abort();
    show(object, bytes[0] & 2, text.n);
    if (text.n > 3)
        show(object, bytes[0] & 2, text.n - 3); /* the last instruction is cut off */
    object_destroy(object);
    return 0;
}
