/* Why a goroutine ran: who created it, who woke it, or that its system call was over. Found from the columns
 * (columns.h) when it is asked for; these are the arrows of a timeline. */
#ifndef SONDE_TRACE_CAUSE_H
#define SONDE_TRACE_CAUSE_H

#include "trace/columns.h"

enum cause_kind {
    cause_created,  /* by a go statement */
    cause_woken,    /* from waiting */
    cause_returned, /* from a system call that had lost its processor */
};

struct cause {
    enum cause_kind kind;
    int64_t time;               /* when; it ran some time after */
    struct columns_place place; /* where whoever created or woke it was; both rows are COLUMNS_NONE for nowhere */
    uint32_t goroutine;         /* that did; COLUMNS_NONE for the runtime */
    uint32_t reason;            /* name: what it was waiting for; 0 for nothing */
    uint32_t stack;             /* of who did; of the call */
};

/* Why a goroutine (a row of columns->goroutines) ran from `time` on, when its state became running. False where it did
 * not, or only because it was its turn again. */
bool cause_find(const struct columns *columns, uint32_t goroutine, int64_t time, struct cause *cause);

/* The goroutine that was on a thread at a time; COLUMNS_NONE for none. */
uint32_t cause_goroutine_on(const struct columns *columns, uint32_t thread, int64_t time);

/* From a cause to the run that came of it. */
struct cause_arrow {
    struct cause cause;
    int64_t time; /* of the run */
    uint32_t goroutine;
    struct columns_place place;
};

/* The arrows to what begins to run in a lane of runs, of a processor or thread, from `begin` until before `end`: at
 * most `room`. How many there are, in *n; false where there may be more. */
bool cause_arrows(const struct columns *columns, const struct lane *runs, int64_t begin, int64_t end,
                  struct cause_arrow *arrows, size_t room, size_t *n);

#endif
