/* The stacks of a whole trace as one tree, callers first, so that viewers store what stacks share once. A stack is
 * named by the node of its leaf; tables come and go with generations, nodes stay. */
#ifndef SONDE_TRACE_FRAME_TREE_H
#define SONDE_TRACE_FRAME_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "trace/table.h"

struct frame_node {
    uint32_t parent;     /* 0 for none: nodes[0] is no frame */
    uint32_t func, file; /* of texts */
    uint64_t pc, line;
};

struct frame_tree {
    struct mem *mem;
    VEC(struct frame_node) nodes;
    struct map frame_ids; /* small numbers for frames, by a hash of all that is said of them */
    struct map node_of;   /* by parent << 32 | number of the frame */
    struct arena arena;
    VEC(struct str) texts; /* [0] is "" */
    struct str_map text_ids;

    uint64_t serial;                             /* of the table that the following is for */
    VEC(uint32_t) node_of_stack, text_of_string; /* by index; 0 for not known yet */
};

/* Prepares an empty tree; false on exhaustion. */
bool frame_tree_init(struct frame_tree *tree, struct mem *mem);
void frame_tree_finish(struct frame_tree *tree);

/* The node of a table's stack; 0 for an empty one, UINT32_MAX on exhaustion. */
uint32_t frame_tree_stack(struct frame_tree *tree, const struct trace_table *table, uint64_t stack_id);

/* The number of the text of a table's string; UINT32_MAX on exhaustion. */
uint32_t frame_tree_string(struct frame_tree *tree, const struct trace_table *table, uint64_t string_id);

/* The number of a text, which is copied; UINT32_MAX on exhaustion. */
uint32_t frame_tree_text(struct frame_tree *tree, struct str text);

#endif
