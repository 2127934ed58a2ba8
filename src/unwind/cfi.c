#include "unwind/cfi.h"

#include <string.h>

#include "elf/image.h"

enum { remembered_max = 8, encoding_omitted = 0xff };

/* The instructions: the two high bits say which, or all of the low six where they are 0. */
enum {
    op_advance = 1,
    op_offset = 2,
    op_restore = 3,
    op_nop = 0x00,
    op_set_loc = 0x01,
    op_advance1 = 0x02,
    op_advance2 = 0x03,
    op_advance4 = 0x04,
    op_offset_extended = 0x05,
    op_restore_extended = 0x06,
    op_undefined = 0x07,
    op_same_value = 0x08,
    op_register = 0x09,
    op_remember = 0x0a,
    op_restore_state = 0x0b,
    op_def_cfa = 0x0c,
    op_def_cfa_register = 0x0d,
    op_def_cfa_offset = 0x0e,
    op_def_cfa_expression = 0x0f,
    op_expression = 0x10,
    op_offset_extended_sf = 0x11,
    op_def_cfa_sf = 0x12,
    op_def_cfa_offset_sf = 0x13,
    op_val_offset = 0x14,
    op_val_offset_sf = 0x15,
    op_val_expression = 0x16,
    op_aarch64_negate_ra_state = 0x2d,
    op_gnu_args_size = 0x2e,
    op_gnu_negative_offset = 0x2f
};

/* What the augmentation string's letters announce; false where one is not known and there is no length to skip by. */
static bool read_augmentation(struct cursor *c, struct str letters, const struct cfi_section *section,
                              struct cfi_common *common)
{
    if (letters.n == 0)
        return true;
    if (letters.p[0] != 'z')
        return false;
    common->has_augmentation = true;
    struct cursor data = cursor_sub(c, cursor_varint(c));
    for (size_t i = 1; i < letters.n; i++) {
        if (letters.p[i] == 'R') {
            common->pointer_encoding = cursor_u8(&data);
        } else if (letters.p[i] == 'P') {
            uint8_t encoding = cursor_u8(&data);
            elf_encoded_pointer(&data, encoding, section->address, section->data_base);
        } else if (letters.p[i] == 'L') {
            cursor_u8(&data);
        } else if (letters.p[i] == 'S') {
            common->signal_frame = true;
        } else if (letters.p[i] != 'B' && letters.p[i] != 'G') {
            break; /* what follows is not known, but its length is */
        }
    }
    return cursor_ok(&data);
}

/* The entry at the cursor, as a cursor over what follows its length; false at the end of all entries. */
static bool read_length(struct cursor *c, struct cursor *entry)
{
    uint64_t length = cursor_u32le(c);
    if (length == 0xffffffff)
        length = cursor_u64le(c);
    if (!cursor_ok(c) || length == 0)
        return false;
    *entry = cursor_sub(c, length);
    return cursor_ok(entry);
}

static bool read_common(const struct cfi_section *section, uint64_t offset, struct cfi_common *common)
{
    struct cursor all = cursor_over(section->bytes.p, section->bytes.n, 0), c;
    cursor_bytes(&all, offset);
    if (common->offset == offset)
        return true;
    if (!read_length(&all, &c))
        return false;
    struct cfi_common read = {.offset = offset};
    if (cursor_u32le(&c) != 0)
        return false;
    uint8_t version = cursor_u8(&c);
    struct str letters = cursor_c_string(&c);
    if (version != 1 && version != 3)
        return false;
    read.code_alignment = cursor_varint(&c);
    read.data_alignment = cursor_sleb128(&c);
    read.ra_register = version == 1 ? cursor_u8(&c) : cursor_varint(&c);
    if (!read_augmentation(&c, letters, section, &read) || !cursor_ok(&c))
        return false;
    read.instructions = c;
    *common = read;
    return true;
}

static bool read_function(const struct cfi_section *section, struct cursor c, struct cfi_common *common,
                          struct cfi_function *function)
{
    uint64_t place = cursor_offset(&c);
    uint32_t back = cursor_u32le(&c);
    if (back == 0 || back > place || !read_common(section, place - back, common))
        return false;
    struct cfi_function read = {.common = *common};
    uint8_t encoding = common->pointer_encoding;
    read.start = elf_encoded_pointer(&c, encoding, section->address, section->data_base);
    uint64_t size = elf_encoded_pointer(&c, encoding & 15, 0, 0);
    if (common->has_augmentation)
        cursor_bytes(&c, cursor_varint(&c));
    if (!cursor_ok(&c) || encoding == encoding_omitted || size == 0 || size > UINT64_MAX - read.start)
        return false;
    read.limit = read.start + size;
    read.instructions = c;
    *function = read;
    return true;
}

enum cfi_entry cfi_next(const struct cfi_section *section, uint64_t *offset, struct cfi_common *common,
                        struct cfi_function *function)
{
    struct cursor c = cursor_over(section->bytes.p, section->bytes.n, 0), entry;
    cursor_bytes(&c, *offset);
    if (!read_length(&c, &entry))
        return cfi_entry_end;
    *offset = cursor_offset(&c);
    return read_function(section, entry, common, function) ? cfi_entry_function : cfi_entry_skip;
}

struct machine {
    const struct cfi_function *function;
    struct cfi_row row;
    struct cfi_place initial[rule_columns];
    struct cfi_row remembered[remembered_max];
    unsigned nremembered;
    bool (*emit)(void *context, const struct cfi_row *row);
    void *context;
    bool stopped;
};

static void advance_to(struct machine *m, uint64_t pc)
{
    if (pc > m->function->limit)
        pc = m->function->limit;
    if (pc <= m->row.start)
        return;
    m->row.limit = pc;
    m->stopped = m->emit && !m->emit(m->context, &m->row);
    m->row.start = pc;
}

static void advance(struct machine *m, uint64_t delta)
{
    uint64_t alignment = m->function->common.code_alignment;
    if (alignment != 1 && __builtin_mul_overflow(delta, alignment, &delta))
        delta = UINT64_MAX;
    advance_to(m, delta > UINT64_MAX - m->row.start ? UINT64_MAX : m->row.start + delta);
}

static void place(struct machine *m, uint64_t dwarf_register, struct cfi_place place)
{
    int column = dwarf_register == m->function->common.ra_register ? rule_column_ra : rule_column(dwarf_register);
    if (column >= 0)
        m->row.columns[column] = place;
}

static void place_at(struct machine *m, uint64_t dwarf_register, int64_t factor)
{
    int64_t offset;
    if (__builtin_mul_overflow(factor, m->function->common.data_alignment, &offset))
        offset = INT64_MAX;
    place(m, dwarf_register, (struct cfi_place){.how = cfi_at_cfa, .offset = offset});
}

static void restore(struct machine *m, uint64_t dwarf_register)
{
    int column = dwarf_register == m->function->common.ra_register ? rule_column_ra : rule_column(dwarf_register);
    if (column >= 0)
        m->row.columns[column] = m->initial[column];
}

static void set_cfa(struct machine *m, uint64_t dwarf_register, int64_t offset)
{
    m->row.cfa_is_expression = false;
    m->row.cfa_register = dwarf_register;
    m->row.cfa_offset = offset;
}

static int64_t aligned_offset(struct machine *m, int64_t factor)
{
    int64_t offset;
    return __builtin_mul_overflow(factor, m->function->common.data_alignment, &offset) ? INT64_MAX : offset;
}

static void remember(struct machine *m, struct cursor *c)
{
    if (m->nremembered == remembered_max)
        cursor_fail(c, "fewer remembered states");
    else
        m->remembered[m->nremembered++] = m->row;
}

static void restore_state(struct machine *m, struct cursor *c)
{
    if (m->nremembered == 0) {
        cursor_fail(c, "a remembered state");
        return;
    }
    uint64_t start = m->row.start;
    m->row = m->remembered[--m->nremembered];
    m->row.start = start;
}

static struct str expression(struct cursor *c)
{
    return cursor_bytes(c, cursor_varint(c));
}

/* The instructions about the CFA; false for another. */
static bool run_cfa(struct machine *m, struct cursor *c, uint8_t op)
{
    uint64_t reg;
    switch (op) {
    case op_def_cfa:
        reg = cursor_varint(c);
        set_cfa(m, reg, (int64_t)cursor_varint(c));
        return true;
    case op_def_cfa_sf:
        reg = cursor_varint(c);
        set_cfa(m, reg, aligned_offset(m, cursor_sleb128(c)));
        return true;
    case op_def_cfa_register:
        set_cfa(m, cursor_varint(c), m->row.cfa_offset);
        return true;
    case op_def_cfa_offset:
        set_cfa(m, m->row.cfa_register, (int64_t)cursor_varint(c));
        return true;
    case op_def_cfa_offset_sf:
        set_cfa(m, m->row.cfa_register, aligned_offset(m, cursor_sleb128(c)));
        return true;
    case op_def_cfa_expression:
        m->row.cfa_is_expression = true;
        m->row.cfa_expression = expression(c);
        return true;
    default:
        return false;
    }
}

/* The instructions about registers; false for another. */
static bool run_register(struct machine *m, struct cursor *c, uint8_t op)
{
    uint64_t reg;
    switch (op) {
    case op_offset_extended:
        reg = cursor_varint(c);
        place_at(m, reg, (int64_t)cursor_varint(c));
        return true;
    case op_offset_extended_sf:
        reg = cursor_varint(c);
        place_at(m, reg, cursor_sleb128(c));
        return true;
    case op_gnu_negative_offset:
        reg = cursor_varint(c);
        place_at(m, reg, (int64_t)-cursor_varint(c));
        return true;
    case op_restore_extended:
        restore(m, cursor_varint(c));
        return true;
    case op_undefined:
        place(m, cursor_varint(c), (struct cfi_place){.how = cfi_undefined});
        return true;
    case op_same_value:
        place(m, cursor_varint(c), (struct cfi_place){.how = cfi_same});
        return true;
    case op_expression:
        reg = cursor_varint(c);
        place(m, reg, (struct cfi_place){.how = cfi_at_address, .expression = expression(c)});
        return true;
    case op_register:
    case op_val_offset:
        reg = cursor_varint(c);
        cursor_varint(c);
        place(m, reg, (struct cfi_place){.how = cfi_other});
        return true;
    case op_val_offset_sf:
        reg = cursor_varint(c);
        cursor_sleb128(c);
        place(m, reg, (struct cfi_place){.how = cfi_other});
        return true;
    case op_val_expression:
        reg = cursor_varint(c);
        expression(c);
        place(m, reg, (struct cfi_place){.how = cfi_other});
        return true;
    default:
        return false;
    }
}

static void run_rest(struct machine *m, struct cursor *c, uint8_t op)
{
    switch (op) {
    case op_nop:
    case op_aarch64_negate_ra_state:
        break;
    case op_set_loc: /* hardly ever made; relative to where it stands, which the cursor's offset doesn't tell here */
        cursor_fail(c, "no DW_CFA_set_loc");
        break;
    case op_advance1:
        advance(m, cursor_u8(c));
        break;
    case op_advance2:
        advance(m, cursor_u16le(c));
        break;
    case op_advance4:
        advance(m, cursor_u32le(c));
        break;
    case op_remember:
        remember(m, c);
        break;
    case op_restore_state:
        restore_state(m, c);
        break;
    case op_gnu_args_size:
        cursor_varint(c);
        break;
    default:
        cursor_fail(c, "a known call frame instruction");
    }
}

static void run(struct machine *m, struct cursor *c)
{
    while (cursor_left(c) > 0 && !m->stopped) {
        uint8_t op = cursor_u8(c), low = op & 0x3f;
        if (op >> 6 == op_advance)
            advance(m, low);
        else if (op >> 6 == op_offset)
            place_at(m, low, (int64_t)cursor_varint(c));
        else if (op >> 6 == op_restore)
            restore(m, low);
        else if (!run_cfa(m, c, op) && !run_register(m, c, op))
            run_rest(m, c, op);
    }
}

bool cfi_run(const struct cfi_function *function, bool (*emit)(void *context, const struct cfi_row *row), void *context)
{
    struct machine m; /* not zeroed as a whole: it is large, and there are as many functions as there are */
    m.function = function;
    m.row = (struct cfi_row){.start = function->start, .signal_frame = function->common.signal_frame};
    m.nremembered = 0;
    m.emit = NULL;
    m.stopped = false;
    struct cursor c = function->common.instructions;
    run(&m, &c); /* without emit: what stands before any function can't advance */
    m.row.start = function->start;
    memcpy(m.initial, m.row.columns, sizeof m.initial);
    m.nremembered = 0;
    if (!cursor_ok(&c))
        return false;
    m.emit = emit;
    m.context = context;
    c = function->instructions;
    run(&m, &c);
    if (!cursor_ok(&c))
        return false;
    if (!m.stopped)
        advance_to(&m, function->limit);
    return true;
}
