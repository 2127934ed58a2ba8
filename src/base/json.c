/* No recursion: the open arrays and objects are linked through the `next` of their values, which is not in use until
 * they are closed. While a container is open its `first` is its last child so far; closing turns the list around. */
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct cursor cursor;
    struct json *json;
    uint32_t open; /* the innermost open container, or none */
    bool exhausted;
};

static const uint32_t none = UINT32_MAX;

static int peek(const struct parser *p)
{
    return p->cursor.p < p->cursor.end ? *p->cursor.p : -1;
}

static void skip_space(struct parser *p)
{
    for (int c = peek(p); c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = peek(p))
        p->cursor.p++;
}

static bool skip(struct parser *p, char c)
{
    if (peek(p) != c)
        return false;
    p->cursor.p++;
    return true;
}

/* The next four hexadecimal digits. */
static uint32_t hex4(struct parser *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int c = peek(p), low = c | 0x20;
        int digit = c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
        if (digit < 0) {
            cursor_fail(&p->cursor, "four hexadecimal digits");
            return 0;
        }
        value = value << 4 | (uint32_t)digit;
        p->cursor.p++;
    }
    return value;
}

/* The code point of \uXXXX, behind the u, and of a second one where both are a pair; U+FFFD for half of a pair. */
static uint32_t unicode_escape(struct parser *p)
{
    uint32_t high = hex4(p);
    if (high < 0xd800 || high >= 0xe000)
        return high;
    if (high >= 0xdc00 || cursor_left(&p->cursor) < 6 || p->cursor.p[0] != '\\' || p->cursor.p[1] != 'u')
        return 0xfffd;
    p->cursor.p += 2;
    uint32_t low = hex4(p);
    return low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
}

static char *put_utf8(char *to, uint32_t rune)
{
    if (rune < 0x80) {
        *to++ = (char)rune;
    } else if (rune < 0x800) {
        *to++ = (char)(0xc0 | rune >> 6);
        *to++ = (char)(0x80 | (rune & 0x3f));
    } else if (rune < 0x10000) {
        *to++ = (char)(0xe0 | rune >> 12);
        *to++ = (char)(0x80 | (rune >> 6 & 0x3f));
        *to++ = (char)(0x80 | (rune & 0x3f));
    } else {
        *to++ = (char)(0xf0 | rune >> 18);
        *to++ = (char)(0x80 | (rune >> 12 & 0x3f));
        *to++ = (char)(0x80 | (rune >> 6 & 0x3f));
        *to++ = (char)(0x80 | (rune & 0x3f));
    }
    return to;
}

/* Undoes the escape behind a backslash. Never longer than what it undoes. */
static char *put_escaped(struct parser *p, char *to)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    int c = peek(p);
    const char *found = c > 0 ? strchr(letters, c) : NULL;
    if (found) {
        p->cursor.p++;
        *to++ = meant[found - letters];
    } else if (skip(p, 'u')) {
        to = put_utf8(to, unicode_escape(p));
    } else {
        cursor_fail(&p->cursor, "an escape in a string");
    }
    return to;
}

/* Copies a string with escapes, which begins at the cursor and has `size` bytes up to its quote. */
static struct str unescape(struct parser *p, size_t size)
{
    char *copy = arena_new(&p->json->arena, char, size + 1), *to = copy;
    if (!copy) {
        p->exhausted = true;
        cursor_fail(&p->cursor, "enough memory");
        return (struct str){0};
    }
    while (cursor_ok(&p->cursor) && peek(p) != '"') {
        if (skip(p, '\\'))
            to = put_escaped(p, to);
        else
            *to++ = (char)*p->cursor.p++;
    }
    return (struct str){copy, (size_t)(to - copy)};
}

/* A string; the cursor is at its first quote. */
static struct str parse_string(struct parser *p)
{
    bool escapes = false;
    const uint8_t *begin = ++p->cursor.p, *end = begin;
    while (end < p->cursor.end && *end != '"') {
        bool escape = *end == '\\';
        escapes |= escape;
        end += escape && p->cursor.end - end > 1 ? 2 : 1;
    }
    if (end >= p->cursor.end) {
        cursor_fail(&p->cursor, "the quote that ends a string");
        return (struct str){0};
    }
    struct str text = {(const char *)begin, (size_t)(end - begin)};
    if (escapes)
        text = unescape(p, text.n);
    else
        p->cursor.p = end;
    if (cursor_ok(&p->cursor))
        p->cursor.p++;
    return text;
}

static struct str parse_number(struct parser *p)
{
    const char *begin = (const char *)p->cursor.p;
    for (int c = peek(p); (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
         c = peek(p))
        p->cursor.p++;
    return (struct str){begin, (size_t)((const char *)p->cursor.p - begin)};
}

static bool skip_word(struct parser *p, struct str word)
{
    struct str rest = {(const char *)p->cursor.p, cursor_left(&p->cursor)};
    if (!str_starts_with(rest, word))
        return false;
    p->cursor.p += word.n;
    return true;
}

/* Makes room for one more value. */
static bool grow(struct json *json)
{
    enum { smallest = 64 };
    if (json->n < json->room)
        return true;
    uint64_t room = json->room == 0 ? smallest : (uint64_t)json->room * 2;
    struct json_value *values =
        room >= none ? NULL
                     : json->mem->resize(json->mem, json->values, json->room * sizeof *values, room * sizeof *values);
    if (!values)
        return false;
    json->values = values;
    json->room = (uint32_t)room;
    return true;
}

/* Takes a value, or the beginning of an array or object, into a new entry. */
static void parse_value(struct parser *p, struct str key)
{
    struct json_value value = {.offset = cursor_offset(&p->cursor), .key = key, .next = none, .first = none};
    int c = peek(p);
    if (c == '"') {
        value.type = json_string;
        value.text = parse_string(p);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        value.type = json_number;
        value.text = parse_number(p);
    } else if (c == '[' || c == '{') {
        value.type = c == '[' ? json_array : json_object;
        p->cursor.p++;
    } else if (skip_word(p, STR("true")) || skip_word(p, STR("false"))) {
        value.type = json_bool;
        value.truth = c == 't';
    } else if (!skip_word(p, STR("null"))) {
        cursor_fail(&p->cursor, "a JSON value");
    }
    if (!cursor_ok(&p->cursor))
        return;
    if (!grow(p->json)) {
        p->exhausted = true;
        cursor_fail(&p->cursor, "enough memory");
        return;
    }
    p->json->values[p->json->n++] = value;
}

/* Links a value that is complete to its parent, which has its children in reverse. */
static void add_to_parent(struct parser *p, uint32_t child)
{
    struct json_value *values = p->json->values;
    if (p->open == none)
        return;
    values[child].next = values[p->open].first;
    values[p->open].first = child;
    values[p->open].n++;
}

/* Turns a list of children around; its end is 0 then. */
static uint32_t in_order(struct json_value *values, uint32_t last)
{
    uint32_t first = 0;
    while (last != none) {
        uint32_t before = values[last].next;
        values[last].next = first;
        first = last;
        last = before;
    }
    return first;
}

/* Closes the innermost container. */
static void close_container(struct parser *p)
{
    struct json_value *values = p->json->values;
    uint32_t closed = p->open;
    p->open = values[closed].next;
    values[closed].first = in_order(values, values[closed].first);
    values[closed].next = 0;
    add_to_parent(p, closed);
    p->cursor.p++;
}

/* Takes one value of the innermost container, with its key in an object; false when a container was opened by it. */
static void parse_item(struct parser *p)
{
    struct str key = {0};
    if (p->open != none && p->json->values[p->open].type == json_object) {
        if (peek(p) != '"') {
            cursor_fail(&p->cursor, "a member's name");
            return;
        }
        key = parse_string(p);
        skip_space(p);
        if (cursor_ok(&p->cursor) && !skip(p, ':'))
            cursor_fail(&p->cursor, "a colon");
        skip_space(p);
    }
    if (!cursor_ok(&p->cursor))
        return;
    uint32_t value = p->json->n;
    parse_value(p, key);
    if (!cursor_ok(&p->cursor))
        return;
    enum json_type type = p->json->values[value].type;
    if (type == json_array || type == json_object) {
        p->json->values[value].next = p->open;
        p->open = value;
    } else {
        add_to_parent(p, value);
    }
}

/* Whether the innermost container ends here. */
static bool at_close(const struct parser *p)
{
    return p->open != none && peek(p) == (p->json->values[p->open].type == json_array ? ']' : '}');
}

static void parse(struct parser *p)
{
    bool fresh = true; /* a container was just opened, or nothing was read: no comma comes before what follows */
    skip_space(p);
    do {
        if (at_close(p)) {
            close_container(p);
            fresh = false;
        } else {
            if (!fresh && !skip(p, ','))
                cursor_fail(&p->cursor, "a comma, or the end of the array or object");
            skip_space(p);
            uint32_t before = p->open;
            if (cursor_ok(&p->cursor))
                parse_item(p);
            fresh = p->open != before;
        }
        skip_space(p);
    } while (cursor_ok(&p->cursor) && p->open != none);
    if (cursor_ok(&p->cursor) && cursor_left(&p->cursor) > 0)
        cursor_fail(&p->cursor, "nothing behind the JSON value");
}

bool json_parse(struct str text, struct mem *mem, struct json *out, struct fault *fault)
{
    struct json json = {.mem = mem};
    struct parser p = {cursor_over(text.p, text.n, 0), &json, none, false};
    arena_init(&json.arena, mem);
    parse(&p);
    if (cursor_ok(&p.cursor)) {
        json.values[0].next = 0;
        *out = json;
        return true;
    }
    *fault = p.cursor.fault;
    json_finish(&json);
    return false;
}

void json_finish(struct json *json)
{
    mem_put(json->mem, json->values, json->room * sizeof *json->values);
    arena_finish(&json->arena);
    *json = (struct json){0};
}

uint32_t json_member(const struct json *json, uint32_t object, struct str key)
{
    if (json->values[object].type != json_object)
        return 0;
    uint32_t member = json->values[object].first;
    while (member != 0 && !str_equal(json->values[member].key, key))
        member = json->values[member].next;
    return member;
}

bool json_double(const struct json *json, uint32_t value, double *out)
{
    const struct json_value *v = &json->values[value];
    char text[64], *end;
    if (v->type != json_number || v->text.n >= sizeof text)
        return false;
    memcpy(text, v->text.p, v->text.n);
    text[v->text.n] = '\0';
    double number = strtod(text, &end);
    if (*end != '\0' || !isfinite(number))
        return false;
    *out = number;
    return true;
}

bool json_int(const struct json *json, uint32_t value, int64_t *out)
{
    double number;
    const struct json_value *v = &json->values[value];
    if (!json_double(json, value, &number) || number < -0x1p63 || number >= 0x1p63 || number != (double)(int64_t)number)
        return false;
    /* A double may have lost digits of what is written out. */
    char text[64], *end;
    memcpy(text, v->text.p, v->text.n);
    text[v->text.n] = '\0';
    long long whole = strtoll(text, &end, 10);
    *out = *end == '\0' ? whole : (int64_t)number;
    return true;
}

struct str json_text(const struct json *json, uint32_t value)
{
    const struct json_value *v = &json->values[value];
    return v->type == json_string ? v->text : (struct str){0};
}
