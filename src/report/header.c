#include "profile/measure.h"
#include "report/gotime.h"
#include "report/job.h"
#include "report/number.h"
#include "report/path.h"

enum { longest_filter = 80 };

static void put_line(struct buf *out, const char *what, struct str value)
{
    buf_str(out, str_of(what));
    buf_str(out, value);
    buf_byte(out, '\n');
}

static void put_binary(struct job *job)
{
    if (job->profile->nmappings == 0)
        return;
    const struct profile_mapping *mapping = &job->profile->mappings[0];
    if (mapping->file != 0)
        put_line(job->out, "File: ", path_base(job->profile->strings[mapping->file]));
    if (mapping->build_id != 0)
        put_line(job->out, "Build ID: ", job->profile->strings[mapping->build_id]);
}

/* Comments, but for those that tools write for each other. */
static void put_comments(struct job *job)
{
    for (uint32_t i = 0; i < job->profile->ncomments; i++) {
        struct str comment = job->profile->strings[job->profile->comments[i]];
        if (!str_starts_with(comment, STR("#")))
            put_line(job->out, "", comment);
    }
}

/* How long it was measured, and for values that are times which part of that they make up. */
static void put_duration(struct job *job)
{
    const struct figures *figures = &job->figures;
    int64_t duration = job->profile->duration_nanos;
    buf_str(job->out, STR("Duration: "));
    measure_put(job->out, duration, STR("nanoseconds"));
    buf_str(job->out, STR(", Total samples = "));
    figure_put(job->out, figures, figures->total);
    buf_byte(job->out, ' ');
    struct measure total = measure_scale(figures->total, figures->from, STR("nanoseconds"));
    if (str_equal(total.unit, STR("ns")) && total.value != 0) {
        buf_byte(job->out, '(');
        measure_put_percentage(job->out, number_of(total.value), duration);
        buf_byte(job->out, ')');
    }
    buf_byte(job->out, '\n');
}

void header_put_profile(struct job *job)
{
    const struct profile *profile = job->profile;
    struct str type = profile->strings[profile->sample_types[job->options->sample_index].type];
    put_binary(job);
    put_comments(job);
    if (job->options->mean)
        put_line(job->out, "Type: mean_", type);
    else if (type.n > 0)
        put_line(job->out, "Type: ", type);
    if (profile->doc_url != 0)
        put_line(job->out, "Doc: ", profile->strings[profile->doc_url]);
    if (profile->time_nanos != 0) {
        buf_str(job->out, STR("Time: "));
        gotime_put_moment(job->out, profile->time_nanos);
        buf_byte(job->out, '\n');
    }
    if (profile->duration_nanos != 0)
        put_duration(job);
}

static void put_filters(struct job *job)
{
    if (job->options->nfilters == 0)
        return;
    put_line(job->out, "Active filters:", STR(""));
    for (uint32_t i = 0; i < job->options->nfilters; i++) {
        struct str filter = job->options->filters[i];
        buf_str(job->out, STR("   "));
        put_line(job->out, "", str_first(filter, longest_filter));
        if (filter.n > longest_filter && !job->out->failed) {
            job->out->n--;
            put_line(job->out, "", STR("…"));
        }
    }
}

static void put_dropped(struct job *job, const struct graph *graph)
{
    const struct figures *figures = &job->figures;
    if (graph->dropped_nodes > 0) {
        buf_printf(job->out, "Dropped %u node%s (cum <= ", graph->dropped_nodes, graph->dropped_nodes > 1 ? "s" : "");
        figure_put(job->out, figures, number_part(figures->total, job->options->node_fraction));
        buf_str(job->out, STR(")\n"));
    }
    if (graph->nlist > 0 && graph->nlist < graph->original_count)
        buf_printf(job->out, "Showing top %u nodes out of %u\n", graph->nlist, graph->original_count);
}

void header_put(struct job *job, const struct graph *graph)
{
    const struct figures *figures = &job->figures;
    int64_t shown = 0;
    for (uint32_t i = 0; i < graph->nlist; i++)
        shown = number_add(shown, graph_flat(graph, graph->list[i]));
    if (!job->options->compact_labels)
        header_put_profile(job);
    put_filters(job);
    buf_str(job->out, STR("Showing nodes accounting for "));
    figure_put(job->out, figures, shown);
    buf_str(job->out, STR(", "));
    figure_put_share(job->out, figures, shown);
    buf_str(job->out, STR(" of "));
    figure_put(job->out, figures, figures->total);
    buf_str(job->out, STR(" total\n"));
    if (figures->total != 0)
        put_dropped(job, graph);
}
