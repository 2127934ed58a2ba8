#include "runtime/profile_text.h"

#include "runtime/columns.h"
#include "sonde/sonde.h"

/* The addresses of a stack as they stand in a text: the marks that are no addresses are left out, unless there is
 * nothing else, since readers refuse a count without an address. */
static void put_addresses(struct buf *out, const struct tally *tally, const struct tally_row *row)
{
    const uint64_t *pcs = tally_stack(tally, row);
    bool any = false;
    buf_byte(out, '@');
    for (uint32_t i = 0; i < row->npcs; i++) {
        if (pcs[i] < tally_marks_end)
            continue;
        buf_printf(out, " %#llx", (unsigned long long)pcs[i]);
        any = true;
    }
    if (!any)
        buf_printf(out, " %#x", row->npcs > 0 ? (unsigned)pcs[0] : tally_cut);
}

static void put_hex_cell(struct columns *columns, struct buf *scratch, struct str before, uint64_t value)
{
    scratch->n = 0;
    buf_str(scratch, before);
    buf_str(scratch, STR("0x"));
    buf_hex(scratch, value);
    columns_cell(columns, buf_text(scratch));
}

/* One frame: the address of its call, its function with the offset in it, and its module. */
static void put_frame(struct columns *columns, struct buf *scratch, uint64_t pc, const struct code *code)
{
    struct code_symbol symbol;
    const struct mapping *mapping = mappings_find(code->mappings, pc - 1);
    columns_line(columns);
    columns_cell(columns, STR("#"));
    if (pc < tally_marks_end) {
        columns_cell(columns, pc == tally_lost ? STR("[lost samples]") : STR("[truncated stack]"));
        return;
    }
    put_hex_cell(columns, scratch, STR(""), pc - 1);
    if (!code->find(code, pc - 1, &symbol))
        return;
    struct buf name = {.mem = scratch->mem};
    buf_str(&name, symbol.name);
    buf_byte(&name, '+');
    put_hex_cell(columns, scratch, buf_text(&name), pc - 1 - symbol.start);
    columns->failed |= name.failed;
    buf_finish(&name);
    columns_cell(columns, mapping ? mapping->file : STR(""));
}

static bool put_frames(struct buf *out, const struct tally *tally, const struct tally_row *row, const struct code *code)
{
    struct columns columns;
    struct buf scratch;
    columns_init(&columns, tally->mem);
    buf_init(&scratch, tally->mem);
    for (uint32_t i = 0; i < row->npcs; i++)
        put_frame(&columns, &scratch, tally_stack(tally, row)[i], code);
    bool ok = columns_flush(&columns, out) && !scratch.failed;
    buf_finish(&scratch);
    columns_finish(&columns);
    buf_byte(out, '\n');
    return ok;
}

static int by_bytes_in_use(const struct tally *tally, const struct tally_row *a, const struct tally_row *b)
{
    (void)tally;
    return (a->values[3] > b->values[3]) - (a->values[3] < b->values[3]);
}

static void put_heap_header(struct buf *out, const struct tally *tally, int64_t rate)
{
    int64_t total[snapshot_values] = {0};
    for (size_t i = 0; i < tally->rows.n; i++)
        for (int v = 0; v < snapshot_values; v++)
            total[v] += tally->rows.at[i].values[v];
    /* Readers take equal sums for a profile without the allocated columns, and expect twice the rate. */
    buf_printf(out, "heap profile: %lld: %lld [%lld: %lld] @ heap/%lld\n", (long long)total[2], (long long)total[3],
               (long long)total[0], (long long)total[1] + (total[1] == total[3]), 2 * (long long)rate);
}

static void put_field(struct buf *out, const char *name, uint64_t value)
{
    buf_printf(out, "# %s = %llu\n", name, (unsigned long long)value);
}

static void put_pair(struct buf *out, const char *name, uint64_t first, uint64_t second)
{
    buf_printf(out, "# %s = %llu / %llu\n", name, (unsigned long long)first, (unsigned long long)second);
}

/* Go's rings of the last 256 collections: malloc has none. */
static void put_empty_ring(struct buf *out, const char *name)
{
    buf_printf(out, "# %s = [0", name);
    for (int i = 1; i < 256; i++)
        buf_str(out, STR(" 0"));
    buf_str(out, STR("]\n"));
}

/* Every line that Go writes, so that whoever picks one out finds it; what only Go's own allocator and collector have is
 * zero, as it is in truth. */
static void put_memstats(struct buf *out, const struct sonde_memstats *s, uint64_t most_resident)
{
    buf_str(out, STR("\n# runtime.MemStats\n"));
    put_field(out, "Alloc", s->alloc);
    put_field(out, "TotalAlloc", s->total_alloc);
    put_field(out, "Sys", s->sys);
    put_field(out, "Lookups", 0);
    put_field(out, "Mallocs", s->mallocs);
    put_field(out, "Frees", s->frees);
    put_field(out, "HeapAlloc", s->heap_alloc);
    put_field(out, "HeapSys", s->heap_sys);
    put_field(out, "HeapIdle", s->heap_idle);
    put_field(out, "HeapInuse", s->heap_inuse);
    put_field(out, "HeapReleased", s->heap_released);
    put_field(out, "HeapObjects", s->heap_objects);
    put_pair(out, "Stack", s->stack_inuse, s->stack_sys);
    put_pair(out, "MSpan", 0, 0);
    put_pair(out, "MCache", 0, 0);
    put_field(out, "BuckHashSys", 0);
    put_field(out, "GCSys", 0);
    put_field(out, "OtherSys", s->other_sys);
    put_field(out, "NextGC", 0);
    put_field(out, "LastGC", 0);
    put_empty_ring(out, "PauseNs");
    put_empty_ring(out, "PauseEnd");
    put_field(out, "NumGC", 0);
    put_field(out, "NumForcedGC", 0);
    put_field(out, "GCCPUFraction", 0);
    buf_str(out, STR("# DebugGC = false\n"));
    put_field(out, "MaxRSS", most_resident);
}

bool profile_text_heap(struct buf *out, struct tally *tally, int64_t rate, const struct sonde_memstats *stats,
                       uint64_t most_resident, const struct code *code)
{
    bool ok = !tally->failed;
    tally_sort(tally, by_bytes_in_use);
    put_heap_header(out, tally, rate);
    for (size_t i = 0; i < tally->rows.n && ok; i++) {
        const struct tally_row *row = &tally->rows.at[i];
        buf_printf(out, "%lld: %lld [%lld: %lld] ", (long long)row->values[2], (long long)row->values[3],
                   (long long)row->values[0], (long long)row->values[1]);
        put_addresses(out, tally, row);
        buf_byte(out, '\n');
        ok = put_frames(out, tally, row, code);
    }
    put_memstats(out, stats, most_resident);
    return ok && !out->failed;
}

/* Orders two addresses as their hexadecimal texts are ordered, where a prefix comes first. */
static int by_hex_text(uint64_t a, uint64_t b)
{
    int shift_a = __builtin_clzll(a | 1) & ~3, shift_b = __builtin_clzll(b | 1) & ~3;
    uint64_t left_a = a << shift_a, left_b = b << shift_b;
    if (left_a != left_b)
        return left_a < left_b ? -1 : 1;
    return shift_a == shift_b ? 0 : shift_a > shift_b ? -1 : 1;
}

/* Most frequent first; then as Go orders the texts of their addresses, in which a blank precedes every digit. */
static int by_count(const struct tally *tally, const struct tally_row *a, const struct tally_row *b)
{
    if (a->values[0] != b->values[0])
        return a->values[0] > b->values[0] ? -1 : 1;
    for (uint32_t i = 0; i < a->npcs && i < b->npcs; i++) {
        int by = by_hex_text(tally_stack(tally, a)[i], tally_stack(tally, b)[i]);
        if (by != 0)
            return by;
    }
    return (a->npcs > b->npcs) - (a->npcs < b->npcs);
}

void profile_sort_counts(struct tally *tally)
{
    tally_sort(tally, by_count);
}

bool profile_text_counts(struct buf *out, struct tally *tally, enum profile_kind kind, const struct code *code)
{
    bool ok = !tally->failed;
    int64_t total = 0;
    profile_sort_counts(tally);
    for (size_t i = 0; i < tally->rows.n; i++)
        total += tally->rows.at[i].values[0];
    buf_printf(out, "%s profile: total %lld\n", profile_format_of(kind)->name, (long long)total);
    for (size_t i = 0; i < tally->rows.n && ok; i++) {
        buf_printf(out, "%lld ", (long long)tally->rows.at[i].values[0]);
        put_addresses(out, tally, &tally->rows.at[i]);
        buf_byte(out, '\n');
        ok = put_frames(out, tally, &tally->rows.at[i], code);
    }
    return ok && !out->failed;
}

static int by_delay(const struct tally *tally, const struct tally_row *a, const struct tally_row *b)
{
    (void)tally;
    return (a->values[1] < b->values[1]) - (a->values[1] > b->values[1]);
}

bool profile_text_delays(struct buf *out, struct tally *tally, enum profile_kind kind, const struct code *code)
{
    bool ok = !tally->failed;
    tally_sort(tally, by_delay);
    /* Delays are counted in nanoseconds: what Go calls cycles. */
    buf_printf(out, "--- %s:\ncycles/second=1000000000\n", kind == profile_mutex ? "mutex" : "contention");
    if (kind == profile_mutex)
        buf_str(out, STR("sampling period=0\n"));
    for (size_t i = 0; i < tally->rows.n && ok; i++) {
        const struct tally_row *row = &tally->rows.at[i];
        buf_printf(out, "%lld %lld ", (long long)row->values[1], (long long)row->values[0]);
        put_addresses(out, tally, row);
        buf_byte(out, '\n');
        ok = put_frames(out, tally, row, code);
    }
    return ok && !out->failed;
}
