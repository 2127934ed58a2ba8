/* Stacks of entries: those of the profile's samples at the granularity of a report, equal ones as one, root first. What
 * flame graphs are made of.
 */
#ifndef SONDE_REPORT_ENTRY_STACKS_H
#define SONDE_REPORT_ENTRY_STACKS_H

#include "report/entry.h"
#include "report/job.h"

struct entry_stacks {
    struct job *job;
    struct entry_table entries;
    struct str *names; /* per entry; p NULL where not made yet */
    uint32_t n;        /* stacks, in the order in which samples first have them; none is empty */
    uint64_t *start;   /* n + 1 */
    uint32_t *frames;  /* entries: stack i's are frames[start[i]] .. frames[start[i + 1]], root first */
    uint64_t nframes;  /* start[n] */
    uint32_t *of;      /* per stack of the profile: which it is here; PROFILE_NONE for none */
};

/* Makes the stacks of the job's profile. False on exhaustion; nothing is owned then. */
bool entry_stacks_init(struct entry_stacks *stacks, struct job *job);
void entry_stacks_finish(struct entry_stacks *stacks);

/* Sums the values of a sample type up into values[n]: means and divided ones where the options say so, in the profile's
 * own unit. False on exhaustion. */
bool entry_stacks_weigh(const struct entry_stacks *stacks, uint32_t sample_index, int64_t *values);

/* What -top calls an entry; p is NULL on exhaustion. */
struct str entry_stacks_name(struct entry_stacks *stacks, uint32_t entry);

#endif
