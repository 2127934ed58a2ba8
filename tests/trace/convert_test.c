#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "trace/chrome.h"
#include "trace/cut.h"
#include "trace/pass.h"
#include "trace/perfetto.h"
#include "trace/reader.h"
#include "trace/samples.h"

/* A trace that one of the fuzz targets' saved inputs stands for, with nearly every type of event. */
static struct buf read_seed(const char *header, const char *name)
{
    struct buf trace;
    char path[4096], byte;
    buf_init(&trace, mem_libc());
    buf_bytes(&trace, header, 16);
    snprintf(path, sizeof path, "%s/%s", getenv("SEEDS") ? getenv("SEEDS") : ".", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(&byte, 1, 1, file), 1); /* the target's choice of a version */
    while (fread(&byte, 1, 1, file) == 1)
        buf_byte(&trace, byte);
    fclose(file);
    return trace;
}

static struct buf read_new(void)
{
    return read_seed("go 1.26 trace\0\0\0", "trace/all-3");
}

struct conversion {
    struct chrome chrome;
    struct perfetto perfetto;
    struct trace_cut cut;
    struct buf out;
};

static bool take_for_chrome(void *state, const struct trace_event *e)
{
    struct conversion *c = state;
    return chrome_add(&c->chrome, e, &c->out);
}

static bool take_for_perfetto(void *state, const struct trace_event *e)
{
    struct conversion *c = state;
    return perfetto_add(&c->perfetto, e, &c->out);
}

static bool take_for_cut(void *state, const struct trace_event *e)
{
    struct conversion *c = state;
    return trace_cut_survey(&c->cut, e) && trace_cut_add(&c->cut, e, &c->out);
}

static const bool all_groups[] = {true, true, true, true, true};

static bool pass(struct str trace, struct mem *mem, trace_take *take, struct conversion *c)
{
    struct trace_extent extent;
    struct trace_fault fault = {0};
    /* A reader that runs out of memory has read a trace that is broken from there on. */
    return trace_pass(trace, mem, UINT64_MAX, take, c, &extent, &fault) && !fault.set;
}

static bool to_chrome(struct str trace, struct mem *mem, struct buf *out)
{
    struct conversion c = {.out = *out};
    bool good = chrome_begin(&c.chrome, mem, all_groups, TRACE_RANGE_ALL, &c.out) &&
                pass(trace, mem, take_for_chrome, &c) && chrome_end(&c.chrome, &c.out);
    chrome_finish(&c.chrome);
    *out = c.out;
    return good && !out->failed;
}

static bool to_perfetto(struct str trace, struct mem *mem, struct buf *out)
{
    struct conversion c = {.out = *out};
    bool good = perfetto_begin(&c.perfetto, mem, all_groups, TRACE_RANGE_ALL) &&
                pass(trace, mem, take_for_perfetto, &c) && perfetto_end(&c.perfetto, &c.out);
    perfetto_finish(&c.perfetto);
    *out = c.out;
    return good && !out->failed;
}

static bool cut(struct str trace, unsigned version, struct mem *mem, struct buf *out)
{
    struct conversion c = {.out = *out};
    bool good = trace_cut_init(&c.cut, mem, version, (struct trace_range){5, INT64_MAX}, NULL) &&
                pass(trace, mem, take_for_cut, &c) && trace_cut_end(&c.cut, &c.out);
    trace_cut_finish(&c.cut);
    *out = c.out;
    return good && !out->failed;
}

static bool to_part(struct str trace, struct mem *mem, struct buf *out)
{
    return cut(trace, 26, mem, out);
}

static bool to_new(struct str trace, struct mem *mem, struct buf *out)
{
    return cut(trace, 21, mem, out);
}

static bool to_profile(struct str trace, struct mem *mem, struct buf *out)
{
    struct profile profile;
    struct trace_share share;
    struct trace_fault fault = {0};
    for (int i = 0; i < 2; i++) {
        if (!trace_samples(trace, (enum trace_sampling)i, NULL, mem, &profile, &share, &fault)) {
            assert_true(fault.set);
            return false;
        }
        buf_uint(out, profile.nsamples);
        profile_finish(&profile);
        if (fault.set)
            return false;
    }
    return !out->failed;
}

/* Runs a conversion with memory that runs out ever later, until it does not. */
static void exhaust(struct buf trace, bool (*convert)(struct str, struct mem *, struct buf *))
{
    bool good = false;
    size_t most = 0;
    for (size_t allowed = 0; !good && allowed < 20000; allowed++) {
        struct failing_mem mem = failing_mem(allowed);
        struct buf out;
        buf_init(&out, &mem.mem);
        good = convert(buf_text(&trace), &mem.mem, &out);
        most = out.n;
        buf_finish(&out);
    }
    assert_true(good && most > 0);
    buf_finish(&trace);
}

static void rows_bear_memory_that_runs_out(void **state)
{
    (void)state;
    exhaust(read_new(), to_chrome);
    exhaust(read_new(), to_perfetto);
}

static void parts_bear_memory_that_runs_out(void **state)
{
    (void)state;
    exhaust(read_new(), to_part);
}

/* What was written at a time is read at that time, however long the machine had been up. */
static void times_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const uint64_t begins[] = {1000, ((uint64_t)1 << 53) - 1, ((uint64_t)1 << 53) + 4711,
                                      (uint64_t)1 << 62 | 77};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        struct trace_fault fault = {0};
        struct frame_tree frames;
        struct trace_encoder encoder;
        struct buf out;
        buf_init(&out, mem_libc());
        assert_true(frame_tree_init(&frames, mem_libc()));
        trace_encoder_init(&encoder, mem_libc(), 22, &frames);
        trace_encoder_header(&encoder, &out);
        trace_encoder_begin(&encoder, begins[i] - 900, NULL, &out);
        for (uint64_t p = 0; p < 100; p++)
            trace_encoder_event(&encoder, 5, begins[i] + 3 * p, ev_proc_status, (const uint64_t[]){p, proc_status_idle},
                                &out);
        trace_encoder_end(&encoder, &out);
        trace_encoder_finish(&encoder);
        frame_tree_finish(&frames);
        struct trace_reader *reader = trace_reader_create(buf_text(&out), mem_libc(), &fault);
        uint64_t n = 0;
        for (const struct trace_event *e; (e = trace_reader_next(reader));) {
            if (e->type == ev_proc_status)
                assert_int_equal(e->time, begins[i] + 3 * n++);
        }
        assert_false(trace_reader_fault(reader)->set);
        assert_int_equal(n, 100);
        trace_reader_destroy(reader);
        buf_finish(&out);
    }
}

static void profiles_bear_memory_that_runs_out(void **state)
{
    (void)state;
    exhaust(read_new(), to_profile);
}

static void old_traces_bear_memory_that_runs_out(void **state)
{
    (void)state;
    exhaust(read_seed("go 1.21 trace\0\0\0", "trace_v1/all-7"), to_new);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_bear_memory_that_runs_out),     cmocka_unit_test(parts_bear_memory_that_runs_out),
        cmocka_unit_test(times_are_read_as_they_are_written), cmocka_unit_test(old_traces_bear_memory_that_runs_out),
        cmocka_unit_test(profiles_bear_memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
