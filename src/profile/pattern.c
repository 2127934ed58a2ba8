/* PCRE2 with its JIT, which is the fastest matcher there is for the short texts that names are, but which backtracks: a
 * pattern such as (a*)*b takes exponential time on some texts where Go's matcher is linear. The match limit turns that
 * into an error within some tens of milliseconds.
 *
 * Only whether a text matches is asked for, never where: then the leftmost-first rule, which both have, and the
 * differences in how empty iterations end, do not show. */
#include "profile/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "profile/pattern_syntax.h"

enum { match_limit = 2000000, jit_stack_first = 32 << 10, jit_stack_largest = 4 << 20 };

struct pattern {
    struct mem *mem;
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack;
    struct buf valid; /* a text without its broken UTF-8 */
    bool gave_up;
};

/* PCRE2 frees without telling the size, so a block begins with it. */
union block {
    size_t size;
    max_align_t align;
};

static void *get_block(size_t size, void *mem)
{
    union block *block = size > SIZE_MAX - sizeof *block ? NULL : mem_get(mem, size + sizeof *block);
    if (!block)
        return NULL;
    block->size = size + sizeof *block;
    return block + 1;
}

static void put_block(void *p, void *mem)
{
    if (!p)
        return;
    union block *block = (union block *)p - 1;
    mem_put(mem, block, block->size);
}

void pattern_destroy(struct pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_jit_stack_free(pattern->stack);
    pcre2_match_context_free(pattern->limits);
    pcre2_match_data_free(pattern->match);
    pcre2_code_free(pattern->code);
    pcre2_general_context_free(pattern->memory);
    buf_finish(&pattern->valid);
    mem_put(pattern->mem, pattern, sizeof *pattern);
}

/* Says why PCRE2 refused what the translator let through: unknown \p{names}, or too large a pattern. */
static void put_compile_error(struct buf *error, struct str expression, int code)
{
    PCRE2_UCHAR message[256];
    bool is_property = code == PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY || code == PCRE2_ERROR_MALFORMED_UNICODE_PROPERTY;
    pcre2_get_error_message(code, message, sizeof message);
    size_t at = is_property ? str_find(expression, STR("\\"), 0) : 0;
    pattern_put_error(error, is_property ? "invalid character class range" : (const char *)message, expression, at);
}

static bool compile(struct pattern *pattern, struct str expression, struct str translated, bool groups,
                    struct buf *error)
{
    const uint32_t options =
        PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX | (groups ? 0 : PCRE2_NO_AUTO_CAPTURE);
    int code = 0;
    size_t at;
    pcre2_compile_context *settings = pcre2_compile_context_create(pattern->memory);
    if (settings) {
        pcre2_set_newline(settings, PCRE2_NEWLINE_LF);
        pcre2_set_parens_nest_limit(settings, 2000);
        pattern->code =
            pcre2_compile((PCRE2_SPTR)(translated.p ? translated.p : ""), translated.n, options, &code, &at, settings);
        pcre2_compile_context_free(settings);
    }
    if (pattern->code)
        return true;
    if (!settings || code == PCRE2_ERROR_HEAP_FAILED)
        buf_str(error, STR("out of memory"));
    else
        put_compile_error(error, expression, code);
    return false;
}

/* Prepares matching; the JIT is used where it works on this machine. */
static bool prepare(struct pattern *pattern)
{
    pattern->match = pcre2_match_data_create_from_pattern(pattern->code, pattern->memory);
    pattern->limits = pcre2_match_context_create(pattern->memory);
    if (!pattern->match || !pattern->limits)
        return false;
    pcre2_set_match_limit(pattern->limits, match_limit);
    if (pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE) == 0) {
        pattern->stack = pcre2_jit_stack_create(jit_stack_first, jit_stack_largest, pattern->memory);
        if (pattern->stack)
            pcre2_jit_stack_assign(pattern->limits, NULL, pattern->stack);
    }
    return true;
}

static struct pattern *create(struct str expression, bool groups, struct mem *mem, struct buf *error)
{
    struct buf translated;
    buf_init(&translated, mem);
    struct pattern *pattern = mem_get(mem, sizeof *pattern);
    bool ok = false, memory = pattern != NULL;
    if (memory) {
        *pattern = (struct pattern){.mem = mem};
        buf_init(&pattern->valid, mem);
        pattern->memory = pcre2_general_context_create(get_block, put_block, mem);
        memory = pattern->memory != NULL;
    }
    if (memory && pattern_translate(expression, mem, &translated, error) &&
        compile(pattern, expression, buf_text(&translated), groups, error))
        ok = memory = prepare(pattern);
    if (!memory)
        buf_str(error, STR("out of memory"));
    buf_finish(&translated);
    if (ok)
        return pattern;
    pattern_destroy(pattern);
    return NULL;
}

struct pattern *pattern_create(struct str expression, struct mem *mem, struct buf *error)
{
    return create(expression, false, mem, error);
}

struct pattern *pattern_create_with_groups(struct str expression, struct mem *mem, struct buf *error)
{
    return create(expression, true, mem, error);
}

/* The length of the ASCII that a text begins with. */
static size_t ascii_length(struct str text)
{
    size_t i = 0;
    uint64_t word;
    for (; i + 8 <= text.n; i += 8) {
        memcpy(&word, text.p + i, 8);
        if (word & 0x8080808080808080u)
            break;
    }
    while (i < text.n && (uint8_t)text.p[i] < 0x80)
        i++;
    return i;
}

/* The text itself where it is UTF-8, else a copy in which each broken byte is U+FFFD. */
static struct str valid_text(struct pattern *pattern, struct str text)
{
    size_t at = ascii_length(text), length;
    bool copying = false;
    for (; at < text.n; at += length) {
        bool broken = utf8_first(str_skip(text, at), &length) == 0xfffd && length == 1;
        if (broken && !copying) {
            pattern->valid.n = 0;
            buf_bytes(&pattern->valid, text.p, at);
            copying = true;
        }
        if (copying)
            buf_str(&pattern->valid, broken ? STR("\xef\xbf\xbd") : (struct str){text.p + at, length});
    }
    if (copying && pattern->valid.failed)
        pattern->gave_up = true;
    return copying ? buf_text(&pattern->valid) : text;
}

/* Matches a text, which becomes what the match's offsets are in. */
static bool match(struct pattern *pattern, struct str *text)
{
    if (pattern->gave_up)
        return false;
    *text = valid_text(pattern, *text);
    if (pattern->gave_up)
        return false;
    int matched = pcre2_match(pattern->code, (PCRE2_SPTR)(text->p ? text->p : ""), text->n, 0, PCRE2_NO_UTF_CHECK,
                              pattern->match, pattern->limits);
    if (matched < 0 && matched != PCRE2_ERROR_NOMATCH)
        pattern->gave_up = true;
    return matched >= 0;
}

bool pattern_matches(struct pattern *pattern, struct str text)
{
    return match(pattern, &text);
}

bool pattern_find(struct pattern *pattern, struct str text, struct str *groups, size_t n)
{
    if (!match(pattern, &text))
        return false;
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(pattern->match);
    uint32_t pairs = pcre2_get_ovector_count(pattern->match);
    for (size_t i = 0; i < n; i++) {
        bool set = i < pairs && offsets[2 * i] != PCRE2_UNSET;
        groups[i] = set ? (struct str){text.p + offsets[2 * i], offsets[2 * i + 1] - offsets[2 * i]} : (struct str){0};
    }
    return true;
}

bool pattern_gave_up(const struct pattern *pattern)
{
    return pattern->gave_up;
}
