#include "report/svg_viewport.h"

#include "report/scripts.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* Moves *at behind white space, NAME=" and a value that is not empty, with its quote; false where there is none. */
static bool skip_attribute(struct str svg, struct str name, size_t *at)
{
    size_t from = *at;
    while (from < svg.n && is_space(svg.p[from]))
        from++;
    if (!str_starts_with(str_skip(svg, from), name))
        return false;
    from += name.n;
    size_t end = str_find(svg, STR("\""), from);
    if (end == svg.n || end == from)
        return false;
    *at = end + 1;
    return true;
}

/* Finds the head of the document up to the view box; false where there is none. */
static bool find_head(struct str svg, size_t *start, size_t *end)
{
    struct str tag = STR("<svg");
    for (size_t at = str_find(svg, tag, 0); at < svg.n; at = str_find(svg, tag, at + 1)) {
        size_t behind = at + tag.n;
        if (skip_attribute(svg, STR("width=\""), &behind) && skip_attribute(svg, STR("height=\""), &behind) &&
            skip_attribute(svg, STR("viewBox=\""), &behind)) {
            *start = at;
            *end = behind;
            return true;
        }
    }
    return false;
}

/* Where the element of the graph begins; svg.n where it does not. */
static size_t find_graph(struct str svg)
{
    struct str tag = STR("<g id=\"graph");
    size_t at = str_find(svg, tag, 0);
    for (; at < svg.n; at = str_find(svg, tag, at + 1)) {
        struct str rest = str_skip(svg, at + tag.n);
        if (rest.n >= 2 && rest.p[0] >= '0' && rest.p[0] <= '9' && rest.p[1] == '"')
            break;
    }
    return at;
}

/* Graphviz leaves some ampersands as they are, which makes the document unreadable. */
static void put_quoted(struct buf *out, struct str svg)
{
    struct str wrong = STR("&;");
    size_t from = 0;
    for (size_t at = str_find(svg, wrong, 0); at < svg.n; at = str_find(svg, wrong, from)) {
        buf_bytes(out, svg.p + from, at - from);
        buf_str(out, STR("&amp;;"));
        from = at + wrong.n;
    }
    buf_str(out, str_skip(svg, from));
}

static void put_script(struct buf *out)
{
    buf_str(out, STR("<script type=\"text/ecmascript\"><![CDATA["));
    buf_str(out, pan_zoom_script);
    buf_str(out, STR("]]></script><g id=\"viewport\" transform=\"scale(0.5,0.5) translate(0,0)\">"));
}

void svg_put_viewport(struct buf *out, struct str svg)
{
    size_t start, end;
    struct buf quoted;
    buf_init(&quoted, out->mem);
    put_quoted(&quoted, svg);
    struct str rest = buf_text(&quoted);
    if (find_head(rest, &start, &end)) {
        buf_str(out, str_first(rest, start));
        buf_str(out, STR("<svg width=\"100%\" height=\"100%\""));
        rest = str_skip(rest, end);
    }
    size_t graph = find_graph(rest), close = str_find(rest, STR("</svg>"), 0);
    if (graph < rest.n && close > graph) {
        buf_str(out, str_first(rest, graph));
        put_script(out);
        buf_bytes(out, rest.p + graph, close - graph);
    } else {
        buf_str(out, str_first(rest, close));
    }
    if (close < rest.n) {
        buf_str(out, STR("</g>"));
        buf_str(out, str_skip(rest, close));
    }
    out->failed |= quoted.failed;
    buf_finish(&quoted);
}
