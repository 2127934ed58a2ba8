/* Call frame information (.eh_frame): the descriptions of functions and the instructions that say, for each of their
 * instructions, where the caller's registers are. Input is untrusted. */
#ifndef SONDE_UNWIND_CFI_H
#define SONDE_UNWIND_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "unwind/rule.h"

/* Bytes of .eh_frame and where they are in the image. */
struct cfi_section {
    struct str bytes;
    uint64_t address;
    uint64_t data_base; /* what data-relative pointers are relative to */
};

enum cfi_how {
    cfi_same,       /* not changed by the function */
    cfi_undefined,  /* lost; of the return address: there is no caller */
    cfi_at_cfa,     /* saved at CFA + offset */
    cfi_at_address, /* saved where the expression says */
    cfi_other       /* something else: in another register, or a value that is to be computed */
};

struct cfi_place {
    enum cfi_how how;
    int64_t offset;
    struct str expression;
};

/* What holds for the pcs [start, limit) of a function. */
struct cfi_row {
    uint64_t start, limit;
    bool cfa_is_expression;
    uint64_t cfa_register; /* DWARF's number; CFA = register + offset */
    int64_t cfa_offset;
    struct str cfa_expression;
    struct cfi_place columns[rule_columns];
    bool signal_frame;
};

/* What functions share. */
struct cfi_common {
    uint64_t offset; /* in the section; UINT64_MAX while nothing was read */
    uint64_t code_alignment;
    int64_t data_alignment;
    uint64_t ra_register;
    uint8_t pointer_encoding;
    bool signal_frame, has_augmentation;
    struct cursor instructions;
};

struct cfi_function {
    uint64_t start, limit; /* addresses in the image */
    struct cfi_common common;
    struct cursor instructions;
};

enum cfi_entry { cfi_entry_function, cfi_entry_skip, cfi_entry_end };

/* Reads the entry at *offset of the section and moves *offset behind it. `common` keeps what was read last between
 * calls (begin with offset UINT64_MAX). An entry that is not a function, or is broken, is to be skipped; at the
 * terminator, the section's end and where lengths can't be right it is the end. */
enum cfi_entry cfi_next(const struct cfi_section *section, uint64_t *offset, struct cfi_common *common,
                        struct cfi_function *function);

/* Runs a function's instructions and hands each row in ascending order to `emit` until that returns false. Where the
 * instructions are broken the rest of the function gets no row. False then. */
bool cfi_run(const struct cfi_function *function, bool (*emit)(void *context, const struct cfi_row *row),
             void *context);

#endif
