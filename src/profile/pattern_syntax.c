/* PCRE2's syntax is larger than Go's and differs in corners: \s and \v, possessive and stacked repetitions, lookaround,
 * back references, octal escapes, what may stand in a class. So the expression is parsed as Go parses it, refused where
 * Go refuses it, and written anew with nothing left to interpretation: literals escaped, classes spelled out, repeated
 * assertions in a group. Groups, alternations and flags mean the same in both. */
#include "profile/pattern_syntax.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

enum {
    repeat_largest = 1000,
    nesting_largest = 1000,
    rune_largest = 0x10ffff,
    rune_invalid = 0xfffd,
};

static const size_t no_atom = SIZE_MAX;

/* An open parenthesis. */
struct group {
    size_t atom;    /* where the group begins in the output */
    int64_t repeat; /* the largest product of repetitions inside so far */
};

struct translator {
    struct str all; /* the whole expression */
    size_t at;      /* the next byte of it */
    struct mem *mem;
    struct buf *out, *error;
    size_t atom; /* where what a repetition would repeat begins in the output, or no_atom */
    bool atom_is_assertion;
    int64_t atom_repeat;  /* the product of repetitions in it */
    size_t flags;         /* where flags that stand behind the atom begin in the output, or no_atom */
    size_t last_repeat;   /* where the repetition directly before `at` begins, or no_atom */
    int64_t group_repeat; /* the largest atom_repeat in the current group */
    VEC(struct group) groups;
};

void pattern_put_error(struct buf *error, const char *reason, struct str piece, size_t at)
{
    buf_printf(error, "error parsing regexp: %s", reason);
    if (piece.p) {
        buf_str(error, STR(": `"));
        buf_str(error, piece);
        buf_byte(error, '`');
    }
    buf_printf(error, " (at byte %zu)", at);
}

/* Refuses the expression because of its bytes [from, to). */
static bool refuse(struct translator *t, const char *reason, size_t from, size_t to)
{
    pattern_put_error(t->error, reason, (struct str){t->all.p + from, to - from}, from);
    return false;
}

static size_t sequence_length(uint8_t lead)
{
    return lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

/* The code point of a sequence of n bytes that is complete; rune_invalid where the bytes are not one. */
static uint32_t decode_sequence(const uint8_t *p, size_t n)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t rune = p[0] & (0x7f >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return rune_invalid;
        rune = rune << 6 | (p[i] & 0x3f);
    }
    bool surrogate = rune >= 0xd800 && rune < 0xe000;
    return rune < smallest[n] || rune > rune_largest || surrogate ? rune_invalid : rune;
}

uint32_t utf8_first(struct str text, size_t *length)
{
    const uint8_t *p = (const uint8_t *)text.p;
    size_t n = sequence_length(*p);
    *length = 1;
    if (n == 1)
        return *p;
    if (n == 0 || n > text.n)
        return rune_invalid;
    uint32_t rune = decode_sequence(p, n);
    if (rune != rune_invalid || (n == 3 && memcmp(p, "\xef\xbf\xbd", 3) == 0))
        *length = n;
    return rune;
}

static bool at_end(const struct translator *t)
{
    return t->at >= t->all.n;
}

/* The byte `ahead` of the current one; 0 behind the end. */
static char peek(const struct translator *t, size_t ahead)
{
    return t->at + ahead < t->all.n ? t->all.p[t->at + ahead] : '\0';
}

/* Takes the next code point; there must be a byte. */
static bool next_rune(struct translator *t, uint32_t *rune)
{
    size_t length;
    *rune = utf8_first(str_skip(t->all, t->at), &length);
    if (*rune == rune_invalid && length == 1)
        return refuse(t, "invalid UTF-8", 0, t->all.n);
    t->at += length;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

static bool is_alnum(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int hex_value(uint32_t c)
{
    if (c >= '0' && c <= '9')
        return (int)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (int)(c - 'a' + 10);
    return c >= 'A' && c <= 'F' ? (int)(c - 'A' + 10) : -1;
}

static void put_rune(struct translator *t, uint32_t rune)
{
    if (is_alnum(rune) || rune == '_')
        buf_byte(t->out, (char)rune);
    else
        buf_printf(t->out, "\\x{%x}", rune);
}

/* Notes that an atom follows in the output. */
static void begin_atom(struct translator *t, bool is_assertion)
{
    t->atom = t->out->n;
    t->atom_is_assertion = is_assertion;
    t->atom_repeat = 1;
    t->flags = no_atom;
}

static void put_literal(struct translator *t, uint32_t rune)
{
    begin_atom(t, false);
    put_rune(t, rune);
}

static void put_assertion(struct translator *t, const char *text, size_t length)
{
    begin_atom(t, true);
    buf_str(t->out, str_of(text));
    t->at += length;
}

/* \x with two digits, or any number of them in braces; `at` is behind the x. False where it is not one, without an
 * error said. */
static bool parse_hex(struct translator *t, uint32_t *rune)
{
    uint32_t c, value = 0;
    if (at_end(t) || peek(t, 0) != '{') {
        int high = hex_value((uint8_t)peek(t, 0)), low = hex_value((uint8_t)peek(t, 1));
        *rune = (uint32_t)(high * 16 + low);
        t->at += 2;
        return high >= 0 && low >= 0;
    }
    size_t digits = 0;
    for (t->at++; !at_end(t); digits++) {
        c = (uint8_t)t->all.p[t->at++];
        if (c == '}') {
            *rune = value;
            return digits > 0;
        }
        if (hex_value(c) < 0)
            return false;
        value = value * 16 + (uint32_t)hex_value(c);
        if (value > rune_largest)
            return false;
    }
    return false;
}

/* Up to three octal digits, the first of which is c; `at` is behind it. */
static uint32_t parse_octal(struct translator *t, uint32_t c)
{
    uint32_t rune = c - '0';
    for (int i = 1; i < 3 && is_octal(peek(t, 0)); i++)
        rune = rune * 8 + (uint32_t)(t->all.p[t->at++] - '0');
    return rune;
}

/* The character that a letter escapes, as in C; 0 for others. */
static uint32_t control_escape(uint32_t c)
{
    static const char letters[] = "afnrtv", controls[] = "\a\f\n\r\t\v";
    const char *found = c != 0 && c < 0x80 ? strchr(letters, (int)c) : NULL;
    return found ? (uint32_t)controls[found - letters] : 0;
}

/* An escape that stands for one character; `at` is at the backslash. */
static bool parse_escape(struct translator *t, uint32_t *rune)
{
    size_t from = t->at++;
    uint32_t c;
    if (at_end(t))
        return refuse(t, "trailing backslash at end of expression", t->at, t->at);
    if (!next_rune(t, &c))
        return false;
    if (c < 0x80 && !is_alnum(c)) {
        *rune = c;
        return true;
    }
    if (c == '0' || (c >= '1' && c <= '7' && is_octal(peek(t, 0)))) {
        *rune = parse_octal(t, c);
        return true;
    }
    if (c == 'x' && parse_hex(t, rune))
        return true;
    *rune = control_escape(c);
    if (*rune != 0)
        return true;
    return refuse(t, "invalid escape sequence", from, t->at < t->all.n ? t->at : t->all.n);
}

/* A class with a name, as ranges of code points in ascending order. */
struct named_class {
    const char *name;
    uint32_t n;
    uint32_t ranges[4][2];
};

static const struct named_class named_classes[] = {
    {"alnum", 3, {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
    {"alpha", 2, {{'A', 'Z'}, {'a', 'z'}}},
    {"ascii", 1, {{0, 0x7f}}},
    {"blank", 2, {{'\t', '\t'}, {' ', ' '}}},
    {"cntrl", 2, {{0, 0x1f}, {0x7f, 0x7f}}},
    {"digit", 1, {{'0', '9'}}},
    {"graph", 1, {{'!', '~'}}},
    {"lower", 1, {{'a', 'z'}}},
    {"print", 1, {{' ', '~'}}},
    {"punct", 4, {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
    {"space", 2, {{'\t', '\r'}, {' ', ' '}}},
    {"upper", 1, {{'A', 'Z'}}},
    {"word", 4, {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
    {"xdigit", 3, {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
};

static const struct named_class perl_classes[] = {
    {"d", 1, {{'0', '9'}}},
    {"s", 3, {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}}, /* without the vertical tab, which PCRE2's has */
    {"w", 4, {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
};

static const struct named_class *find_class(const struct named_class *classes, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        if (str_equal(name, str_of(classes[i].name)))
            return &classes[i];
    }
    return NULL;
}

static void put_range(struct translator *t, uint32_t low, uint32_t high)
{
    if (low <= high)
        buf_printf(t->out, "\\x{%x}-\\x{%x}", low, high);
}

static bool has_letters(const struct named_class *class)
{
    for (uint32_t i = 0; i < class->n; i++) {
        if (class->ranges[i][0] == 'A' || class->ranges[i][0] == 'a')
            return true;
    }
    return false;
}

/* Puts what a class, or all that it does not hold, is inside brackets. What has no letters is written as ranges, which
 * say the same everywhere; ranges around the ASCII letters would, when case does not matter, match these too, since
 * some others fold to them. */
static void put_named(struct translator *t, const struct named_class *class, bool negated)
{
    uint32_t next = 0;
    if (negated && has_letters(class)) {
        if (class->name[0] == 'w')
            buf_str(t->out, STR("\\W"));
        else
            buf_printf(t->out, "[:^%s:]", class->name);
        return;
    }
    for (uint32_t i = 0; i < class->n; i++) {
        uint32_t low = class->ranges[i][0], high = class->ranges[i][1];
        if (!negated)
            put_range(t, low, high);
        else if (low > next)
            put_range(t, next, low - 1);
        next = high + 1;
    }
    if (negated)
        put_range(t, next, rune_largest);
}

/* Puts \d, \s, \w or their opposites, as what stands for them inside brackets; false where there is none at `at`. */
static bool put_perl_class(struct translator *t)
{
    char letter = peek(t, 1), lower = (char)(letter | 0x20);
    if (peek(t, 0) != '\\')
        return false;
    const struct named_class *class =
        find_class(perl_classes, sizeof perl_classes / sizeof *perl_classes, (struct str){&lower, 1});
    if (!class || !is_alnum((uint8_t)letter))
        return false;
    put_named(t, class, letter != lower);
    t->at += 2;
    return true;
}

static bool is_property(const struct translator *t)
{
    return peek(t, 0) == '\\' && (peek(t, 1) == 'p' || peek(t, 1) == 'P');
}

/* \pN, \p{Greek}, \P{^Greek}: written as it is, so that a name that PCRE2 does not know is found by PCRE2. */
static bool put_property(struct translator *t)
{
    size_t from = t->at;
    t->at += 2;
    if (at_end(t))
        return refuse(t, "invalid escape sequence", from, t->at);
    if (peek(t, 0) == '{') {
        size_t end = str_find(t->all, STR("}"), t->at);
        if (end == t->all.n)
            return refuse(t, "invalid character class range", from, t->all.n);
        t->at = end + 1;
    } else {
        t->at++;
    }
    for (size_t i = from + 1; i < t->at; i++) {
        char c = t->all.p[i];
        if (!is_alnum((uint8_t)c) && !strchr("{}^_- ", c))
            return refuse(t, "invalid character class range", from, t->at);
    }
    buf_str(t->out, (struct str){t->all.p + from, t->at - from});
    return true;
}

/* [:alpha:] inside a class. *found tells whether there was one; where it is not closed it is plain characters. */
static bool put_named_class(struct translator *t, bool *found)
{
    *found = false;
    if (peek(t, 0) != '[' || peek(t, 1) != ':')
        return true;
    size_t end = str_find(t->all, STR(":]"), t->at + 2);
    if (end == t->all.n)
        return true;
    *found = true;
    size_t from = t->at;
    t->at = end + 2;
    struct str name = {t->all.p + from + 2, t->at - from - 4};
    bool negated = name.n > 0 && name.p[0] == '^';
    const struct named_class *class =
        find_class(named_classes, sizeof named_classes / sizeof *named_classes, str_skip(name, negated));
    if (!class)
        return refuse(t, "invalid character class range", from, t->at);
    put_named(t, class, negated);
    return true;
}

/* A character of the class that begins at `from`. */
static bool parse_class_rune(struct translator *t, size_t from, uint32_t *rune)
{
    if (at_end(t))
        return refuse(t, "missing closing ]", from, t->all.n);
    return peek(t, 0) == '\\' ? parse_escape(t, rune) : next_rune(t, rune);
}

/* A character of a class, or a range of them. */
static bool put_class_range(struct translator *t, size_t class_from)
{
    size_t from = t->at;
    uint32_t low, high;
    if (!parse_class_rune(t, class_from, &low))
        return false;
    buf_printf(t->out, "\\x{%x}", low);
    if (t->at + 1 >= t->all.n || peek(t, 0) != '-' || peek(t, 1) == ']')
        return true;
    t->at++;
    if (!parse_class_rune(t, class_from, &high))
        return false;
    if (high < low)
        return refuse(t, "invalid character class range", from, t->at);
    buf_printf(t->out, "-\\x{%x}", high);
    return true;
}

/* One item of a class. */
static bool put_class_item(struct translator *t, size_t class_from)
{
    bool named;
    if (!put_named_class(t, &named))
        return false;
    if (named)
        return true;
    if (is_property(t))
        return put_property(t);
    return put_perl_class(t) || put_class_range(t, class_from);
}

static bool put_class(struct translator *t)
{
    size_t from = t->at++;
    begin_atom(t, false);
    buf_byte(t->out, '[');
    if (peek(t, 0) == '^') {
        buf_byte(t->out, '^');
        t->at++;
    }
    for (bool first = true; first || at_end(t) || peek(t, 0) != ']'; first = false) {
        if (!put_class_item(t, from))
            return false;
    }
    buf_byte(t->out, ']');
    t->at++;
    return true;
}

/* A number without leading zeros; *value is -1 where it is too large. */
static bool parse_number(struct translator *t, int64_t *value)
{
    if (!is_digit(peek(t, 0)) || (peek(t, 0) == '0' && is_digit(peek(t, 1))))
        return false;
    *value = 0;
    for (; is_digit(peek(t, 0)); t->at++) {
        if (*value >= 0)
            *value = *value >= 100000000 ? -1 : *value * 10 + (t->all.p[t->at] - '0');
    }
    return true;
}

struct repetition {
    int64_t least, most; /* most -1: no limit; least -1: a number was too large */
};

/* {2}, {2,} or {2,3}; where there is none, false with `at` where it was. */
static bool parse_repetition(struct translator *t, struct repetition *r)
{
    size_t from = t->at++;
    *r = (struct repetition){0};
    bool ok = parse_number(t, &r->least);
    r->most = r->least;
    if (ok && peek(t, 0) == ',') {
        t->at++;
        r->most = -1;
        if (peek(t, 0) != '}') {
            ok = parse_number(t, &r->most);
            if (ok && r->most < 0)
                r->least = -1;
        }
    }
    if (ok && peek(t, 0) == '}') {
        t->at++;
        return true;
    }
    t->at = from;
    return false;
}

/* Puts text in the middle of the output; returns its length. */
static size_t insert(struct translator *t, size_t at, struct str text)
{
    if (text.n == 0 || !buf_reserve(t->out, text.n))
        return 0;
    memmove(t->out->p + at + text.n, t->out->p + at, t->out->n - at);
    memcpy(t->out->p + at, text.p, text.n);
    t->out->n += text.n;
    return text.n;
}

/* Puts what was read from `from` on, a repetition without its "?", behind the atom. */
static bool put_repetition(struct translator *t, size_t from, const struct repetition *r)
{
    struct str sign = {t->all.p + from, t->at - from};
    bool lazy = peek(t, 0) == '?';
    t->at += lazy;
    if (t->last_repeat != no_atom)
        return refuse(t, "invalid nested repetition operator", t->last_repeat, t->at);
    if (t->atom == no_atom)
        return refuse(t, "missing argument to repetition operator", from, t->at);
    int64_t times = r->most < 0 ? r->least : r->most;
    if (times > 0)
        t->atom_repeat *= times;
    if (t->atom_repeat > repeat_largest && times >= 2)
        return refuse(t, "invalid repeat count", from, t->at);
    size_t end = t->flags == no_atom ? t->out->n : t->flags;
    if (t->atom_is_assertion || t->flags != no_atom) {
        end += insert(t, end, STR(")"));
        end += insert(t, t->atom, STR("(?:"));
        t->atom_is_assertion = false;
    }
    end += insert(t, end, sign);
    end += insert(t, end, lazy ? STR("?") : STR(""));
    if (t->flags != no_atom)
        t->flags = end;
    t->last_repeat = from;
    return true;
}

static bool parse_brace(struct translator *t)
{
    struct repetition r;
    size_t from = t->at;
    if (!parse_repetition(t, &r)) {
        t->at++;
        put_literal(t, '{');
        return true;
    }
    if (r.least < 0 || r.least > repeat_largest || r.most > repeat_largest || (r.most >= 0 && r.least > r.most))
        return refuse(t, "invalid repeat count", from, t->at);
    return put_repetition(t, from, &r);
}

static bool open_group(struct translator *t, size_t begin)
{
    if (t->groups.n >= nesting_largest) {
        pattern_put_error(t->error, "expression nests too deeply", t->all, t->at);
        return false;
    }
    if (!vec_push(&t->groups, t->mem, (struct group){begin, t->group_repeat})) {
        buf_str(t->error, STR("out of memory"));
        return false;
    }
    t->group_repeat = 1;
    t->atom = t->flags = no_atom;
    return true;
}

/* Ends an alternative or group: what it repeats counts for the group. */
static void settle_repeat(struct translator *t)
{
    if (t->atom_repeat > t->group_repeat)
        t->group_repeat = t->atom_repeat;
}

static bool close_group(struct translator *t)
{
    if (t->groups.n == 0) {
        pattern_put_error(t->error, "unexpected )", t->all, t->at);
        return false;
    }
    struct group group = t->groups.at[--t->groups.n];
    buf_byte(t->out, ')');
    t->at++;
    t->atom = group.atom;
    t->flags = no_atom;
    t->atom_is_assertion = false;
    t->atom_repeat = t->group_repeat;
    t->group_repeat = group.repeat;
    return true;
}

/* (?P<name> or (?<name>, whose name nothing refers to: a plain group. *found tells whether there was one. */
static bool parse_named_group(struct translator *t, bool *found)
{
    size_t name = peek(t, 2) == 'P' && peek(t, 3) == '<' ? 4 : peek(t, 2) == '<' ? 3 : 0;
    *found = name != 0 && t->at + name < t->all.n;
    if (!*found)
        return true;
    size_t from = t->at, end = str_find(t->all, STR(">"), from);
    if (end == t->all.n)
        return refuse(t, "invalid named capture", from, t->all.n);
    for (size_t i = from + name; i < end; i++) {
        if (!is_alnum((uint8_t)t->all.p[i]) && t->all.p[i] != '_')
            return refuse(t, "invalid named capture", from, end + 1);
    }
    if (end == from + name)
        return refuse(t, "invalid named capture", from, end + 1);
    size_t begin = t->out->n;
    buf_byte(t->out, '(');
    t->at = end + 1;
    return open_group(t, begin);
}

/* (?flags) or (?flags: as they are. */
static bool parse_flags(struct translator *t)
{
    size_t from = t->at, begin = t->out->n;
    bool negative = false, saw = false;
    for (t->at += 2; !at_end(t);) {
        uint32_t c;
        if (!next_rune(t, &c))
            return false;
        if (c == 'i' || c == 'm' || c == 's' || c == 'U') {
            saw = true;
        } else if (c == '-' && !negative) {
            negative = true;
            saw = false;
        } else if ((c == ':' || c == ')') && (saw || !negative)) {
            buf_str(t->out, (struct str){t->all.p + from, t->at - from});
            if (c == ':')
                return open_group(t, begin);
            if (t->flags == no_atom)
                t->flags = begin; /* a repetition behind them is one of the atom before them */
            return true;
        } else {
            break;
        }
    }
    return refuse(t, "invalid or unsupported Perl syntax", from, t->at);
}

static bool parse_group(struct translator *t)
{
    bool named = false;
    if (peek(t, 1) == '?') {
        if (!parse_named_group(t, &named))
            return false;
        return named || parse_flags(t);
    }
    size_t begin = t->out->n;
    buf_byte(t->out, '(');
    t->at++;
    return open_group(t, begin);
}

/* \Q...\E: all literal. */
static bool parse_quoted(struct translator *t)
{
    size_t end = str_find(t->all, STR("\\E"), t->at + 2);
    for (t->at += 2; t->at < end;) {
        uint32_t rune;
        if (!next_rune(t, &rune))
            return false;
        settle_repeat(t);
        put_literal(t, rune);
    }
    t->at = end < t->all.n ? end + 2 : end;
    return true;
}

static bool parse_backslash(struct translator *t)
{
    switch (peek(t, 1)) {
    case 'A':
        put_assertion(t, "\\A", 2);
        return true;
    case 'z':
        put_assertion(t, "\\z", 2);
        return true;
    case 'b':
        put_assertion(t, "\\b", 2);
        return true;
    case 'B':
        put_assertion(t, "\\B", 2);
        return true;
    case 'Q':
        return parse_quoted(t);
    default:
        break;
    }
    begin_atom(t, false);
    if (is_property(t))
        return put_property(t);
    buf_byte(t->out, '[');
    if (put_perl_class(t)) {
        buf_byte(t->out, ']');
        return true;
    }
    t->out->n = t->atom; /* no class after all */
    uint32_t rune;
    if (!parse_escape(t, &rune))
        return false;
    put_literal(t, rune);
    return true;
}

/* A repetition of one character: "*", "+" or "?". */
static bool parse_simple_repetition(struct translator *t)
{
    static const struct repetition plain = {.least = 0, .most = 0};
    t->at++;
    return put_repetition(t, t->at - 1, &plain);
}

/* One element that is not a repetition. */
static bool parse_element(struct translator *t, char c)
{
    uint32_t rune;
    settle_repeat(t);
    switch (c) {
    case '(':
        return parse_group(t);
    case ')':
        return close_group(t);
    case '|':
        buf_byte(t->out, '|');
        t->at++;
        t->atom = t->flags = no_atom;
        return true;
    case '^':
        put_assertion(t, "^", 1);
        return true;
    case '$':
        put_assertion(t, "$", 1);
        return true;
    case '.':
        begin_atom(t, false);
        buf_byte(t->out, '.');
        t->at++;
        return true;
    case '[':
        return put_class(t);
    case '\\':
        return parse_backslash(t);
    default:
        if (!next_rune(t, &rune))
            return false;
        put_literal(t, rune);
        return true;
    }
}

static bool translate(struct translator *t)
{
    while (!at_end(t)) {
        size_t before = t->last_repeat;
        char c = peek(t, 0);
        bool ok = c == '*' || c == '+' || c == '?' ? parse_simple_repetition(t)
                  : c == '{'                       ? parse_brace(t)
                                                   : parse_element(t, c);
        if (!ok)
            return false;
        if (t->last_repeat == before)
            t->last_repeat = no_atom;
    }
    if (t->groups.n == 0)
        return true;
    pattern_put_error(t->error, "missing closing )", t->all, t->all.n);
    return false;
}

bool pattern_translate(struct str expression, struct mem *mem, struct buf *out, struct buf *error)
{
    struct translator t = {.all = expression,
                           .mem = mem,
                           .out = out,
                           .error = error,
                           .atom = no_atom,
                           .atom_repeat = 1,
                           .flags = no_atom,
                           .last_repeat = no_atom,
                           .group_repeat = 1};
    bool ok = translate(&t);
    vec_finish(&t.groups, mem);
    if (ok && out->failed)
        buf_str(error, STR("out of memory"));
    return ok && !out->failed;
}
