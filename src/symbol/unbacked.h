/* Names for code that no file stands behind: the kernel's, and what JIT compilers make. */
#ifndef SONDE_SYMBOL_UNBACKED_H
#define SONDE_SYMBOL_UNBACKED_H

#include "base/buf.h"
#include "profile/profile.h"
#include "symbol/kallsyms.h"
#include "symbol/line_edits.h"

struct unbacked {
    struct profile *profile;
    struct line_edits *edits;
    struct buf *notes;
    const char *kallsyms_path; /* given by the user, who says that it is right; NULL for this kernel's own */

    bool kernel_read, kernel_usable, told;
    struct buf kernel_text;
    struct kallsyms kernel;
    char kernel_id[65]; /* of the running kernel */
    bool same_boot;     /* the kernel was where it is now: modules may be, too */
    uint32_t *pids;     /* of each location, once they were asked for: 0 for none known */
};

void unbacked_init(struct unbacked *unbacked, struct profile *profile, struct line_edits *edits,
                   const char *kallsyms_path, struct buf *notes);
void unbacked_finish(struct unbacked *unbacked);

/* Names n locations of a mapping (an index) as far as it is the kernel's, a module's, or anonymous memory: the
 * kernel's by the list of this kernel, if it is the one that was profiled (its build id says so); a process's by
 * the file jit-PID.dump that it has mapped and by /tmp/perf-PID.map, where the samples tell the process (or one alone
 * has a dump). False on exhaustion. */
bool unbacked_name(struct unbacked *unbacked, uint32_t mapping, const uint32_t *locations, uint32_t n);

#endif
