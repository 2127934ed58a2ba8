/* Whether what was written for a browser can be read by one, whatever names a profile has. Each check answers NULL, or
 * what is wrong. */
#ifndef SONDE_TESTS_REPORT_MARKUP_H
#define SONDE_TESTS_REPORT_MARKUP_H

#include "base/json.h"
#include "base/quote.h"

enum { deepest_element = 16 };

struct markup {
    struct str text;
    size_t at;
    struct str open[deepest_element]; /* names of the elements around */
    size_t nopen;
};

static inline bool markup_skip(struct markup *m, struct str what)
{
    bool is = str_starts_with(str_skip(m->text, m->at), what);
    m->at += is ? what.n : 0;
    return is;
}

static inline const char *markup_skip_to(struct markup *m, struct str end)
{
    size_t at = str_find(m->text, end, m->at);
    m->at = at + end.n;
    return at == m->text.n ? "something does not end" : NULL;
}

/* A reference such as &#38; behind its ampersand. */
static inline const char *markup_reference(struct markup *m)
{
    size_t digits = 0;
    if (!markup_skip(m, STR("#")))
        return "an ampersand stands alone";
    for (; m->at < m->text.n && m->text.p[m->at] >= '0' && m->text.p[m->at] <= '9'; m->at++)
        digits++;
    return digits > 0 && markup_skip(m, STR(";")) ? NULL : "a reference is broken";
}

static inline const char *markup_character(struct markup *m)
{
    uint32_t rune;
    if (markup_skip(m, STR("&")))
        return markup_reference(m);
    size_t n = utf8_decode(str_skip(m->text, m->at), &rune);
    if (n == 0)
        return "there are bytes that are not UTF-8";
    bool legal = rune >= ' ' ? rune != 0xfffe && rune != 0xffff : rune == '\n' || rune == '\t';
    m->at += n;
    return legal ? NULL : "there is a character that XML does not know";
}

static inline struct str markup_name(struct markup *m)
{
    size_t start = m->at;
    while (m->at < m->text.n && ((m->text.p[m->at] | 0x20) >= 'a' || m->text.p[m->at] == '-'))
        m->at++;
    return (struct str){m->text.p + start, m->at - start};
}

static inline const char *markup_attributes(struct markup *m)
{
    while (markup_skip(m, STR(" ")) || markup_skip(m, STR("\n"))) {
        const char *wrong = NULL;
        if (markup_name(m).n == 0 || !markup_skip(m, STR("=\"")))
            return "an attribute is broken";
        while (!wrong && !markup_skip(m, STR("\"")))
            wrong = m->at < m->text.n && m->text.p[m->at] != '<' ? markup_character(m) : "a value does not end";
        if (wrong)
            return wrong;
    }
    return NULL;
}

static inline const char *markup_tag(struct markup *m)
{
    if (markup_skip(m, STR("/"))) {
        struct str name = markup_name(m);
        if (m->nopen == 0 || !str_equal(m->open[--m->nopen], name) || !markup_skip(m, STR(">")))
            return "an element ends that did not begin";
        return NULL;
    }
    struct str name = markup_name(m);
    const char *wrong = name.n > 0 ? markup_attributes(m) : "a tag has no name";
    if (wrong || markup_skip(m, STR("/>")))
        return wrong;
    if (!markup_skip(m, STR(">")) || m->nopen == deepest_element)
        return "a tag is broken";
    m->open[m->nopen++] = name;
    return NULL;
}

/* XML, as far as we write it. */
static inline const char *markup_check_xml(struct str text)
{
    struct markup m = {.text = text};
    const char *wrong = NULL;
    while (!wrong && m.at < text.n) {
        if (markup_skip(&m, STR("<?")))
            wrong = markup_skip_to(&m, STR("?>"));
        else if (markup_skip(&m, STR("<![CDATA[")))
            wrong = markup_skip_to(&m, STR("]]>"));
        else if (markup_skip(&m, STR("<")))
            wrong = markup_tag(&m);
        else
            wrong = markup_character(&m);
    }
    return !wrong && m.nopen > 0 ? "an element does not end" : wrong;
}

static inline size_t markup_count(struct str text, struct str what)
{
    size_t n = 0;
    for (size_t at = str_find(text, what, 0); at < text.n; at = str_find(text, what, at + 1))
        n++;
    return n;
}

/* Whether the columns of a flame graph's data fit each other. */
static inline const char *markup_check_columns(const struct json *json)
{
    uint32_t up = json_member(json, 0, STR("up")), name = json_member(json, 0, STR("name"));
    uint32_t plus = json_member(json, 0, STR("plus")), names = json_member(json, 0, STR("names"));
    const struct json_value *all = json->values;
    int64_t depth = -1, step, place;
    if (!up || !name || !plus || !names || all[up].n == 0 || all[up].n != all[name].n || all[up].n != all[plus].n)
        return "the columns are not as long as each other";
    uint32_t n = all[up].n;
    up = all[up].first;
    name = all[name].first;
    for (uint32_t i = 0; i < n; i++, up = all[up].next, name = all[name].next) {
        if (!json_int(json, up, &step) || !json_int(json, name, &place))
            return "a column holds no integers";
        depth += 1 - step;
        if (step < 0 || depth < (i > 0) || (i > 0 && place >= (int64_t)all[names].n))
            return "a box has no parent, or no name";
    }
    return NULL;
}

/* A page of -flame=html: its two scripts end where they should, and its data is JSON that makes sense. */
static inline const char *markup_check_page(struct str page)
{
    struct str open = STR("<script type=\"application/json\" id=\"data\">"), close = STR("</script>");
    size_t from = str_find(page, open, 0) + open.n, to = str_find(page, close, from);
    struct json json;
    struct fault fault = {0};
    if (markup_count(page, STR("<script")) != 2 || markup_count(page, close) != 2 || to >= page.n)
        return "there are not two scripts";
    if (!json_parse(str_first(str_skip(page, from), to - from), mem_libc(), &json, &fault))
        return "the data is no JSON";
    const char *wrong = markup_check_columns(&json);
    json_finish(&json);
    return wrong;
}

#endif
