#include "symbol/demangle_d.h"

#include <ctype.h>
#include <string.h>

enum { deepest = 64, longest_name = 1 << 16, most_steps = 1 << 16 };

/* Where a symbol is read, and what was made of it. What is wrong with it is kept in `bad`; from then on nothing
 * matters. */
struct reader {
    struct str s;
    size_t at;
    struct buf *out;
    size_t begin; /* where in out the name begins */
    enum demangle_mode mode;
    unsigned depth;
    uint32_t steps;
    bool typed; /* the name that was read last had its whole type behind it */
    bool bad;
};

static void read_type(struct reader *r);
static void read_mangled(struct reader *r);
static void read_value(struct reader *r, char type);

static char peek(const struct reader *r, size_t ahead)
{
    return r->at + ahead < r->s.n ? r->s.p[r->at + ahead] : '\0';
}

static bool take(struct reader *r, struct str word)
{
    bool is = str_starts_with(str_skip(r->s, r->at), word);
    r->at += is ? word.n : 0;
    return is;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Counts a step of the grammar: back references let few bytes stand for any number of them. */
static bool enter(struct reader *r)
{
    r->depth++;
    if (r->depth > deepest || ++r->steps > most_steps || r->out->n - r->begin > longest_name)
        r->bad = true;
    return !r->bad;
}

static uint64_t read_number(struct reader *r)
{
    uint64_t n = 0;
    if (!is_digit(peek(r, 0)))
        r->bad = true;
    for (; is_digit(peek(r, 0)); r->at++) {
        r->bad = r->bad || n > UINT64_MAX / 10 - 1;
        n = n * 10 + (uint64_t)(peek(r, 0) - '0');
    }
    return n;
}

/* The place that a reference at `at` leads back to: "Q" and a number to the base of 26, whose last digit is a small
 * letter, counted from the Q. *end is set behind it. SIZE_MAX where there is none. */
static size_t reference_at(const struct reader *r, size_t at, size_t *end)
{
    size_t back = 0;
    for (size_t i = at + 1; i < r->s.n && back <= at; i++) {
        char c = r->s.p[i];
        bool last = c >= 'a' && c <= 'z';
        if (!last && (c < 'A' || c > 'Z'))
            break;
        back = back * 26 + (size_t)(c - (last ? 'a' : 'A'));
        *end = i + 1;
        if (last)
            return back > 0 && back <= at ? at - back : SIZE_MAX;
    }
    return SIZE_MAX;
}

/* Begins to read where a reference leads to; returns where to go on afterwards. */
static size_t follow(struct reader *r)
{
    size_t end = r->at, target = reference_at(r, r->at, &end);
    if (target == SIZE_MAX) {
        r->bad = true;
        return r->at;
    }
    r->at = target;
    return end;
}

static void turn(char *text, size_t from, size_t end)
{
    for (; from + 1 < end; from++, end--) {
        char c = text[from];
        text[from] = text[end - 1];
        text[end - 1] = c;
    }
}

/* Moves what was appended from `middle` on to the front of what was appended from `from` on. */
static void bring_forward(struct buf *out, size_t from, size_t middle)
{
    turn(out->p, from, middle);
    turn(out->p, middle, out->n);
    turn(out->p, from, out->n);
}

/* --- Functions --- */

static bool is_convention(char c)
{
    return c != '\0' && strchr("FUWVRY", c) != NULL;
}

/* A word and the letters that stand for it. */
struct word {
    struct str code, text;
};

/* Takes letters of any of these words as long as there are some, and puts the words. */
static void put_words(struct reader *r, const struct word *words, size_t n)
{
    for (size_t i = 0; i < n;) {
        if (take(r, words[i].code)) {
            buf_str(r->out, words[i].text);
            i = 0;
        } else {
            i++;
        }
    }
}

/* The modifiers of a type or of the object that a method is called with, as words behind it. */
static void put_modifiers(struct reader *r)
{
    static const struct word modifiers[] = {{{"x", 1}, {" const", 6}},
                                            {{"y", 1}, {" immutable", 10}},
                                            {{"O", 1}, {" shared", 7}},
                                            {{"Ng", 2}, {" inout", 6}}};
    put_words(r, modifiers, sizeof modifiers / sizeof *modifiers);
}

static void put_convention(struct reader *r)
{
    switch (peek(r, 0)) {
    case 'U':
        buf_str(r->out, STR("extern(C) "));
        break;
    case 'W':
        buf_str(r->out, STR("extern(Windows) "));
        break;
    case 'V':
        buf_str(r->out, STR("extern(Pascal) "));
        break;
    case 'R':
        buf_str(r->out, STR("extern(C++) "));
        break;
    case 'Y':
        buf_str(r->out, STR("extern(Objective-C) "));
        break;
    }
    r->at++;
}

/* What a function promises, as words behind its parameters. Ng, Nh, Nk and Nn are of the first parameter. */
static void put_promises(struct reader *r)
{
    static const struct str words[] = {
        ['a' - 'a'] = {" pure", 5},       ['b' - 'a'] = {" nothrow", 8},  ['c' - 'a'] = {" ref", 4},
        ['d' - 'a'] = {" @property", 10}, ['e' - 'a'] = {" @trusted", 9}, ['f' - 'a'] = {" @safe", 6},
        ['i' - 'a'] = {" @nogc", 6},      ['j' - 'a'] = {" return", 7},   ['l' - 'a'] = {" scope", 6},
        ['m' - 'a'] = {" @live", 6},
    };
    while (peek(r, 0) == 'N') {
        size_t letter = (size_t)(peek(r, 1) - 'a');
        if (letter >= sizeof words / sizeof *words || words[letter].n == 0)
            return;
        buf_str(r->out, words[letter]);
        r->at += 2;
    }
}

static void put_storage(struct reader *r)
{
    static const struct word classes[] = {{{"M", 1}, {"scope ", 6}}, {{"Nk", 2}, {"return ", 7}},
                                          {{"I", 1}, {"in ", 3}},    {{"J", 1}, {"out ", 4}},
                                          {{"K", 1}, {"ref ", 4}},   {{"L", 1}, {"lazy ", 5}}};
    put_words(r, classes, sizeof classes / sizeof *classes);
}

/* Parameters up to the letter that closes them: X for "int[] more...", Y for C's "...", Z. */
static void read_parameters(struct reader *r)
{
    for (size_t n = 0; !r->bad; n++) {
        char c = peek(r, 0);
        if (c == 'X' || c == 'Y' || c == 'Z') {
            r->at++;
            if (c == 'Y' && n > 0)
                buf_str(r->out, STR(", "));
            if (c != 'Z')
                buf_str(r->out, STR("..."));
            return;
        }
        if (n > 0)
            buf_str(r->out, STR(", "));
        put_storage(r);
        read_type(r);
    }
}

/* A function's type but for what it returns. Appended in the order of the symbol: "extern(C) ", " pure", "(int)"; where
 * the second and the third begin goes to the last two parameters. */
static void read_call(struct reader *r, size_t *promises, size_t *parameters)
{
    if (!is_convention(peek(r, 0))) {
        r->bad = true;
        return;
    }
    put_convention(r);
    *promises = r->out->n;
    put_promises(r);
    *parameters = r->out->n;
    buf_byte(r->out, '(');
    read_parameters(r);
    buf_byte(r->out, ')');
}

/* The type of what is called through a pointer or a delegate: "extern(C) int(char) pure function". */
static void read_function_type(struct reader *r, struct str word)
{
    size_t promises = r->out->n, parameters = r->out->n;
    read_call(r, &promises, &parameters);
    size_t result = r->out->n;
    read_type(r);
    size_t size = r->out->n - result;
    bring_forward(r->out, promises, result);
    bring_forward(r->out, promises + size, parameters + size);
    buf_str(r->out, word);
}

/* --- Names --- */

/* Whether a name follows: a length, a template, or a reference to a length. */
static bool name_follows(const struct reader *r)
{
    size_t end;
    if (peek(r, 0) == 'Q') {
        size_t target = reference_at(r, r->at, &end);
        return target != SIZE_MAX && is_digit(r->s.p[target]);
    }
    return is_digit(peek(r, 0)) || str_starts_with(str_skip(r->s, r->at), STR("__T")) ||
           str_starts_with(str_skip(r->s, r->at), STR("__U"));
}

/* Names that the compiler gave, which stand for something else. The first ones take a letter more, that of a symbol
 * without a type. */
static bool put_special(struct reader *r, struct str name)
{
    static const struct {
        struct str name, front;
    } tables[] = {{{"__init", 6}, {"initializer for ", 16}},
                  {{"__vtbl", 6}, {"vtable for ", 11}},
                  {{"__Class", 7}, {"ClassInfo for ", 14}},
                  {{"__Interface", 11}, {"Interface for ", 14}},
                  {{"__ModuleInfo", 12}, {"ModuleInfo for ", 15}}};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (!str_equal(name, tables[i].name) || peek(r, 0) != 'Z' || r->out->n == r->begin)
            continue;
        size_t end = --r->out->n; /* the dot */
        buf_str(r->out, tables[i].front);
        bring_forward(r->out, r->begin, end);
        return true;
    }
    if (str_equal(name, STR("__ctor")))
        buf_str(r->out, STR("this"));
    else if (str_equal(name, STR("__dtor")))
        buf_str(r->out, STR("~this"));
    else if (str_equal(name, STR("__postblit")) && take(r, STR("MFZ")))
        buf_str(r->out, STR("this(this)"));
    else
        return false;
    return true;
}

static void read_template(struct reader *r, size_t end);

/* Whether a name is one that the compiler gave to a block, to tell functions in it from others: "__S" and a number. */
static bool is_block(struct str name)
{
    size_t i = 3;
    while (i < name.n && is_digit(name.p[i]))
        i++;
    return str_starts_with(name, STR("__S")) && name.n > 3 && i == name.n;
}

/* A name with its length in front. */
static void read_counted(struct reader *r)
{
    uint64_t n = read_number(r);
    if (r->bad || n == 0 || n > r->s.n - r->at) {
        r->bad = true;
        return;
    }
    struct str name = str_first(str_skip(r->s, r->at), (size_t)n);
    if (n >= 5 && (str_starts_with(name, STR("__T")) || str_starts_with(name, STR("__U")))) {
        read_template(r, r->at + (size_t)n);
        return;
    }
    r->at += (size_t)n;
    if (is_block(name) && name_follows(r))
        read_counted(r);
    else if (!put_special(r, name))
        buf_str(r->out, name);
}

/* A name that a template has: in full where its length is known, for `end` must then be its last byte's. */
static void read_name(struct reader *r)
{
    if (!enter(r))
        return;
    if (peek(r, 0) == 'Q') {
        size_t back = follow(r);
        read_counted(r);
        r->at = back;
    } else if (peek(r, 0) == '_') {
        read_template(r, 0);
    } else {
        read_counted(r);
    }
    r->depth--;
}

/* Whether the type of a function follows, or a reference to one. */
static bool call_follows(const struct reader *r)
{
    size_t end, target = peek(r, 0) == 'Q' ? reference_at(r, r->at, &end) : r->at;
    return target < r->s.n && is_convention(r->s.p[target]);
}

/* The parameters of a function that is part of a name, if these are what follows, and the modifiers of its object where
 * they are asked for. A reference stands for what the function returns, too: then that was read as well. */
static void read_signature(struct reader *r, bool modifiers)
{
    struct reader before = *r;
    size_t begin = r->out->n, promises = begin, parameters = begin;
    if (take(r, STR("M")))
        put_modifiers(r);
    if (!modifiers)
        r->out->n = begin;
    size_t call = r->out->n, back = 0;
    if (call_follows(r) && peek(r, 0) == 'Q')
        back = follow(r);
    read_call(r, &promises, &parameters);
    if (r->bad) {
        before.steps = r->steps; /* what it cost remains */
        *r = before;
        r->out->n = begin;
        return;
    }
    if (back > 0) {
        r->at = back;
        r->typed = true;
    }
    if (r->mode != demangle_full) {
        r->out->n = begin;
        return;
    }
    memmove(r->out->p + call, r->out->p + parameters, r->out->n - parameters);
    r->out->n -= parameters - call;
    bring_forward(r->out, begin, call);
}

static void read_qualified(struct reader *r, bool modifiers)
{
    if (!enter(r))
        return;
    size_t n = 0;
    do {
        while (peek(r, 0) == '0')
            r->at++;
        if (n++ > 0)
            buf_byte(r->out, '.');
        read_name(r);
        r->typed = false;
        if (peek(r, 0) == 'M' || call_follows(r))
            read_signature(r, modifiers);
    } while (!r->bad && !r->typed && name_follows(r));
    r->depth--;
}

/* --- Templates --- */

/* What an alias stands for: a symbol with its type, in old symbols behind its length, or one without. */
static void read_alias(struct reader *r)
{
    size_t number = r->at;
    while (is_digit(peek(r, 0)))
        r->at++;
    if (!str_starts_with(str_skip(r->s, r->at), STR("_D"))) {
        r->at = number;
        read_qualified(r, false);
        return;
    }
    read_mangled(r);
}

/* The value of a template's parameter, behind its type. */
static void read_parameter_value(struct reader *r)
{
    size_t type = r->at, begin = r->out->n, end;
    read_type(r);
    if (peek(r, 0) != 'S') /* a structure's members stand behind its name */
        r->out->n = begin;
    for (unsigned hops = 0; type < r->s.n && hops < deepest; hops++) {
        char c = r->s.p[type];
        if (c == 'Q')
            type = reference_at(r, type, &end);
        else if (c == 'x' || c == 'y' || c == 'O')
            type++;
        else
            break;
    }
    read_value(r, type < r->s.n ? r->s.p[type] : '\0');
}

static void read_arguments(struct reader *r)
{
    for (size_t n = 0; !r->bad && !take(r, STR("Z")); n++) {
        if (n > 0)
            buf_str(r->out, STR(", "));
        take(r, STR("H"));
        char kind = peek(r, 0);
        r->at++;
        if (kind == 'T') {
            read_type(r);
        } else if (kind == 'V') {
            read_parameter_value(r);
        } else if (kind == 'S') {
            read_alias(r);
        } else if (kind == 'X') {
            uint64_t size = read_number(r);
            struct str text = str_first(str_skip(r->s, r->at), size < r->s.n ? (size_t)size : r->s.n);
            buf_str(r->out, text);
            r->at += text.n;
        } else {
            r->bad = true;
        }
    }
}

/* An instance of a template. Where its length stood before it, it must end at `end`; 0 where it did not. */
static void read_template(struct reader *r, size_t end)
{
    size_t outer = r->begin;
    if (!enter(r))
        return;
    r->at += 3;
    read_name(r);
    size_t arguments = r->out->n;
    r->begin = arguments + 2;
    buf_str(r->out, STR("!("));
    read_arguments(r);
    buf_byte(r->out, ')');
    r->begin = outer;
    if (r->mode == demangle_default)
        r->out->n = arguments;
    if (end > 0 && r->at != end)
        r->bad = true;
    r->depth--;
}

/* --- Values --- */

static void put_hexadecimal_float(struct reader *r)
{
    if (take(r, STR("NAN"))) {
        buf_str(r->out, STR("NaN"));
        return;
    }
    bool minus = take(r, STR("N"));
    if (minus)
        buf_byte(r->out, '-');
    if (take(r, STR("INF"))) {
        buf_str(r->out, STR("Inf"));
        return;
    }
    buf_str(r->out, STR("0x"));
    for (bool first = true; isxdigit((unsigned char)peek(r, 0)); first = false) {
        buf_byte(r->out, peek(r, 0));
        r->at++;
        if (first)
            buf_byte(r->out, '.');
    }
    r->bad = r->bad || !take(r, STR("P"));
    buf_byte(r->out, 'p');
    if (take(r, STR("N")))
        buf_byte(r->out, '-');
    for (; is_digit(peek(r, 0)); r->at++)
        buf_byte(r->out, peek(r, 0));
}

static void put_character(struct reader *r, uint64_t n, char type)
{
    if (n >= 0x20 && n < 0x7f && type == 'a')
        buf_printf(r->out, "'%c'", (int)n);
    else if (type == 'a')
        buf_printf(r->out, "'\\x%02x'", (unsigned)n);
    else if (type == 'u')
        buf_printf(r->out, "'\\u%04x'", (unsigned)n);
    else
        buf_printf(r->out, "'\\U%08x'", (unsigned)n);
}

static void put_integer(struct reader *r, char type)
{
    size_t begin = r->at;
    uint64_t n = read_number(r);
    if (type == 'a' || type == 'u' || type == 'w') {
        put_character(r, n, type);
    } else if (type == 'b') {
        buf_str(r->out, n ? STR("true") : STR("false"));
    } else {
        buf_bytes(r->out, r->s.p + begin, r->at - begin);
        if (type == 'h' || type == 't' || type == 'k')
            buf_byte(r->out, 'u');
        else if (type == 'l')
            buf_byte(r->out, 'L');
        else if (type == 'm')
            buf_str(r->out, STR("uL"));
    }
}

static unsigned hexadecimal_pair(const struct reader *r)
{
    unsigned value = 0;
    for (size_t i = 0; i < 2; i++) {
        char c = peek(r, i);
        value = value * 16 + (unsigned)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static void put_string(struct reader *r)
{
    static const char escaped[] = "\t\n\r\f\v", letters[] = "tnrfv";
    char width = peek(r, 0);
    r->at++;
    uint64_t n = read_number(r);
    r->bad = r->bad || !take(r, STR("_")) || n > (r->s.n - r->at) / 2;
    buf_byte(r->out, '"');
    for (uint64_t i = 0; i < n && !r->bad; i++, r->at += 2) {
        if (!isxdigit((unsigned char)peek(r, 0)) || !isxdigit((unsigned char)peek(r, 1))) {
            r->bad = true;
            return;
        }
        unsigned c = hexadecimal_pair(r);
        const char *found = c ? strchr(escaped, (int)c) : NULL;
        if (found)
            buf_printf(r->out, "\\%c", letters[found - escaped]);
        else if (c >= 0x20 && c < 0x7f)
            buf_byte(r->out, (char)c);
        else
            buf_printf(r->out, "\\x%.2s", r->s.p + r->at);
    }
    buf_byte(r->out, '"');
    if (width != 'a')
        buf_byte(r->out, width);
}

/* The elements of an array, of a table (with keys), or the members of a structure. */
static void put_elements(struct reader *r, struct str brackets, bool table)
{
    uint64_t n = read_number(r);
    buf_byte(r->out, brackets.p[0]);
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        if (i > 0)
            buf_str(r->out, STR(", "));
        read_value(r, '\0');
        if (table) {
            buf_byte(r->out, ':');
            read_value(r, '\0');
        }
    }
    buf_byte(r->out, brackets.p[1]);
}

static void read_value(struct reader *r, char type)
{
    if (!enter(r))
        return;
    char c = peek(r, 0);
    if (is_digit(c)) {
        put_integer(r, type);
    } else if (c == 'a' || c == 'w' || c == 'd') {
        put_string(r);
    } else {
        r->at++;
        if (c == 'n') {
            buf_str(r->out, STR("null"));
        } else if (c == 'N') {
            buf_byte(r->out, '-');
            put_integer(r, type);
        } else if (c == 'i') {
            put_integer(r, type);
        } else if (c == 'e') {
            put_hexadecimal_float(r);
        } else if (c == 'c') {
            put_hexadecimal_float(r);
            r->bad = r->bad || !take(r, STR("c"));
            buf_byte(r->out, '+');
            put_hexadecimal_float(r);
            buf_byte(r->out, 'i');
        } else if (c == 'A') {
            put_elements(r, STR("[]"), type == 'H');
        } else if (c == 'S') {
            put_elements(r, STR("()"), false);
        } else if (c == 'f' && str_starts_with(str_skip(r->s, r->at), STR("_D"))) {
            read_mangled(r);
        } else {
            r->bad = true;
        }
    }
    r->depth--;
}

/* --- Types --- */

static bool put_basic_type(struct reader *r, char c)
{
    static const struct str names[] = {
        {"char", 4},  {"bool", 4},          {"creal", 5},  {"double", 6},  {"real", 4},   {"float", 5},
        {"byte", 4},  {"ubyte", 5},         {"int", 3},    {"ireal", 5},   {"uint", 4},   {"long", 4},
        {"ulong", 5}, {"typeof(null)", 12}, {"ifloat", 6}, {"idouble", 7}, {"cfloat", 6}, {"cdouble", 7},
        {"short", 5}, {"ushort", 6},        {"wchar", 5},  {"void", 4},    {"dchar", 5},
    };
    if (c < 'a' || c >= (char)('a' + sizeof names / sizeof *names))
        return false;
    buf_str(r->out, names[c - 'a']);
    return true;
}

/* A type in parentheses behind a word: const(int). */
static void read_within(struct reader *r, struct str word)
{
    buf_str(r->out, word);
    buf_byte(r->out, '(');
    read_type(r);
    buf_byte(r->out, ')');
}

static void read_delegate(struct reader *r)
{
    size_t modifiers = r->out->n;
    put_modifiers(r);
    size_t begin = r->out->n;
    if (peek(r, 0) == 'Q') {
        size_t back = follow(r);
        read_function_type(r, STR(" delegate"));
        r->at = back;
    } else {
        read_function_type(r, STR(" delegate"));
    }
    bring_forward(r->out, modifiers, begin);
}

static void read_pointer(struct reader *r)
{
    size_t end = 0, target = peek(r, 0) == 'Q' ? reference_at(r, r->at, &end) : r->at;
    if (target < r->s.n && is_convention(r->s.p[target])) {
        r->at = target;
        read_function_type(r, STR(" function"));
        if (end > 0)
            r->at = end;
        return;
    }
    read_type(r);
    buf_byte(r->out, '*');
}

static void read_array(struct reader *r)
{
    size_t begin = r->at;
    while (is_digit(peek(r, 0)))
        r->at++;
    struct str size = str_first(str_skip(r->s, begin), r->at - begin);
    read_type(r);
    buf_printf(r->out, "[%.*s]", STR_ARG(size));
}

/* value[key], of which the symbol has the key first. */
static void read_table(struct reader *r)
{
    size_t begin = r->out->n;
    buf_byte(r->out, '[');
    read_type(r);
    buf_byte(r->out, ']');
    size_t value = r->out->n;
    read_type(r);
    bring_forward(r->out, begin, value);
}

static void read_tuple(struct reader *r)
{
    uint64_t n = read_number(r);
    buf_str(r->out, STR("Tuple!("));
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        if (i > 0)
            buf_str(r->out, STR(", "));
        read_type(r);
    }
    buf_byte(r->out, ')');
}

static void read_second_letter(struct reader *r, char first)
{
    char c = peek(r, 0);
    r->at++;
    if (first == 'N' && c == 'g')
        read_within(r, STR("inout"));
    else if (first == 'N' && c == 'h')
        read_within(r, STR("__vector"));
    else if (first == 'N' && c == 'n')
        buf_str(r->out, STR("noreturn"));
    else if (first == 'z' && (c == 'i' || c == 'k'))
        buf_str(r->out, c == 'i' ? STR("cent") : STR("ucent"));
    else
        r->bad = true;
}

static void read_composed_type(struct reader *r, char c)
{
    switch (c) {
    case 'O':
        read_within(r, STR("shared"));
        break;
    case 'x':
        read_within(r, STR("const"));
        break;
    case 'y':
        read_within(r, STR("immutable"));
        break;
    case 'A':
        read_type(r);
        buf_str(r->out, STR("[]"));
        break;
    case 'G':
        read_array(r);
        break;
    case 'H':
        read_table(r);
        break;
    case 'P':
        read_pointer(r);
        break;
    case 'D':
        read_delegate(r);
        break;
    case 'B':
        read_tuple(r);
        break;
    case 'I':
    case 'C':
    case 'S':
    case 'E':
    case 'T':
        read_qualified(r, false);
        break;
    default:
        r->bad = true;
    }
}

static void read_type(struct reader *r)
{
    if (!enter(r))
        return;
    char c = peek(r, 0);
    if (c == 'Q') {
        size_t back = follow(r);
        read_type(r);
        r->at = back;
    } else if (is_convention(c)) {
        read_function_type(r, STR(""));
    } else {
        r->at++;
        if (c == 'N' || c == 'z')
            read_second_letter(r, c);
        else if (!put_basic_type(r, c))
            read_composed_type(r, c);
    }
    r->depth--;
}

/* --- Symbols --- */

/* "_D", a name, and its type, which says nothing that is shown; Z where it has none. */
static void read_mangled(struct reader *r)
{
    size_t outer = r->begin;
    r->at += 2;
    r->begin = r->out->n;
    read_qualified(r, true);
    size_t type = r->out->n;
    if (!r->typed && !take(r, STR("Z"))) {
        read_type(r);
        r->out->n = type;
    }
    r->begin = outer;
}

/* The part of a symbol that calls through an interface jump to: "_DTi16_" in front of it. */
static struct str behind_thunk(struct str symbol)
{
    size_t i = 3;
    if (!str_starts_with(symbol, STR("_DT")))
        return symbol;
    if (i < symbol.n && (symbol.p[i] == 'i' || symbol.p[i] == 'm'))
        i++;
    while (i < symbol.n && is_digit(symbol.p[i]))
        i++;
    return str_starts_with(str_skip(symbol, i), STR("__D"))           ? str_skip(symbol, i + 1)
           : str_starts_with(str_skip(symbol, i), STR("_D")) && i > 3 ? str_skip(symbol, i)
                                                                      : symbol;
}

bool demangle_d_is(struct str symbol)
{
    struct str inner = behind_thunk(symbol);
    return str_equal(symbol, STR("_Dmain")) ||
           (inner.n > 3 && str_starts_with(inner, STR("_D")) && (is_digit(inner.p[2]) || inner.p[2] == '_'));
}

bool demangle_d(struct str symbol, enum demangle_mode mode, struct buf *out)
{
    struct str inner = behind_thunk(symbol);
    size_t begin = out->n;
    if (mode == demangle_none || !demangle_d_is(symbol))
        return false;
    if (inner.n != symbol.n)
        buf_str(out, STR("thunk to "));
    struct reader r = {.s = inner, .out = out, .begin = out->n, .mode = mode};
    if (str_equal(symbol, STR("_Dmain"))) {
        buf_str(out, STR("D main"));
        return true;
    }
    read_mangled(&r);
    if (!r.bad && r.at == inner.n && !out->failed)
        return true;
    out->n = begin;
    return false;
}
