/* Lanes against arrays: whatever was pushed comes back, and every pixel of every window is what counting says. */
#include "testing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/vec.h"
#include "random.h"
#include "trace/lane.h"
#include "trace/population.h"

/* A lane and the same as an array. */
struct pair {
    struct lane lane;
    struct lane_pool pool;
    VEC(struct lane_item) items;
    int64_t end;
};

/* How far items are apart. */
enum spread { dense, mixed, sparse };

static int64_t any_step(uint64_t *random, enum spread spread)
{
    switch (spread) {
    case dense:
        return (int64_t)(random_next(random) % 4);
    case mixed:
        return (int64_t)(random_next(random) >> (random_next(random) % 40 + 24));
    default:
        return (int64_t)(random_next(random) % (UINT64_C(20) << 30));
    }
}

static void push(struct pair *pair, uint64_t *random, int64_t *now, enum spread spread)
{
    struct lane_item item = {.begin = *now};
    item.what = LANE_WHAT(random_next(random) % lane_state_count, random_next(random) % 1000);
    bool good;
    switch (pair->lane.form) {
    case lane_states:
        if (random_next(random) % 5 == 0)
            item.what = LANE_WHAT(lane_state_mark, 7);
        good = lane_push(&pair->lane, &pair->pool, item.begin, item.what);
        break;
    case lane_points:
        good = lane_push(&pair->lane, &pair->pool, item.begin, item.what);
        break;
    case lane_spans:
        *now += any_step(random, spread);
        item.end = *now;
        good = lane_push_span(&pair->lane, &pair->pool, item.begin, item.end, item.what);
        break;
    default:
        item.value = random_next(random) >> random_next(random) % 64;
        good = lane_push_value(&pair->lane, &pair->pool, item.begin, item.value);
    }
    assert_true(good);
    assert_true(vec_push(&pair->items, mem_libc(), item));
    /* A mark tells of what comes at the same time. */
    if (pair->lane.form != lane_states || lane_state(item.what) != lane_state_mark)
        *now += any_step(random, spread);
}

/* A lane of n random items, indexed. */
static void make(struct pair *pair, enum lane_form form, size_t n, enum spread spread, uint64_t seed)
{
    int64_t now = (int64_t)(seed % 100);
    *pair = (struct pair){.lane = lane_of(form)};
    lane_pool_init(&pair->pool, mem_libc());
    for (size_t i = 0; i < n; i++)
        push(pair, &seed, &now, spread);
    pair->end = now;
    lane_close(&pair->lane, &pair->pool, now);
    assert_true(lane_index(&pair->lane, mem_libc()));
    for (size_t i = 0; i < n; i++) {
        struct lane_item *item = &pair->items.at[i];
        if (form == lane_points)
            item->end = item->begin;
        else if (form != lane_spans)
            item->end = i + 1 < n ? pair->items.at[i + 1].begin : now;
    }
}

static void finish(struct pair *pair)
{
    lane_drop_index(&pair->lane, mem_libc());
    lane_pool_finish(&pair->pool);
    vec_finish(&pair->items, mem_libc());
}

static bool touches(const struct lane_item *item, int64_t begin, int64_t end)
{
    return item->begin < end && (item->end > begin || item->begin >= begin);
}

static void count_pixel(const struct pair *pair, int64_t begin, int64_t end, struct lane_pixel *pixel)
{
    *pixel = (struct lane_pixel){.longest = -1};
    for (size_t i = 0; i < pair->items.n; i++) {
        const struct lane_item *item = &pair->items.at[i];
        bool is_mark = pair->lane.form == lane_states && lane_state(item->what) == lane_state_mark;
        if (is_mark || !touches(item, begin, end))
            continue;
        int64_t from = item->begin > begin ? item->begin : begin, to = item->end < end ? item->end : end;
        if (pair->lane.form != lane_points)
            pixel->covered[lane_state(item->what)] += to - from;
        pixel->count++;
        if (to - from > pixel->longest) {
            pixel->longest = to - from;
            pixel->begin = item->begin;
            pixel->what = item->what;
        }
    }
    if (pixel->count == 0)
        pixel->longest = 0;
}

static void count_values(const struct pair *pair, int64_t begin, int64_t end, struct lane_values *values)
{
    *values = (struct lane_values){0};
    for (size_t i = 0; i < pair->items.n; i++) {
        const struct lane_item *item = &pair->items.at[i];
        if (!touches(item, begin, end))
            continue;
        if (values->count++ == 0)
            values->first = values->min = values->max = item->value;
        values->last = item->value;
        values->min = item->value < values->min ? item->value : values->min;
        values->max = item->value > values->max ? item->value : values->max;
    }
}

enum { most_pixels = 64 };

static void check_window(const struct pair *pair, int64_t begin, int64_t end, uint32_t width)
{
    struct lane_pixel got[most_pixels], want;
    struct lane_values got_values[most_pixels], want_values;
    memset(got, 0xff, sizeof got);
    if (pair->lane.form == lane_values)
        lane_draw_values(&pair->lane, begin, end, width, got_values);
    else
        lane_draw(&pair->lane, begin, end, width, got);
    for (uint32_t i = 0; i < width; i++) {
        int64_t from = begin + (int64_t)((__int128_t)(end - begin) * i / width);
        int64_t to = begin + (int64_t)((__int128_t)(end - begin) * (i + 1) / width);
        to = to > from ? to : from + 1;
        if (pair->lane.form == lane_values) {
            count_values(pair, from, to, &want_values);
            assert_memory_equal(&got_values[i], &want_values, sizeof want_values);
            continue;
        }
        count_pixel(pair, from, to, &want);
        assert_memory_equal(got[i].covered, want.covered, sizeof want.covered);
        assert_int_equal(got[i].count, want.count);
        assert_int_equal(got[i].longest, want.longest);
        assert_int_equal(got[i].begin, want.begin);
        assert_int_equal(got[i].what, want.what);
    }
}

static void check_windows(const struct pair *pair, uint64_t *random, unsigned n)
{
    int64_t span = pair->end + 1000;
    check_window(pair, 0, pair->end, 1);
    check_window(pair, -500, pair->end + 500, most_pixels);
    check_window(pair, pair->end + 10, pair->end + 10, 3);
    for (unsigned i = 0; i < n; i++) {
        int64_t begin = (int64_t)(random_next(random) % (uint64_t)span) - 500;
        int64_t length = (int64_t)((random_next(random) % (uint64_t)span) >> random_next(random) % 32);
        check_window(pair, begin, begin + length, 1 + (uint32_t)(random_next(random) % most_pixels));
    }
}

static void every_window_of_a_lane_is_what_counting_says(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 7, 8, 9, 127, 128, 129, 1000, 4000};
    uint64_t random = 20;
    for (unsigned form = lane_states; form <= lane_values; form++) {
        for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            for (unsigned spread = dense; spread <= sparse; spread++) {
                struct pair pair;
                make(&pair, (enum lane_form)form, sizes[i], (enum spread)spread, random_next(&random));
                check_windows(&pair, &random, sizes[i] > 500 ? 6 : 30);
                finish(&pair);
            }
        }
    }
}

static void pixels_of_less_than_a_nanosecond_overlap(void **state)
{
    (void)state;
    for (unsigned form = lane_states; form <= lane_values; form++) {
        struct pair pair;
        make(&pair, (enum lane_form)form, 600, dense, 3 + form);
        for (int64_t begin = -5; begin < pair.end + 5; begin += 7)
            check_window(&pair, begin, begin + 10, most_pixels);
        finish(&pair);
    }
}

static void levels_over_a_million_items_agree_with_counting(void **state)
{
    (void)state;
    for (unsigned form = lane_states; form <= lane_values; form++) {
        struct pair pair;
        uint64_t random = 5 + form;
        make(&pair, (enum lane_form)form, 1000000, dense, random);
        check_window(&pair, 0, pair.end, 1);
        check_window(&pair, pair.end / 3, pair.end - 7, 5);
        check_window(&pair, pair.end / 2, pair.end / 2 + 40, 40);
        finish(&pair);
    }
}

static void items_come_back_in_both_directions(void **state)
{
    (void)state;
    uint64_t random = 9;
    for (unsigned form = lane_states; form <= lane_values; form++) {
        struct pair pair;
        struct lane_reader reader;
        struct lane_item item;
        make(&pair, (enum lane_form)form, 3000, mixed, random_next(&random));
        lane_seek(&reader, &pair.lane, INT64_MIN);
        assert_false(lane_previous(&reader, &item));
        for (size_t i = 0; i < pair.items.n; i++) {
            assert_true(lane_next(&reader, &item));
            assert_int_equal(item.begin, pair.items.at[i].begin);
            assert_int_equal(item.end, pair.items.at[i].end);
            if (form == lane_values)
                assert_int_equal(item.value, pair.items.at[i].value);
            else
                assert_int_equal(item.what, pair.items.at[i].what);
        }
        assert_false(lane_next(&reader, &item));
        for (size_t i = pair.items.n; i > 0; i--) {
            assert_true(lane_previous(&reader, &item));
            assert_int_equal(item.begin, pair.items.at[i - 1].begin);
        }
        assert_false(lane_previous(&reader, &item));
        finish(&pair);
    }
}

static void seeking_finds_what_a_moment_is_in(void **state)
{
    (void)state;
    struct pair pair;
    uint64_t random = 3;
    make(&pair, lane_spans, 2000, mixed, 77);
    for (unsigned i = 0; i < 2000; i++) {
        int64_t time = (int64_t)(random_next(&random) % (uint64_t)(pair.end + 10));
        size_t want = 0;
        while (want < pair.items.n && !(pair.items.at[want].end > time || pair.items.at[want].begin >= time))
            want++;
        struct lane_reader reader;
        struct lane_item item;
        lane_seek(&reader, &pair.lane, time);
        assert_int_equal(lane_next(&reader, &item), want < pair.items.n);
        if (want < pair.items.n)
            assert_int_equal(item.begin, pair.items.at[want].begin);
    }
    finish(&pair);
}

static void time_that_goes_back_stands_still(void **state)
{
    (void)state;
    struct lane_pool pool;
    struct lane lane = lane_of(lane_spans);
    struct lane_reader reader;
    struct lane_item item;
    lane_pool_init(&pool, mem_libc());
    assert_true(lane_push_span(&lane, &pool, 100, 200, 1));
    assert_true(lane_push_span(&lane, &pool, 150, 120, 2));
    lane_close(&lane, &pool, 0);
    assert_true(lane_index(&lane, mem_libc()));
    lane_seek(&reader, &lane, 0);
    assert_true(lane_next(&reader, &item) && item.begin == 100 && item.end == 200);
    assert_true(lane_next(&reader, &item) && item.begin == 200 && item.end == 200 && item.what == 2);
    lane_pool_finish(&pool);
}

static void windows_of_all_of_time_are_drawn(void **state)
{
    (void)state;
    struct pair pair;
    struct lane_pixel pixels[3];
    make(&pair, lane_states, 50, dense, 4);
    lane_draw(&pair.lane, INT64_MIN, INT64_MAX, 3, pixels);
    struct lane_pixel total;
    lane_total(&pair.lane, &total);
    assert_int_equal(pixels[0].count, 0);
    assert_int_equal(pixels[1].count, total.count);
    assert_int_equal(pixels[2].count, 0);
    lane_draw(&pair.lane, INT64_MAX, INT64_MAX, 3, pixels);
    assert_int_equal(pixels[0].count, 0);
    finish(&pair);
}

static void chunks_that_are_given_back_are_used_again(void **state)
{
    (void)state;
    struct lane_pool pool;
    lane_pool_init(&pool, mem_libc());
    /* 70 MB if nothing were used twice. */
    for (unsigned i = 0; i < 100000; i++) {
        struct lane lane = lane_of(lane_states);
        for (unsigned k = 0; k < 20; k++)
            assert_true(lane_push(&lane, &pool, k, k));
        lane_close(&lane, &pool, 20);
    }
    assert_true(pool.bytes < 40 << 20);
    lane_pool_finish(&pool);
}

static void exhaustion_fails_and_leaks_nothing(void **state)
{
    (void)state;
    for (size_t n = 0; n < 8; n++) {
        struct failing_mem failing = failing_mem(n);
        struct lane_pool pool;
        struct lane lane = lane_of(lane_spans);
        lane_pool_init(&pool, &failing.mem);
        bool good = true;
        for (unsigned i = 0; i < 200000 && good; i++)
            good = lane_push_span(&lane, &pool, i, i, 0);
        lane_close(&lane, &pool, 0);
        assert_true(good || !lane_index(&lane, &failing.mem) || lane.nchunks < 2);
        lane_drop_index(&lane, &failing.mem);
        lane_pool_finish(&pool);
    }
}

/* The changes of a population, as an array. */
struct change {
    int64_t time;
    struct population_counts after;
};

struct made_population {
    struct population population;
    VEC(struct change) changes;
};

static void fill_population(struct made_population *made, size_t n, uint64_t seed)
{
    struct population_counts now = {0};
    int64_t time = 5;
    for (size_t i = 0; i < n; i++) {
        unsigned from = (unsigned)(random_next(&seed) % population_states),
                 to = (unsigned)(random_next(&seed) % population_states);
        now.of[from] -= from != population_none;
        now.of[to] += to != population_none;
        time += (int64_t)(random_next(&seed) >> (random_next(&seed) % 40 + 24));
        assert_true(population_change(&made->population, time, (enum population_state)from, (enum population_state)to));
        assert_true(vec_push(&made->changes, mem_libc(), (struct change){time, now}));
    }
    assert_true(population_index(&made->population));
}

static void make_population(struct made_population *made, size_t n, uint64_t seed)
{
    *made = (struct made_population){0};
    population_init(&made->population, mem_libc());
    fill_population(made, n, seed);
}

static void include(struct population_pixel *pixel, const struct population_counts *counts)
{
    for (unsigned i = 0; i < population_states; i++) {
        if (counts->of[i] < pixel->min.of[i])
            pixel->min.of[i] = counts->of[i];
        if (counts->of[i] > pixel->max.of[i])
            pixel->max.of[i] = counts->of[i];
    }
    pixel->last = *counts;
}

static void count_population(const struct made_population *made, int64_t begin, int64_t end,
                             struct population_pixel *pixel)
{
    struct population_counts first = {0};
    size_t i = 0;
    for (; i < made->changes.n && made->changes.at[i].time <= begin; i++)
        first = made->changes.at[i].after;
    *pixel = (struct population_pixel){first, first, first, first, 0};
    for (; i < made->changes.n && made->changes.at[i].time < end; i++) {
        include(pixel, &made->changes.at[i].after);
        pixel->count++;
    }
}

static void check_population(const struct made_population *made, uint64_t *random, unsigned windows)
{
    int64_t span = made->population.last_time + 100;
    for (unsigned k = 0; k < windows; k++) {
        struct population_pixel got[most_pixels], want;
        int64_t begin = (int64_t)(random_next(random) % (uint64_t)span) - 50;
        int64_t end = begin + (int64_t)((random_next(random) % (uint64_t)span) >> (k % 4) * 8);
        uint32_t width = 1 + (uint32_t)(random_next(random) % most_pixels);
        population_draw(&made->population, begin, end, width, got);
        for (uint32_t p = 0; p < width; p++) {
            int64_t from = lane_edge(begin, end, width, p), to = lane_edge(begin, end, width, p + 1);
            count_population(made, from, to > from ? to : from + 1, &want);
            assert_memory_equal(&got[p], &want, sizeof want);
        }
    }
}

static void every_window_of_a_population_is_what_counting_says(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 128, 129, 5000, 300000};
    uint64_t random = 8;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct made_population made;
        make_population(&made, sizes[i], random_next(&random));
        check_population(&made, &random, sizes[i] > 10000 ? 4 : 60);
        population_finish(&made.population);
        vec_finish(&made.changes, mem_libc());
    }
}

/* Memory that is only there where it is touched. */
static void *sparse_resize(struct mem *self, void *block, size_t old_size, size_t new_size)
{
    (void)self;
    void *p = NULL;
    if (new_size > 0)
        p = mmap(NULL, new_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    if (block && p)
        memcpy(p, block, old_size < new_size ? old_size : new_size);
    if (block)
        munmap(block, old_size);
    return p;
}

/* As those of 400 million events do. */
static void changes_behind_4_gib_are_found(void **state)
{
    (void)state;
    static struct mem mem = {sparse_resize};
    struct made_population made = {0};
    uint64_t random = 12;
    population_init(&made.population, &mem);
    if (!buf_reserve(&made.population.bytes, (size_t)9 << 30))
        skip_with("no address space");
    made.population.bytes.n = ((size_t)4 << 30) - 1000;
    fill_population(&made, 20000, 3);
    assert_true(made.population.bytes.n > (size_t)4 << 30);
    check_population(&made, &random, 40);
    population_finish(&made.population);
    vec_finish(&made.changes, mem_libc());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_window_of_a_lane_is_what_counting_says),
        cmocka_unit_test(pixels_of_less_than_a_nanosecond_overlap),
        cmocka_unit_test(levels_over_a_million_items_agree_with_counting),
        cmocka_unit_test(items_come_back_in_both_directions),
        cmocka_unit_test(seeking_finds_what_a_moment_is_in),
        cmocka_unit_test(time_that_goes_back_stands_still),
        cmocka_unit_test(windows_of_all_of_time_are_drawn),
        cmocka_unit_test(chunks_that_are_given_back_are_used_again),
        cmocka_unit_test(exhaustion_fails_and_leaks_nothing),
        cmocka_unit_test(every_window_of_a_population_is_what_counting_says),
        cmocka_unit_test(changes_behind_4_gib_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
