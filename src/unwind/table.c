#include "unwind/table.h"

#include "base/hash.h"
#include "base/map.h"
#include "base/vec.h"
#include "unwind/index.h"

enum {
    page_size = 1 << unwind_page_bits,
    rules_max = 1 << 16,
    recent_rules = 64,
    number_unknown = 0,
    number_unsupported = 1
};

/* The most that a text can span, which bounds the pages that a forged file can ask for: of a file, its own size with
 * some room for gaps between segments; of a loaded module, what its relative calls can reach. */
static uint64_t largest_text(const struct elf_image *image)
{
    return image->loaded ? (uint64_t)1 << 32 : image->file.n + ((uint64_t)16 << 20);
}

struct builder {
    struct mem *mem;
    uint64_t start, limit; /* of the text */
    uint64_t next;         /* the address after the last row */
    uint32_t last;         /* number of the rule that holds there */
    VEC(uint32_t) pages;
    VEC(uint32_t) rows;
    VEC(uint64_t) rules;
    struct map numbers; /* of rules */
    struct {
        uint64_t rule;
        uint32_t number;
    } recent[recent_rules];
    uint32_t nfunctions, nbroken, nunsupported;
    bool failed;
};

static uint32_t number_of(struct builder *b, uint64_t rule)
{
    uint32_t slot = hash_u64(rule) % recent_rules;
    if (b->recent[slot].rule == rule)
        return b->recent[slot].number;
    uint32_t *number = map_find(&b->numbers, rule);
    if (!number) {
        if (b->rules.n == rules_max)
            return number_unsupported;
        number = map_add(&b->numbers, rule, (uint32_t)b->rules.n);
        if (!number || !vec_push(&b->rules, b->mem, rule)) {
            b->failed = true;
            return number_unsupported;
        }
    }
    b->recent[slot].rule = rule;
    b->recent[slot].number = *number;
    return *number;
}

static void push_row(struct builder *b, uint32_t offset, uint32_t number)
{
    if (!vec_push(&b->rows, b->mem, offset << 16 | number))
        b->failed = true;
}

/* Opens pages up to number `page`; each that begins inside of a row repeats it. */
static void open_pages(struct builder *b, uint64_t page, uint32_t offset)
{
    while (b->pages.n <= page && !b->failed) {
        bool last = b->pages.n == page;
        if (!vec_push(&b->pages, b->mem, (uint32_t)b->rows.n))
            b->failed = true;
        if (!last || offset > 0)
            push_row(b, 0, b->last);
    }
}

/* Says that a rule holds from an address on. Addresses ascend. */
static void put(struct builder *b, uint64_t address, uint32_t number)
{
    uint64_t page = (address - b->start) / page_size;
    uint32_t offset = (uint32_t)((address - b->start) % page_size);
    bool opened = b->pages.n <= page;
    if (!opened && number == b->last)
        return;
    open_pages(b, page, offset);
    if (!(opened && offset > 0 && number == b->last))
        push_row(b, offset, number);
    b->last = number;
}

static bool add_row(void *context, const struct cfi_row *row)
{
    struct builder *b = context;
    uint64_t start = row->start > b->next ? row->start : b->next;
    uint64_t limit = row->limit < b->limit ? row->limit : b->limit;
    if (start >= limit)
        return !b->failed;
    uint64_t rule = rule_of_row(row);
    if (start > b->next)
        put(b, b->next, number_unknown);
    b->nunsupported += rule_kind(rule) == rule_unsupported;
    put(b, start, number_of(b, rule));
    b->next = limit;
    return !b->failed;
}

static void add_functions(struct builder *b, const struct elf_unwind *unwind, const struct unwind_index *index)
{
    struct cfi_section section = unwind_section(unwind);
    struct cfi_common common = {.offset = UINT64_MAX};
    struct cfi_function function;
    for (size_t i = 0; i < index->entries.n && !b->failed; i++) {
        uint64_t offset = index->entries.at[i].offset;
        if (cfi_next(&section, &offset, &common, &function) != cfi_entry_function) {
            b->nbroken++;
            continue;
        }
        b->nfunctions++;
        if (!cfi_run(&function, add_row, b))
            b->nbroken++;
    }
}

static bool builder_init(struct builder *b, const struct elf_image *image, struct mem *mem)
{
    uint64_t offset;
    *b = (struct builder){.mem = mem};
    map_init(&b->numbers, mem);
    if (elf_image_text(image, &b->start, &b->limit, &offset) && b->limit - b->start > largest_text(image))
        b->limit = b->start + largest_text(image);
    b->next = b->start;
    for (size_t i = 0; i < recent_rules; i++)
        b->recent[i].rule = UINT64_MAX; /* no rule: its kind is none */
    return number_of(b, rule_plain(rule_unknown)) == number_unknown &&
           number_of(b, rule_plain(rule_unsupported)) == number_unsupported && !b->failed;
}

static void builder_finish(struct builder *b)
{
    vec_finish(&b->pages, b->mem);
    vec_finish(&b->rows, b->mem);
    vec_finish(&b->rules, b->mem);
    map_finish(&b->numbers);
}

/* Gives the room of a vector that isn't used back. */
#define TRIM(vec, mem)                                                                                                 \
    do {                                                                                                               \
        void *trimmed_ =                                                                                               \
            (mem)->resize((mem), (vec)->at, (vec)->room * sizeof *(vec)->at, (vec)->n * sizeof *(vec)->at);            \
        if (trimmed_) {                                                                                                \
            (vec)->at = trimmed_;                                                                                      \
            (vec)->room = (vec)->n;                                                                                    \
        }                                                                                                              \
    } while (0)

/* Moves what was built into a table. */
static struct unwind_table *take(struct builder *b)
{
    struct unwind_table *table = mem_get(b->mem, sizeof *table);
    if (!table)
        return NULL;
    TRIM(&b->pages, b->mem);
    TRIM(&b->rows, b->mem);
    TRIM(&b->rules, b->mem);
    *table = (struct unwind_table){.start = b->start,
                                   .limit = b->next,
                                   .pages = b->pages.at,
                                   .rows = b->rows.at,
                                   .rules = b->rules.at,
                                   .npages = (uint32_t)b->pages.n - 1,
                                   .nrows = (uint32_t)b->rows.n,
                                   .nrules = (uint32_t)b->rules.n,
                                   .rooms = {b->pages.room, b->rows.room, b->rules.room},
                                   .nfunctions = b->nfunctions,
                                   .nbroken = b->nbroken,
                                   .nunsupported = b->nunsupported};
    table->bytes = sizeof *table + b->pages.room * sizeof(uint32_t) + b->rows.room * sizeof(uint32_t) +
                   b->rules.room * sizeof(uint64_t);
    map_finish(&b->numbers);
    return table;
}

struct unwind_table *unwind_table_create(const struct elf_image *image, struct mem *mem)
{
    struct builder b;
    struct elf_unwind unwind;
    struct unwind_index index = {0};
    struct unwind_table *table = NULL;
    bool ok = builder_init(&b, image, mem);
    if (ok && elf_image_unwind(image, &unwind)) {
        ok = unwind_index_make(&unwind, &index, mem);
        if (ok)
            add_functions(&b, &unwind, &index);
        unwind_index_finish(&index, mem);
    }
    if (ok && b.next > b.start)
        put(&b, b.next, number_unknown); /* opens the pages that the last row covers */
    /* The end of the last page, for the search in it. */
    if (ok && !b.failed && b.rows.n < UINT32_MAX && vec_push(&b.pages, mem, (uint32_t)b.rows.n))
        table = take(&b);
    if (!table)
        builder_finish(&b);
    return table;
}

void unwind_table_destroy(struct unwind_table *table, struct mem *mem)
{
    if (!table)
        return;
    mem_put(mem, table->pages, table->rooms[0] * sizeof *table->pages);
    mem_put(mem, table->rows, table->rooms[1] * sizeof *table->rows);
    mem_put(mem, table->rules, table->rooms[2] * sizeof *table->rules);
    mem_put(mem, table, sizeof *table);
}

/* The row being looked for and what was found. */
struct lookup {
    uint64_t address, rule;
};

static bool match_row(void *context, const struct cfi_row *row)
{
    struct lookup *lookup = context;
    if (lookup->address >= row->limit)
        return true;
    lookup->rule = rule_of_row(row);
    return false;
}

uint64_t unwind_rule_from_data(const struct elf_unwind *unwind, uint64_t address)
{
    struct cfi_section section = unwind_section(unwind);
    struct cfi_common common = {.offset = UINT64_MAX};
    struct cfi_function function;
    struct lookup lookup = {address, rule_plain(rule_unknown)};
    uint64_t offset;
    if (unwind_index_search(unwind, address, &offset) &&
        cfi_next(&section, &offset, &common, &function) == cfi_entry_function && address >= function.start &&
        address < function.limit)
        cfi_run(&function, match_row, &lookup);
    return lookup.rule;
}
