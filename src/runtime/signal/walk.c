#include "runtime/signal/walk.h"

#include <dlfcn.h>
#include <stdatomic.h>

#include "runtime/modules.h"
#include "runtime/signal/stack_bounds.h"
#include "unwind/step.h"

#define UNSANITIZED __attribute__((no_sanitize("address", "thread", "undefined")))

/* Rules that were found, by pc, for all threads: a walk of a stack that was seen before reads one line of this and one
 * of the stack for each frame, and no table. The two words are written without a lock; a reader that sees words of two
 * writers finds that they do not fit, since the first holds the second mixed in. Not thread-local, because that
 * would take the room from every thread's stack. */
enum { cache_bits = 12 };
static struct {
    _Atomic uint64_t key; /* pc ^ rule ^ generation, spread */
    _Atomic uint64_t rule;
} cache[1 << cache_bits] __attribute__((aligned(64)));

/* The rule straight from a module's unwind data, as the C library knows it, where there is no table. */
static uint64_t rule_from_dynamic_linker(uint64_t pc, bool is_new)
{
#if defined __GLIBC__ && __GLIBC_PREREQ(2, 35)
    struct dl_find_object found;
    if (_dl_find_object((void *)(uintptr_t)pc, &found) != 0 || !found.dlfo_eh_frame)
        return rule_plain(rule_unknown);
    if (is_new)
        modules_set_stale();
    struct elf_unwind unwind;
    const char *header = found.dlfo_eh_frame, *limit = found.dlfo_map_end;
    if (!elf_unwind_from_header((struct str){header, (size_t)(limit - header)}, (uint64_t)(uintptr_t)header, &unwind) ||
        unwind.eh_frame_address < (uint64_t)(uintptr_t)found.dlfo_map_start ||
        unwind.eh_frame_address >= (uint64_t)(uintptr_t)limit)
        return rule_plain(rule_unknown);
    const char *frames = (const char *)(uintptr_t)unwind.eh_frame_address;
    unwind.eh_frame = (struct str){frames, (size_t)(limit - frames)};
    return unwind_rule_from_data(&unwind, pc);
#else
    (void)pc;
    (void)is_new;
    return rule_plain(rule_unknown);
#endif
}

static __attribute__((noinline)) uint64_t find_rule(const struct module_list *list, uint64_t pc)
{
    const struct module *module = modules_find(list, pc);
    const struct unwind_table *table = module ? atomic_load_explicit(&module->unwind, memory_order_acquire) : NULL;
    if (!table || !atomic_load_explicit(&module->loaded, memory_order_relaxed))
        return rule_from_dynamic_linker(pc, !module);
    return unwind_table_find(table, pc - module->bias);
}

static inline uint64_t spread(uint32_t generation)
{
    return (uint64_t)generation * 0x9e3779b97f4a7c15u;
}

static inline uint64_t rule_of(const struct module_list *list, uint64_t generation, uint64_t pc)
{
    size_t slot = (pc ^ pc >> cache_bits) & ((1 << cache_bits) - 1);
    uint64_t key = atomic_load_explicit(&cache[slot].key, memory_order_relaxed);
    uint64_t rule = atomic_load_explicit(&cache[slot].rule, memory_order_relaxed);
    if (__builtin_expect((key ^ rule) == (pc ^ generation), 1))
        return rule;
    rule = find_rule(list, pc);
    atomic_store_explicit(&cache[slot].rule, rule, memory_order_relaxed);
    atomic_store_explicit(&cache[slot].key, pc ^ rule ^ generation, memory_order_relaxed);
    return rule;
}

struct walk {
    uint64_t generation; /* before the list: see modules.h */
    const struct module_list *list;
    struct unwind_stack stack;
    struct unwind_frame frame;
};

/* How far above the stack pointer the CFA is at a pc in a PLT that its linker does not describe (as lld's), or 0 where
 * the code isn't that of one:
 *
 *     first entry:   ff 35 push x(%rip)    ff 25 jmp *y(%rip)
 *     others:        [endbr64] [bnd] ff 25 jmp *z(%rip)    68 push $n    e9 jmp first
 */
static UNSANITIZED unsigned plt_offset(const uint8_t *code)
{
    const uint8_t *at = code;
    if (at[0] == 0xf3 && at[1] == 0x0f && at[2] == 0x1e && at[3] == 0xfa)
        at += 4;
    if (at[0] == 0xf2)
        at++;
    if (at[0] == 0xff && at[1] == 0x25)
        return at == code && code[-6] == 0xff && code[-5] == 0x35 ? 24 : 8;
    if (code[0] == 0xff && code[1] == 0x35 && code[6] == 0xff && code[7] == 0x25)
        return 16;
    if (code[0] == 0x68 && code[5] == 0xe9)
        return 8;
    return code[0] == 0xe9 && code[-5] == 0x68 ? 16 : 0;
}

/* The rule at an interrupted pc that no unwind data describes, if it is in a PLT. The module's text is mapped; it is
 * probed all the same, for it may have been unloaded. */
static UNSANITIZED uint64_t plt_rule(const struct module_list *list, uint64_t pc)
{
    const struct module *module = modules_find(list, pc);
    if (!module || pc - module->start < 8 || module->limit - pc < 16 || !stack_bounds_probe((pc - 8) & ~(uint64_t)7) ||
        !stack_bounds_probe((pc + 15) & ~(uint64_t)7))
        return rule_plain(rule_unknown);
    unsigned offset = plt_offset((const uint8_t *)(uintptr_t)pc);
    return offset == 0 ? rule_plain(rule_unknown) : rule_plain(rule_from_sp) | (uint64_t)(offset / 8) << 16;
}

/* Whether a pc that a frame pointer led to can be one: code of a module, or of the same generated code. */
static bool is_plausible(const struct module_list *list, uint64_t pc, uint64_t from)
{
    const uint64_t near = 256 << 20;
    return modules_find(list, pc) || (!modules_find(list, from) && pc - from + near < 2 * near);
}

/* A step where there is no unwind data. */
static UNSANITIZED enum unwind_result step_without_rule(struct walk *walk)
{
    /* No call returns to the first instruction of a function: such an address was made by hand (makecontext's is), and
     * what it is in front of is the outermost. */
    if (!walk->frame.exact && rule_kind(rule_of(walk->list, walk->generation, walk->frame.pc)) != rule_unknown)
        return unwind_end;
    uint64_t rule = walk->frame.exact ? plt_rule(walk->list, walk->frame.pc) : rule_plain(rule_unknown);
    if (rule_kind(rule) == rule_from_sp)
        return unwind_step(&walk->stack, &walk->frame, rule);
    struct unwind_frame frame = walk->frame;
    enum unwind_result result = unwind_step_frame_pointer(&walk->stack, &frame);
    if (result == unwind_ok && !is_plausible(walk->list, frame.pc, walk->frame.pc))
        return unwind_lost;
    if (result == unwind_ok)
        walk->frame = frame;
    return result;
}

static UNSANITIZED enum unwind_result step(struct walk *walk, uint64_t rule)
{
    return rule_kind(rule) == rule_unknown ? step_without_rule(walk) : unwind_step(&walk->stack, &walk->frame, rule);
}

/* A step that isn't an ordinary one, or failed at first: more of the stack may have to be made readable. */
static UNSANITIZED __attribute__((noinline)) enum unwind_result hard_step(struct walk *walk, uint64_t rule)
{
    enum unwind_result result = step(walk, rule);
    while (result == unwind_outside && stack_bounds_extend(&walk->stack))
        result = step(walk, rule);
    if (result == unwind_ok && walk->frame.exact && !stack_bounds_find(walk->frame.sp, &walk->stack))
        return unwind_outside;
    return result;
}

/* Stores the frames from walk->frame on. */
static UNSANITIZED uint32_t go(struct walk *walk, uint64_t *pcs, uint32_t max, bool *truncated)
{
    enum unwind_result result = unwind_ok;
    uint32_t n = 0;
    for (; n < max; n++) {
        uint64_t pc = walk->frame.pc;
        pcs[n] = pc + (walk->frame.exact && n > 0);
        uint64_t rule = rule_of(walk->list, walk->generation, pc - !walk->frame.exact);
        if (__builtin_expect(rule_kind(rule) > rule_from_bp, 0) ||
            (result = unwind_step(&walk->stack, &walk->frame, rule)) != unwind_ok)
            result = hard_step(walk, rule);
        if (result == unwind_ok && walk->frame.pc == 0)
            result = unwind_end;
        if (result != unwind_ok) {
            n++;
            break;
        }
    }
    *truncated = result != unwind_end;
    return n;
}

UNSANITIZED uint32_t walk_context(const ucontext_t *context, uint64_t *pcs, uint32_t max, bool *truncated)
{
    const uint64_t *registers = (const uint64_t *)context->uc_mcontext.gregs;
    struct walk walk = {.generation = spread(modules_generation()),
                        .list = modules_current(),
                        .frame = {.pc = registers[rule_rip],
                                  .sp = registers[rule_rsp],
                                  .bp = registers[rule_rbp],
                                  .registers = registers,
                                  .exact = true}};
    if (!stack_bounds_find(walk.frame.sp, &walk.stack))
        walk.stack = (struct unwind_stack){0};
    return go(&walk, pcs, max, truncated);
}

UNSANITIZED uint32_t walk_caller(const void *frame_address, uint64_t *pcs, uint32_t max, bool *truncated)
{
    const uint64_t *saved = frame_address;
    struct walk walk = {.generation = spread(modules_generation()),
                        .list = modules_current(),
                        .frame = {.pc = saved[1], .sp = (uint64_t)(uintptr_t)(saved + 2), .bp = saved[0]}};
    if (!stack_bounds_find(walk.frame.sp, &walk.stack))
        walk.stack = (struct unwind_stack){0};
    return go(&walk, pcs, max, truncated);
}

UNSANITIZED __attribute__((noinline)) uint32_t walk_here(uint64_t *pcs, uint32_t max, bool *truncated)
{
    return walk_caller(__builtin_frame_address(0), pcs, max, truncated);
}
