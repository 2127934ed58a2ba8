#include "report/report.h"

#include "profile/pattern.h"
#include "report/job.h"

/* Whether a format shows as many nodes as there are, unless told otherwise. */
static bool lists_all(enum report_format format)
{
    return format == report_text || format == report_topproto || format == report_csv || format == report_json;
}

/* What the formats override: some would show nothing, or the wrong thing, with what was asked for. */
static struct report_options settled(const struct report_options *options)
{
    struct report_options o = *options;
    bool whole = o.format == report_raw || o.format == report_callgrind; /* shows all that the profile has */
    if (whole || o.format == report_list || o.format == report_peek || o.format == report_disasm ||
        o.format == report_weblist)
        o.trim = false;
    if (whole || o.format == report_disasm)
        o.granularity = report_addresses;
    if (o.format == report_disasm)
        o.no_inlines = true; /* else what is inlined would count twice where it stands */
    if (o.format == report_list)
        o.granularity = report_lines;
    if (o.node_count == -1)
        o.node_count = lists_all(o.format) ? 0 : 80;
    if (!o.trim) {
        o.node_count = 0;
        o.node_fraction = o.edge_fraction = 0;
    }
    return o;
}

static struct entry_rules entry_rules(const struct report_options *options)
{
    enum report_granularity by = options->granularity;
    bool all = by == report_addresses;
    return (struct entry_rules){
        .function = by != report_files,
        .filename = by != report_functions,
        .line = all || by == report_lines,
        .column = options->show_columns || (all && !options->no_inlines),
        .address = all,
        .binary =
            options->format == report_callgrind || options->format == report_list || options->format == report_disasm,
        .no_inlines = options->no_inlines,
    };
}

static bool put_comments(struct job *job)
{
    for (uint32_t i = 0; i < job->profile->ncomments; i++) {
        buf_str(job->out, job->profile->strings[job->profile->comments[i]]);
        buf_byte(job->out, '\n');
    }
    return true;
}

static bool write_format(struct job *job)
{
    switch (job->options->format) {
    case report_text:
        return text_write(job);
    case report_tree:
    case report_peek:
        return tree_write(job);
    case report_list:
        return list_write(job);
    case report_disasm:
        return disasm_write(job);
    case report_weblist:
        return weblist_write(job);
    case report_traces:
        return traces_write(job);
    case report_raw:
        return raw_write(job);
    case report_tags:
        return tags_write(job);
    case report_comments:
        return put_comments(job);
    case report_dot:
        return dot_write(job);
    case report_callgrind:
        return callgrind_write(job);
    case report_topproto:
        return topproto_write(job);
    case report_folded:
        return folded_write(job);
    case report_speedscope:
        return speedscope_write(job);
    case report_flame_html:
        return flame_html_write(job);
    case report_flame_svg:
        return flame_svg_write(job);
    case report_csv:
        return csv_write(job);
    case report_json:
        return json_write(job);
    }
    return false;
}

static struct job job_of(const struct profile *profile, const struct report_options *options,
                         const struct report_basis *basis, struct buf *out, struct buf *error)
{
    struct job job = {.profile = profile, .options = options, .basis = basis, .out = out, .error = error};
    job.mem = out->mem;
    job.figures = (struct figures){
        .ratio = 1 / options->divide_by,
        .from = profile->strings[profile->sample_types[options->sample_index].unit],
        .to = options->unit,
        .total = basis->total,
        .signs = options->signed_percentages,
    };
    job.rules = (struct graph_rules){
        .entry = entry_rules(options),
        .sample_index = options->sample_index,
        .mean = options->mean,
        .drop_negative = options->drop_negative,
        .cum_sort = options->cum_sort,
        .call_tree = options->call_tree && (options->format == report_dot || options->format == report_callgrind),
        .node_count = options->node_count,
        .node_fraction = options->node_fraction,
        .edge_fraction = options->edge_fraction,
        .source_path = options->source_path,
        .trim_path = options->trim_path,
    };
    arena_init(&job.arena, job.mem);
    return job;
}

bool report_check(const struct profile *profile, const struct report_options *options, struct buf *error)
{
    if (profile->nsample_types == 0)
        buf_str(error, STR("profile has no samples"));
    else if (options->divide_by == 0)
        buf_str(error, STR("zero divisor specified"));
    else
        return true;
    return false;
}

/* Whether the symbol's pattern came to an end on every name. */
static bool matched_in_time(struct job *job)
{
    if (!job->options->symbol || !pattern_gave_up(job->options->symbol))
        return true;
    buf_str(job->error, STR("regexp takes too long to match: "));
    buf_str(job->error, job->options->symbol_text);
    return false;
}

/* The profile with arrays also where it has nothing to put into them, so that each report need not ask for it. */
static struct profile with_arrays(const struct profile *profile)
{
    static uint32_t no_frames[1];
    static struct profile_label no_labels[1];
    struct profile whole = *profile;
    if (!whole.frames)
        whole.frames = no_frames;
    if (!whole.labels)
        whole.labels = no_labels;
    return whole;
}

bool report_write(const struct profile *profile, const struct report_options *options, struct buf *out,
                  struct buf *error)
{
    struct report_options settled_options = settled(options);
    struct report_basis own = {0};
    size_t before = out->n, error_before = error->n;
    if (!report_check(profile, options, error))
        return false;
    if (!options->basis && !report_basis_init(&own, profile, options->sample_index, options->mean, out->mem)) {
        buf_str(error, STR("out of memory"));
        return false;
    }
    struct profile whole = with_arrays(profile);
    struct job job = job_of(&whole, &settled_options, options->basis ? options->basis : &own, out, error);
    bool good = write_format(&job) && !out->failed && matched_in_time(&job);
    if (!good && error->n == error_before)
        buf_str(error, STR("out of memory"));
    if (!good && out->n > before)
        out->n = before;
    arena_finish(&job.arena);
    report_basis_finish(&own);
    return good;
}
