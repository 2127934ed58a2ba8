/* An ELF image: segments, sections, notes, symbols and unwind sections, read from the bytes of a file or from a module
 * that the dynamic linker has loaded into this process (whose section headers are not in memory). Nothing is copied
 * and nothing is trusted: what the headers say about places and sizes is checked against the bytes there are.
 * Only little-endian images are read; of 32 bits only files, and of those all but unwind data. "Address" always means
 * the image's own, before the load bias. */
#ifndef SONDE_ELF_IMAGE_H
#define SONDE_ELF_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/str.h"

enum elf_machine { elf_x86_64 = 62, elf_aarch64 = 183 };
enum elf_segment_type { elf_load = 1, elf_dynamic = 2, elf_note = 4, elf_eh_frame_hdr = 0x6474e550 };
enum elf_segment_flag { elf_executable = 1, elf_writable = 2, elf_readable = 4 };

struct elf_segment {
    uint32_t type;  /* an elf_segment_type or another */
    uint32_t flags; /* of elf_segment_flag */
    uint64_t offset, file_size;
    uint64_t address, memory_size;
    uint64_t align;
};

struct elf_section {
    struct str name;
    uint32_t type, link;
    uint64_t flags, address, offset, size;
};

struct elf_image {
    struct str file;     /* all bytes of the file; empty where the image is a loaded module */
    bool loaded;         /* the bytes are those of this process's memory, at address + bias */
    uint64_t bias;       /* of a loaded image */
    bool narrow;         /* of 32 bits */
    uint16_t machine;    /* an elf_machine or another; 0 where not known (loaded without its ELF header) */
    struct str segments; /* the program headers */
    uint32_t nsegments;
    struct str sections; /* the section headers; empty where there are none */
    uint32_t nsections;
    struct str section_names;
};

/* Reads the headers of a file. The bytes must outlive the image. False with the fault set where it isn't ELF, or its
 * headers do not lie in the file; section headers that don't are taken as absent (a stripped or truncated file still
 * has its segments). */
bool elf_image_of_file(struct str file, struct elf_image *image, struct fault *fault);

/* The image of a loaded module whose `count` program headers are at `headers` in memory. The module must stay loaded
 * while the image and what was read from it are used. False where no segment is loaded. */
bool elf_image_of_loaded(uint64_t bias, const void *headers, uint32_t count, struct elf_image *image);

/* The headers by number; false for a number that there is none of. */
bool elf_image_segment(const struct elf_image *image, uint32_t number, struct elf_segment *segment);
bool elf_image_section(const struct elf_image *image, uint32_t number, struct elf_section *section);

/* The first segment of a type; false where there is none. */
bool elf_image_find_segment(const struct elf_image *image, uint32_t type, struct elf_segment *segment);

/* The first section of a name; false where there is none. */
bool elf_image_find_section(const struct elf_image *image, struct str name, struct elf_section *section);

/* The bytes of a section: empty where it has none in the file (.bss, or a truncated file). */
struct str elf_section_bytes(const struct elf_image *image, const struct elf_section *section);

/* The bytes from an address to the end of the readable segment it lies in; empty where it lies in none. */
struct str elf_image_at(const struct elf_image *image, uint64_t address);

/* The address range that the executable segments span, [*start, *limit), and the file offset of *start. False where
 * none is executable. */
bool elf_image_text(const struct elf_image *image, uint64_t *start, uint64_t *limit, uint64_t *offset);

/* The address that a byte of the file is loaded to; false where no segment loads it. */
bool elf_image_address_of(const struct elf_image *image, uint64_t offset, uint64_t *address);

enum { elf_build_id_hex_max = 2 * 32 + 1 };

/* Writes the GNU build id as lower-case hexadecimal digits with a NUL; "" where there is none (or one that is longer
 * than 32 bytes). */
void elf_image_build_id(const struct elf_image *image, char hex[elf_build_id_hex_max]);

/* Where the unwind data is. */
struct elf_unwind {
    struct str eh_frame; /* from .eh_frame's first byte to its end, or to its segment's where the end is not known */
    uint64_t eh_frame_address;
    struct str header; /* .eh_frame_hdr; empty where there is none */
    uint64_t header_address;
};

/* Finds .eh_frame by the header that the linker made for unwinders, or else by the section headers. False where there
 * is no unwind data. */
bool elf_image_unwind(const struct elf_image *image, struct elf_unwind *unwind);

/* The same from the bytes of .eh_frame_hdr alone; `eh_frame` is left empty, for only its address is known. False where
 * the header is broken. */
bool elf_unwind_from_header(struct str header, uint64_t address, struct elf_unwind *unwind);

/* Reads a pointer as .eh_frame and .eh_frame_hdr encode it (DW_EH_PE_*): base is what "data relative" means; `address`
 * is that of the cursor's byte 0 offset. An indirect pointer is not followed: its place is the value. */
uint64_t elf_encoded_pointer(struct cursor *c, uint8_t encoding, uint64_t address, uint64_t base);

#endif
