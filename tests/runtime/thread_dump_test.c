#include "testing.h"

#include <stdio.h>

#include "runtime/thread_dump.h"

#include "made_up_code.h"

static void add_state(struct thread_states *states, int32_t tid, const char *name, const char *activity, int64_t waited)
{
    struct thread_state state = {.tid = tid, .activity = activity, .wait_seconds = waited};
    snprintf(state.name, sizeof state.name, "%s", name);
    assert_true(vec_push(&states->of, states->mem, state));
}

static void threads_are_shown_as_go_shows_goroutines(void **unused)
{
    (void)unused;
    struct mappings mappings;
    struct code code = made_up_code(&mappings);
    struct thread_states states = {.mem = mem_libc()};
    struct snapshot snapshot;
    struct buf out;
    snapshot_init(&snapshot, mem_libc());
    buf_init(&out, mem_libc());
    snapshot_add(&snapshot, (uint64_t[]){0x401100, 0x401010, 0x7f0021}, 3)->leaf_is_exact = true;
    snapshot_add(&snapshot, (uint64_t[]){0x401100, 0x7f0100, 0x123}, 3)->truncated = true;
    snapshot_add(&snapshot, NULL, 0);
    add_state(&states, 1, "app", "running", 0);
    add_state(&states, 22, "a \"b\"\n", "IO wait", 119);
    add_state(&states, 333, "", "syscall", 3600);
    assert_true(thread_dump_write(&out, &snapshot, &states, &code));
    assert_str(buf_text(&out), "goroutine 1 [running labels:{\"thread\": \"app\"}]:\n"
                               "work(...)\n\t/bin/app +0x0\n"
                               "main(...)\n\t/bin/app +0xf\n"
                               "start(...)\n\t/lib/libc.so.6 +0x20\n"
                               "\n"
                               "goroutine 22 [IO wait, 1 minutes labels:{\"thread\": \"a \\\"b\\\"\\n\"}]:\n"
                               "main(...)\n\t/bin/app +0xff\n"
                               "??"
                               "?(...)\n\t/lib/libc.so.6 +0xff\n"
                               "??"
                               "?(...)\n\t? +0x122\n"
                               "...additional frames elided...\n"
                               "\n"
                               "goroutine 333 [syscall, 60 minutes]:\n");
    buf_finish(&out);
    thread_states_finish(&states);
    snapshot_finish(&snapshot);
    mappings_finish(&mappings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_are_shown_as_go_shows_goroutines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
