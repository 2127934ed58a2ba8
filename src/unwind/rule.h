/* How to step from a frame to its caller, as one 64-bit word, so that a rule is found, cached and compared as a
 * number. This is x86-64's form; everything that depends on the machine is in this file, x86_64.c and step.h.
 *
 *      63         52 51         40 39               16 15    12 11     8 7      0
 *     +-------------+-------------+-------------------+--------+--------+--------+
 *     |  rbx slot   |  rbp slot   |  offset (words)   |  aux   |  reg   |  kind  |
 *     +-------------+-------------+-------------------+--------+--------+--------+
 *
 * CFA is the caller's stack pointer after the return; the return address always lies below it. Slots say where the
 * caller's rbx and rbp were saved, in words from the CFA (or from rbp, where aux says so); rule_same: they were not.
 * Numbers that do not fit make the rule rule_unsupported. */
#ifndef SONDE_UNWIND_RULE_H
#define SONDE_UNWIND_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct cfi_row;

enum rule_kind {
    rule_from_sp = 0,       /* CFA = rsp + offset */
    rule_from_bp = 1,       /* CFA = rbp + offset */
    rule_from_register = 2, /* CFA = reg + offset, where reg is none of the two: only right after an interruption, or
                               rbx, which is tracked */
    rule_from_memory = 3,   /* CFA = *(reg + low half of offset) + high half of it (words, signed 12 bits each) */
    rule_plt = 4,           /* CFA = rsp + 8, or + 16 where (pc & 15) >= aux: lazy PLT entries push once */
    rule_signal = 5,        /* the frame that the kernel made for a signal handler: all registers are saved in it */
    rule_end = 6,           /* the outermost frame */
    rule_unknown = 7,       /* there is no unwind data for this pc */
    rule_unsupported = 8    /* there is, but it is too strange for this form */
};

enum { rule_same = -2048, rule_slot_max = 2047, rule_offset_max = (1 << 23) - 1 };
enum { rule_slots_from_bp = 1 }; /* aux flag of rule_from_register and rule_from_memory */

/* Registers are numbered as the kernel saves them (REG_R8 = 0 ... REG_RIP = 16 of <sys/ucontext.h>). */
enum rule_register { rule_r8 = 0, rule_rbp = 10, rule_rbx = 11, rule_rsp = 15, rule_rip = 16, rule_registers = 17 };

/* The words that the kernel's and libc's ucontext has before those registers. */
enum { rule_ucontext_registers = 40 };

static inline enum rule_kind rule_kind(uint64_t rule)
{
    return (enum rule_kind)(rule & 0xff);
}

static inline unsigned rule_reg(uint64_t rule)
{
    return (rule >> 8) & 15;
}

static inline unsigned rule_aux(uint64_t rule)
{
    return (rule >> 12) & 15;
}

/* In bytes. */
static inline int64_t rule_offset(uint64_t rule)
{
    return ((int64_t)(rule << 24) >> 40) * 8;
}

static inline int64_t rule_low_offset(uint64_t rule)
{
    return ((int64_t)(rule << 36) >> 52) * 8;
}

static inline int64_t rule_high_offset(uint64_t rule)
{
    return ((int64_t)(rule << 24) >> 52) * 8;
}

/* In words, or rule_same. */
static inline int64_t rule_bp_slot(uint64_t rule)
{
    return (int64_t)(rule << 12) >> 52;
}

static inline int64_t rule_bx_slot(uint64_t rule)
{
    return (int64_t)rule >> 52;
}

/* A rule of a kind with nothing saved. */
static inline uint64_t rule_plain(enum rule_kind kind)
{
    return (uint64_t)kind | (uint64_t)(rule_same & 0xfff) << 40 | (uint64_t)(rule_same & 0xfff) << 52;
}

/* The columns of the call frame tables that rules are made of, by DWARF's number of the register; others do not
 * matter and have column -1. */
enum { rule_column_bp, rule_column_bx, rule_column_ra, rule_columns };
int rule_column(uint64_t dwarf_register);

/* The rule that a row of the call frame tables says. */
uint64_t rule_of_row(const struct cfi_row *row);

#endif
