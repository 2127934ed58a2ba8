#include "report/dot_nodelets.h"

#include <stdlib.h>

#include "profile/measure.h"
#include "report/number.h"

/* A box: one nodelet, or numbers that are near each other. */
struct box {
    struct str name;
    int64_t value; /* of the number that the others are near to */
    int64_t least, most;
    struct weight weight;
    size_t members;
};

struct boxes {
    struct job *job;
    struct picture *picture;
    struct str unit; /* of numbers */
    bool flat;       /* show what is the node's own; else also what is below it */
    VEC(struct box) at;
};

static int heavier(int64_t a, int64_t b)
{
    int64_t x = number_abs(a), y = number_abs(b);
    return x != y ? (x < y) - (x > y) : (a < b) - (a > b);
}

static int by_flat(const void *left, const void *right)
{
    const struct box *a = left, *b = right;
    int order = heavier(a->weight.flat, b->weight.flat);
    return order ? order : str_compare(a->name, b->name);
}

static int by_cum(const void *left, const void *right)
{
    const struct box *a = left, *b = right;
    int order = heavier(a->weight.cum, b->weight.cum);
    return order ? order : by_flat(left, right);
}

static void sort(struct boxes *boxes)
{
    if (boxes->at.n > 1)
        qsort(boxes->at.at, boxes->at.n, sizeof *boxes->at.at, boxes->flat ? by_flat : by_cum);
}

/* A box for each of a node's nodelets: its texts (text PROFILE_NONE), or the numbers below a text. */
static bool gather(struct boxes *boxes, uint32_t node, uint32_t text)
{
    const struct nodelets *nodelets = &boxes->picture->nodelets;
    boxes->at.n = 0;
    for (uint32_t i = nodelets->start[node]; i < nodelets->start[node + 1]; i++) {
        const struct nodelet *nodelet = &nodelets->at.at[nodelets->index[i]];
        bool is_number = nodelet->number != PROFILE_NONE;
        if (is_number != (text != PROFILE_NONE) || (is_number && nodelet->text != text) ||
            !nodelet_counts(nodelet, boxes->picture->graph.node_cutoff))
            continue;
        struct box box = {.name = nodelets->texts.at[is_number ? nodelet->number : nodelet->text],
                          .value = is_number ? nodelet->value : nodelet->text,
                          .least = nodelet->value,
                          .most = nodelet->value,
                          .weight = nodelet->weight,
                          .members = 1};
        if (!vec_push(&boxes->at, boxes->job->mem, box))
            return false;
    }
    sort(boxes);
    return true;
}

static double distance(int64_t a, int64_t b)
{
    return a < b ? (double)b - (double)a : (double)a - (double)b;
}

static void join(struct box *group, const struct box *box)
{
    group->least = box->least < group->least ? box->least : group->least;
    group->most = box->most > group->most ? box->most : group->most;
    group->weight.flat = number_add(group->weight.flat, box->weight.flat);
    group->weight.flat_div = number_add(group->weight.flat_div, box->weight.flat_div);
    group->weight.cum = number_add(group->weight.cum, box->weight.cum);
    group->weight.cum_div = number_add(group->weight.cum_div, box->weight.cum_div);
    group->members++;
}

static int64_t flat_of(const struct box *box)
{
    return box->weight.flat_div ? number_divide(box->weight.flat, box->weight.flat_div) : box->weight.flat;
}

static int64_t cum_of(const struct box *box)
{
    return box->weight.cum_div ? number_divide(box->weight.cum, box->weight.cum_div) : box->weight.cum;
}

/* Gives a group the name "least..most" (units chosen for each) and settles its means. */
static bool settle(struct boxes *boxes, struct box *group)
{
    struct buf name;
    buf_init(&name, boxes->job->mem);
    measure_put(&name, group->members == 1 ? group->value : group->least, boxes->unit);
    if (group->members > 1) {
        buf_str(&name, STR(".."));
        measure_put(&name, group->most, boxes->unit);
    }
    group->name = name.failed ? (struct str){0} : arena_str(&boxes->job->arena, buf_text(&name));
    group->weight = (struct weight){.flat = flat_of(group), .cum = cum_of(group)};
    buf_finish(&name);
    return group->name.p != NULL;
}

/* Makes too many numbers a few groups: each goes to the nearest of the heaviest. */
static bool collapse(struct boxes *boxes)
{
    const size_t most = picture_most_nodelets;
    if (boxes->at.n <= most)
        return true;
    for (size_t i = most; i < boxes->at.n; i++) {
        const struct box *box = &boxes->at.at[i];
        size_t nearest = 0;
        for (size_t g = 1; g < most; g++) {
            if (distance(boxes->at.at[g].value, box->value) < distance(boxes->at.at[nearest].value, box->value))
                nearest = g;
        }
        join(&boxes->at.at[nearest], box);
    }
    boxes->at.n = most;
    for (size_t i = 0; i < most; i++) {
        if (!settle(boxes, &boxes->at.at[i]))
            return false;
    }
    sort(boxes);
    return true;
}

static void put_box(struct boxes *boxes, struct str from, struct str id, const struct box *box, int64_t value,
                    bool dotted)
{
    struct buf *out = boxes->job->out;
    const struct figures *figures = &boxes->job->figures;
    buf_str(out, id);
    buf_str(out, STR(" [label = \""));
    buf_str(out, box->name);
    buf_str(out, STR("\" id=\""));
    buf_str(out, id);
    buf_str(out, STR("\" fontsize=8 shape=box3d tooltip=\""));
    figure_put(out, figures, value);
    buf_str(out, STR("\"]\n"));
    buf_str(out, from);
    buf_str(out, STR(" -> "));
    buf_str(out, id);
    static const char *const attributes[] = {" [label=\" ", "\" weight=100 tooltip=\"", "\" labeltooltip=\""};
    for (size_t i = 0; i < 3; i++) {
        buf_str(out, str_of(attributes[i]));
        figure_put(out, figures, value);
    }
    buf_str(out, dotted ? STR("\" style=\"dotted\"]\n") : STR("\"]\n"));
}

/* The numbers below a text, whose box (or the node's) has the id `from`. */
static bool put_numbers(struct boxes *boxes, uint32_t node, uint32_t text, struct str from)
{
    if (!gather(boxes, node, text) || !collapse(boxes))
        return false;
    for (size_t i = 0; i < boxes->at.n; i++) {
        const struct box *box = &boxes->at.at[i];
        int64_t flat = flat_of(box), cum = cum_of(box);
        bool own = boxes->flat || flat == cum;
        struct str id = arena_printf(&boxes->job->arena, "N%.*s_%zu", STR_ARG(from), i);
        if (!id.p)
            return false;
        if ((own ? flat : cum) != 0)
            put_box(boxes, from, id, box, own ? flat : cum, !own);
    }
    return true;
}

/* The heaviest texts, each with its numbers. */
static bool put_texts(struct boxes *boxes, uint32_t node, struct str from)
{
    if (!gather(boxes, node, PROFILE_NONE))
        return false;
    struct box texts[picture_most_nodelets];
    size_t n = boxes->at.n < picture_most_nodelets ? boxes->at.n : picture_most_nodelets;
    for (size_t i = 0; i < n; i++)
        texts[i] = boxes->at.at[i];
    for (size_t i = 0; i < n; i++) {
        int64_t value = boxes->flat ? flat_of(&texts[i]) : cum_of(&texts[i]);
        struct str id = arena_printf(&boxes->job->arena, "%.*s_%zu", STR_ARG(from), i);
        if (!id.p)
            return false;
        if (value == 0)
            continue;
        put_box(boxes, from, id, &texts[i], value, false);
        if (!put_numbers(boxes, node, (uint32_t)texts[i].value, id))
            return false;
    }
    return true;
}

bool dot_put_nodelets(struct job *job, struct picture *picture, uint32_t node, uint32_t id)
{
    const struct nodelets *nodelets = &picture->nodelets;
    if (nodelets->start[node] == nodelets->start[node + 1])
        return true;
    const struct graph *graph = &picture->graph;
    struct boxes boxes = {.job = job, .picture = picture, .unit = nodelets->unit};
    /* At a leaf also what its callees had that were left out. */
    boxes.flat = graph->out_start[node] != graph->out_start[node + 1];
    struct str from = arena_printf(&job->arena, "N%u", id);
    bool good = from.p && put_texts(&boxes, node, from) && put_numbers(&boxes, node, 0, from);
    vec_finish(&boxes.at, job->mem);
    return good;
}
