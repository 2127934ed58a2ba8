/* `sonde trace -mmu`. */
#ifndef SONDE_CLI_TRACE_MMU_H
#define SONDE_CLI_TRACE_MMU_H

#include "base/buf.h"
#include "trace/mmu.h"

/* What is to be shown. */
struct trace_mmu_view {
    unsigned flags;   /* as the utilization was made with */
    bool percentiles; /* too */
    bool json;        /* in the form that the pages of `go tool trace` fetch */
    int64_t window;   /* ns: its worst windows; 0 for the curve and the worst of some lengths */
    int64_t begin;    /* time of the trace's first event: times are shown from it */
};

/* Reads "stw|background|assist|sweep|perProc|mut", with "|" or "," between the words, into a view. False where a word
 * is unknown; *word is it then. */
bool trace_mmu_parse(struct str text, struct trace_mmu_view *view, struct str *word);

/* Appends the curve, or the worst windows. False, with nothing appended, where the trace does not say when the
 * collector had the processors. */
bool trace_mmu_print(const struct utilization *utilization, const struct trace_mmu_view *view, struct buf *out);

#endif
