#include "symbol/jit_dump.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "base/map.h"
#include "base/vec.h"
#include "symbol/spans.h"

enum { record_load, record_move, record_lines, record_close };
enum { prefix_size = 16, header_size = 40 };
enum { most_lines = 1 << 24 }; /* read in all: moved code shares those of what it was */

/* The lines of some code: entries as they are in the file. */
struct lines {
    struct str bytes;
    uint64_t count;
    uint64_t address; /* of the code when they were told */
};

struct code {
    uint64_t start, size;
    struct str name;
    struct lines lines; /* count 0 for none */
};

struct line {
    uint64_t address;
    uint32_t line, order;
    struct str file;
};

struct dump {
    struct mem *mem;
    bool big; /* the byte order */
    VEC(struct code) codes;
    struct map numbered;   /* from a code's number to its place among them */
    struct lines expected; /* those of the code that comes next */
    uint64_t lines_left;
    VEC(struct line) found;
};

static uint32_t word(const struct dump *dump, struct cursor *c)
{
    return dump->big ? cursor_u32be(c) : cursor_u32le(c);
}

static uint64_t long_word(const struct dump *dump, struct cursor *c)
{
    return dump->big ? cursor_u64be(c) : cursor_u64le(c);
}

/* Reads the header: leaves the cursor at the first record. */
static uint32_t read_header(struct cursor *c, bool *big)
{
    struct str magic = cursor_bytes(c, 4);
    struct dump order = {.big = str_equal(magic, STR("JiTD"))};
    if (!order.big && !str_equal(magic, STR("DTiJ")))
        return 0;
    uint32_t version = word(&order, c), size = word(&order, c);
    cursor_bytes(c, 8);
    uint32_t pid = word(&order, c);
    cursor_bytes(c, 16);
    if (version != 1 || size < header_size)
        return 0;
    cursor_bytes(c, size - header_size);
    *big = order.big;
    return cursor_ok(c) ? pid : 0;
}

uint32_t jit_dump_pid(struct str bytes)
{
    bool big;
    struct cursor c = cursor_over(bytes.p, bytes.n, 0);
    return read_header(&c, &big);
}

/* --- Records --- */

static bool add_code(struct dump *dump, uint64_t number, struct code code)
{
    uint32_t *place = map_add(&dump->numbered, number, 0);
    if (!place || !vec_push(&dump->codes, dump->mem, code))
        return false;
    *place = (uint32_t)dump->codes.n - 1; /* a record has 56 bytes at the least */
    return true;
}

static bool take_load(struct dump *dump, struct cursor *c)
{
    cursor_bytes(c, 16);
    struct code code = {.start = long_word(dump, c)};
    code.size = long_word(dump, c);
    uint64_t number = long_word(dump, c);
    code.name = cursor_c_string(c);
    if (dump->expected.count > 0 && dump->expected.address == code.start)
        code.lines = dump->expected;
    dump->expected.count = 0;
    return !cursor_ok(c) || add_code(dump, number, code);
}

/* Moved code is known where it was, too: for samples of before. */
static bool take_move(struct dump *dump, struct cursor *c)
{
    cursor_bytes(c, 24);
    uint64_t start = long_word(dump, c), size = long_word(dump, c), number = long_word(dump, c);
    const uint32_t *place = cursor_ok(c) ? map_find(&dump->numbered, number) : NULL;
    if (!place)
        return true;
    struct code code = dump->codes.at[*place];
    code.start = start;
    code.size = size;
    return add_code(dump, number, code);
}

static void take_lines(struct dump *dump, struct cursor *c)
{
    dump->expected.address = long_word(dump, c);
    dump->expected.count = long_word(dump, c);
    dump->expected.bytes = cursor_bytes(c, cursor_left(c));
    if (!cursor_ok(c))
        dump->expected.count = 0;
}

static bool read_records(struct dump *dump, struct cursor *c)
{
    while (cursor_left(c) >= prefix_size) {
        uint32_t id = word(dump, c), size = word(dump, c);
        cursor_bytes(c, 8);
        if (size < prefix_size || size - prefix_size > cursor_left(c) || id == record_close)
            return true;
        struct cursor record = cursor_sub(c, size - prefix_size);
        if (id == record_lines)
            take_lines(dump, &record);
        else if ((id == record_load && !take_load(dump, &record)) || (id == record_move && !take_move(dump, &record)))
            return false;
    }
    return true;
}

/* --- Lines --- */

static int by_address(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Whether a name is one that V8 gives. It says of lines that they are 64 bytes further on, for older perfs put a header
 * of that size before the code. */
static bool is_v8(struct str name)
{
    static const struct str kinds[] = {
        {"JS:", 3}, {"LazyCompile:", 12}, {"Function:", 9}, {"Script:", 7}, {"Eval:", 5}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (str_starts_with(name, kinds[i]))
            return true;
    }
    return false;
}

/* Reads the entries of some code into dump->found, by address. Those that do not fill their record are not believed
 * (some releases of V8 write names that were freed): none are found then. False on exhaustion. */
static bool read_lines(struct dump *dump, const struct code *code)
{
    enum { v8_shift = 64 };
    struct cursor c = cursor_over(code->lines.bytes.p, code->lines.bytes.n, 0);
    struct str file = STR("");
    dump->found.n = 0;
    if (code->lines.count > dump->lines_left)
        return true;
    dump->lines_left -= code->lines.count;
    for (uint32_t i = 0; i < code->lines.count && cursor_ok(&c); i++) {
        struct line line = {.address = long_word(dump, &c), .order = i};
        line.line = word(dump, &c);
        cursor_bytes(&c, 4);
        struct str name = cursor_c_string(&c);
        line.file = file = str_equal(name, STR("\xff")) ? file : name;
        if (cursor_ok(&c) && !vec_push(&dump->found, dump->mem, line))
            return false;
    }
    if (!cursor_ok(&c) || cursor_left(&c) >= 8)
        dump->found.n = 0;
    if (dump->found.n > 0)
        qsort(dump->found.at, dump->found.n, sizeof *dump->found.at, by_address);
    if (dump->found.n > 0 && dump->found.at[0].address - code->lines.address == v8_shift && is_v8(code->name)) {
        for (size_t i = 0; i < dump->found.n; i++)
            dump->found.at[i].address -= v8_shift;
    }
    return true;
}

/* The last line at or before an address; NULL where there is none. */
static const struct line *line_at(const struct dump *dump, uint64_t address)
{
    size_t low = 0, high = dump->found.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dump->found.at[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &dump->found.at[low - 1] : NULL;
}

/* Gives the addresses in some code that have no place yet their places. */
static bool place_in(struct dump *dump, const struct code *code, struct spans *spans, struct jit_place *places)
{
    bool read = false;
    for (size_t i; (i = spans_take(spans, code->start, code->size)) < spans->n;) {
        places[i].name = code->name;
        if (code->lines.count == 0)
            continue;
        if (!read && !read_lines(dump, code))
            return false;
        read = true;
        const struct line *line = line_at(dump, spans->addresses[i] - code->start + code->lines.address);
        if (!line)
            continue;
        places[i].file = line->file;
        places[i].line = line->line;
    }
    return true;
}

bool jit_dump_resolve(struct str bytes, const uint64_t *addresses, size_t n, struct jit_place *places, struct mem *mem)
{
    struct dump dump = {.mem = mem, .lines_left = most_lines};
    struct cursor c = cursor_over(bytes.p, bytes.n, 0);
    struct spans spans;
    for (size_t i = 0; i < n; i++)
        places[i] = (struct jit_place){STR(""), STR(""), 0};
    if (read_header(&c, &dump.big) == 0)
        return true;
    if (!spans_init(&spans, addresses, n, mem))
        return false;
    map_init(&dump.numbered, mem);
    bool fine = read_records(&dump, &c);
    for (size_t i = dump.codes.n; i > 0 && fine; i--)
        fine = place_in(&dump, &dump.codes.at[i - 1], &spans, places);
    vec_finish(&dump.found, mem);
    vec_finish(&dump.codes, mem);
    map_finish(&dump.numbered);
    spans_finish(&spans);
    return fine;
}
