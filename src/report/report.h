/* Reports: what `go tool pprof` prints for the same profile and options, byte for byte.
 *
 * A command goes through four steps, in this order, because percentages are of the whole and label units are those of
 * the whole too:
 *
 *     report_basis_init(&basis, profile, sample_index, mean, mem)       totals, before anything is filtered
 *     profile filters: focus, ignore, hide, show, tags, prune           (with relative percentages: then recount)
 *     report_write(profile, &options, &out, &error)                     granularity is applied in here
 *     report_basis_finish(&basis)
 */
#ifndef SONDE_REPORT_REPORT_H
#define SONDE_REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "profile/profile.h"
#include "symbol/demangle.h"

struct pattern;

enum report_format {
    report_text, /* also "top" */
    report_tree,
    report_peek,
    report_traces,
    report_raw,
    report_list,
    report_disasm,
    report_weblist, /* a page of HTML */
    report_tags,
    report_comments,
    report_dot,
    report_callgrind,
    report_topproto, /* the bytes of a profile.proto, not gzipped */
    report_folded,
    report_speedscope,
    report_csv,
    report_flame_html,
    report_flame_svg,
    report_json,
};

enum { report_nformats = report_json + 1 };

/* What two frames must share to be one entry. */
enum report_granularity {
    report_functions,
    report_filefunctions,
    report_files,
    report_lines,
    report_addresses,
};

/* The unit that numbers under a label key are in: the first that a sample names, or one inferred from the key. */
struct report_label_unit {
    struct str key, unit; /* both point into the profile's strings, or are literals */
};

/* Facts about the whole profile, taken before filters drop samples. */
struct report_basis {
    struct mem *mem;
    bool is_diff; /* it holds the samples of a diff base beside others */
    int64_t
        total; /* of the chosen value: sum of magnitudes, or that of the diff base's samples; the mean where asked */
    struct report_label_unit *units; /* one a key, in order of appearance; owned */
    uint32_t nunits;
    struct report_label_unit *ignored; /* what was met beside them, by key and unit; owned: worth a warning each */
    uint32_t nignored;
};

/* As the user gave them: what a command overrides (-peek never trims, -list is by lines, ...) is report_write's work.
 */
struct report_options {
    enum report_format format;
    enum report_granularity granularity;
    uint32_t sample_index;
    bool mean; /* values are divided by those of sample type 0 */
    bool cum_sort, drop_negative, call_tree, compact_labels;
    bool no_inlines, show_columns;
    bool signed_percentages; /* of what became less: negative ones */

    bool trim;                           /* leave out what is insignificant */
    int64_t node_count;                  /* -1: the command's own default; 0: no limit */
    double node_fraction, edge_fraction; /* of the total */

    struct str unit;  /* "minimum", "auto", or one to convert to */
    double divide_by; /* not 0 */

    struct pattern *symbol; /* of list, peek, disasm and weblist; else NULL */
    struct str symbol_text; /* as typed, for errors */

    const struct str *filters; /* "focus=main", ... in the order that headers show them */
    uint32_t nfilters;
    struct str source_path, trim_path; /* lists separated by ':' */

    bool intel_syntax; /* of instructions, which otherwise are in AT&T's */
    bool debug_lines;  /* listings ask debug information for lines, and all that has names of functions for those */
    enum demangle_mode demangle; /* of the names of symbols */
    struct buf *aside; /* where disasm tells of binaries that are missing; NULL: in front of the report, as Go does */

    const struct report_basis *basis; /* NULL: taken from the profile as it is now */

    /* Where not NULL, called now and then by reports whose size is the profile's (traces, raw, folded, ...) with what
     * is written so far, which it takes away by setting out->n to 0; false stops the report. Without it all stays in
     * `out`. */
    bool (*drain)(void *to, struct buf *out);
    void *drain_to;
};

/* The options of a command to which nothing was given, with sample index 0 (profile's default: ask its reader). */
void report_options_init(struct report_options *options, enum report_format format);

/* Takes the facts from a profile whose samples are all there. False on exhaustion. */
bool report_basis_init(struct report_basis *basis, const struct profile *profile, uint32_t sample_index, bool mean,
                       struct mem *mem);
void report_basis_finish(struct report_basis *basis);

/* Takes the total anew: for percentages of what filters leave. */
void report_basis_recount(struct report_basis *basis, const struct profile *profile, uint32_t sample_index, bool mean);

/* Appends the report to out. On failure returns false, appends one line without newline to error that says why, and
 * leaves out as it was (except for what drain took). */
bool report_write(const struct profile *profile, const struct report_options *options, struct buf *out,
                  struct buf *error);

/* Makes a profile what -proto writes: does to it what the options ask for, values divided and inlined calls taken out.
 * As report_write on failure. */
bool report_prepare_proto(struct profile *profile, const struct report_options *options, struct buf *error);

/* Whether a report can be made at all; false with a line in error where not. */
bool report_check(const struct profile *profile, const struct report_options *options, struct buf *error);

#endif
