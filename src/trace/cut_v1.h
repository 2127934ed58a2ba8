/* v1 traces as v2 ones. The reader delivers events of v1 in the words of v2, but they need not obey its rules: threads
 * are guesses, processors that do not exist take part, goroutines in system calls lose theirs without a word. Between
 * the reader and the cut they are put right, so that what is written is a trace that Go's reader takes. */
#ifndef SONDE_TRACE_CUT_V1_H
#define SONDE_TRACE_CUT_V1_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/vec.h"

/* An open region of a goroutine, and the one around it. */
struct cut_region {
    uint64_t task;
    uint32_t name;  /* a text of the cut's frame tree */
    uint32_t outer; /* index, UINT32_MAX for none */
};

struct cut_v1 {
    struct map thread_of; /* the thread that stands for one of the trace: index in ... */
    VEC(int64_t) threads;
    int64_t nfresh;       /* threads that are not in the trace */
    int64_t last;         /* time of the last event that was passed on */
    struct map region_of; /* the innermost, by goroutine: index in ... */
    VEC(struct cut_region) regions;
    struct map open_tasks;
    uint64_t dropped; /* events that v2 has no place for */
};

#endif
