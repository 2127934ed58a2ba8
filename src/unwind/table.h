/* The unwind table of one module: for each pc the rule of its frame, compiled from .eh_frame ahead of time, so that
 * looking one up while a program is stopped in a signal handler is two array reads and a short search.
 *
 * The text is cut into pages of 512 bytes; each page has its own rows, the first of which begins where the page does:
 *
 *     pages[p] ──▶ rows[pages[p] .. pages[p+1])    row: 16 bits offset in the page | 16 bits number of the rule
 *                                                       └──▶ rules[number]
 */
#ifndef SONDE_UNWIND_TABLE_H
#define SONDE_UNWIND_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "elf/image.h"
#include "unwind/rule.h"

enum { unwind_page_bits = 9 };

struct unwind_table {
    uint64_t start, limit; /* the addresses of the image that it covers */
    uint32_t *pages;       /* npages + 1 */
    uint32_t *rows;        /* offset << 16 | rule */
    uint64_t *rules;
    uint32_t npages, nrows, nrules;
    size_t rooms[3]; /* elements in the three blocks */

    /* What was found, for honest figures. */
    uint32_t nfunctions;   /* descriptions that were used */
    uint32_t nbroken;      /* descriptions that are broken */
    uint32_t nunsupported; /* rows of the call frame tables that no rule can express */
    uint64_t bytes;        /* of memory that the table takes */
};

/* Compiles the unwind data of an image; a table over none of it answers rule_unknown to everything. NULL on
 * exhaustion. The table keeps nothing of the image. */
struct unwind_table *unwind_table_create(const struct elf_image *image, struct mem *mem);
void unwind_table_destroy(struct unwind_table *table, struct mem *mem);

/* The rule for an address of the image (a return address minus 1, an interrupted pc as it is). */
static inline uint64_t unwind_table_find(const struct unwind_table *table, uint64_t address)
{
    uint64_t from_start = address - table->start;
    if (from_start >= table->limit - table->start)
        return rule_plain(rule_unknown);
    uint32_t page = (uint32_t)(from_start >> unwind_page_bits);
    uint32_t key = (uint32_t)(from_start & ((1 << unwind_page_bits) - 1)) << 16 | 0xffff;
    const uint32_t *row = table->rows + table->pages[page];
    uint32_t n = table->pages[page + 1] - table->pages[page];
    while (n > 1) {
        uint32_t half = n / 2;
        row += row[half] <= key ? half : 0;
        n -= half;
    }
    return table->rules[*row & 0xffff];
}

/* The same answer straight from the unwind data, without a table and without memory: for a module that was loaded a
 * moment ago. Async-signal-safe where the image's bytes are in memory. */
uint64_t unwind_rule_from_data(const struct elf_unwind *unwind, uint64_t address);

#endif
