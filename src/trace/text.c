/* What is taken and refused is what Go's reader of this form (internal/trace/raw) takes and refuses, but for the length
 * of lines: Go's stops at 64 KiB, and so cannot read all that it prints. */
#include "trace/text.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/map.h"
#include "base/quote.h"
#include "trace/reader.h"
#include "trace/spec.h"
#include "wire/proto.h"

struct text {
    struct str left; /* behind the line */
    size_t offset;   /* of the line */
    size_t next;     /* of what is left */
    uint64_t number; /* of the line, from 1 */
    struct str line; /* the one at hand */
    struct buf *out;
    struct trace_fault *fault;
    unsigned version; /* that the first line says; without one, that the events need */
    struct str_map types_by_name;
};

/* Refuses the line at hand; `found` is quoted, shortened. */
static bool refuse(const struct text *text, const char *expected, struct str found)
{
    return trace_fault_at(text->fault, text->offset, "line %" PRIu64 ": expected %s, not \"%.*s\"", text->number,
                          expected, (int)(found.n < 60 ? found.n : 60), found.p);
}

/* The length of the white space that s begins with; 0 for none. */
static size_t space(struct str s)
{
    uint32_t rune;
    if (s.n == 0)
        return 0;
    if ((unsigned char)s.p[0] < 0x80) /* nearly always */
        return s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r');
    size_t n = utf8_decode(s, &rune);
    if (n == 0)
        return 0;
    bool is_space = rune == 0x85 || rune == 0xa0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) ||
                    rune == 0x2028 || rune == 0x2029 || rune == 0x202f || rune == 0x205f || rune == 0x3000;
    return is_space ? n : 0;
}

static struct str skip_space(struct str s)
{
    for (size_t n; (n = space(s)) > 0;)
        s = str_skip(s, n);
    return s;
}

static struct str trim(struct str s)
{
    s = skip_space(s);
    size_t end = 0;
    for (size_t i = 0; i < s.n;) {
        size_t n = space(str_skip(s, i));
        i += n > 0 ? n : 1;
        if (n == 0)
            end = i;
    }
    return str_first(s, end);
}

/* Takes the next word out of *s: up to white space or a comment. Empty where there is none. */
static struct str next_word(struct str *s)
{
    struct str word = skip_space(*s);
    size_t n = 0;
    while (n < word.n && word.p[n] != '#' && space(str_skip(word, n)) == 0)
        n++;
    *s = str_skip(word, n);
    return str_first(word, n);
}

/* Goes on to the next line that says something; false where there is none. */
static bool next_line(struct text *text)
{
    while (text->left.n > 0) {
        const char *end = memchr(text->left.p, '\n', text->left.n);
        size_t n = end ? (size_t)(end - text->left.p) : text->left.n;
        text->line = str_first(text->left, n);
        text->left = str_skip(text->left, n + (end != NULL));
        text->offset = text->next;
        text->next += n + (end != NULL);
        text->number++;
        struct str rest = text->line;
        if (next_word(&rest).n > 0)
            return true;
    }
    return false;
}

/* A number in decimal that fits 64 bits. */
static bool parse_number(struct str digits, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9' || __builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(digits.p[i] - '0'), value))
            return false;
    }
    return digits.n > 0;
}

/* Reads "name=number" and writes the number. */
static bool convert_argument(struct text *text, struct str *rest, const char *name, uint64_t *value)
{
    struct str word = next_word(rest), expected = {name, strlen(name)};
    char what[64];
    snprintf(what, sizeof what, "%s=NUMBER", name);
    if (!str_starts_with(word, expected) || word.n == expected.n || word.p[expected.n] != '=')
        return refuse(text, what, word.n > 0 ? word : STR("the end of the line"));
    if (!parse_number(str_skip(word, expected.n + 1), value))
        return refuse(text, what, word);
    proto_put_varint(text->out, *value);
    return true;
}

/* Reads as many arguments as there are names, and the end of the line. */
static bool convert_arguments(struct text *text, struct str rest, const char *const *names, unsigned n,
                              uint64_t *values)
{
    for (unsigned i = 0; i < n; i++) {
        if (!convert_argument(text, &rest, names[i], &values[i]))
            return false;
    }
    rest = skip_space(rest);
    return rest.n == 0 || refuse(text, "the end of the line", rest);
}

static bool convert_frames(struct text *text, uint64_t n)
{
    static const char *const fields[] = {"pc", "func", "file", "line"};
    for (uint64_t i = 0; (int64_t)n > 0 && i < n; i++) {
        uint64_t values[4];
        if (!next_line(text))
            return trace_fault_at(text->fault, text->next,
                                  "line %" PRIu64 ": the text ends after %" PRIu64 " of a stack's %" PRIu64 " frames",
                                  text->number, i, n);
        if (!convert_arguments(text, text->line, fields, 4, values))
            return false;
    }
    return true;
}

static bool convert_data(struct text *text)
{
    if (!next_line(text))
        return trace_fault_at(text->fault, text->next, "line %" PRIu64 ": the text ends where data=\"...\" must follow",
                              text->number);
    const char *equals = memchr(text->line.p, '=', text->line.n);
    size_t n = equals ? (size_t)(equals - text->line.p) : 0;
    struct str key = trim(str_first(text->line, n)), value = trim(str_skip(text->line, n + 1));
    struct buf data;
    buf_init(&data, text->out->mem);
    bool good = equals && str_equal(key, STR("data")) && buf_unquote(&data, value);
    if (good) {
        proto_put_varint(text->out, data.n);
        buf_str(text->out, buf_text(&data));
        text->out->failed |= data.failed;
    } else {
        refuse(text, "data=\"...\"", trim(text->line));
    }
    buf_finish(&data);
    return good;
}

/* The oldest version that has a type. */
static unsigned version_of(uint32_t type)
{
    return type <= ev_user_log ? 22 : type <= ev_experimental_batch ? 23 : type <= ev_clock_snapshot ? 25 : 26;
}

static bool convert_event(struct text *text)
{
    struct str rest = text->line, name = next_word(&rest);
    uint32_t *type = str_map_find(&text->types_by_name, name);
    uint64_t values[trace_max_args] = {0};
    if (!type)
        return refuse(text, "the name of an event of this version", name);
    const struct trace_spec *spec = &trace_specs[*type];
    buf_byte(text->out, (char)*type);
    if (version_of(*type) > text->version)
        text->version = version_of(*type);
    return convert_arguments(text, rest, spec->args, spec->nargs, values) &&
           (!spec->is_stack || convert_frames(text, values[1])) && (!spec->has_data || convert_data(text));
}

/* "Trace Go1.NN" at the begin of the line; `rest` is behind the first word. */
static bool read_version(struct text *text, struct str rest)
{
    static const unsigned known[] = {11, 19, 21, 22, 23, 25, 26};
    struct str version = next_word(&rest);
    uint64_t number = 0;
    if (!str_starts_with(version, STR("Go1.")))
        return refuse(text, "\"Trace Go1.NN\"", text->line);
    bool is_number = parse_number(str_skip(version, 4), &number), is_known = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        is_known |= is_number && known[i] == number;
    if (!is_known)
        return refuse(text, "a version Go1.NN of traces that is known", version);
    text->version = (unsigned)number;
    rest = skip_space(rest);
    return rest.n == 0 || refuse(text, "the end of the line", rest);
}

static bool learn_names(struct text *text, unsigned types)
{
    for (unsigned i = 0; i < types; i++) {
        struct str name = str_of(trace_specs[i].name);
        if (name.n > 0 && !str_map_add(&text->types_by_name, name, i))
            return trace_fault_at(text->fault, 0, "out of memory");
    }
    return true;
}

/* Reads a first line with a version, or an event: the version is then found out from all of them. */
static bool convert_begin(struct text *text)
{
    if (!next_line(text))
        return trace_fault_at(text->fault, 0, "line 1: expected \"Trace Go1.NN\", not an empty text");
    struct str rest = text->line, first = next_word(&rest);
    buf_fill(text->out, 0, trace_header_size);
    if (str_equal(first, STR("Trace")))
        return read_version(text, rest) && learn_names(text, trace_type_count(text->version));
    if (!str_equal(first, STR("EventBatch")) && !str_equal(first, STR("ExperimentalBatch")))
        return refuse(text, "\"Trace Go1.NN\"", text->line);
    text->version = 23;
    return learn_names(text, ev_count) && convert_event(text);
}

bool trace_text_is(struct str text)
{
    struct text head = {.left = str_first(text, 4096)};
    if (!next_line(&head))
        return false;
    struct str rest = head.line, first = next_word(&rest);
    return str_equal(first, STR("Trace")) || str_equal(first, STR("EventBatch")) ||
           str_equal(first, STR("ExperimentalBatch"));
}

bool trace_text_encode(struct str bytes, struct buf *out, struct trace_fault *fault)
{
    struct text text = {.left = bytes, .out = out, .fault = fault};
    size_t before = out->n;
    str_map_init(&text.types_by_name, out->mem);
    bool good = convert_begin(&text);
    while (good && !out->failed && next_line(&text))
        good = convert_event(&text);
    if (good && out->failed)
        good = trace_fault_at(fault, text.offset, "out of memory");
    if (good)
        memcpy(out->p + before,
               (char[]){'g', 'o', ' ', '1', '.', (char)('0' + text.version / 10), (char)('0' + text.version % 10), ' ',
                        't', 'r', 'a', 'c', 'e'},
               13);
    else
        out->n = before;
    str_map_finish(&text.types_by_name);
    return good;
}
