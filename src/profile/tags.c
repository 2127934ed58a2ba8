#include "profile/tags.h"

#include <string.h>

#include "base/map.h"
#include "base/vec.h"
#include "profile/edit.h"
#include "profile/measure.h"
#include "profile/names.h"

/* One of a filter's expressions, with what it said about the labels seen so far. */
struct tag_pattern {
    struct pattern *pattern;
    struct map known; /* from key << 32 | value (string ids) to 1 + whether it matches */
};

enum range_kind { range_none, range_equal, range_least, range_most, range_between };

struct tag_filter {
    struct mem *mem;
    struct str key; /* empty for any; a copy */
    enum range_kind range;
    double low, high;
    struct str unit; /* that low and high are in; a copy or a literal */
    struct str text; /* block that key and unit may point into */
    VEC(struct tag_pattern) patterns;
    struct buf scratch; /* "key:value" */
    bool exhausted;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A number with a unit inside a text, as [+-]?[0-9]+[a-zA-Z]* finds it. */
struct amount {
    struct str whole, unit;
    int64_t value;
    bool overflows;
};

static int64_t parse_digits(struct str digits, bool negative, bool *overflows)
{
    int64_t value = 0;
    *overflows = false;
    for (size_t i = 0; i < digits.n; i++) {
        int digit = digits.p[i] - '0';
        *overflows |= __builtin_mul_overflow(value, 10, &value) ||
                      __builtin_add_overflow(value, negative ? -digit : digit, &value);
    }
    return value;
}

/* The first amount at or behind `from`; false where there is none. */
static bool find_amount(struct str text, size_t from, struct amount *amount)
{
    size_t begin = from;
    while (begin < text.n && !is_digit(text.p[begin]))
        begin++;
    if (begin == text.n)
        return false;
    size_t digits = begin, end = begin;
    if (begin > from && (text.p[begin - 1] == '-' || text.p[begin - 1] == '+'))
        begin--;
    while (end < text.n && is_digit(text.p[end]))
        end++;
    size_t unit = end;
    while (end < text.n && is_letter(text.p[end]))
        end++;
    amount->whole = (struct str){text.p + begin, end - begin};
    amount->unit = (struct str){text.p + unit, end - unit};
    amount->value =
        parse_digits((struct str){text.p + digits, unit - digits}, text.p[begin] == '-', &amount->overflows);
    return true;
}

/* Whether text is a then b then c. */
static bool is_joined(struct str text, struct str a, struct str b, struct str c)
{
    return text.n == a.n + b.n + c.n && str_starts_with(text, a) && str_starts_with(str_skip(text, a.n), b) &&
           str_ends_with(text, c);
}

static enum range_kind one_amount_range(struct str text, struct str amount)
{
    const struct str colon = STR(":"), none = {0};
    return is_joined(text, amount, none, none)    ? range_equal
           : is_joined(text, amount, colon, none) ? range_least
           : is_joined(text, colon, amount, none) ? range_most
                                                  : range_none;
}

/* Takes the value as a range where it is one (filter->range tells). False where a number is too large. */
static bool parse_range(struct tag_filter *filter, struct str value)
{
    struct amount first, second;
    if (!find_amount(value, 0, &first))
        return true;
    size_t behind = (size_t)(first.whole.p - value.p) + first.whole.n;
    struct measure low = measure_scale(first.value, first.unit, first.unit);
    filter->low = filter->high = low.value;
    filter->unit = low.unit;
    if (first.overflows)
        return false;
    if (!find_amount(value, behind, &second)) {
        filter->range = one_amount_range(value, first.whole);
        return true;
    }
    if (!is_joined(value, first.whole, STR(":"), second.whole))
        return true;
    if (second.overflows)
        return false;
    struct measure high = measure_scale(second.value, second.unit, low.unit);
    filter->high = high.value;
    if (str_equal(high.unit, low.unit))
        filter->range = range_between;
    return true;
}

static bool add_pattern(struct tag_filter *filter, struct str option, struct str expression, struct buf *error)
{
    struct buf reason;
    buf_init(&reason, filter->mem);
    struct tag_pattern added = {.pattern = pattern_create(expression, filter->mem, &reason)};
    map_init(&added.known, filter->mem);
    bool ok = added.pattern && vec_push(&filter->patterns, filter->mem, added);
    if (!ok) {
        pattern_destroy(added.pattern);
        buf_printf(error, "parsing %.*s regexp: %.*s", STR_ARG(option), STR_ARG(buf_text(&reason)));
    }
    buf_finish(&reason);
    return ok;
}

/* Compiles a list of expressions separated by commas. */
static bool parse_patterns(struct tag_filter *filter, struct str option, struct str value, struct buf *error)
{
    for (;;) {
        size_t comma = str_find(value, STR(","), 0);
        if (!add_pattern(filter, option, str_first(value, comma), error))
            return false;
        if (comma == value.n)
            return true;
        value = str_skip(value, comma + 1);
    }
}

static bool parse_filter(struct tag_filter *filter, struct str option, struct buf *error)
{
    struct str value = filter->text;
    size_t equals = str_find(value, STR("="), 0);
    if (equals < value.n) {
        filter->key = str_first(value, equals);
        value = str_skip(value, equals + 1);
    }
    if (!parse_range(filter, value)) {
        buf_printf(error, "parsing %.*s range: a number in '%.*s' is too large", STR_ARG(option), STR_ARG(value));
        return false;
    }
    return filter->range != range_none || parse_patterns(filter, option, value, error);
}

struct tag_filter *tag_filter_create(struct str option, struct str value, struct mem *mem, struct buf *error)
{
    struct tag_filter *filter = mem_get(mem, sizeof *filter);
    char *text = mem_get(mem, value.n + 1);
    if (!filter || !text) {
        mem_put(mem, filter, sizeof *filter);
        mem_put(mem, text, value.n + 1);
        buf_str(error, STR("out of memory"));
        return NULL;
    }
    *filter = (struct tag_filter){.mem = mem, .text = {text, value.n}};
    buf_init(&filter->scratch, mem);
    if (value.n > 0)
        memcpy(text, value.p, value.n);
    if (parse_filter(filter, option, error))
        return filter;
    tag_filter_destroy(filter);
    return NULL;
}

void tag_filter_destroy(struct tag_filter *filter)
{
    if (!filter)
        return;
    for (size_t i = 0; i < filter->patterns.n; i++) {
        pattern_destroy(filter->patterns.at[i].pattern);
        map_finish(&filter->patterns.at[i].known);
    }
    vec_finish(&filter->patterns, filter->mem);
    buf_finish(&filter->scratch);
    mem_put(filter->mem, (char *)filter->text.p, filter->text.n + 1);
    mem_put(filter->mem, filter, sizeof *filter);
}

bool tag_filter_is_range(const struct tag_filter *filter)
{
    return filter->range != range_none;
}

bool tag_filter_gave_up(const struct tag_filter *filter)
{
    for (size_t i = 0; i < filter->patterns.n; i++) {
        if (pattern_gave_up(filter->patterns.at[i].pattern))
            return true;
    }
    return false;
}

bool label_units_init(struct label_units *units, const struct profile *profile)
{
    *units = (struct label_units){.profile = profile, .n = profile->nstrings};
    units->unit = mem_get_array(profile->mem, units->n, sizeof *units->unit);
    if (!units->unit)
        return false;
    memset(units->unit, 0, units->n * sizeof *units->unit);
    for (uint64_t i = 0; i < profile->label_start[profile->nsamples]; i++) {
        const struct profile_label *label = &profile->labels[i];
        if (label->is_num && units->unit[label->key] == 0)
            units->unit[label->key] = label->unit;
    }
    return true;
}

void label_units_finish(struct label_units *units)
{
    if (units->unit)
        mem_put(units->profile->mem, units->unit, units->n * sizeof *units->unit);
    *units = (struct label_units){0};
}

struct str label_units_find(const struct label_units *units, uint32_t key)
{
    struct str name = units->profile->strings[key];
    if (units->unit[key] != 0)
        return units->profile->strings[units->unit[key]];
    return str_equal(name, STR("alignment")) || str_equal(name, STR("request")) ? STR("bytes") : name;
}

/* Whether one of a sample's labels is what the filter looks for. */
struct tag_query {
    struct profile *profile;
    const struct label_units *units;
    struct tag_filter *filter;
    uint32_t key; /* PROFILE_NONE where the profile does not know the filter's key */
};

static struct tag_query new_query(struct profile *profile, const struct label_units *units, struct tag_filter *filter)
{
    struct tag_query query = {profile, units, filter, PROFILE_NONE};
    const uint32_t *key = filter ? str_map_find(&profile->string_index, filter->key) : NULL;
    if (key)
        query.key = *key;
    return query;
}

static bool in_range(const struct tag_query *q, const struct profile_label *label)
{
    const struct tag_filter *f = q->filter;
    struct measure m = measure_scale(label->num, label_units_find(q->units, label->key), f->unit);
    if (!str_equal(m.unit, f->unit))
        return false;
    switch (f->range) {
    case range_equal:
        return m.value == f->low;
    case range_least:
        return m.value >= f->low;
    case range_most:
        return m.value <= f->low;
    default:
        return m.value >= f->low && m.value <= f->high;
    }
}

/* Whether an expression matches a label: its value, or "key:value" where the filter has no key. */
static bool pattern_matches_label(struct tag_query *q, struct tag_pattern *tag, const struct profile_label *label)
{
    uint32_t *known = map_add(&tag->known, (uint64_t)label->key << 32 | label->str, 0);
    if (!known) {
        q->filter->exhausted = true;
        return false;
    }
    if (*known == 0) {
        struct str text = q->profile->strings[label->str];
        if (q->filter->key.n == 0) {
            struct buf *scratch = &q->filter->scratch;
            scratch->n = 0;
            buf_str(scratch, q->profile->strings[label->key]);
            buf_byte(scratch, ':');
            buf_str(scratch, text);
            q->filter->exhausted |= scratch->failed;
            text = buf_text(scratch);
        }
        *known = 1 + pattern_matches(tag->pattern, text);
    }
    return *known == 2;
}

/* Whether an expression matches any of a sample's string labels that the filter is about. */
static bool pattern_matches_sample(struct tag_query *q, struct tag_pattern *tag, uint32_t sample)
{
    const struct profile *p = q->profile;
    for (uint64_t i = p->label_start[sample]; i < p->label_start[sample + 1]; i++) {
        const struct profile_label *label = &p->labels[i];
        bool wanted = !label->is_num && (q->filter->key.n == 0 || label->key == q->key);
        if (wanted && pattern_matches_label(q, tag, label))
            return true;
    }
    return false;
}

static bool range_matches_sample(const struct tag_query *q, uint32_t sample)
{
    const struct profile *p = q->profile;
    for (uint64_t i = p->label_start[sample]; i < p->label_start[sample + 1]; i++) {
        const struct profile_label *label = &p->labels[i];
        bool wanted = label->is_num && (q->filter->key.n == 0 || label->key == q->key);
        if (wanted && in_range(q, label))
            return true;
    }
    return false;
}

static bool sample_matches(struct tag_query *q, uint32_t sample)
{
    struct tag_filter *f = q->filter;
    if (f->range != range_none)
        return range_matches_sample(q, sample);
    bool all = f->key.n == 0;
    for (size_t i = 0; i < f->patterns.n; i++) {
        if (pattern_matches_sample(q, &f->patterns.at[i], sample) != all)
            return !all;
    }
    return all;
}

struct by_tag {
    struct tag_query focus, ignore;
    bool focus_matched, ignore_matched;
};

static bool keep_by_tag(void *context, uint32_t sample)
{
    struct by_tag *f = context;
    bool focused = !f->focus.filter || sample_matches(&f->focus, sample);
    bool ignored = f->ignore.filter && sample_matches(&f->ignore, sample);
    f->focus_matched |= focused;
    f->ignore_matched |= ignored;
    return focused && !ignored;
}

bool profile_filter_tags(struct profile *p, const struct label_units *units, struct tag_filter *focus,
                         struct tag_filter *ignore, bool *focus_matched, bool *ignore_matched)
{
    struct by_tag f = {new_query(p, units, focus), new_query(p, units, ignore), !focus, !ignore};
    if (focus || ignore)
        profile_keep_samples(p, keep_by_tag, &f);
    *focus_matched = f.focus_matched;
    *ignore_matched = f.ignore_matched;
    return !(focus && focus->exhausted) && !(ignore && ignore->exhausted);
}

struct by_tag_name {
    struct names show, hide;
    bool show_matched, hide_matched;
};

static bool keep_by_tag_name(void *context, const struct profile_label *label)
{
    struct by_tag_name *f = context;
    bool shown = !f->show.pattern || names_match(&f->show, label->key);
    bool hidden = f->hide.pattern && names_match(&f->hide, label->key);
    f->show_matched |= shown;
    f->hide_matched |= hidden;
    return shown && !hidden;
}

bool profile_filter_tag_names(struct profile *p, struct pattern *show, struct pattern *hide, bool *show_matched,
                              bool *hide_matched)
{
    struct by_tag_name f = {.show_matched = !show, .hide_matched = !hide};
    bool ok = (!show || names_init(&f.show, p, show)) && (!hide || names_init(&f.hide, p, hide));
    if (ok && (show || hide))
        profile_keep_labels(p, keep_by_tag_name, &f);
    names_finish(&f.show);
    names_finish(&f.hide);
    *show_matched = f.show_matched;
    *hide_matched = f.hide_matched;
    return ok;
}
