#include "report/flame_tree.h"

#include <stdlib.h>
#include <string.h>

#include "report/number.h"

/* A box on its way. Its stacks are neighbours in builder.order, those of each child too once it has been opened. */
struct node {
    uint32_t entry, parent, depth;
    uint32_t first_stack, nstacks;
    uint32_t first_child, nchildren, nkept; /* the first nkept are in the tree */
    uint32_t merged;                        /* children that were not worth a node */
    uint32_t written;                       /* children that are in the tree's array */
    struct flame_value value, merged_value;
};

/* The stacks of a box that go on in the same entry. */
struct group {
    uint32_t entry, nstacks, place;
    struct flame_value value;
};

struct builder {
    const struct entry_stacks *stacks;
    const struct flame_value *values;
    const struct flame_limits *limits;
    struct mem *mem;
    double least;            /* width */
    uint32_t *order, *moved; /* stacks */
    uint32_t *slot;          /* per entry: its group, while a box is opened; else PROFILE_NONE */
    VEC(struct group) groups;
    VEC(struct node) nodes;
    VEC(uint32_t) heap; /* nodes that wait for being taken into the tree, the widest on top */
};

static void add_value(struct flame_value *sum, const struct flame_value *value)
{
    sum->plus = number_add(sum->plus, value->plus);
    sum->minus = number_add(sum->minus, value->minus);
    sum->count = number_add(sum->count, value->count);
    sum->width += value->width;
}

/* --- The heap --- */

static bool is_wider(const struct builder *builder, uint32_t a, uint32_t b)
{
    double left = builder->nodes.at[a].value.width, right = builder->nodes.at[b].value.width;
    return left > right || (left == right && a < b);
}

static bool heap_push(struct builder *builder, uint32_t node)
{
    if (!vec_push(&builder->heap, builder->mem, node))
        return false;
    uint32_t *heap = builder->heap.at;
    size_t at = builder->heap.n - 1;
    for (; at > 0 && is_wider(builder, node, heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = node;
    return true;
}

static uint32_t heap_pop(struct builder *builder)
{
    uint32_t *heap = builder->heap.at, top = heap[0], last = heap[--builder->heap.n];
    size_t at = 0, n = builder->heap.n;
    for (size_t child = 1; child < n; at = child, child = 2 * child + 1) {
        if (child + 1 < n && is_wider(builder, heap[child + 1], heap[child]))
            child++;
        if (!is_wider(builder, heap[child], last))
            break;
        heap[at] = heap[child];
    }
    if (n > 0)
        heap[at] = last;
    return top;
}

/* --- Opening a box --- */

static uint32_t next_entry(const struct entry_stacks *stacks, uint32_t stack, uint32_t depth)
{
    uint64_t at = stacks->start[stack] + depth;
    return at < stacks->start[stack + 1] ? stacks->frames[at] : PROFILE_NONE;
}

/* Sums the stacks of a box up by the entry that they go on in; false on exhaustion. */
static bool make_groups(struct builder *builder, const struct node *node)
{
    builder->groups.n = 0;
    for (uint32_t i = 0; i < node->nstacks; i++) {
        uint32_t stack = builder->order[node->first_stack + i];
        uint32_t entry = next_entry(builder->stacks, stack, node->depth);
        if (entry == PROFILE_NONE)
            continue;
        if (builder->slot[entry] == PROFILE_NONE) {
            builder->slot[entry] = (uint32_t)builder->groups.n;
            if (!vec_push(&builder->groups, builder->mem, (struct group){.entry = entry}))
                return false;
        }
        struct group *group = &builder->groups.at[builder->slot[entry]];
        group->nstacks++;
        add_value(&group->value, &builder->values[stack]);
    }
    return true;
}

static int by_width(const void *a, const void *b)
{
    const struct group *left = a, *right = b;
    if (left->value.width != right->value.width)
        return left->value.width > right->value.width ? -1 : 1;
    return left->entry < right->entry ? -1 : 1;
}

/* Puts the stacks of each group beside each other, groups in their order, and those that end here last. */
static void move_stacks(struct builder *builder, const struct node *node)
{
    uint32_t *order = builder->order + node->first_stack, at = 0;
    for (size_t i = 0; i < builder->groups.n; i++) {
        struct group *group = &builder->groups.at[i];
        builder->slot[group->entry] = (uint32_t)i;
        group->place = at;
        at += group->nstacks;
    }
    for (uint32_t i = 0; i < node->nstacks; i++) {
        uint32_t entry = next_entry(builder->stacks, order[i], node->depth);
        uint32_t *place = entry == PROFILE_NONE ? &at : &builder->groups.at[builder->slot[entry]].place;
        builder->moved[(*place)++] = order[i];
    }
    memcpy(order, builder->moved, node->nstacks * sizeof *order);
}

/* Makes nodes of the groups that are wide enough, and lets them wait. */
static bool make_children(struct builder *builder, uint32_t parent)
{
    uint32_t first_stack = builder->nodes.at[parent].first_stack, depth = builder->nodes.at[parent].depth + 1;
    builder->nodes.at[parent].first_child = (uint32_t)builder->nodes.n;
    for (size_t i = 0; i < builder->groups.n; i++) {
        const struct group *group = &builder->groups.at[i];
        struct node *node = &builder->nodes.at[parent];
        struct node child = {.entry = group->entry,
                             .parent = parent,
                             .depth = depth,
                             .first_stack = first_stack,
                             .nstacks = group->nstacks,
                             .value = group->value};
        first_stack += group->nstacks;
        if (group->value.width == 0 || (builder->limits->drop_negative && group->value.plus < group->value.minus))
            continue;
        if (group->value.width < builder->least) {
            node->merged++;
            add_value(&node->merged_value, &group->value);
            continue;
        }
        node->nchildren++;
        if (!vec_push(&builder->nodes, builder->mem, child) || !heap_push(builder, (uint32_t)builder->nodes.n - 1))
            return false;
    }
    return true;
}

static bool open_box(struct builder *builder, uint32_t index)
{
    struct node node = builder->nodes.at[index];
    bool good = make_groups(builder, &node);
    if (good && builder->groups.n > 0) {
        qsort(builder->groups.at, builder->groups.n, sizeof *builder->groups.at, by_width);
        move_stacks(builder, &node);
        good = make_children(builder, index);
    }
    for (size_t i = 0; i < builder->groups.n; i++)
        builder->slot[builder->groups.at[i].entry] = PROFILE_NONE;
    return good;
}

/* Takes boxes in, from the widest on, as many as there may be. A box waits only when its parent is in the tree. */
static bool take_widest(struct builder *builder)
{
    for (uint32_t taken = 0; builder->heap.n > 0 && taken < builder->limits->most; taken++) {
        uint32_t node = heap_pop(builder);
        if (node != 0)
            builder->nodes.at[builder->nodes.at[node].parent].nkept++;
        if (!open_box(builder, node))
            return false;
    }
    return true;
}

/* --- The array --- */

static bool put_box(struct flame_tree *tree, const struct flame_box *box)
{
    if (tree->n == tree->room) {
        uint32_t room = tree->room < 512 ? 1024 : tree->room * 2;
        struct flame_box *at =
            tree->mem->resize(tree->mem, tree->at, tree->room * sizeof *at, (size_t)room * sizeof *at);
        if (!at)
            return false;
        tree->at = at;
        tree->room = room;
    }
    tree->at[tree->n++] = *box;
    if (box->depth > tree->deepest)
        tree->deepest = box->depth;
    return true;
}

/* Puts what is not in the tree of a node's children into one box. */
static bool put_merged(struct builder *builder, struct flame_tree *tree, const struct node *node)
{
    struct flame_box box = {
        .entry = PROFILE_NONE, .depth = node->depth + 1, .merged = node->merged, .value = node->merged_value};
    for (uint32_t i = node->nkept; i < node->nchildren; i++) {
        const struct node *child = &builder->nodes.at[node->first_child + i];
        box.merged++;
        add_value(&box.value, &child->value);
        if (child->value.width > tree->largest_width)
            tree->largest_width = child->value.width;
    }
    tree->merged += box.merged;
    return box.merged == 0 || put_box(tree, &box);
}

/* Writes the nodes that were taken in, each behind its parent and before what is merged beside it. */
static bool put_boxes(struct builder *builder, struct flame_tree *tree)
{
    uint32_t at = 0;
    for (bool fresh = true;;) {
        struct node *node = &builder->nodes.at[at];
        struct flame_box box = {.entry = node->entry, .depth = node->depth, .value = node->value};
        if (fresh && !put_box(tree, &box))
            return false;
        fresh = node->written < node->nkept;
        if (fresh) {
            at = node->first_child + node->written++;
            continue;
        }
        if (!put_merged(builder, tree, node))
            return false;
        if (at == 0)
            return true;
        at = node->parent;
    }
}

static bool builder_init(struct builder *builder)
{
    uint32_t nstacks = builder->stacks->n, nentries = builder->stacks->entries.n;
    struct node root = {.entry = PROFILE_NONE, .parent = PROFILE_NONE, .nstacks = nstacks};
    builder->order = mem_get_array(builder->mem, (size_t)nstacks + 1, sizeof *builder->order);
    builder->moved = mem_get_array(builder->mem, (size_t)nstacks + 1, sizeof *builder->moved);
    builder->slot = mem_get_array(builder->mem, (size_t)nentries + 1, sizeof *builder->slot);
    if (!builder->order || !builder->moved || !builder->slot)
        return false;
    memset(builder->slot, 0xff, nentries * sizeof *builder->slot);
    for (uint32_t i = 0; i < nstacks; i++) {
        builder->order[i] = i;
        add_value(&root.value, &builder->values[i]);
    }
    builder->least = root.value.width * builder->limits->least_share;
    return vec_push(&builder->nodes, builder->mem, root) && heap_push(builder, 0);
}

static void builder_finish(struct builder *builder)
{
    uint32_t nstacks = builder->stacks->n, nentries = builder->stacks->entries.n;
    mem_put(builder->mem, builder->order, ((size_t)nstacks + 1) * sizeof *builder->order);
    mem_put(builder->mem, builder->moved, ((size_t)nstacks + 1) * sizeof *builder->moved);
    mem_put(builder->mem, builder->slot, ((size_t)nentries + 1) * sizeof *builder->slot);
    vec_finish(&builder->groups, builder->mem);
    vec_finish(&builder->nodes, builder->mem);
    vec_finish(&builder->heap, builder->mem);
}

bool flame_tree_init(struct flame_tree *tree, const struct entry_stacks *stacks, const struct flame_value *values,
                     const struct flame_limits *limits, struct mem *mem)
{
    struct builder builder = {.stacks = stacks, .values = values, .limits = limits, .mem = mem};
    *tree = (struct flame_tree){.mem = mem};
    bool good = builder_init(&builder) && take_widest(&builder);
    tree->largest_width = builder.least;
    good = good && put_boxes(&builder, tree);
    builder_finish(&builder);
    if (!good)
        flame_tree_finish(tree);
    return good;
}

void flame_tree_finish(struct flame_tree *tree)
{
    mem_put(tree->mem, tree->at, tree->room * sizeof *tree->at);
    tree->at = NULL;
    tree->n = tree->room = 0;
}
