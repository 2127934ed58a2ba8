/* What a thread's stack holds it restores by itself; only the frame pointer may still be in its register, which nobody
 * tells us, when the functions from the system call up have not saved it. The first function that needs it to find its
 * caller ends the walk. Then its frame is looked for: somewhere above on the stack are the caller's frame pointer and,
 * next to it, the return address. Much may look like that, so a place counts only if the code before the return
 * address calls this very function; or, since threads' routines and main are called through pointers, if what comes
 * after it is the end of the stack. */
#include "runtime/asleep.h"

#include <string.h>
#include <ucontext.h>

#include "runtime/modules.h"
#include "runtime/signal/stack_bounds.h"
#include "runtime/signal/walk.h"

enum {
    page_size = 4096,
    search_bytes = 64 * 1024, /* of the stack: larger frames are rare */
    end_frames = 3,           /* below a thread's routine, or main */
    call_size = 5,
};

#define UNSANITIZED __attribute__((no_sanitize("address", "thread", "undefined")))

/* The word at an address on the stack, page by page; false where the stack ends. */
struct reader {
    uint64_t page; /* the last one that could be read; 0 for none */
};

static UNSANITIZED bool read_word(struct reader *reader, uint64_t address, uint64_t *word)
{
    uint64_t page = address & ~(uint64_t)(page_size - 1);
    if (page != reader->page && !stack_bounds_probe(page))
        return false;
    reader->page = page;
    *word = *(const volatile uint64_t *)(uintptr_t)address;
    return true;
}

/* Where a return address stands on the stack, at or above `from`; 0 where it is not found. */
static uint64_t find_word(uint64_t from, uint64_t wanted)
{
    struct reader reader = {0};
    uint64_t word;
    for (uint64_t at = from & ~(uint64_t)7; at < from + search_bytes && read_word(&reader, at, &word); at += 8)
        if (word == wanted)
            return at;
    return 0;
}

/* The function that the call before a return address names; 0 where it is no direct call. */
static UNSANITIZED uint64_t callee(uint64_t return_address)
{
    const struct module *module = modules_find(modules_current(), return_address - 1);
    uint64_t call = return_address - call_size;
    if (!module || call < module->start || !stack_bounds_probe(call & ~(uint64_t)7) ||
        !stack_bounds_probe((return_address - 1) & ~(uint64_t)7))
        return 0;
    const uint8_t *code = (const uint8_t *)(uintptr_t)call;
    int32_t distance;
    memcpy(&distance, code + 1, sizeof distance);
    return code[0] == 0xe8 ? return_address + (uint64_t)(int64_t)distance : 0;
}

static uint32_t walk_from(uint64_t pc, uint64_t sp, uint64_t bp, uint64_t *pcs, bool *truncated)
{
    ucontext_t context = {0};
    context.uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
    context.uc_mcontext.gregs[REG_RSP] = (greg_t)sp;
    context.uc_mcontext.gregs[REG_RBP] = (greg_t)bp;
    return walk_context(&context, pcs, stack_depth, truncated);
}

/* Whether the frame pointer `bp` makes sense for the function at `pc`, that begins at `function`; if so, walks on. */
static bool try_frame(uint64_t pc, uint64_t sp, uint64_t bp, uint64_t function, uint64_t return_address, uint64_t *pcs,
                      uint32_t *npcs, bool *truncated)
{
    uint64_t called = callee(return_address);
    if (called != 0 && called != function)
        return false;
    *npcs = walk_from(pc, sp, bp, pcs, truncated);
    if (*npcs < 2 || pcs[1] != return_address)
        return false;
    return called == function || (!*truncated && *npcs <= 1 + end_frames);
}

/* Looks for the frame of the function at pc, whose part of the stack begins at sp, and walks on from it. */
static bool recover(uint64_t pc, uint64_t sp, uint64_t function, uint64_t *pcs, uint32_t *npcs, bool *truncated)
{
    struct reader reader = {0};
    uint64_t return_address;
    /* Where a function is called, the stack is aligned to 16 bytes; so is its frame pointer. */
    for (uint64_t bp = (sp + 15) & ~(uint64_t)15; bp < sp + search_bytes; bp += 16) {
        if (!read_word(&reader, bp + 8, &return_address))
            return false;
        if (modules_find(modules_current(), return_address - 1) &&
            try_frame(pc, sp, bp, function, return_address, pcs, npcs, truncated))
            return true;
    }
    return false;
}

void asleep_walk(struct asleep *asleep, uint64_t pc, uint64_t sp)
{
    asleep->npcs = walk_from(pc, sp, 0, asleep->pcs, &asleep->truncated);
    asleep->sp = sp;
}

bool asleep_walk_on(struct asleep *asleep, uint64_t function)
{
    uint64_t more[stack_depth], last = asleep->pcs[asleep->npcs - 1];
    uint32_t nmore, room = stack_depth - asleep->npcs;
    bool truncated;
    if (asleep->npcs < 2 || room == 0)
        return false;
    uint64_t at = find_word(asleep->sp, last);
    if (at == 0 || !recover(last, at + 8, function, more, &nmore, &truncated))
        return false;
    uint32_t extra = nmore - 1 < room ? nmore - 1 : room; /* more[0] is the last one again */
    memcpy(asleep->pcs + asleep->npcs, more + 1, extra * sizeof *more);
    asleep->npcs += extra;
    asleep->truncated = truncated || extra < nmore - 1;
    asleep->sp = at + 8;
    return true;
}
