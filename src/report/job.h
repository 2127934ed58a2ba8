/* One report on its way: what every writer of a report is handed. */
#ifndef SONDE_REPORT_JOB_H
#define SONDE_REPORT_JOB_H

#include "report/figure.h"
#include "report/graph.h"
#include "report/report.h"

struct job {
    const struct profile *profile;
    const struct report_options *options; /* settled: with what the command overrides */
    const struct report_basis *basis;
    struct figures figures;
    struct graph_rules rules;
    struct mem *mem;
    struct arena arena;
    struct buf *out, *error;
    bool labelled;          /* header_put... wrote a label */
    size_t first_label_end; /* in out, of the first */
    char label_end;         /* what header_put... writes behind each label; 0 for a newline */
};

/* The reports. Each appends to job->out, or fails with a line in job->error (none on exhaustion). */
bool text_write(struct job *job);
bool tree_write(struct job *job);
bool traces_write(struct job *job);
bool raw_write(struct job *job);
bool list_write(struct job *job);
bool disasm_write(struct job *job);
bool weblist_write(struct job *job);
bool tags_write(struct job *job);
bool dot_write(struct job *job);
bool callgrind_write(struct job *job);
bool topproto_write(struct job *job);
bool folded_write(struct job *job);
bool speedscope_write(struct job *job);
bool csv_write(struct job *job);
bool json_write(struct job *job);
bool flame_html_write(struct job *job);
bool flame_svg_write(struct job *job);

/* Builds and trims the graph and chooses the unit that its smallest value asks for. */
bool job_graph(struct job *job, struct graph *graph);

/* "minimum" becomes the unit of the graph's smallest value, or where the total has a larger one, of 100 times that:
 * down to 0.01 can be printed (but not in callgrind's whole numbers). */
void job_choose_unit(struct job *job, const struct graph *graph);

/* The unit of numbers under a label key. */
struct str job_label_unit(const struct job *job, struct str key);

/* Lets the taker have what was written, where it is much; false where it wants no more. */
bool job_drain(struct job *job);

/* The lines above a report: what was profiled and when, what was filtered, what is shown. */
void header_put_profile(struct job *job);
void header_put(struct job *job, const struct graph *graph);

/* Both without what is shown: for reports that show all. */
void header_put_filtered(struct job *job);

/* The same for a picture, whose legend always has all of them. */
void header_put_legend(struct job *job, const struct graph *graph);

#endif
