// Stacks on the way of a C++ exception: below the unwinder that runs a destructor, and in the handler that catches it.
#include <cstdint>
#include <cstdio>
#include <unwind.h>

extern "C" {
struct mem;
struct mem *pages_mem(void);
int modules_start(struct mem *mem);
void stack_bounds_set_self(void);
uint32_t walk_here(uint64_t *pcs, uint32_t max, bool *truncated);
}

namespace
{

const uint32_t most = 128;

struct stack {
    uint64_t pcs[most];
    uint32_t n;
};

_Unwind_Reason_Code note(struct _Unwind_Context *context, void *to)
{
    struct stack *stack = static_cast<struct stack *>(to);
    int exact = 0;
    uint64_t pc = _Unwind_GetIPInfo(context, &exact);
    if (stack->n < most && pc != 0)
        stack->pcs[stack->n++] = pc + (exact != 0);
    return _URC_NO_REASON;
}

__attribute__((noinline)) bool agree()
{
    struct stack ours, theirs;
    bool truncated = true;
    theirs.n = 0;
    ours.n = walk_here(ours.pcs, most, &truncated);
    _Unwind_Backtrace(note, &theirs);
    bool same = !truncated && ours.n == theirs.n && ours.n > 2;
    for (uint32_t i = 1; same && i < ours.n; i++)
        same = ours.pcs[i] == theirs.pcs[i];
    return same;
}

bool in_destructor, in_handler, in_rethrown;

struct watcher {
    ~watcher()
    {
        in_destructor = agree();
    }
};

__attribute__((noinline)) void throws(int n)
{
    watcher watch;
    if (n == 0)
        throw 1;
    throws(n - 1);
}

__attribute__((noinline)) void catches()
{
    try {
        throws(5);
    } catch (int) {
        in_handler = agree();
        throw;
    }
}

int number = 0;

void tell(bool passed, const char *name)
{
    std::printf("%sok %d - %s\n", passed ? "" : "not ", ++number, name);
}

} // namespace

int main()
{
    if (modules_start(pages_mem()) != 0)
        return 1;
    stack_bounds_set_self();
    try {
        catches();
    } catch (int) {
        in_rethrown = agree();
    }
    tell(in_destructor, "a destructor is walked through the unwinder that calls it");
    tell(in_handler, "a handler is walked");
    tell(in_rethrown, "a handler of a rethrown exception is walked");
    std::printf("1..%d\n", number);
    return 0;
}
