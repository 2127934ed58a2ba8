/* A small profile.proto that has one of everything, and ways to write parts of one by hand. */
#ifndef SONDE_TESTS_PROFILE_SMALL_H
#define SONDE_TESTS_PROFILE_SMALL_H

#include "base/buf.h"
#include "wire/proto.h"

/* Appends a message of numbers: (field, value) pairs until a field 0. */
static inline void put_numbers(struct buf *out, uint32_t number, const uint64_t *pairs)
{
    size_t mark = proto_begin(out, number);
    for (; pairs[0] != 0; pairs += 2)
        proto_put_uint(out, (uint32_t)pairs[0], pairs[1]);
    proto_end(out, mark);
}

#define PUT(out, number, ...) put_numbers((out), (number), (const uint64_t[]){__VA_ARGS__, 0})

/* Strings of the small profile; the index of each is its place. */
enum small_string {
    small_empty,
    small_samples,
    small_count,
    small_cpu,
    small_nanoseconds,
    small_main,
    small_work,
    small_inlined,
    small_file,
    small_binary,
    small_build_id,
    small_thread,
    small_bytes,
    small_request,
    small_value,
    small_comment,
    small_nstrings
};

static inline void put_small_strings(struct buf *out)
{
    static const char *const strings[small_nstrings] = {
        "",    "samples",  "count",   "cpu",    "nanoseconds", "main",    "work",  "inlined",
        "a.c", "/bin/app", "0abc123", "thread", "bytes",       "request", "value", "a comment",
    };
    for (int i = 0; i < small_nstrings; i++)
        proto_put_str(out, 6, str_of(strings[i]));
}

static inline void put_small_samples(struct buf *out)
{
    size_t sample = proto_begin(out, 2), stack = proto_begin(out, 1);
    for (uint64_t id = 3; id >= 1; id--)
        proto_put_varint(out, id);
    proto_end(out, stack);
    proto_put_uint(out, 2, 1);
    proto_put_uint(out, 2, 10000000);
    PUT(out, 3, 1, small_request, 3, 4096, 4, small_bytes);
    PUT(out, 3, 1, small_thread, 2, small_value);
    proto_end(out, sample);
    PUT(out, 2, 1, 2, 1, 1, 2, 2, 2, 20000000);
    PUT(out, 2, 2, 5, 2, 50000000);
    PUT(out, 2, 1, 2, 1, 1, 2, 3, 2, 30000000);
}

static inline void put_small_tables(struct buf *out)
{
    PUT(out, 3, 1, 1, 2, 0x400000, 3, 0x500000, 4, 0x1000, 5, small_binary, 6, small_build_id, 7, 1, 8, 1, 9, 1, 10, 1);
    PUT(out, 4, 1, 1, 2, 1, 3, 0x400100);
    size_t location = proto_begin(out, 4);
    proto_put_uint(out, 1, 2);
    proto_put_uint(out, 2, 1);
    proto_put_uint(out, 3, 0x400200);
    PUT(out, 4, 1, 3, 2, 7, 3, 2);
    PUT(out, 4, 1, 2, 2, 30);
    proto_end(out, location);
    PUT(out, 4, 1, 3, 3, 0x9000, 5, 1);
    PUT(out, 5, 1, 1, 2, small_main, 3, small_main, 4, small_file, 5, 1);
    PUT(out, 5, 1, 2, 2, small_work, 3, small_work, 4, small_file, 5, 20);
    PUT(out, 5, 1, 3, 2, small_inlined, 3, small_inlined, 4, small_file);
}

static inline void put_small_profile(struct buf *out)
{
    PUT(out, 1, 1, small_samples, 2, small_count);
    PUT(out, 1, 1, small_cpu, 2, small_nanoseconds);
    put_small_samples(out);
    put_small_tables(out);
    put_small_strings(out);
    proto_put_uint(out, 9, 1700000000000000000u);
    proto_put_uint(out, 10, 1000000000);
    PUT(out, 11, 1, small_cpu, 2, small_nanoseconds);
    proto_put_uint(out, 12, 10000000);
    proto_put_uint(out, 13, small_comment);
    proto_put_uint(out, 14, small_cpu);
}

#endif
