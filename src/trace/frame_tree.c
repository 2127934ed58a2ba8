#include "trace/frame_tree.h"

#include <string.h>

#include "base/hash.h"

bool frame_tree_init(struct frame_tree *tree, struct mem *mem)
{
    *tree = (struct frame_tree){.mem = mem, .serial = UINT64_MAX};
    map_init(&tree->frame_ids, mem);
    map_init(&tree->node_of, mem);
    arena_init(&tree->arena, mem);
    str_map_init(&tree->text_ids, mem);
    if (vec_push(&tree->nodes, mem, (struct frame_node){0}) && frame_tree_text(tree, STR("")) == 0)
        return true;
    frame_tree_finish(tree);
    return false;
}

void frame_tree_finish(struct frame_tree *tree)
{
    vec_finish(&tree->nodes, tree->mem);
    vec_finish(&tree->texts, tree->mem);
    vec_finish(&tree->node_of_stack, tree->mem);
    vec_finish(&tree->text_of_string, tree->mem);
    map_finish(&tree->frame_ids);
    map_finish(&tree->node_of);
    str_map_finish(&tree->text_ids);
    arena_finish(&tree->arena);
}

uint32_t frame_tree_text(struct frame_tree *tree, struct str text)
{
    uint32_t *known = str_map_find(&tree->text_ids, text);
    if (known)
        return *known;
    struct str copy = arena_str(&tree->arena, text);
    uint32_t fresh = (uint32_t)tree->texts.n;
    if (!copy.p || !vec_push(&tree->texts, tree->mem, copy))
        return UINT32_MAX;
    return str_map_add(&tree->text_ids, copy, fresh) ? fresh : UINT32_MAX;
}

/* The node of a frame below a parent, added where it is new; UINT32_MAX on exhaustion. */
static uint32_t child(struct frame_tree *tree, uint32_t parent, const struct trace_table *table,
                      const struct trace_frame *frame)
{
    struct frame_node added = {.parent = parent, .pc = frame->pc, .line = frame->line};
    added.func = frame_tree_text(tree, table->strings.at[frame->func]);
    added.file = frame_tree_text(tree, table->strings.at[frame->file]);
    if (added.func == UINT32_MAX || added.file == UINT32_MAX)
        return UINT32_MAX;
    uint64_t hash = hash_fold(hash_fold(hash_u64(added.pc), added.line), (uint64_t)added.func << 32 | added.file);
    uint32_t *id = map_add(&tree->frame_ids, hash, tree->frame_ids.n);
    if (!id)
        return UINT32_MAX;
    uint32_t fresh = (uint32_t)tree->nodes.n;
    uint32_t *node = map_add(&tree->node_of, (uint64_t)parent << 32 | *id, fresh);
    if (!node || *node != fresh)
        return node ? *node : UINT32_MAX;
    bool good = vec_push(&tree->nodes, tree->mem, added);
    return good ? fresh : UINT32_MAX;
}

/* Forgets what was known of another table; false on exhaustion. */
static bool begin_table(struct frame_tree *tree, const struct trace_table *table)
{
    size_t stacks = table->stacks.n, strings = table->strings.n;
    if (tree->serial == table->serial && tree->node_of_stack.n == stacks && tree->text_of_string.n == strings)
        return true;
    tree->serial = table->serial;
    tree->node_of_stack.n = tree->text_of_string.n = 0;
    if (!vec_reserve(&tree->node_of_stack, tree->mem, stacks) ||
        !vec_reserve(&tree->text_of_string, tree->mem, strings))
        return false;
    tree->node_of_stack.n = stacks;
    memset(tree->node_of_stack.at, 0, stacks * sizeof *tree->node_of_stack.at);
    tree->text_of_string.n = strings;
    memset(tree->text_of_string.at, 0, strings * sizeof *tree->text_of_string.at);
    return true;
}

uint32_t frame_tree_string(struct frame_tree *tree, const struct trace_table *table, uint64_t string_id)
{
    uint32_t index;
    if (string_id == 0)
        return 0;
    if (!begin_table(tree, table))
        return UINT32_MAX;
    trace_ids_find(&table->string_ids, string_id, &index);
    uint32_t text = tree->text_of_string.at[index];
    if (text == 0) {
        text = frame_tree_text(tree, table->strings.at[index]);
        if (text != UINT32_MAX)
            tree->text_of_string.at[index] = text;
    }
    return text;
}

uint32_t frame_tree_stack(struct frame_tree *tree, const struct trace_table *table, uint64_t stack_id)
{
    uint32_t index, node = 0;
    if (stack_id == 0)
        return 0;
    if (!begin_table(tree, table))
        return UINT32_MAX;
    trace_ids_find(&table->stack_ids, stack_id, &index);
    if (tree->node_of_stack.at[index] != 0)
        return tree->node_of_stack.at[index];
    struct trace_stack stack = table->stacks.at[index];
    for (uint32_t i = stack.n; i-- > 0 && node != UINT32_MAX;)
        node = child(tree, node, table, trace_stack_frame(table, stack, i));
    if (node != UINT32_MAX)
        tree->node_of_stack.at[index] = node;
    return node;
}
