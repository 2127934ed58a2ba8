/* Writes a synthetic CPU profile to standard output, gzipped: so many distinct samples (500,000 unless told otherwise),
 * 20,000 functions, 60,000 locations of which one in five has an inlined frame, stacks 8 to 55 deep. Small profiles
 * have smaller tables. With a POOL, profiles of different seeds have stacks in common, as those of one service do: each
 * takes its stacks out of the same so many, and lists, as runtimes do, what its samples have in the order in which they
 * come to it. Those that are told different numbers of FUNCTIONS have no stacks in common. The same arguments give the
 * same bytes everywhere.
 *
 *     make_profile [SAMPLES [SEED [POOL [FUNCTIONS]]]] > profile.pb.gz
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "wire/gzip.h"
#include "wire/proto.h"

enum {
    default_samples = 500000,
    most_functions = 20000,
    locations_per_function = 3,
    most_locations = most_functions * locations_per_function,
    smallest_depth = 8,
    largest_depth = 55,
    one_inlined_in = 5,
    period = 10000000, /* ns: 100 Hz */
    base_address = 0x400000,
    first_function_string = 6, /* "", samples, count, cpu, nanoseconds, the binary */
    gzip_level = 6,
};

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t below(uint64_t *state, uint64_t limit)
{
    return next(state) % limit;
}

/* What is in a table, by its own number from 1 on, and the id that it has in this profile. */
struct listed {
    uint32_t ids[most_locations + 1], numbers[most_locations + 1];
    uint64_t n;
};

static struct listed listed_locations, listed_functions;

static uint64_t id_of(struct listed *listed, uint64_t number)
{
    if (listed->ids[number] == 0) {
        listed->ids[number] = (uint32_t)++listed->n;
        listed->numbers[listed->n] = (uint32_t)number;
    }
    return listed->ids[number];
}

static void list_all(struct listed *listed, uint64_t n)
{
    for (uint64_t number = 1; number <= n; number++)
        id_of(listed, number);
}

static void put_value_type(struct buf *out, uint32_t number, uint64_t type, uint64_t unit)
{
    size_t mark = proto_begin(out, number);
    proto_put_uint(out, 1, type);
    proto_put_uint(out, 2, unit);
    proto_end(out, mark);
}

static void put_sample(struct buf *out, uint64_t *state, uint64_t locations, uint64_t count)
{
    uint64_t depth = smallest_depth + below(state, largest_depth - smallest_depth + 1);
    size_t sample = proto_begin(out, 2), stack = proto_begin(out, 1);
    for (uint64_t i = 0; i < depth; i++)
        proto_put_varint(out, id_of(&listed_locations, 1 + below(state, locations)));
    proto_end(out, stack);
    proto_put_uint(out, 2, count);
    proto_put_uint(out, 2, count * period);
    proto_end(out, sample);
}

static void put_line(struct buf *out, uint64_t function, uint64_t line)
{
    size_t mark = proto_begin(out, 4);
    proto_put_uint(out, 1, id_of(&listed_functions, function));
    proto_put_uint(out, 2, line);
    proto_end(out, mark);
}

static void put_location(struct buf *out, uint64_t *state, uint64_t id, uint64_t functions)
{
    uint64_t number = listed_locations.numbers[id];
    size_t mark = proto_begin(out, 4);
    proto_put_uint(out, 1, id);
    proto_put_uint(out, 2, 1);
    proto_put_uint(out, 3, base_address + number * 64);
    if (number % one_inlined_in == 0)
        put_line(out, 1 + below(state, functions), 1 + below(state, 1000));
    put_line(out, 1 + (number - 1) / locations_per_function, 1 + below(state, 1000));
    proto_end(out, mark);
}

static void put_mapping(struct buf *out, uint64_t locations)
{
    size_t mark = proto_begin(out, 3);
    proto_put_uint(out, 1, 1);
    proto_put_uint(out, 2, base_address);
    proto_put_uint(out, 3, base_address + (locations + 1) * 64);
    proto_put_uint(out, 5, 5);
    for (uint32_t has = 7; has <= 10; has++)
        proto_put_uint(out, has, 1);
    proto_end(out, mark);
}

/* A function's name and file are two strings of its own, behind those before it. */
static void put_function(struct buf *out, uint64_t id)
{
    size_t mark = proto_begin(out, 5);
    proto_put_uint(out, 1, id);
    proto_put_uint(out, 2, first_function_string + 2 * (id - 1));
    proto_put_uint(out, 3, first_function_string + 2 * (id - 1));
    proto_put_uint(out, 4, first_function_string + 2 * (id - 1) + 1);
    proto_put_uint(out, 5, 1);
    proto_end(out, mark);
}

static void put_strings(struct buf *out)
{
    static const char *const first[] = {"", "samples", "count", "cpu", "nanoseconds", "/srv/synthetic/bin/server"};
    char text[128];
    for (size_t i = 0; i < first_function_string; i++)
        proto_put_str(out, 6, str_of(first[i]));
    for (uint64_t id = 1; id <= listed_functions.n; id++) {
        uint32_t f = listed_functions.numbers[id];
        int n = snprintf(text, sizeof text,
                         "synthetic/module%" PRIu32 "/package%" PRIu32 ".(*Type%" PRIu32 ").Method%" PRIu32, f % 17,
                         f % 257, f % 1031, f);
        proto_put_str(out, 6, (struct str){text, (size_t)n});
        n = snprintf(text, sizeof text, "/srv/synthetic/module%" PRIu32 "/package%" PRIu32 "/file%" PRIu32 ".go",
                     f % 17, f % 257, f);
        proto_put_str(out, 6, (struct str){text, (size_t)n});
    }
}

/* Stacks that lie apart in the pool, from a place that the seed says; each is made of its number there alone. */
static void put_pool_samples(struct buf *out, uint64_t samples, uint64_t seed, uint64_t pool, uint64_t locations)
{
    const uint64_t stride = 1000003; /* a prime: no number comes twice before all have come */
    uint64_t first = below(&seed, pool);
    for (uint64_t i = 0; i < samples; i++) {
        uint64_t state = (first + i * stride) % pool;
        put_sample(out, &state, locations, 1 + below(&seed, 9));
    }
}

static void put_profile(struct buf *out, uint64_t samples, uint64_t seed, uint64_t pool, uint64_t functions)
{
    uint64_t tables = seed, locations = functions * locations_per_function;
    put_value_type(out, 1, 1, 2);
    put_value_type(out, 1, 3, 4);
    if (pool == 0) {
        list_all(&listed_locations, locations);
        list_all(&listed_functions, functions);
    } else {
        put_pool_samples(out, samples, seed, pool, locations);
    }
    for (uint64_t i = 0; i < samples && pool == 0; i++)
        put_sample(out, &tables, locations, 1 + below(&tables, 9));
    put_mapping(out, locations);
    for (uint64_t id = 1; id <= listed_locations.n; id++) {
        uint64_t own = pool + listed_locations.numbers[id]; /* in a pool a location is the same in every profile */
        put_location(out, pool > 0 ? &own : &tables, id, functions);
    }
    for (uint64_t id = 1; id <= listed_functions.n; id++)
        put_function(out, id);
    put_strings(out);
    proto_put_uint(out, 9, 1700000000000000000u);
    proto_put_uint(out, 10, 30000000000u);
    put_value_type(out, 11, 3, 4);
    proto_put_uint(out, 12, period);
}

int main(int argc, char **argv)
{
    uint64_t samples = argc > 1 ? strtoull(argv[1], NULL, 10) : default_samples;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    uint64_t pool = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    uint64_t functions = argc > 4 ? strtoull(argv[4], NULL, 10) : pool > 0 ? pool : samples;
    functions = functions == 0 ? 1 : functions < most_functions ? functions : most_functions;
    struct buf text, packed;
    buf_init(&text, mem_libc());
    buf_init(&packed, mem_libc());
    put_profile(&text, samples == 0 ? 1 : samples, seed, pool, functions);
    bool ok = !text.failed && gzip_deflate(buf_text(&text), gzip_level, &packed) &&
              fwrite(packed.p, 1, packed.n, stdout) == packed.n && fflush(stdout) == 0;
    if (!ok)
        perror("make_profile");
    buf_finish(&text);
    buf_finish(&packed);
    return ok ? 0 : 1;
}
