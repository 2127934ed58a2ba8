/* Flame graphs: roots on top, as wide as what they cost together with what they called. */
#ifndef SONDE_REPORT_FLAME_H
#define SONDE_REPORT_FLAME_H

#include "report/flame_tree.h"

struct flame {
    struct job *job;
    struct entry_stacks stacks;
    struct str *modules; /* per entry */
    struct flame_tree tree;
    struct figures figures; /* as they are written: never in one unit for all unless that was asked for */
    bool compared;          /* some values are negative */
};

/* Makes the graph of the job's profile. False on exhaustion; nothing is owned then. */
bool flame_init(struct flame *flame, struct job *job, const struct flame_limits *limits);
void flame_finish(struct flame *flame);

/* What a box is worth in the report: its sum, or the mean. */
int64_t flame_worth(const struct flame *flame, const struct flame_value *value);

/* The name of a box; p is NULL on exhaustion. */
struct str flame_name(struct flame *flame, const struct flame_box *box);

/* The name of an entry that a box has room for: shortened, with a file's last part; p is NULL on exhaustion. */
struct str flame_short_name(struct flame *flame, uint32_t entry);

/* What is profiled, "cpu", and the program's name; "" where not known. */
struct str flame_type(const struct job *job);
struct str flame_program(const struct job *job);

/* Appends the header of a text report: lines that say what was measured and what is filtered. */
void flame_put_header(struct job *job, struct buf *out);

/* Appends how many boxes were merged for being too narrow; nothing where none were. */
void flame_put_merged(const struct flame *flame, struct buf *out);

#endif
