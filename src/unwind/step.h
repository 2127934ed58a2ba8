/* One step up a stack, for x86-64: from a frame and the rule of its pc to the caller's frame. Inline, since a walk is
 * nothing but these. All reads go through struct unwind_stack: nothing outside of it is touched. */
#ifndef SONDE_UNWIND_STEP_H
#define SONDE_UNWIND_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind/rule.h"

/* The part of the stack that may be read: addresses [start, limit), whose first byte is at `bytes`. */
struct unwind_stack {
    uint64_t start, limit;
    const uint8_t *bytes;
};

/* A frame: the registers as they are when its function goes on at pc. */
struct unwind_frame {
    uint64_t pc, sp, bp;
    uint64_t bx_address;       /* where rbx was saved last, or 0: it is still what `registers` says */
    const uint64_t *registers; /* all registers of the frame that was interrupted first, as the kernel saves them (see
                                  rule.h); NULL where they are not known */
    bool exact;                /* pc is where the function was interrupted, not a return address */
};

enum unwind_result {
    unwind_ok,
    unwind_end,    /* there is no caller */
    unwind_lost,   /* no rule for this pc, or one that needs what is not known */
    unwind_outside /* the caller's frame is outside of the readable stack */
};

#define UNWIND_INLINE static inline __attribute__((always_inline, no_sanitize("address", "thread", "undefined")))

/* Whether the 8 bytes at an address may be read. */
UNWIND_INLINE bool unwind_readable(const struct unwind_stack *stack, uint64_t address)
{
    return address - stack->start <= stack->limit - stack->start - 8 && stack->limit - stack->start >= 8;
}

UNWIND_INLINE uint64_t unwind_word(const struct unwind_stack *stack, uint64_t address)
{
    uint64_t word;
    __builtin_memcpy(&word, stack->bytes + (address - stack->start), sizeof word);
    return word;
}

/* A register's value in a frame; false where it is not known. */
UNWIND_INLINE bool unwind_register(const struct unwind_stack *stack, const struct unwind_frame *frame, unsigned reg,
                                   uint64_t *value)
{
    if (reg == rule_rsp)
        *value = frame->sp;
    else if (reg == rule_rbp)
        *value = frame->bp;
    else if (reg == rule_rbx && frame->bx_address != 0 && unwind_readable(stack, frame->bx_address))
        *value = unwind_word(stack, frame->bx_address);
    else if (frame->registers && (frame->exact || (reg == rule_rbx && frame->bx_address == 0)))
        *value = frame->registers[reg];
    else
        return false;
    return true;
}

/* The CFA by the kinds of rules that are rare. */
UNWIND_INLINE enum unwind_result unwind_rare_cfa(const struct unwind_stack *stack, const struct unwind_frame *frame,
                                                 uint64_t rule, uint64_t *cfa)
{
    uint64_t base;
    switch (rule_kind(rule)) {
    case rule_plt:
        *cfa = frame->sp + ((frame->pc & 15) >= rule_aux(rule) ? 16 : 8);
        return unwind_ok;
    case rule_from_register:
        if (!unwind_register(stack, frame, rule_reg(rule), &base))
            return unwind_lost;
        *cfa = base + (uint64_t)rule_offset(rule);
        return unwind_ok;
    case rule_from_memory:
        if (!unwind_register(stack, frame, rule_reg(rule), &base))
            return unwind_lost;
        base += (uint64_t)rule_low_offset(rule);
        if (!unwind_readable(stack, base))
            return unwind_outside;
        *cfa = unwind_word(stack, base) + (uint64_t)rule_high_offset(rule);
        return unwind_ok;
    case rule_end:
        return unwind_end;
    default:
        return unwind_lost;
    }
}

/* The frame that a signal interrupted. Its stack may be another one than the handler's. */
UNWIND_INLINE enum unwind_result unwind_signal_step(const struct unwind_stack *stack, struct unwind_frame *frame)
{
    uint64_t saved = frame->sp + rule_ucontext_registers;
    if (!unwind_readable(stack, saved) || !unwind_readable(stack, saved + 8 * rule_rip))
        return unwind_outside;
    *frame = (struct unwind_frame){.pc = unwind_word(stack, saved + 8 * rule_rip),
                                   .sp = unwind_word(stack, saved + 8 * rule_rsp),
                                   .bp = unwind_word(stack, saved + 8 * rule_rbp),
                                   .registers = (const uint64_t *)(stack->bytes + (saved - stack->start)),
                                   .exact = true};
    return unwind_ok;
}

/* Steps from *frame to its caller; *frame is changed only on unwind_ok. The stack pointer always grows, but for a
 * signal's frame. */
UNWIND_INLINE enum unwind_result unwind_step(const struct unwind_stack *stack, struct unwind_frame *frame,
                                             uint64_t rule)
{
    uint64_t cfa, slots;
    if (__builtin_expect(rule_kind(rule) <= rule_from_bp, 1)) {
        cfa = (rule_kind(rule) == rule_from_bp ? frame->bp : frame->sp) + (uint64_t)rule_offset(rule);
        slots = cfa;
    } else {
        if (rule_kind(rule) == rule_signal)
            return unwind_signal_step(stack, frame);
        enum unwind_result result = unwind_rare_cfa(stack, frame, rule, &cfa);
        if (result != unwind_ok)
            return result;
        slots = rule_kind(rule) != rule_plt && (rule_aux(rule) & rule_slots_from_bp) ? frame->bp : cfa;
    }
    if (cfa <= frame->sp || !unwind_readable(stack, cfa - 8))
        return unwind_outside;
    uint64_t bp = frame->bp, bx = frame->bx_address;
    if (rule_bp_slot(rule) != rule_same) {
        uint64_t slot = slots + (uint64_t)(rule_bp_slot(rule) * 8);
        if (!unwind_readable(stack, slot))
            return unwind_outside;
        bp = unwind_word(stack, slot);
    }
    if (rule_bx_slot(rule) != rule_same)
        bx = slots + (uint64_t)(rule_bx_slot(rule) * 8);
    frame->pc = unwind_word(stack, cfa - 8);
    frame->sp = cfa;
    frame->bp = bp;
    frame->bx_address = bx;
    frame->exact = false;
    return unwind_ok;
}

/* Steps by the frame pointer alone: for code without unwind data. */
UNWIND_INLINE enum unwind_result unwind_step_frame_pointer(const struct unwind_stack *stack, struct unwind_frame *frame)
{
    uint64_t at = frame->bp;
    if (at < frame->sp || at % 8 != 0 || !unwind_readable(stack, at) || !unwind_readable(stack, at + 8))
        return unwind_outside;
    frame->bp = unwind_word(stack, at);
    frame->pc = unwind_word(stack, at + 8);
    frame->sp = at + 16;
    frame->exact = false;
    return unwind_ok;
}

#endif
