/* From call frame rows to rules, for x86-64. Expressions are not evaluated while walking: the few that compilers,
 * linkers and C libraries write are recognized here. */
#include "unwind/cfi.h"
#include "unwind/rule.h"

enum { dwarf_rbx = 3, dwarf_rbp = 6, dwarf_rsp = 7, dwarf_ra = 16 };

/* The opcodes of expressions that are looked for. */
enum {
    op_deref = 0x06,
    op_and = 0x1a,
    op_plus = 0x22,
    op_plus_constant = 0x23,
    op_shift_left = 0x24,
    op_greater_equal = 0x2a,
    op_literal = 0x30,
    op_base = 0x70
};

int rule_column(uint64_t dwarf_register)
{
    return dwarf_register == dwarf_rbp   ? rule_column_bp
           : dwarf_register == dwarf_rbx ? rule_column_bx
           : dwarf_register == dwarf_ra  ? rule_column_ra
                                         : -1;
}

/* By DWARF's number: the number among the registers as the kernel saves them. */
static const uint8_t kernel_register[16] = {13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4, 5, 6, 7};

/* "A word register + offset" at the start of an expression. */
static bool base_and_offset(struct cursor *c, uint64_t *reg, int64_t *offset)
{
    uint8_t op = cursor_u8(c);
    *reg = (uint64_t)op - op_base;
    *offset = cursor_sleb128(c);
    return cursor_ok(c) && op >= op_base && op < op_base + 32;
}

/* Puts a signed number of bytes into a field of `bits` bits of words; false where it isn't whole words or too large. */
static bool field(int64_t bytes, unsigned shift, unsigned bits, uint64_t *rule)
{
    int64_t words = bytes / 8, limit = (int64_t)1 << (bits - 1);
    if (bytes % 8 != 0 || words >= limit || words <= -limit)
        return false;
    uint64_t mask = (((uint64_t)1 << bits) - 1) << shift;
    *rule = (*rule & ~mask) | (((uint64_t)words << shift) & mask);
    return true;
}

/* The lazy PLT's CFA, as linkers describe it: rsp + 8 + ((rip & 15) >= N) << 3. */
static bool plt_rule(struct str expression, uint64_t *rule)
{
    struct cursor c = cursor_over(expression.p, expression.n, 0);
    uint64_t sp, ip;
    int64_t sp_offset, ip_offset;
    if (!base_and_offset(&c, &sp, &sp_offset) || !base_and_offset(&c, &ip, &ip_offset) || sp != dwarf_rsp ||
        sp_offset != 8 || ip != dwarf_ra || ip_offset != 0)
        return false;
    uint8_t mask = cursor_u8(&c), and = cursor_u8(&c), least = cursor_u8(&c), compare = cursor_u8(&c);
    uint8_t three = cursor_u8(&c), shift = cursor_u8(&c), plus = cursor_u8(&c);
    if (!cursor_ok(&c) || cursor_left(&c) > 0 || mask != op_literal + 15 || and != op_and || least < op_literal ||
        least > op_literal + 15 || compare != op_greater_equal || three != op_literal + 3 || shift != op_shift_left ||
        plus != op_plus)
        return false;
    *rule = rule_plain(rule_plt) | (uint64_t)(least - op_literal) << 12;
    return true;
}

/* The frame of a signal handler's return into the kernel: the CFA is the saved stack pointer. */
static bool is_signal_cfa(const struct cfi_row *row)
{
    struct cursor c = cursor_over(row->cfa_expression.p, row->cfa_expression.n, 0);
    uint64_t reg;
    int64_t offset;
    return row->signal_frame && base_and_offset(&c, &reg, &offset) && reg == dwarf_rsp &&
           offset == rule_ucontext_registers + 8 * rule_rsp && cursor_u8(&c) == op_deref && cursor_left(&c) == 0;
}

/* A CFA that is kept in memory: *(register + offset) [+ constant], as in functions that realign their stack. */
static bool memory_rule(struct str expression, uint64_t *rule)
{
    struct cursor c = cursor_over(expression.p, expression.n, 0);
    uint64_t reg, made = rule_plain(rule_from_memory);
    int64_t offset, constant = 0;
    if (!base_and_offset(&c, &reg, &offset) || reg >= 16 || cursor_u8(&c) != op_deref)
        return false;
    if (cursor_left(&c) > 0) {
        if (cursor_u8(&c) != op_plus_constant)
            return false;
        uint64_t added = cursor_varint(&c);
        constant = added > INT32_MAX ? INT32_MAX : (int64_t)added;
    }
    if (!cursor_ok(&c) || cursor_left(&c) > 0 || !field(offset, 16, 12, &made) || !field(constant, 28, 12, &made))
        return false;
    *rule = made | (uint64_t)kernel_register[reg] << 8;
    return true;
}

/* register + offset as an expression. */
static bool register_rule(uint64_t reg, int64_t offset, uint64_t *rule)
{
    if (reg >= 16)
        return false;
    enum rule_kind kind = reg == dwarf_rsp ? rule_from_sp : reg == dwarf_rbp ? rule_from_bp : rule_from_register;
    uint64_t made = rule_plain(kind) | (uint64_t)kernel_register[reg] << 8;
    if (!field(offset, 16, 24, &made))
        return false;
    *rule = made;
    return true;
}

static bool expression_rule(const struct cfi_row *row, uint64_t *rule)
{
    struct cursor c = cursor_over(row->cfa_expression.p, row->cfa_expression.n, 0);
    uint64_t reg;
    int64_t offset;
    if (base_and_offset(&c, &reg, &offset) && cursor_left(&c) == 0)
        return register_rule(reg, offset, rule);
    return plt_rule(row->cfa_expression, rule) || memory_rule(row->cfa_expression, rule);
}

/* Whether a place is "saved at rbp + offset", as in functions that realign their stack. */
static bool at_bp(const struct cfi_place *place, int64_t *offset)
{
    struct cursor c = cursor_over(place->expression.p, place->expression.n, 0);
    uint64_t reg;
    return place->how == cfi_at_address && base_and_offset(&c, &reg, offset) && reg == dwarf_rbp &&
           cursor_left(&c) == 0;
}

/* Adds where the caller's register was saved; false where the rule has no form for it. */
static bool add_slot(const struct cfi_row *row, const struct cfi_place *place, unsigned shift, uint64_t *rule)
{
    int64_t offset;
    if (place->how == cfi_same || place->how == cfi_undefined)
        return true;
    if (place->how == cfi_at_cfa)
        return !(rule_aux(*rule) & rule_slots_from_bp) && field(place->offset, shift, 12, rule);
    if (!at_bp(place, &offset))
        return false;
    if (rule_kind(*rule) == rule_from_bp)
        return field(offset - row->cfa_offset, shift, 12, rule);
    if (rule_kind(*rule) != rule_from_register && rule_kind(*rule) != rule_from_memory)
        return false;
    *rule |= (uint64_t)rule_slots_from_bp << 12;
    return field(offset, shift, 12, rule);
}

uint64_t rule_of_row(const struct cfi_row *row)
{
    const struct cfi_place *ra = &row->columns[rule_column_ra];
    const struct cfi_place *bp = &row->columns[rule_column_bp], *bx = &row->columns[rule_column_bx];
    uint64_t rule;
    int64_t ignored;
    if (ra->how == cfi_undefined)
        return rule_plain(rule_end);
    if (row->cfa_is_expression && is_signal_cfa(row))
        return rule_plain(rule_signal);
    if (ra->how != cfi_at_cfa || ra->offset != -8 || row->signal_frame)
        return rule_plain(rule_unsupported);
    if (row->cfa_is_expression ? !expression_rule(row, &rule)
                               : !register_rule(row->cfa_register, row->cfa_offset, &rule))
        return rule_plain(rule_unsupported);
    if (rule_kind(rule) == rule_plt)
        return rule;
    if ((rule_kind(rule) == rule_from_register || rule_kind(rule) == rule_from_memory) &&
        (at_bp(bp, &ignored) || at_bp(bx, &ignored)))
        rule |= (uint64_t)rule_slots_from_bp << 12;
    /* rbx matters only to the few functions whose CFA hangs on it: one that is saved strangely is taken as lost. */
    if (!add_slot(row, bp, 40, &rule))
        return rule_plain(rule_unsupported);
    add_slot(row, bx, 52, &rule);
    return rule;
}
