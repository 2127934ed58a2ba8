#include "wire/igzip.h"

#include <stdio.h>

#include "base/parallel.h"
#include "testing.h"
#include "wire/gzip.h"

static const uint64_t limit = 1 << 26;
static const size_t sizes[] = {1, 4096, 100000, 1 << 18, (1 << 18) + 1, 3000000, 9000001};
enum { nsizes = sizeof sizes / sizeof *sizes };

static struct igzip igzip;

/* Text of which some repeats and some does not. */
static struct buf text_of(size_t size)
{
    struct buf text;
    uint64_t random = size;
    buf_init(&text, mem_libc());
    while (text.n < size) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        buf_uint(&text, random >> 40);
        buf_str(&text, STR(" the same "));
    }
    text.n = size;
    return text;
}

/* Deflates in so many parts. */
static bool deflate(struct str text, unsigned nparts, struct buf *packed)
{
    struct igzip_part whole = {0}, part;
    size_t before = packed->n, step = text.n / nparts;
    void *scratch = mem_get(mem_libc(), igzip_deflate_scratch());
    bool good = true;
    igzip_put_header(packed);
    for (unsigned i = 0; i < nparts && good; i++) {
        bool is_last = i + 1 == nparts;
        struct str bytes = is_last ? str_skip(text, i * step) : str_first(str_skip(text, i * step), step);
        good = igzip_deflate_part(&igzip, bytes, is_last, scratch, packed, &part);
        if (good)
            igzip_join(&whole, &part);
    }
    igzip_put_trailer(&whole, packed);
    mem_put(mem_libc(), scratch, igzip_deflate_scratch());
    if (!good)
        packed->n = before;
    return good;
}

static struct buf pack(struct str text, bool fast)
{
    struct buf packed;
    buf_init(&packed, mem_libc());
    assert_true(fast ? deflate(text, text.n > 1000 ? 3 : 1, &packed) : gzip_deflate(text, 6, &packed));
    return packed;
}

struct reading {
    struct relay *relay;
    struct buf *out;
    size_t most; /* bytes after which the reader stops */
};

/* Reads a relay, leaving a few bytes of each piece for the next. */
static void read_relay(void *context)
{
    struct reading *reading = context;
    struct str text = {0};
    size_t rest = 0;
    while (reading->out->n + rest < reading->most && relay_next(reading->relay, rest, &text)) {
        rest = text.n < 5 ? 0 : text.n % 5;
        buf_bytes(reading->out, text.p, text.n - rest);
    }
    if (rest > 0)
        buf_bytes(reading->out, text.p + text.n - rest, rest);
    relay_stop(reading->relay);
}

/* Inflates while another thread reads. */
static bool inflate_some(struct str packed, size_t room, size_t most, struct buf *out)
{
    struct relay relay;
    struct reading reading = {&relay, out, most};
    struct helper helper;
    char *block = mem_get(mem_libc(), relay_size()), *scratch = mem_get(mem_libc(), igzip_inflate_scratch());
    relay_init(&relay, block);
    assert_true(helper_start(&helper, read_relay, &reading));
    bool ok = igzip_inflate(&igzip, packed, room, &relay, scratch);
    helper_join(&helper);
    relay_finish(&relay);
    mem_put(mem_libc(), block, relay_size());
    mem_put(mem_libc(), scratch, igzip_inflate_scratch());
    assert_true(out->n <= room);
    return ok;
}

static bool inflate(struct str packed, size_t room, struct buf *out)
{
    return inflate_some(packed, room, SIZE_MAX, out);
}

static void assert_inflates(struct str packed, size_t room, struct str text)
{
    struct buf out;
    buf_init(&out, mem_libc());
    assert_true(inflate(packed, room, &out));
    assert_true(str_equal(buf_text(&out), text));
    buf_finish(&out);
}

static void assert_refused(struct str packed, size_t room)
{
    struct buf out;
    buf_init(&out, mem_libc());
    assert_false(inflate(packed, room, &out));
    buf_finish(&out);
}

static void what_either_library_deflates_the_other_inflates(void **state)
{
    (void)state;
    for (size_t i = 0; i < nsizes; i++) {
        struct buf text = text_of(sizes[i]), fast = pack(buf_text(&text), true), plain = pack(buf_text(&text), false),
                   out;
        struct fault fault;
        assert_inflates(buf_text(&plain), sizes[i], buf_text(&text));
        assert_inflates(buf_text(&fast), sizes[i] + 1000, buf_text(&text));
        buf_init(&out, mem_libc());
        assert_true(gzip_inflate(buf_text(&fast), limit, &out, &fault));
        assert_true(str_equal(buf_text(&out), buf_text(&text)));
        buf_finish(&out);
        buf_finish(&fast);
        buf_finish(&plain);
        buf_finish(&text);
    }
}

static void parts_become_one_member(void **state)
{
    (void)state;
    struct buf text = text_of(900001), out;
    for (unsigned nparts = 1; nparts < 20; nparts += 3) {
        struct buf packed;
        struct fault fault;
        buf_init(&packed, mem_libc());
        buf_init(&out, mem_libc());
        assert_true(deflate(buf_text(&text), nparts, &packed));
        struct cursor tail = cursor_over(packed.p + packed.n - 4, 4, 0);
        assert_int_equal(cursor_u32le(&tail), text.n); /* the whole text's size is in the only trailer */
        assert_true(gzip_inflate(buf_text(&packed), limit, &out, &fault)); /* which has the right checksum */
        assert_true(str_equal(buf_text(&out), buf_text(&text)));
        buf_finish(&packed);
        buf_finish(&out);
    }
    buf_finish(&text);
}

static void an_empty_text_is_a_member_too(void **state)
{
    (void)state;
    struct buf packed;
    buf_init(&packed, mem_libc());
    assert_true(deflate(STR(""), 2, &packed));
    assert_inflates(buf_text(&packed), 0, STR(""));
    buf_finish(&packed);
}

static void members_that_follow_each_other_are_one_stream(void **state)
{
    (void)state;
    struct buf a = text_of(300000), b = text_of(70000), packed = pack(buf_text(&a), false);
    assert_true(deflate(buf_text(&b), 2, &packed));
    buf_str(&a, buf_text(&b));
    assert_inflates(buf_text(&packed), a.n, buf_text(&a));
    buf_finish(&packed);
    buf_finish(&a);
    buf_finish(&b);
}

static void broken_streams_and_too_little_room_are_refused(void **state)
{
    (void)state;
    struct buf text = text_of(600000), packed = pack(buf_text(&text), false);
    assert_refused(buf_text(&packed), text.n - 1);
    assert_refused(buf_text(&packed), 0);
    for (size_t n = 0; n < packed.n; n += n < 30 || n + 30 > packed.n ? 1 : 10007)
        assert_refused(str_first(buf_text(&packed), n), text.n);
    for (size_t at = packed.n - 8; at < packed.n; at++) { /* checksum and size */
        packed.p[at] ^= 1;
        assert_refused(buf_text(&packed), text.n);
        packed.p[at] ^= 1;
    }
    buf_byte(&packed, 'x'); /* garbage behind the end */
    assert_refused(buf_text(&packed), text.n);
    buf_finish(&packed);
    buf_finish(&text);
}

static void flipped_bytes_never_yield_more_than_there_is_room_for(void **state)
{
    (void)state;
    struct buf text = text_of(50000), packed = pack(buf_text(&text), false), out;
    buf_init(&out, mem_libc());
    for (size_t at = 10; at < packed.n; at += 97) {
        packed.p[at] ^= 0x55;
        out.n = 0;
        inflate(buf_text(&packed), text.n, &out);
        packed.p[at] ^= 0x55;
    }
    buf_finish(&out);
    buf_finish(&packed);
    buf_finish(&text);
}

static void a_reader_may_stop(void **state)
{
    (void)state;
    struct buf text = text_of(9000001), packed = pack(buf_text(&text), false), out;
    buf_init(&out, mem_libc());
    assert_false(inflate_some(buf_text(&packed), text.n, 1000000, &out));
    assert_true(str_starts_with(buf_text(&text), buf_text(&out)));
    buf_finish(&out);
    buf_finish(&packed);
    buf_finish(&text);
}

static void exhaustion_is_told(void **state)
{
    (void)state;
    struct buf text = text_of(3000000), packed;
    struct failing_mem failing = failing_mem(0);
    struct igzip_part part;
    void *scratch = mem_get(mem_libc(), igzip_deflate_scratch());
    buf_init(&packed, &failing.mem);
    assert_false(igzip_deflate_part(&igzip, buf_text(&text), true, scratch, &packed, &part));
    assert_int_equal(packed.n, 0);
    buf_finish(&packed);
    mem_put(mem_libc(), scratch, igzip_deflate_scratch());
    buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_either_library_deflates_the_other_inflates),
        cmocka_unit_test(parts_become_one_member),
        cmocka_unit_test(an_empty_text_is_a_member_too),
        cmocka_unit_test(members_that_follow_each_other_are_one_stream),
        cmocka_unit_test(broken_streams_and_too_little_room_are_refused),
        cmocka_unit_test(flipped_bytes_never_yield_more_than_there_is_room_for),
        cmocka_unit_test(a_reader_may_stop),
        cmocka_unit_test(exhaustion_is_told),
    };
    if (!igzip_open(&igzip)) {
        puts("1..0 # SKIP libisal2 is not installed");
        return 0;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    igzip_close(&igzip);
    return failed;
}
