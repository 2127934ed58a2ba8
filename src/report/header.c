#include "profile/measure.h"
#include "report/gotime.h"
#include "report/job.h"
#include "report/number.h"
#include "report/path.h"

enum { longest_filter = 80 };

/* Ends a label. Where the first ends, which may have newlines in it, a picture wants to know. */
static void end_label(struct job *job)
{
    if (!job->labelled)
        job->first_label_end = job->out->n;
    job->labelled = true;
    buf_byte(job->out, job->label_end ? job->label_end : '\n');
}

static void put_label(struct job *job, const char *what, struct str value)
{
    buf_str(job->out, str_of(what));
    buf_str(job->out, value);
    end_label(job);
}

static void put_binary(struct job *job)
{
    if (job->profile->nmappings == 0)
        return;
    const struct profile_mapping *mapping = &job->profile->mappings[0];
    if (mapping->file != 0)
        put_label(job, "File: ", path_base(job->profile->strings[mapping->file]));
    if (mapping->build_id != 0)
        put_label(job, "Build ID: ", job->profile->strings[mapping->build_id]);
}

/* Comments, but for those that tools write for each other. */
static void put_comments(struct job *job)
{
    for (uint32_t i = 0; i < job->profile->ncomments; i++) {
        struct str comment = job->profile->strings[job->profile->comments[i]];
        if (!str_starts_with(comment, STR("#")))
            put_label(job, "", comment);
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
    end_label(job);
}

void header_put_profile(struct job *job)
{
    const struct profile *profile = job->profile;
    struct str type = profile->strings[profile->sample_types[job->options->sample_index].type];
    put_binary(job);
    put_comments(job);
    if (job->options->mean)
        put_label(job, "Type: mean_", type);
    else if (type.n > 0)
        put_label(job, "Type: ", type);
    if (profile->doc_url != 0)
        put_label(job, "Doc: ", profile->strings[profile->doc_url]);
    if (profile->time_nanos != 0) {
        buf_str(job->out, STR("Time: "));
        gotime_put_moment(job->out, profile->time_nanos);
        end_label(job);
    }
    if (profile->duration_nanos != 0)
        put_duration(job);
}

static void put_filters(struct job *job)
{
    if (job->options->nfilters == 0)
        return;
    put_label(job, "Active filters:", STR(""));
    for (uint32_t i = 0; i < job->options->nfilters; i++) {
        struct str filter = job->options->filters[i];
        buf_str(job->out, STR("   "));
        put_label(job, "", str_first(filter, longest_filter));
        if (filter.n > longest_filter && !job->out->failed) {
            job->out->n--;
            put_label(job, "", STR("…"));
        }
    }
}

/* "Dropped 3 nodes (cum <= 5ms)": what was left out for being less than a fraction of the total. */
static void put_dropped(struct job *job, uint32_t count, const char *what, const char *measure, double fraction)
{
    if (count == 0)
        return;
    buf_printf(job->out, "Dropped %u %s%s (%s <= ", count, what, count > 1 ? "s" : "", measure);
    figure_put(job->out, &job->figures, number_part(job->figures.total, fraction));
    buf_byte(job->out, ')');
    end_label(job);
}

/* What is shown, what not and why. */
static void put_shown(struct job *job, const struct graph *graph, uint32_t dropped_edges)
{
    const struct figures *figures = &job->figures;
    int64_t shown = 0;
    for (uint32_t i = 0; i < graph->nlist; i++)
        shown = number_add(shown, graph_flat(graph, graph->list[i]));
    buf_str(job->out, STR("Showing nodes accounting for "));
    figure_put(job->out, figures, shown);
    buf_str(job->out, STR(", "));
    figure_put_share(job->out, figures, shown);
    buf_str(job->out, STR(" of "));
    figure_put(job->out, figures, figures->total);
    buf_str(job->out, STR(" total"));
    end_label(job);
    if (figures->total == 0)
        return;
    put_dropped(job, graph->dropped_nodes, "node", "cum", job->options->node_fraction);
    put_dropped(job, dropped_edges, "edge", "freq", job->options->edge_fraction);
    if (graph->nlist > 0 && graph->nlist < graph->original_count) {
        buf_printf(job->out, "Showing top %u nodes out of %u", graph->nlist, graph->original_count);
        end_label(job);
    }
}

void header_put(struct job *job, const struct graph *graph)
{
    if (!job->options->compact_labels)
        header_put_profile(job);
    put_filters(job);
    put_shown(job, graph, 0);
}

void header_put_filtered(struct job *job)
{
    header_put_profile(job);
    put_filters(job);
}

void header_put_legend(struct job *job, const struct graph *graph)
{
    header_put_profile(job);
    put_filters(job);
    put_shown(job, graph, graph->dropped_edges);
    put_label(job, "\nSee https://git.io/JfYMW for how to read the graph", STR(""));
}
