/* The five regular expressions of google/pprof's ShortenFunctionName, as scanners: each stands above its function. None
 * of them looks beyond a newline where it says ".". */
#include "report/shorten.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_word(char c)
{
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '_';
}

static bool is_word_or_dollar(char c)
{
    return is_word(c) || c == '$';
}

static bool is_path(char c)
{
    return is_word(c) || c == '-' || c == '.';
}

/* The end of the characters of a class from `at` on. */
static size_t span(struct str s, size_t at, bool (*in_class)(char))
{
    while (at < s.n && in_class(s.p[at]))
        at++;
    return at;
}

static bool has_at(struct str s, size_t at, char c)
{
    return at < s.n && s.p[at] == c;
}

static size_t end_of_line(struct str s, size_t from)
{
    const char *newline = from < s.n ? memchr(s.p + from, '\n', s.n - from) : NULL;
    return newline ? (size_t)(newline - s.p) : s.n;
}

static struct str part(struct str s, size_t from, size_t to)
{
    return (struct str){s.p + from, to - from};
}

/* The end of a version "/v2", "/v10", ... at `at` that a '.' or '/' follows; 0 where there is none. */
static size_t version_end(struct str s, size_t at)
{
    if (!has_at(s, at, '/') || !has_at(s, at + 1, 'v'))
        return 0;
    size_t digits = at + 2, end = span(s, digits, is_digit);
    bool version = end - digits == 1 ? s.p[digits] >= '2' : end - digits > 1 && s.p[digits] != '0';
    return version && (has_at(s, end, '.') || has_at(s, end, '/')) ? end : 0;
}

/* ^(.*?)/v(?:[2-9]|[1-9][0-9]+)([./].*)$ becomes what is in the parentheses. */
static struct str without_version(struct str s, struct arena *arena)
{
    if (end_of_line(s, 0) < s.n)
        return s;
    for (size_t at = 0; at < s.n; at++) {
        size_t end = version_end(s, at);
        if (end == 0)
            continue;
        char *text = arena_new(arena, char, s.n);
        if (!text)
            return (struct str){0};
        memcpy(text, s.p, at);
        memcpy(text + at, s.p + end, s.n - end);
        return (struct str){text, s.n - (end - at)};
    }
    return s;
}

/* ^(?:[\w\-\.]+\/)+([^.]+\..+) */
static bool go_name(struct str s, struct str *out)
{
    /* As many path elements as possible are passed over, of those behind which the rest fits. */
    size_t best = 0;
    for (size_t at = 0, end; (end = span(s, at, is_path)) > at && has_at(s, end, '/');) {
        at = end + 1;
        size_t dot = str_find(s, STR("."), at);
        if (dot > at && dot + 1 < s.n && s.p[dot + 1] != '\n')
            best = at;
    }
    if (best == 0)
        return false;
    *out = part(s, best, end_of_line(s, str_find(s, STR("."), best)));
    return true;
}

/* ^(?:[a-z]\w*\.)*([A-Z][\w\$]*\.(?:<init>|[a-z][\w\$]*(?:\$\d+)?))(?:(?:\()|$) */
static bool java_name(struct str s, struct str *out)
{
    size_t start = 0, end;
    while (start < s.n && is_lower(s.p[start]) && has_at(s, end = span(s, start, is_word), '.'))
        start = end + 1;
    if (start >= s.n || !is_upper(s.p[start]))
        return false;
    size_t dot = span(s, start, is_word_or_dollar);
    if (!has_at(s, dot, '.') || dot + 1 >= s.n)
        return false;
    if (str_starts_with(str_skip(s, dot + 1), STR("<init>")))
        end = dot + 1 + strlen("<init>");
    else if (is_lower(s.p[dot + 1]))
        end = span(s, dot + 1, is_word_or_dollar);
    else
        return false;
    if (end < s.n && s.p[end] != '(')
        return false;
    *out = part(s, start, end);
    return true;
}

/* The end of [_a-zA-Z]\w* at `at`; `at` where there is none. */
static size_t identifier_end(struct str s, size_t at)
{
    return at < s.n && is_word(s.p[at]) && !is_digit(s.p[at]) ? span(s, at, is_word) : at;
}

/* The end of [_a-zA-Z]\w*:: at `at`; `at` where there is none. */
static size_t qualifier_end(struct str s, size_t at)
{
    size_t end = identifier_end(s, at);
    return end > at && has_at(s, end, ':') && has_at(s, end + 1, ':') ? end + 2 : at;
}

/* The end of _*[A-Z]\w*::~?[_a-zA-Z]\w*(?:<.*>)? at `at`; `at` where there is none. */
static size_t method_end(struct str s, size_t at)
{
    size_t letter = at;
    while (has_at(s, letter, '_'))
        letter++;
    size_t name = qualifier_end(s, at);
    if (name == at || letter >= s.n || !is_upper(s.p[letter]))
        return at;
    size_t tilde = has_at(s, name, '~') ? name + 1 : name;
    size_t end = identifier_end(s, tilde);
    if (end == tilde)
        return at;
    if (!has_at(s, end, '<'))
        return end;
    struct str line = part(s, end, end_of_line(s, end));
    size_t close = str_find_last_byte(line, '>');
    return close < line.n ? end + close + 1 : end;
}

/* ^(?:[_a-zA-Z]\w*::)+(_*[A-Z]\w*::~?[_a-zA-Z]\w*(?:<.*>)?) */
static bool cpp_name(struct str s, struct str *out)
{
    bool found = false;
    for (size_t at = 0, next; (next = qualifier_end(s, at)) > at; at = next) {
        size_t end = method_end(s, next);
        if (end > next) {
            *out = part(s, next, end);
            found = true;
        }
    }
    return found;
}

struct str shorten_function(struct str name, struct arena *arena)
{
    struct str anonymous = STR("(anonymous namespace)::"), shorter;
    if (str_starts_with(name, anonymous))
        name = str_skip(name, anonymous.n);
    name = without_version(name, arena);
    if (name.p && (go_name(name, &shorter) || java_name(name, &shorter) || cpp_name(name, &shorter)))
        return shorter;
    return name;
}
