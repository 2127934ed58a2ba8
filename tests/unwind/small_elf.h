/* A small ELF file around some .eh_frame, written by hand, and a writer for call frame entries. */
#ifndef SONDE_TESTS_UNWIND_SMALL_ELF_H
#define SONDE_TESTS_UNWIND_SMALL_ELF_H

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "elf/image.h"

/* Its one segment is loaded to address 0 and is executable, and longer in memory than in the file; .eh_frame_hdr
 * (without a table) is at small_elf_header and .eh_frame at small_elf_frames. */
enum { small_elf_header = 64 + 2 * 56, small_elf_frames = small_elf_header + 8, small_elf_memory = 1 << 20 };

static inline void small_elf_number(struct buf *out, uint64_t value, size_t size)
{
    buf_bytes(out, &value, size);
}

static inline void small_elf_segment(struct buf *out, uint32_t type, uint32_t flags, uint64_t place, uint64_t size,
                                     uint64_t memory_size)
{
    small_elf_number(out, type, 4);
    small_elf_number(out, flags, 4);
    small_elf_number(out, place, 8);
    small_elf_number(out, place, 8);
    small_elf_number(out, place, 8);
    small_elf_number(out, size, 8);
    small_elf_number(out, memory_size, 8);
    small_elf_number(out, 1, 8);
}

static inline void small_elf_write(struct buf *out, struct str frames)
{
    buf_bytes(out, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16);
    small_elf_number(out, 3, 2); /* a shared object */
    small_elf_number(out, elf_x86_64, 2);
    small_elf_number(out, 1, 4);
    small_elf_number(out, 0, 8);  /* entry */
    small_elf_number(out, 64, 8); /* program headers */
    small_elf_number(out, 0, 8);  /* section headers */
    small_elf_number(out, 0, 4);  /* flags */
    small_elf_number(out, 64, 2);
    small_elf_number(out, 56, 2);
    small_elf_number(out, 2, 2);
    small_elf_number(out, 64, 2);
    small_elf_number(out, 0, 4);
    uint64_t size = small_elf_frames + frames.n;
    small_elf_segment(out, elf_load, elf_readable | elf_executable, 0, size, small_elf_memory);
    small_elf_segment(out, elf_eh_frame_hdr, elf_readable, small_elf_header, 8, 8);
    buf_bytes(out, "\1\x1b\xff\xff\4\0\0\0", 8); /* .eh_frame 4 bytes behind this pointer; no table */
    buf_str(out, frames);
}

/* An entry: its length and id are written around the content. */
static inline void small_elf_entry(struct buf *frames, uint32_t id, struct str content)
{
    size_t padding = -content.n & 3;
    small_elf_number(frames, 4 + content.n + padding, 4);
    small_elf_number(frames, id, 4);
    buf_str(frames, content);
    buf_fill(frames, 0, padding); /* DW_CFA_nop */
}

/* What all functions of a test share, with these augmentation letters and instructions. It is to be the first entry. */
static inline void small_elf_common(struct buf *frames, const char *letters, struct str instructions)
{
    char bytes[256];
    struct buf content = {0};
    buf_init(&content, mem_libc());
    small_elf_number(&content, 1, 1);
    buf_bytes(&content, letters, strlen(letters) + 1);
    buf_bytes(&content, "\1\x78\x10", 3); /* code by 1, data by -8, return address in column 16 */
    if (letters[0] == 'z')
        buf_bytes(&content, "\1\3", strchr(letters, 'R') ? 2 : 0); /* pointers are 32-bit numbers */
    buf_str(&content, instructions);
    size_t n = content.n < sizeof bytes ? content.n : sizeof bytes;
    memcpy(bytes, content.p, n);
    buf_finish(&content);
    small_elf_entry(frames, 0, (struct str){bytes, n});
}

/* The description of a function [start, start + size). */
static inline void small_elf_function(struct buf *frames, uint32_t start, uint32_t size, struct str instructions)
{
    struct buf content = {0};
    buf_init(&content, mem_libc());
    small_elf_number(&content, start, 4);
    small_elf_number(&content, size, 4);
    buf_byte(&content, 0); /* no augmentation data */
    buf_str(&content, instructions);
    small_elf_entry(frames, (uint32_t)frames->n + 4, buf_text(&content)); /* how far back the first entry is */
    buf_finish(&content);
}

/* The usual start of a function: CFA = rsp + 8, the return address at CFA - 8. */
#define SMALL_ELF_USUAL STR("\x0c\x07\x08\x90\x01")

#endif
