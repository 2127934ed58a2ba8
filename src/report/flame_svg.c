/* -flame=svg: a flame graph as one SVG file. Drawn to be looked at as it is; in a browser its script fits it to the
 * window, zooms, searches, and says more about what the mouse is on. */
#include "base/quote.h"
#include "report/flame.h"
#include "report/flame_module.h"
#include "report/scripts.h"

enum {
    page_width = 1200,
    margin = 10,
    head = 66, /* title, information, details */
    row = 17,
    most_boxes = 4000, /* some 1 MB */
};

static const double least_share = 1 / 12000.0; /* a tenth of a pixel */
static const double letter = 7.23;             /* of the text in boxes, 12 pixels high */

/* --- Text --- */

/* Text for XML 1.0. What that cannot hold, also as a reference, becomes U+FFFD; white space a space. */
static void put_escaped(struct buf *out, struct str text)
{
    while (text.n > 0) {
        uint32_t rune = 0;
        size_t n = utf8_decode(text, &rune);
        bool is_space = rune == '\n' || rune == '\t' || rune == '\r';
        if (n == 0 || (rune < ' ' && !is_space) || rune == 0xfffe || rune == 0xffff)
            buf_str(out, STR("\ufffd"));
        else if (rune == '&' || rune == '<' || rune == '>' || rune == '"')
            buf_printf(out, "&#%u;", rune);
        else
            buf_str(out, is_space ? STR(" ") : str_first(text, n));
        text = str_skip(text, n > 0 ? n : 1);
    }
}

/* The beginning of a name that `width` pixels have room for; two dots where that is not all of it. */
static void put_clipped(struct buf *out, struct str name, double width)
{
    size_t room = width > 6 ? (size_t)((width - 6) / letter) : 0, at = 0, n = 0;
    if (room < 3)
        return;
    if (figure_characters(name) <= room) {
        put_escaped(out, name);
        return;
    }
    for (; n < room - 2 && at < name.n; n++) {
        uint32_t rune;
        size_t size = utf8_decode(str_skip(name, at), &rune);
        at += size > 0 ? size : 1;
    }
    put_escaped(out, str_first(name, at));
    buf_str(out, STR(".."));
}

/* A position: four decimals, so that zoomed ones are right, too. */
static void put_position(struct buf *out, double value)
{
    buf_printf(out, "%.4f", value);
    while (!out->failed && out->p[out->n - 1] == '0')
        out->n--;
    if (!out->failed && out->p[out->n - 1] == '.')
        out->n--;
}

/* --- Colours --- */

/* A colour channel (0 red, 8 green, 4 blue) of hue, saturation and lightness (0 to 1). */
static unsigned channel(unsigned hue, double saturation, double lightness, unsigned which)
{
    double k = (double)((which * 30 + hue) % 360) / 30;
    double a = saturation * (lightness < 1 - lightness ? lightness : 1 - lightness);
    double slope = k - 3 < 9 - k ? k - 3 : 9 - k;
    slope = slope > 1 ? 1 : slope < -1 ? -1 : slope;
    return (unsigned)((lightness - a * slope) * 255 + 0.5);
}

static void put_colour(struct buf *out, unsigned hue, double saturation, double lightness)
{
    buf_printf(out, "#%02x%02x%02x", channel(hue, saturation, lightness, 0), channel(hue, saturation, lightness, 8),
               channel(hue, saturation, lightness, 4));
}

/* Red for what became more, blue for what became less, the stronger the larger the part that changed. */
static void put_change(struct buf *out, const struct flame_value *value)
{
    double change = value->width > 0 ? ((double)value->plus - (double)value->minus) / value->width : 0;
    double part = change < 0 ? -change : change;
    put_colour(out, change < 0 ? 210 : 5, part > 0 ? 0.8 : 0, 0.94 - 0.34 * (part < 1 ? part : 1));
}

static void put_fill(struct flame *flame, const struct flame_box *box, struct str name)
{
    struct buf *out = flame->job->out;
    if (flame->compared) {
        put_change(out, &box->value);
    } else if (box->entry == PROFILE_NONE) {
        put_colour(out, 0, 0, box->merged > 0 ? 0.9 : 0.82);
    } else {
        unsigned hue = flame_hue(flame->modules[box->entry]);
        put_colour(out, hue % 360, hue == flame_no_hue ? 0 : 0.62, 0.69 + 0.017 * flame_shade(name));
    }
}

/* --- The page --- */

static void put_worth(struct flame *flame, int64_t value)
{
    struct buf *out = flame->job->out;
    figure_put(out, &flame->figures, value);
    buf_str(out, STR(", "));
    figure_put_share(out, &flame->figures, value);
}

static void put_title(struct flame *flame, const struct flame_box *box, struct str name)
{
    struct buf *out = flame->job->out;
    put_escaped(out, name);
    buf_byte(out, '\n');
    put_worth(flame, flame_worth(flame, &box->value));
    if (flame->job->basis->is_diff) {
        buf_str(out, STR(" (was "));
        figure_put(out, &flame->figures, box->value.minus);
        buf_str(out, STR(", is "));
        figure_put(out, &flame->figures, box->value.plus);
        buf_byte(out, ')');
    }
    if (box->entry != PROFILE_NONE && flame->modules[box->entry].n > 0) {
        buf_byte(out, '\n');
        put_escaped(out, flame->modules[box->entry]);
    }
}

static bool put_label(struct flame *flame, const struct flame_box *box, struct str name, double width)
{
    struct str shorter = box->entry == PROFILE_NONE ? name : flame_short_name(flame, box->entry);
    if (!shorter.p)
        return false;
    if (!str_equal(shorter, name)) {
        buf_str(flame->job->out, STR(" data-short=\""));
        put_escaped(flame->job->out, shorter);
        buf_byte(flame->job->out, '"');
    }
    buf_byte(flame->job->out, '>');
    put_clipped(flame->job->out, shorter, width);
    return true;
}

static bool put_box(struct flame *flame, const struct flame_box *box, double x, double width)
{
    struct buf *out = flame->job->out;
    struct str name = flame_name(flame, box);
    if (!name.p)
        return false;
    unsigned y = head + box->depth * row;
    buf_str(out, box->merged > 0 ? STR("<g class=\"m\"><title>") : STR("<g><title>"));
    put_title(flame, box, name);
    buf_str(out, STR("</title><rect x=\""));
    put_position(out, x);
    buf_printf(out, "\" y=\"%u\" width=\"", y);
    put_position(out, width);
    buf_printf(out, "\" height=\"%u\" fill=\"", row - 1);
    put_fill(flame, box, name);
    buf_str(out, STR("\"/><text x=\""));
    put_position(out, x + 3);
    buf_printf(out, "\" y=\"%u\"", y + 12);
    bool good = put_label(flame, box, name, width);
    buf_str(out, STR("</text></g>\n"));
    return good && job_drain(flame->job);
}

/* Boxes stand in the order of their tree: each begins where the last one of its depth, or its parent, ends or begins.
 */
static bool put_boxes(struct flame *flame)
{
    const struct flame_tree *tree = &flame->tree;
    double whole = tree->at[0].value.width, pixels = whole > 0 ? (page_width - 2 * margin) / whole : 0;
    double *from = arena_new(&flame->job->arena, double, (size_t)tree->deepest + 2); /* per depth: the next box */
    if (!from)
        return false;
    for (uint32_t i = 0; i < tree->n; i++) {
        const struct flame_box *box = &tree->at[i];
        double x = from[box->depth], width = i == 0 ? whole : box->value.width;
        from[box->depth] += width;
        from[box->depth + 1] = x;
        double shown = i == 0 && whole == 0 ? page_width - 2 * margin : width * pixels;
        if (!put_box(flame, box, margin + x * pixels, shown))
            return false;
    }
    return true;
}

/* The lines of the header but for those that the title has, in one. */
static void put_information(struct flame *flame)
{
    struct buf header, *out = flame->job->out;
    bool first = true;
    buf_init(&header, flame->job->mem);
    flame_put_header(flame->job, &header);
    struct str rest = buf_text(&header);
    while (rest.n > 0) {
        struct str line = str_first(rest, str_find(rest, STR("\n"), 0));
        rest = str_skip(rest, line.n + 1);
        if (line.n == 0 || str_starts_with(line, STR("File: ")) || str_starts_with(line, STR("Type: ")) ||
            str_starts_with(line, STR("Build ID: ")))
            continue;
        buf_str(out, first ? STR("") : STR(" · "));
        first = false;
        put_escaped(out, line);
    }
    if (flame->tree.merged > 0)
        buf_str(out, first ? STR("") : STR(" · "));
    flame_put_merged(flame, out);
    out->failed |= header.failed;
    buf_finish(&header);
}

static void put_head(struct flame *flame)
{
    struct buf *out = flame->job->out;
    unsigned height = head + (flame->tree.deepest + 1) * row + margin;
    buf_str(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"));
    buf_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\" "
               "font-family=\"'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"12\">\n<style>",
               page_width, height, page_width, height);
    buf_str(out, flame_svg_style);
    buf_printf(out,
               "</style>\n<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n<g id=\"frames\" data-head=\"%d\" "
               "data-row=\"%d\" data-margin=\"%d\">\n",
               head, row, margin);
}

static void put_foot(struct flame *flame)
{
    struct buf *out = flame->job->out;
    struct str program = flame_program(flame->job);
    buf_printf(
        out,
        "</g>\n<g id=\"head\"><rect class=\"paper\" width=\"100%%\" height=\"%d\"/>\n<text id=\"title\" x=\"%d\" "
        "y=\"22\">",
        head - 2, margin);
    put_escaped(out, flame_type(flame->job));
    if (program.n > 0)
        buf_str(out, STR(" · "));
    put_escaped(out, program);
    buf_printf(out, "</text>\n<text id=\"information\" x=\"%d\" y=\"41\">", margin);
    put_information(flame);
    buf_printf(out, "</text>\n<text id=\"details\" x=\"%d\" y=\"58\"></text></g>\n<script><![CDATA[(function () {",
               margin);
    buf_str(out, flame_names_script);
    buf_str(out, flame_svg_script);
    buf_str(out, STR("})();\n]]></script>\n</svg>\n"));
}

bool flame_svg_write(struct job *job)
{
    struct flame flame;
    struct flame_limits limits = {
        .most = most_boxes, .least_share = least_share, .drop_negative = job->rules.drop_negative};
    if (!flame_init(&flame, job, &limits))
        return false;
    put_head(&flame);
    bool good = put_boxes(&flame);
    put_foot(&flame);
    flame_finish(&flame);
    return good;
}
