/* -dot: the graph in graphviz's language, with boxes as large and as red as what they stand for. */
#include <math.h>
#include <stdlib.h>

#include "profile/measure.h"
#include "report/dot_nodelets.h"
#include "report/job.h"
#include "report/number.h"
#include "report/order.h"
#include "report/path.h"
#include "report/shorten.h"

struct dot {
    struct job *job;
    struct picture picture;
    struct buf *out;
    uint32_t *ids;    /* per node: its number in the picture, from 1; 0 for those that are not in it */
    bool *decorated;  /* per node: it has nodelets */
    double most_flat; /* the largest magnitude of a node's own value */
};

/* Inside of quotes: backslashes and quotes, and line breaks, which become such that align to the left. */
static void put_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n') {
            buf_str(out, STR("\\l"));
            continue;
        }
        if (text.p[i] == '\\' || text.p[i] == '"')
            buf_byte(out, '\\');
        buf_byte(out, text.p[i]);
    }
}

static struct str title_of(const struct job *job)
{
    const struct profile *profile = job->profile;
    bool named = profile->nmappings > 0 && profile->mappings[0].file != 0;
    return named ? path_base(profile->strings[profile->mappings[0].file]) : (struct str){NULL, 0};
}

static bool put_legend(struct dot *dot)
{
    struct job *job = dot->job;
    struct buf labels;
    buf_init(&labels, job->mem);
    job->out = &labels;
    header_put_legend(job, &dot->picture.graph);
    job->out = dot->out;
    struct str text = buf_text(&labels), title = title_of(job);
    buf_str(dot->out, STR("subgraph cluster_L { \""));
    put_escaped(dot->out, str_first(text, job->first_label_end));
    buf_str(dot->out, STR("\" [shape=box fontsize=16 label=\""));
    put_escaped(dot->out, text);
    buf_byte(dot->out, '"');
    if (title.n > 0) {
        buf_str(dot->out, STR(" tooltip=\""));
        buf_str(dot->out, title);
        buf_byte(dot->out, '"');
    }
    buf_str(dot->out, STR("] }\n"));
    bool good = !labels.failed;
    buf_finish(&labels);
    return good;
}

static void put_replaced(struct buf *out, struct str text, struct str what, struct str with)
{
    for (size_t at = 0, next; at < text.n; at = next) {
        next = str_find(text, what, at);
        buf_str(out, str_first(str_skip(text, at), next - at));
        if (next < text.n) {
            buf_str(out, with);
            next += what.n;
        }
    }
}

/* Replaces one text by another everywhere in a buffer. */
static void replace(struct buf *text, struct str what, struct str with)
{
    struct buf replaced;
    buf_init(&replaced, text->mem);
    put_replaced(&replaced, buf_text(text), what, with);
    text->n = 0;
    text->failed |= replaced.failed;
    buf_str(text, buf_text(&replaced));
    buf_finish(&replaced);
}

/* The name of a node over several lines: shortened, and broken at what separates its parts. */
static bool put_broken_name(struct dot *dot, uint32_t node)
{
    struct graph *graph = &dot->picture.graph;
    uint32_t entry = graph_entry(graph, node);
    const struct entry *facts = &graph->entries.at[entry];
    struct str line_break = STR("\\n"), parts[3], file = graph->entries.files[facts->file];
    struct str shorter = shorten_function(dot->job->profile->strings[facts->name], &graph->arena);
    struct buf name;
    buf_init(&name, dot->job->mem);
    put_escaped(&name, shorter);
    replace(&name, STR("::"), line_break);
    replace(&name, STR("[...]"), STR("[…]")); /* type parameters in Go's names */
    replace(&name, STR("."), line_break);
    size_t n = entry_parts(&graph->entries, dot->job->profile, entry, buf_text(&name),
                           file.n > 0 ? path_base(file) : file, &graph->arena, parts);
    for (size_t i = 0; i < n; i++) {
        buf_str(dot->out, parts[i]);
        buf_str(dot->out, line_break);
    }
    bool good = !name.failed && shorter.p;
    buf_finish(&name);
    return good;
}

/* Green for what is negative, grey for nothing, red for all; pale for the inside of a box. Names as in the colour space
 * of hue, saturation and value. */
static void put_colour(struct buf *out, double score, bool pale)
{
    const double away_from_grey = 0.3, grey = 0.2;
    double saturation = pale ? 0.1 : 1.0, value = pale ? 0.93 : 0.7;
    double red = value, green = value;
    if (!isnan(score))
        score = fmax(-1, fmin(1, score));
    if (fabs(score) < grey)
        saturation *= fabs(score) / grey;
    if (score > 0)
        score = pow(score, away_from_grey);
    if (score < 0)
        score = -pow(-score, away_from_grey);
    if (score < 0)
        red = value * (1 + saturation * score);
    else
        green = value * (1 - saturation * score);
    double blue = value * (1 - saturation);
    buf_printf(out, "#%02x%02x%02x", (unsigned)(uint8_t)number_of(red * 255), (unsigned)(uint8_t)number_of(green * 255),
               (unsigned)(uint8_t)number_of(blue * 255));
}

/* The share of the total, for colours. */
static double score_of(const struct dot *dot, int64_t value)
{
    return (double)value / (double)number_abs(dot->job->figures.total);
}

static void put_share(struct dot *dot, int64_t value)
{
    figure_put(dot->out, &dot->job->figures, value);
    buf_str(dot->out, STR(" ("));
    figure_put_share(dot->out, &dot->job->figures, value);
    buf_byte(dot->out, ')');
}

/* From 8 to 24 points, growing fast at first. */
static int font_size(const struct dot *dot, int64_t flat)
{
    const int smallest = 8;
    const double growth = 16;
    double magnitude = (double)number_abs(flat);
    if (dot->most_flat == 0 || flat == 0 || magnitude > dot->most_flat)
        return smallest;
    return smallest + (int)number_of(ceil(growth * sqrt(magnitude / dot->most_flat)));
}

static bool put_node(struct dot *dot, uint32_t node)
{
    struct buf *out = dot->out;
    int64_t flat = graph_flat(&dot->picture.graph, node), cum = graph_cum(&dot->picture.graph, node);
    buf_printf(out, "N%u [label=\"", dot->ids[node]);
    if (!put_broken_name(dot, node))
        return false;
    if (flat != 0)
        put_share(dot, flat);
    else
        buf_byte(out, '0');
    if (cum != flat) {
        buf_str(out, flat != 0 ? STR("\\nof ") : STR(" of "));
        put_share(dot, cum);
    }
    buf_printf(out, "\" id=\"node%u\" fontsize=%d shape=box tooltip=\"", dot->ids[node], font_size(dot, flat));
    put_escaped(out, graph_name(&dot->picture.graph, node));
    buf_str(out, STR(" ("));
    figure_put(out, &dot->job->figures, cum);
    buf_str(out, STR(")\" color=\""));
    put_colour(out, score_of(dot, cum), false);
    buf_str(out, STR("\" fillcolor=\""));
    put_colour(out, score_of(dot, cum), true);
    buf_str(out, STR("\"]\n"));
    return true;
}

static void put_edge(struct dot *dot, const struct edge *edge)
{
    struct buf *out = dot->out;
    struct graph *graph = &dot->picture.graph;
    const struct figures *figures = &dot->job->figures;
    int64_t weight = edge->div != 0 ? number_divide(edge->weight, edge->div) : edge->weight;
    buf_printf(out, "N%u -> N%u [label=\" ", dot->ids[edge->from], dot->ids[edge->to]);
    figure_put(out, figures, weight);
    buf_str(out, edge->inlined ? STR("\\n (inline)\"") : STR("\""));
    if (figures->total != 0) {
        int64_t percent = number_abs(number_divide((int64_t)((uint64_t)weight * 100), figures->total));
        int64_t width = number_abs(number_divide((int64_t)((uint64_t)weight * 5), figures->total));
        percent = percent > 100 ? 100 : percent;
        width = width > 5 ? 5 : width;
        if (percent > 0)
            buf_printf(out, " weight=%d", 1 + (int)percent);
        if (width > 0)
            buf_printf(out, " penwidth=%d", 1 + (int)width);
        buf_str(out, STR(" color=\""));
        put_colour(out, score_of(dot, weight), false);
        buf_byte(out, '"');
    }
    for (int i = 0; i < 2; i++) {
        buf_str(out, i == 0 ? STR(" tooltip=\"") : STR(" labeltooltip=\""));
        put_escaped(out, graph_name(graph, edge->from));
        buf_str(out, edge->residual ? STR(" ... ") : STR(" -> "));
        put_escaped(out, graph_name(graph, edge->to));
        buf_str(out, STR(" ("));
        figure_put(out, figures, weight);
        buf_str(out, STR(")\""));
    }
    if (edge->residual)
        buf_str(out, STR(" style=\"dotted\""));
    if (dot->decorated[edge->from])
        buf_str(out, STR(" minlen=2"));
    buf_str(out, STR("]\n"));
}

/* All edges from nodes of the picture, heaviest first: a hint for the layout. */
static bool put_edges(struct dot *dot)
{
    struct graph *graph = &dot->picture.graph;
    uint32_t *edges = arena_new(&graph->arena, uint32_t, graph->edges.n);
    uint32_t n = 0;
    if (!edges)
        return false;
    for (uint32_t i = 0; i < graph->nlist; i++) {
        uint32_t node = graph->list[i];
        for (uint32_t j = graph->out_start[node]; j < graph->out_start[node + 1]; j++)
            edges[n++] = graph->out[j];
    }
    if (!order_edges(graph, edges, n))
        return false;
    for (uint32_t i = 0; i < n; i++)
        put_edge(dot, &graph->edges.at[edges[i]]);
    return true;
}

static bool number_nodes(struct dot *dot)
{
    struct graph *graph = &dot->picture.graph;
    dot->ids = arena_new(&graph->arena, uint32_t, graph->n);
    dot->decorated = arena_new(&graph->arena, bool, graph->n);
    if (!dot->ids || !dot->decorated)
        return false;
    for (uint32_t i = 0; i < graph->nlist; i++) {
        dot->ids[graph->list[i]] = i + 1;
        double flat = (double)number_abs(graph_flat(graph, graph->list[i]));
        dot->most_flat = i == 0 || flat > dot->most_flat ? flat : dot->most_flat;
    }
    return true;
}

static bool put_nodes(struct dot *dot)
{
    struct graph *graph = &dot->picture.graph;
    for (uint32_t i = 0; i < graph->nlist; i++) {
        uint32_t node = graph->list[i];
        size_t before;
        if (!put_node(dot, node))
            return false;
        before = dot->out->n;
        if (!dot_put_nodelets(dot->job, &dot->picture, node, dot->ids[node]))
            return false;
        dot->decorated[node] = dot->out->n > before;
    }
    return true;
}

bool dot_write(struct job *job)
{
    struct dot dot = {.job = job, .out = job->out};
    if (!picture_init(&dot.picture, job))
        return false;
    struct str title = title_of(job);
    buf_str(job->out, STR("digraph \""));
    buf_str(job->out, title.n > 0 ? title : STR("unnamed"));
    buf_str(job->out, STR("\" {\nnode [style=filled fillcolor=\"#f8f8f8\"]\n"));
    bool good = number_nodes(&dot) && put_legend(&dot) && put_nodes(&dot) && put_edges(&dot);
    buf_str(job->out, STR("}\n"));
    picture_finish(&dot.picture);
    return good;
}
