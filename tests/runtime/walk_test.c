#include "runtime/signal/walk.h"

#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>
#include <unwind.h>

#include "runtime/modules.h"
#include "runtime/pages.h"
#include "runtime/signal/stack_bounds.h"
#include "testing.h"

#if defined __has_feature
#if __has_feature(thread_sanitizer)
#define SONDE_TSAN 1
#endif
#elif defined __SANITIZE_THREAD__
#define SONDE_TSAN 1
#endif

enum { most = 256 };

struct stack {
    uint64_t pcs[most];
    uint32_t n;
    bool truncated;
};

/* --- What libgcc says ----------------------------------------------------------------------------------------------
 */

static _Unwind_Reason_Code note(struct _Unwind_Context *context, void *to)
{
    struct stack *stack = to;
    int exact = 0;
    uint64_t pc = _Unwind_GetIPInfo(context, &exact);
    if (stack->n < most && pc != 0)
        stack->pcs[stack->n++] = pc + (exact != 0);
    return _URC_NO_REASON;
}

/* Both walks from the same function: they must agree from its caller on. */
static bool agree(void) __attribute__((noinline));
static bool agree(void)
{
    struct stack ours, theirs = {.n = 0};
    ours.n = walk_here(ours.pcs, most, &ours.truncated);
    _Unwind_Backtrace(note, &theirs);
    bool same = !ours.truncated && ours.n == theirs.n && ours.n > 3;
    for (uint32_t i = 1; same && i < ours.n; i++)
        same = ours.pcs[i] == theirs.pcs[i];
    if (!same) {
        fprintf(stderr, "# ours %u%s, theirs %u\n", ours.n, ours.truncated ? " (truncated)" : "", theirs.n);
        for (uint32_t i = 0; i < ours.n || i < theirs.n; i++)
            fprintf(stderr, "# %2u %16lx %16lx\n", i, i < ours.n ? ours.pcs[i] : 0, i < theirs.n ? theirs.pcs[i] : 0);
    }
    return same;
}

static volatile int sink;
static volatile bool compared;

static __attribute__((noinline)) bool recurse(int depth)
{
    bool same = depth == 0 ? agree() : recurse(depth - 1);
    sink++;
    return same;
}

static void deep_recursion_is_walked_to_its_end(void **state)
{
    (void)state;
    assert_true(recurse(0));
    assert_true(recurse(7));
    assert_true(recurse(200));
}

static int compare(const void *a, const void *b)
{
    compared = agree();
    return *(const int *)a - *(const int *)b;
}

static void callbacks_from_libc_are_walked_through_it(void **state)
{
    (void)state;
    int numbers[] = {3, 1, 2}, key = 2;
    compared = false;
    qsort(numbers, 3, sizeof *numbers, compare);
    assert_true(compared);
    compared = false;
    assert_non_null(bsearch(&key, numbers, 3, sizeof *numbers, compare));
    assert_true(compared);
}

static __attribute__((noinline)) bool with_alloca(size_t size)
{
    volatile char *block = __builtin_alloca(size);
    block[0] = 1;
    bool same = agree();
    block[size - 1] = block[0];
    return same;
}

static void frames_of_variable_size_are_walked(void **state)
{
    (void)state;
    for (size_t size = 1; size < 5000; size = size * 2 + 1)
        assert_true(with_alloca(size));
}

static __attribute__((noinline)) bool realigned(int n)
{
    char aligned[n + 64] __attribute__((aligned(64)));
    memset(aligned, n, sizeof aligned);
    bool same = agree();
    sink += aligned[n];
    return same;
}

static void frames_that_realign_the_stack_are_walked(void **state)
{
    (void)state;
    assert_true(realigned(10));
    assert_true(realigned(1000));
}

static void *in_thread(void *bounds)
{
    if (bounds)
        stack_bounds_set_self();
    return recurse(20) ? "same" : NULL;
}

static void threads_are_walked_with_and_without_known_bounds(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        void *result;
        assert_int_equal(pthread_create(&thread, NULL, in_thread, i ? "bounds" : NULL), 0);
        pthread_join(thread, &result);
        assert_non_null(result);
    }
}

static const struct stack *volatile interrupted; /* by a handler: not to be cached over raise */

static void handler(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    static struct stack stack;
    stack.n = walk_context(context, stack.pcs, most, &stack.truncated);
    interrupted = &stack;
    compared = agree();
}

static void a_signal_handler_walks_itself_and_what_it_interrupted(void **state)
{
    (void)state;
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    compared = false;
    raise(SIGUSR1);
    assert_true(compared);
    assert_false(interrupted->truncated);
    assert_true(interrupted->n > 4);
}

static jmp_buf leave;

/* Its call is the last instruction: the return address lies behind its end. */
static __attribute__((noinline, noreturn)) void never_returns(bool *same)
{
    *same = agree();
    longjmp(leave, 1);
}

static __attribute__((noinline)) void calls_what_never_returns(bool *same)
{
    never_returns(same);
}

static void calls_that_never_return_belong_to_their_caller(void **state)
{
    (void)state;
    static bool same;
    same = false;
    if (setjmp(leave) == 0)
        calls_what_never_returns(&same);
    assert_true(same);
}

/* A PLT as linkers write it, of which no unwind data is made. Its jumps are never made. */
__asm__(".text\n"
        ".p2align 4\n"
        "bare_plt:\n"
        "  pushq bare_plt(%rip)\n"
        "  jmp *bare_plt(%rip)\n"
        "  nopl 0(%rax)\n"
        ".p2align 4\n"
        "  jmp *bare_plt(%rip)\n"
        "  push $0x7777777\n"
        "  .byte 0xe9; .long bare_plt - . - 4\n" /* the long form of jmp, which the assembler wouldn't take */
        ".p2align 4\n"
        "  endbr64\n"
        "  jmp *bare_plt(%rip)\n"
        ".p2align 4\n");
extern const char bare_plt[];

static void plt_entries_without_unwind_data_are_known_by_their_code(void **state)
{
    (void)state;
    const struct {
        unsigned at, pushed; /* bytes into the PLT; words on the stack at that instruction */
    } cases[] = {{0, 1}, {6, 2}, {16, 0}, {22, 0}, {27, 1}, {32, 0}, {36, 0}};
    uint64_t stack_words[16], pcs[2], returns = (uint64_t)(uintptr_t)agree + 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ucontext_t context = {0};
        bool truncated;
        memset(stack_words, 0, sizeof stack_words);
        stack_words[4 + cases[i].pushed] = returns;
        context.uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)(bare_plt + cases[i].at);
        context.uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)(stack_words + 4);
        assert_int_equal(walk_context(&context, pcs, 2, &truncated), 2);
        assert_true(pcs[1] == returns);
    }
}

/* --- Stacks that are not the thread's own ------------------------------------------------------------------------- */

static ucontext_t main_context, coroutine_context;
static volatile bool coroutine_same;

static void coroutine(void)
{
    struct stack stack;
    stack.n = walk_here(stack.pcs, most, &stack.truncated);
    coroutine_same = recurse(20) && !stack.truncated;
    raise(SIGUSR1);
    swapcontext(&coroutine_context, &main_context);
}

/* A coroutine on a stack between pages that can't be read. */
static void coroutines_are_walked_on_their_own_stacks(void **state)
{
    (void)state;
    enum { page = 4096, pages = 16 };
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    char *stack = mmap(NULL, (pages + 2) * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(stack != MAP_FAILED && mprotect(stack + page, pages * page, PROT_READ | PROT_WRITE) == 0);
    sigaction(SIGUSR1, &action, NULL);
    getcontext(&coroutine_context);
    coroutine_context.uc_stack.ss_sp = stack + page;
    coroutine_context.uc_stack.ss_size = pages * page;
    makecontext(&coroutine_context, coroutine, 0);
    compared = coroutine_same = false;
    swapcontext(&main_context, &coroutine_context);
    assert_true(coroutine_same);
    assert_true(compared);
    assert_false(interrupted->truncated);
    munmap(stack, (pages + 2) * page);
}

static void handlers_on_a_stack_of_their_own_are_walked_into_the_other(void **state)
{
    (void)state;
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t alternate = {.ss_size = 1 << 18}, before;
    alternate.ss_sp = malloc(alternate.ss_size);
    assert_non_null(alternate.ss_sp);
    sigaltstack(&alternate, &before);
    sigaction(SIGUSR1, &action, NULL);
    compared = false;
    raise(SIGUSR1);
    assert_true(compared);
    assert_false(interrupted->truncated);
    before.ss_flags = SS_DISABLE;
    sigaltstack(&before, NULL);
    free(alternate.ss_sp);
}

/* --- Nonsense ----------------------------------------------------------------------------------------------------- */

/* Registers with anything in them: the walk ends, in its bounds, without a fault. */
static void any_registers_are_survived(void **state)
{
    (void)state;
    uint64_t seed = 1, here[most];
    ucontext_t context;
    bool truncated;
    uint32_t n = walk_here(here, most, &truncated);
    const uint64_t interesting[] = {0,
                                    8,
                                    UINT64_MAX,
                                    UINT64_MAX - 7,
                                    (uint64_t)(uintptr_t)&seed,
                                    (uint64_t)(uintptr_t)&main_context,
                                    (uint64_t)(uintptr_t)qsort,
                                    0x7fffffffffff};
    getcontext(&context);
    for (int i = 0; i < 200000; i++) {
        uint64_t *registers = (uint64_t *)context.uc_mcontext.gregs;
        for (int r = 0; r < 17; r++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint64_t what = seed >> 33, word = interesting[(what >> 4) % 8];
            registers[r] = what % 4 == 0   ? seed
                           : what % 4 == 1 ? here[(what >> 4) % n]
                                           : word + ((what >> 8) % 4096) * 8 - 4096;
        }
        uint64_t pcs[16];
        uint32_t stored = walk_context(&context, pcs, 16, &truncated);
        assert_true(stored >= 1 && stored <= 16);
        assert_true(pcs[0] == registers[16]);
    }
}

/* --- Anywhere ----------------------------------------------------------------------------------------------------- */

static uint64_t outermost;
static volatile unsigned samples, wrong;

static void on_tick(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    struct stack stack;
    stack.n = walk_context(context, stack.pcs, most, &stack.truncated);
    samples++;
    wrong += stack.truncated || stack.pcs[stack.n - 1] != outermost;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static __attribute__((noinline)) void work_in_the_library(void)
{
    enum { n = 200 };
    char *texts[n];
    for (int i = 0; i < n; i++) {
        texts[i] = malloc(32);
        if (!texts[i])
            abort();
        snprintf(texts[i], 32, "%d %g", i * 7919 % n, i / 3.0);
    }
    qsort(texts, n, sizeof *texts, by_text);
    for (int i = 0; i < n; i++) {
        sink += (int)strtod(texts[i], NULL) + (int)strlen(texts[i]);
        free(texts[i]);
    }
}

static void library_code_is_walked_to_its_end_wherever_it_is_interrupted(void **state)
{
    (void)state;
    struct stack here;
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART};
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {0};
    here.n = walk_here(here.pcs, most, &here.truncated);
    outermost = here.pcs[here.n - 1];
    samples = wrong = 0;
    sigaction(SIGPROF, &action, NULL);
    setitimer(ITIMER_PROF, &often, NULL);
    for (int i = 0; i < 100000 && samples < 100; i++)
        work_in_the_library();
    setitimer(ITIMER_PROF, &never, NULL);
    assert_true(samples >= 100);
#ifndef SONDE_TSAN /* which calls handlers later than they were meant, when the stack is another */
    assert_int_equal(wrong, 0);
#endif
}

static void a_short_buffer_is_filled_and_the_rest_counted_as_truncated(void **state)
{
    (void)state;
    uint64_t pcs[3] = {0, 0, 42};
    bool truncated = false;
    assert_int_equal(walk_here(pcs, 2, &truncated), 2);
    assert_true(truncated);
    assert_int_equal(pcs[2], 42);
    assert_int_equal(walk_here(pcs, 0, &truncated), 0);
}

/* With any argument the tables are compiled first; without one the modules' own data is read. */
int main(int count, char **arguments)
{
    (void)arguments;
    if (modules_start(pages_mem()) != 0 || (count > 1 && modules_refresh() != 0))
        return 1;
    stack_bounds_set_self();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deep_recursion_is_walked_to_its_end),
        cmocka_unit_test(callbacks_from_libc_are_walked_through_it),
        cmocka_unit_test(frames_of_variable_size_are_walked),
        cmocka_unit_test(frames_that_realign_the_stack_are_walked),
        cmocka_unit_test(threads_are_walked_with_and_without_known_bounds),
        cmocka_unit_test(a_signal_handler_walks_itself_and_what_it_interrupted),
        cmocka_unit_test(calls_that_never_return_belong_to_their_caller),
        cmocka_unit_test(plt_entries_without_unwind_data_are_known_by_their_code),
        cmocka_unit_test(coroutines_are_walked_on_their_own_stacks),
        cmocka_unit_test(handlers_on_a_stack_of_their_own_are_walked_into_the_other),
        cmocka_unit_test(any_registers_are_survived),
        cmocka_unit_test(library_code_is_walked_to_its_end_wherever_it_is_interrupted),
        cmocka_unit_test(a_short_buffer_is_filled_and_the_rest_counted_as_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
