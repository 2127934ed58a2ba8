/* The tree of calls that a flame graph shows. A profile of half a million stacks has many millions of boxes, most of
 * them narrower than anything that can be seen: the tree is made from its root on, widest boxes first, until there are
 * enough of them, and what is left out of a box stands beside its children as one merged box. So the work and the
 * picture depend on what is shown, and every width still adds up. */
#ifndef SONDE_REPORT_FLAME_TREE_H
#define SONDE_REPORT_FLAME_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "report/entry_stacks.h"

/* What a stack or box is worth. In a comparison `minus` is what was and `plus` what is, or where the base was
 * subtracted stack by stack, what stacks lost and won. Sums wrap around. */
struct flame_value {
    int64_t plus, minus; /* sums of the positive values, and of the magnitudes of the others */
    int64_t count;       /* what to divide by for means */
    double width;        /* sum of all magnitudes: does not wrap */
};

struct flame_box {
    uint32_t entry;  /* PROFILE_NONE for the root and for merged boxes */
    uint32_t depth;  /* 0 for the root */
    uint32_t merged; /* of a merged box: how many it stands for (with all that is below them); else 0 */
    struct flame_value value;
};

struct flame_tree {
    struct mem *mem;
    struct flame_box *at; /* parents before their children, these from the widest on; the root is at[0] */
    uint32_t n, room;
    uint32_t deepest;     /* the largest depth */
    uint64_t merged;      /* sum over all merged boxes */
    double largest_width; /* of what was merged */
};

struct flame_limits {
    uint32_t most;      /* boxes, merged ones not counted */
    double least_share; /* of the root's width, from which on a box is worth showing */
    bool drop_negative; /* boxes that lost more than they won are dropped, and not merged; as those of no width */
};

/* Makes the tree of stacks that are worth `values`, one each. False on exhaustion; nothing is owned then. */
bool flame_tree_init(struct flame_tree *tree, const struct entry_stacks *stacks, const struct flame_value *values,
                     const struct flame_limits *limits, struct mem *mem);
void flame_tree_finish(struct flame_tree *tree);

#endif
