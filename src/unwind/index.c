#include "unwind/index.h"

enum {
    table_encoding = 0x3b, /* 32-bit offsets from the header: the only one that linkers write */
    table_entry_size = 8
};

struct cfi_section unwind_section(const struct elf_unwind *unwind)
{
    return (struct cfi_section){unwind->eh_frame, unwind->eh_frame_address, unwind->header_address};
}

/* The linker's table: a cursor over its whole entries, of which there may be none. */
static struct cursor linker_table(const struct elf_unwind *unwind)
{
    struct cursor c = cursor_over(unwind->header.p, unwind->header.n, 0);
    cursor_u8(&c);
    uint8_t frame_encoding = cursor_u8(&c), count_encoding = cursor_u8(&c), encoding = cursor_u8(&c);
    elf_encoded_pointer(&c, frame_encoding, unwind->header_address, unwind->header_address);
    uint64_t n = elf_encoded_pointer(&c, count_encoding, unwind->header_address, unwind->header_address);
    if (!cursor_ok(&c) || encoding != table_encoding || n > cursor_left(&c) / table_entry_size)
        return cursor_over(NULL, 0, 0);
    return cursor_sub(&c, n * table_entry_size);
}

static struct unwind_entry read_entry(struct cursor *c, const struct elf_unwind *unwind)
{
    uint64_t start = unwind->header_address + (uint64_t)(int64_t)(int32_t)cursor_u32le(c);
    uint64_t place = unwind->header_address + (uint64_t)(int64_t)(int32_t)cursor_u32le(c);
    return (struct unwind_entry){start, place - unwind->eh_frame_address};
}

bool unwind_index_search(const struct elf_unwind *unwind, uint64_t address, uint64_t *offset)
{
    struct cursor table = linker_table(unwind);
    struct unwind_entry entry = {0};
    size_t low = 0, high = cursor_left(&table) / table_entry_size; /* entries before low begin at or before address */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct cursor c = cursor_over(table.p + middle * table_entry_size, table_entry_size, 0);
        struct unwind_entry probe = read_entry(&c, unwind);
        if (probe.start <= address) {
            entry = probe;
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0)
        return false;
    *offset = entry.offset;
    return true;
}

static bool list_all(const struct elf_unwind *unwind, struct unwind_index *index, struct mem *mem)
{
    struct cfi_section section = unwind_section(unwind);
    struct cfi_common common = {.offset = UINT64_MAX};
    struct cfi_function function;
    uint64_t offset = 0;
    for (;;) {
        uint64_t at = offset;
        enum cfi_entry entry = cfi_next(&section, &offset, &common, &function);
        if (entry == cfi_entry_end)
            return true;
        if (entry == cfi_entry_function && !vec_push(&index->entries, mem, (struct unwind_entry){function.start, at}))
            return false;
    }
}

/* Merges two sorted neighbours [from, middle) and [middle, to) of `in` into `out`. */
static void merge(const struct unwind_entry *in, struct unwind_entry *out, size_t from, size_t middle, size_t to)
{
    size_t left = from, right = middle;
    for (size_t i = from; i < to; i++)
        out[i] = left < middle && (right >= to || in[left].start <= in[right].start) ? in[left++] : in[right++];
}

/* A merge sort, since the C library's qsort calls malloc, which is what is being watched. */
static bool sort(struct unwind_index *index, struct mem *mem)
{
    size_t n = index->entries.n;
    bool sorted = true;
    for (size_t i = 1; i < n && sorted; i++)
        sorted = index->entries.at[i - 1].start <= index->entries.at[i].start;
    if (sorted)
        return true;
    struct unwind_entry *other = mem_get_array(mem, n, sizeof *other);
    if (!other)
        return false;
    struct unwind_entry *in = index->entries.at, *out = other;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t from = 0; from < n; from += 2 * width)
            merge(in, out, from, from + width < n ? from + width : n, from + 2 * width < n ? from + 2 * width : n);
        struct unwind_entry *swap = in;
        in = out;
        out = swap;
    }
    if (in == other)
        memcpy(index->entries.at, other, n * sizeof *other);
    mem_put(mem, other, n * sizeof *other);
    return true;
}

bool unwind_index_make(const struct elf_unwind *unwind, struct unwind_index *index, struct mem *mem)
{
    struct cursor table = linker_table(unwind);
    size_t n = cursor_left(&table) / table_entry_size;
    *index = (struct unwind_index){0};
    bool made = n == 0 ? list_all(unwind, index, mem) : vec_reserve(&index->entries, mem, n);
    for (size_t i = 0; made && i < n; i++)
        index->entries.at[index->entries.n++] = read_entry(&table, unwind);
    if (made && sort(index, mem))
        return true;
    unwind_index_finish(index, mem);
    return false;
}

void unwind_index_finish(struct unwind_index *index, struct mem *mem)
{
    vec_finish(&index->entries, mem);
}
