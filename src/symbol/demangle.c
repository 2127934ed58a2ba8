/* libiberty prints names in full, with no switch for leaving template arguments out. They are taken out of the printed
 * text: its brackets are balanced, and what else has one (operator<, ->) is known. */
#include "symbol/demangle.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "base/quote.h"
#include "symbol/demangle_d.h"

/* Longer symbols than this stay as they are. */
enum { longest_symbol = 1 << 16, deepest_nest = 512 };

static void take_part(const char *text, size_t length, void *to)
{
    buf_bytes(to, text, length);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool begins_at(struct str s, size_t at, struct str word)
{
    return str_starts_with(str_skip(s, at), word);
}

/* The length of an operator's name that begins at `at` ("operator<<"), 0 where none does. A conversion operator's type
 * is not part of it. */
static size_t operator_at(struct str s, size_t at)
{
    static const struct str signs[] = {
        {"<=>", 3}, {"<<=", 3}, {">>=", 3}, {"->*", 3}, {"<<", 2}, {">>", 2}, {"<=", 2},
        {">=", 2},  {"->", 2},  {"()", 2},  {"[]", 2},  {"<", 1},  {">", 1},
    };
    if (s.p[at] != 'o' || !begins_at(s, at, STR("operator")) || (at > 0 && is_word(s.p[at - 1])))
        return 0;
    size_t end = at + 8;
    if (end < s.n && is_word(s.p[end]))
        return 0;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (begins_at(s, end, signs[i]))
            return end - at + signs[i].n;
    }
    return end - at;
}

/* How many bytes from `at` on are just to be copied: none of them is `special` or may begin an operator's name. */
static size_t plain_run(struct str s, size_t at, char special)
{
    size_t end = at;
    while (end < s.n && s.p[end] != special && (s.p[end] != 'o' || end + 1 == s.n || s.p[end + 1] != 'p'))
        end++;
    return end - at;
}

/* The position behind the group whose opening bracket is at `at`, or s.n where it is not closed. A '>' closes only what
 * a '<' opened: inside parentheses it is an operator. */
static size_t group_end(struct str s, size_t at)
{
    char open[deepest_nest];
    size_t depth = 0;
    for (size_t i = at; i < s.n;) {
        size_t name = operator_at(s, i);
        char c = s.p[i];
        if (name > 0) {
            i += name;
            continue;
        }
        if (c == '<' || c == '(' || c == '[' || c == '{') {
            if (depth == deepest_nest)
                return s.n;
            open[depth++] = c;
        } else if (c == '>' && depth > 0 && open[depth - 1] == '<' && s.p[i - 1] != '-') {
            depth--;
        } else if (c == ')' || c == ']' || c == '}') {
            char opener = c == ')' ? '(' : c == ']' ? '[' : '{';
            while (depth > 0 && open[--depth] != opener)
                ;
        }
        i++;
        if (depth == 0)
            return i;
    }
    return s.n;
}

/* Whether a '<' begins template arguments, and not <Type as Trait> of Rust: it stands behind a name. */
static bool begins_arguments(struct str s, size_t at, bool rust)
{
    if (at == 0 || !rust)
        return at > 0;
    return is_word(s.p[at - 1]) || (at > 2 && s.p[at - 1] == ':' && is_word(s.p[at - 3]));
}

static void drop_last(struct buf *out, size_t from, struct str end)
{
    if (str_ends_with(str_skip(buf_text(out), from), end))
        out->n -= end.n;
}

/* The languages whose names look different. */
enum language { language_cplusplus, language_old_rust, language_rust };

/* Appends a printed name without its template arguments. Of new symbols of Rust the empty brackets stay, as in Go. */
static void put_without_templates(struct str s, enum language language, struct buf *out)
{
    size_t from = out->n;
    for (size_t i = 0; i < s.n;) {
        size_t plain = plain_run(s, i, '<');
        if (plain > 0) {
            buf_bytes(out, s.p + i, plain);
            i += plain;
            continue;
        }
        size_t name = operator_at(s, i);
        if (name > 0) {
            buf_bytes(out, s.p + i, name);
            i += name;
        } else if (s.p[i] == '<' && begins_arguments(s, i, language != language_cplusplus)) {
            if (language == language_rust)
                buf_str(out, STR("<>"));
            else
                drop_last(out, from, language == language_old_rust ? STR("::") : STR(" "));
            i = group_end(s, i);
        } else {
            buf_byte(out, s.p[i++]);
        }
    }
}

/* Whether behind a parameter list comes what is local to its function: "foo(int) const::". */
static bool encloses(struct str s, size_t end)
{
    static const struct str qualifiers[] = {{" const", 6}, {" volatile", 9}, {" &&", 3}, {" &", 2}};
    for (size_t i = 0; i < sizeof qualifiers / sizeof *qualifiers; i++) {
        if (begins_at(s, end, qualifiers[i]))
            end += qualifiers[i].n;
    }
    return begins_at(s, end, STR("::"));
}

/* Appends a printed name with the parameters of enclosing functions left out: foo()::bar for foo(int)::bar. */
static void put_without_enclosing(struct str s, struct buf *out)
{
    size_t from = out->n;
    for (size_t i = 0; i < s.n;) {
        size_t plain = plain_run(s, i, '(');
        if (plain > 0) {
            buf_bytes(out, s.p + i, plain);
            i += plain;
            continue;
        }
        size_t name = operator_at(s, i);
        if (name > 0) {
            buf_bytes(out, s.p + i, name);
            i += name;
            continue;
        }
        bool list = s.p[i] == '(' && !begins_at(s, i, STR("(anonymous namespace)")) &&
                    !str_ends_with(str_skip(buf_text(out), from), STR("decltype"));
        size_t end = list ? group_end(s, i) : s.n;
        if (end < s.n && encloses(s, end)) {
            buf_str(out, STR("()"));
            i = end;
        } else {
            buf_byte(out, s.p[i++]);
        }
    }
}

/* The name of a function, printed with what it returns and takes. */
static struct str bare_function(struct str s)
{
    size_t begin = 0, end = s.n;
    for (size_t i = 0; i < s.n;) {
        size_t name = operator_at(s, i), next = i + (name > 0 ? name : 1);
        if (name == 0 && strchr("<([{", s.p[i])) {
            next = group_end(s, i);
            if (s.p[i] == '(' && i > 0 && !begins_at(s, i, STR("(anonymous namespace)")))
                end = begins_at(s, next, STR("::")) ? s.n : i;
        } else if (name == 0 && s.p[i] == ' ' && end == s.n) {
            begin = next;
        }
        i = next;
    }
    return str_skip(str_first(s, end), begin);
}

/* Appends a printed name in which functions that are template arguments, &(int foo(char)), have only their names. */
static void put_bare_arguments(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n;) {
        bool argument = i > 0 && (s.p[i - 1] == '<' || s.p[i - 1] == ' ') && begins_at(s, i, STR("&("));
        size_t end = argument ? group_end(s, i + 1) : s.n;
        if (argument && end < s.n && (s.p[end] == '>' || s.p[end] == ',' || s.p[end] == ' ')) {
            struct str inner = str_first(str_skip(s, i + 2), end - i - 3);
            buf_str(out, STR("&("));
            put_bare_arguments(bare_function(inner), out);
            buf_byte(out, ')');
            i = end;
        } else {
            buf_byte(out, s.p[i++]);
        }
    }
}

/* Appends a printed name with "> >" where libiberty, behind an empty pack, closes two lists with ">>". A shift is
 * printed between parentheses. */
static void put_spaced(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n;) {
        size_t plain = plain_run(s, i, '>');
        if (plain > 0) {
            buf_bytes(out, s.p + i, plain);
            i += plain;
            continue;
        }
        size_t name = operator_at(s, i);
        if (name > 0) {
            buf_bytes(out, s.p + i, name);
            i += name;
            continue;
        }
        bool shift = i > 1 && i + 1 < s.n && s.p[i - 2] == ')' && s.p[i + 1] == '(';
        if (i > 0 && s.p[i] == '>' && s.p[i - 1] == '>' && !shift)
            buf_byte(out, ' ');
        buf_byte(out, s.p[i++]);
    }
}

/* Where an old symbol of Rust ends, which looks like C++ but for a last part "17h" and 16 digits of a hash; 0 where it
 * is none. Its names may have dots. */
static size_t old_rust_end(struct str symbol)
{
    enum { part = 20 };
    if (!str_starts_with(symbol, STR("_ZN")))
        return 0;
    for (size_t at = str_find(symbol, STR("17h"), 3); at + part <= symbol.n;
         at = str_find(symbol, STR("17h"), at + 1)) {
        size_t digits = at + 3;
        while (digits < at + part - 1 && isxdigit((unsigned char)symbol.p[digits]))
            digits++;
        if (digits == at + part - 1 && symbol.p[digits] == 'E')
            return digits + 1;
    }
    return 0;
}

/* The language of a symbol, which is left without what compilers put behind it for copies of a function (.cold,
 * .constprop.0). */
static enum language take_suffix(struct str *symbol)
{
    size_t end = old_rust_end(*symbol);
    bool new = str_starts_with(*symbol, STR("_R"));
    *symbol = str_first(*symbol, end > 0 ? end : str_find(*symbol, STR("."), 3));
    return new ? language_rust : end > 0 ? language_old_rust : language_cplusplus;
}

static bool print(const char *symbol, enum language language, enum demangle_mode mode, struct buf *out)
{
    int options = DMGL_ANSI | (mode == demangle_full ? DMGL_PARAMS : 0);
    if (language != language_cplusplus && rust_demangle_callback(symbol, options, take_part, out))
        return true;
    return cplus_demangle_v3_callback(symbol, options, take_part, out) != 0;
}

/* Takes the first underscore off every part of an old symbol of Rust, as Go does. libiberty does so itself where an
 * escape sequence follows. In place: the symbol gets no longer. */
static void strip_underscores(char *symbol)
{
    char *from = symbol + 3, *to = from;
    while (*from >= '1' && *from <= '9') {
        char *part;
        unsigned long n = strtoul(from, &part, 10);
        if (n > strlen(part))
            break;
        from = part + n;
        if (part[0] == '_' && n > 1 && part[1] != '$')
            part++, n--;
        char digits[24];
        int length = snprintf(digits, sizeof digits, "%lu", n);
        memmove(to + length, part, n);
        memcpy(to, digits, (size_t)length);
        to += (size_t)length + n;
    }
    memmove(to, from, strlen(from) + 1);
}

/* The length of an escaped letter that is not ASCII, "$udf$", at the start of s; 0 where there is none. */
static size_t escaped_letter(struct str s, uint32_t *rune)
{
    size_t i = 2;
    *rune = 0;
    if (!str_starts_with(s, STR("$u")))
        return 0;
    for (; i < s.n && i < 8 && isxdigit((unsigned char)s.p[i]) && !isupper((unsigned char)s.p[i]); i++)
        *rune = *rune << 4 | (uint32_t)(s.p[i] <= '9' ? s.p[i] - '0' : s.p[i] - 'a' + 10);
    bool letter = *rune >= 0xa0 && *rune <= 0x10ffff && (*rune < 0xd800 || *rune > 0xdfff);
    return letter && i < s.n && s.p[i] == '$' ? i + 1 : 0;
}

/* Appends the printed name of an old symbol of Rust with the letters that libiberty and Go leave escaped. */
static void put_letters(struct str s, struct buf *out)
{
    for (size_t i = 0, length; i < s.n; i += length) {
        uint32_t rune;
        if ((length = escaped_letter(str_skip(s, i), &rune)) > 0)
            buf_rune(out, rune);
        else
            buf_bytes(out, s.p + i, length = 1);
    }
}

bool demangle(struct str symbol, enum demangle_mode mode, struct buf *out)
{
    struct str plain = symbol;
    enum language language = take_suffix(&plain);
    char *copy;
    if (demangle_d_is(plain))
        return demangle_d(plain, mode, out);
    if (mode == demangle_none || symbol.n < 3 || symbol.n > longest_symbol || symbol.p[0] != '_' ||
        !(copy = mem_get(out->mem, plain.n + 1)))
        return false;
    memcpy(copy, plain.p, plain.n);
    copy[plain.n] = '\0';
    if (language == language_old_rust)
        strip_underscores(copy);
    struct buf whole, enclosed;
    buf_init(&whole, out->mem);
    buf_init(&enclosed, out->mem);
    bool fine = print(copy, language, mode, &whole);
    if (fine && language == language_old_rust) {
        put_letters(buf_text(&whole), out);
    } else if (fine && language == language_rust && mode != demangle_default) {
        buf_str(out, buf_text(&whole));
    } else if (fine && mode == demangle_full) {
        put_bare_arguments(buf_text(&whole), &enclosed);
        put_spaced(buf_text(&enclosed), out);
    } else if (fine && mode == demangle_templates) {
        put_bare_arguments(buf_text(&whole), &enclosed);
        whole.n = 0;
        put_without_enclosing(buf_text(&enclosed), &whole);
        put_spaced(buf_text(&whole), out);
    } else if (fine) {
        put_without_enclosing(buf_text(&whole), &enclosed);
        put_without_templates(buf_text(&enclosed), language, out);
    }
    buf_finish(&enclosed);
    buf_finish(&whole);
    mem_put(out->mem, copy, plain.n + 1);
    return fine;
}

void demangle_bare(struct str name, enum demangle_mode mode, struct buf *out)
{
    if (mode == demangle_default && name.n <= longest_symbol)
        put_without_templates(name, language_cplusplus, out);
    else
        buf_str(out, name);
}

static bool looks_like_cplusplus(struct str name)
{
    if (str_find(name, STR(".<"), 0) < name.n || str_find(name, STR("])."), 0) < name.n)
        return false; /* a constructor of Java, a method of a generic type of Go */
    for (size_t i = 0; i < name.n; i++) {
        if (strchr("<>[]", name.p[i]) && name.p[i] != '\0')
            return true;
    }
    return str_find(name, STR("::"), 0) < name.n;
}

/* Cuts the outermost groups between two brackets out of name; up to the first bracket that closes nothing, where Go
 * gives up too. */
static void cut_groups(struct buf *name, char open, char close)
{
    size_t depth = 0, first = 0;
    for (size_t i = 0; i < name->n; i++) {
        if (name->p[i] == open) {
            if (depth++ == 0)
                first = i;
        } else if (name->p[i] == close) {
            if (depth == 0)
                return;
            if (--depth > 0)
                continue;
            memmove(name->p + first, name->p + i + 1, name->n - i - 1);
            name->n -= i + 1 - first;
            i = first - 1;
        }
    }
}

void demangle_simplify(struct str name, enum demangle_mode mode, struct buf *out)
{
    if (mode == demangle_none || mode == demangle_full || !looks_like_cplusplus(name)) {
        buf_str(out, name);
        return;
    }
    struct buf rest;
    buf_init(&rest, out->mem);
    buf_str(&rest, name);
    cut_groups(&rest, '(', ')');
    if (mode == demangle_default)
        cut_groups(&rest, '<', '>');
    buf_str(out, buf_text(&rest));
    buf_finish(&rest);
}
