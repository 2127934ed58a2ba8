#include "runtime/tally.h"

#include <string.h>

#include "base/hash.h"

void tally_init(struct tally *tally, struct mem *mem)
{
    *tally = (struct tally){.mem = mem};
    map_init(&tally->by_hash, mem);
}

void tally_finish(struct tally *tally)
{
    vec_finish(&tally->pcs, tally->mem);
    vec_finish(&tally->rows, tally->mem);
    map_finish(&tally->by_hash);
}

static bool is_row_of(const struct tally *tally, const struct tally_row *row, const uint64_t *pcs, uint32_t npcs,
                      int64_t block_size)
{
    return row->npcs == npcs && row->block_size == block_size &&
           (npcs == 0 || memcmp(tally_stack(tally, row), pcs, npcs * sizeof *pcs) == 0);
}

/* The row of the stack that was appended last to tally->pcs (from `pcs` on), which is taken off again where there is
 * such a row already; NULL on exhaustion. */
static struct tally_row *find_or_add(struct tally *tally, size_t pcs, int64_t block_size)
{
    uint32_t npcs = (uint32_t)(tally->pcs.n - pcs);
    const uint64_t *stack = tally->pcs.at + pcs;
    uint64_t hash = hash_fold(hash_bytes(stack, npcs * sizeof *stack), (uint64_t)block_size);
    uint32_t *head = map_add(&tally->by_hash, hash, 0);
    for (uint32_t at = head ? *head : 0; at != 0; at = tally->rows.at[at - 1].next) {
        struct tally_row *row = &tally->rows.at[at - 1];
        if (is_row_of(tally, row, stack, npcs, block_size)) {
            tally->pcs.n = pcs;
            return row;
        }
    }
    struct tally_row row = {.pcs = pcs, .npcs = npcs, .block_size = block_size, .next = head ? *head : 0};
    if (!head || tally->rows.n >= UINT32_MAX - 1 || !vec_push(&tally->rows, tally->mem, row)) {
        tally->failed = true;
        return NULL;
    }
    *head = (uint32_t)tally->rows.n;
    return &tally->rows.at[tally->rows.n - 1];
}

static void add_values(struct tally_row *row, const int64_t *values, int64_t sign)
{
    for (int i = 0; row && i < snapshot_values; i++)
        row->values[i] += sign * values[i];
}

static void add_sample(struct tally *tally, const struct snapshot *snapshot, const struct snapshot_sample *sample,
                       int64_t sign)
{
    size_t pcs = tally->pcs.n;
    if (!vec_reserve(&tally->pcs, tally->mem, (size_t)sample->npcs + 1)) {
        tally->failed = true;
        return;
    }
    for (uint32_t i = 0; i < sample->npcs; i++)
        tally->pcs.at[tally->pcs.n++] = snapshot->pcs.at[sample->pcs + i] + (i == 0 && sample->leaf_is_exact);
    if (sample->truncated)
        tally->pcs.at[tally->pcs.n++] = tally_cut;
    add_values(find_or_add(tally, pcs, sample->block_size), sample->values, sign);
}

static void add_lost(struct tally *tally, const struct snapshot *snapshot, int64_t sign)
{
    const int64_t values[snapshot_values] = {(int64_t)snapshot->lost, (int64_t)snapshot->lost * snapshot->period};
    size_t pcs = tally->pcs.n;
    if (!vec_push(&tally->pcs, tally->mem, tally_lost))
        tally->failed = true;
    else
        add_values(find_or_add(tally, pcs, 0), values, sign);
}

void tally_add(struct tally *tally, const struct snapshot *snapshot, int64_t sign)
{
    for (size_t i = 0; i < snapshot->samples.n; i++)
        add_sample(tally, snapshot, &snapshot->samples.at[i], sign);
    if (snapshot->lost > 0)
        add_lost(tally, snapshot, sign);
    tally->failed |= snapshot->failed;
}

/* 1 - exp(-x) for x >= 0, to the last digits also where x is small. Our own, since libsonde needs libc alone and exp is
 * in libm: x = k ln 2 + r with |r| <= ln 2 / 2, and the series of exp(-r) - 1. */
static double probability(double x)
{
    if (x > 40)
        return 1;
    int k = (int)(x * 1.4426950408889634 + .5);
    double r = x - k * 6.93147180369123816490e-01 - k * 1.90821492927058770002e-10, term = 1, series = 0;
    for (int n = 1; n <= 16; n++)
        series += term *= -r / n;
    double scale = 1 / (double)(1ull << k);
    return (1 - scale) - scale * series;
}

static void unbias(int64_t *count, int64_t *size, int64_t rate)
{
    if (*count == 0 || *size == 0) {
        *count = *size = 0;
        return;
    }
    double scale = 1 / probability((double)*size / (double)*count / (double)rate);
    *count = (int64_t)((double)*count * scale);
    *size = (int64_t)((double)*size * scale);
}

void tally_unbias(struct tally *tally, int64_t rate)
{
    for (size_t i = 0; rate > 1 && i < tally->rows.n; i++) {
        unbias(&tally->rows.at[i].values[0], &tally->rows.at[i].values[1], rate);
        unbias(&tally->rows.at[i].values[2], &tally->rows.at[i].values[3], rate);
    }
}

void tally_merge(struct tally *tally, const struct tally *other, int64_t sign)
{
    for (size_t i = 0; i < other->rows.n; i++) {
        const struct tally_row *row = &other->rows.at[i];
        size_t pcs = tally->pcs.n;
        if (!vec_reserve(&tally->pcs, tally->mem, row->npcs)) {
            tally->failed = true;
            return;
        }
        if (row->npcs > 0)
            memcpy(tally->pcs.at + pcs, tally_stack(other, row), row->npcs * sizeof *tally->pcs.at);
        tally->pcs.n += row->npcs;
        add_values(find_or_add(tally, pcs, row->block_size), row->values, sign);
    }
    tally->failed |= other->failed;
}

void tally_drop_zeros(struct tally *tally)
{
    static const int64_t zeros[snapshot_values];
    size_t kept = 0;
    for (size_t i = 0; i < tally->rows.n; i++)
        if (memcmp(tally->rows.at[i].values, zeros, sizeof zeros) != 0)
            tally->rows.at[kept++] = tally->rows.at[i];
    tally->rows.n = kept;
    map_finish(&tally->by_hash); /* its row numbers hold no longer */
}

/* Whether row a belongs behind row b; equal ones by the order in which they came, which is that of their stacks. */
static bool is_behind(const struct tally *tally, tally_order *order, const struct tally_row *a,
                      const struct tally_row *b)
{
    int by = order(tally, a, b);
    return by > 0 || (by == 0 && a->pcs > b->pcs);
}

static void sift(struct tally *tally, tally_order *order, size_t root, size_t n)
{
    struct tally_row *rows = tally->rows.at, moved = rows[root];
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        child += child + 1 < n && is_behind(tally, order, &rows[child + 1], &rows[child]);
        if (!is_behind(tally, order, &rows[child], &moved))
            break;
        rows[root] = rows[child];
    }
    rows[root] = moved;
}

/* A heap sort, because qsort of the C library may allocate. */
void tally_sort(struct tally *tally, tally_order *order)
{
    size_t n = tally->rows.n;
    for (size_t root = n / 2; root-- > 0;)
        sift(tally, order, root, n);
    for (size_t end = n; end-- > 1;) {
        struct tally_row last = tally->rows.at[end];
        tally->rows.at[end] = tally->rows.at[0];
        tally->rows.at[0] = last;
        sift(tally, order, 0, end);
    }
    map_finish(&tally->by_hash);
}
