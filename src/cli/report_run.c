#include "cli/report_run.h"

#include <string.h>
#include <unistd.h>

#include "cli/colouring.h"
#include "cli/output.h"
#include "cli/packed_profile.h"
#include "cli/report_filters.h"
#include "cli/tool_mem.h"
#include "profile/pattern.h"
#include "profile/tag_frames.h"
#include "report/drawing.h"
#include "report/svg_viewport.h"
#include "symbol/symbolize.h"

static struct str sample_type(const struct profile *profile, uint32_t index)
{
    return profile_text(profile, profile->sample_types[index].type);
}

static uint32_t default_sample_index(const struct profile *profile)
{
    for (uint32_t i = 0; i < profile->nsample_types && profile->default_sample_type != 0; i++) {
        if (profile->sample_types[i].type == profile->default_sample_type)
            return i;
    }
    return profile->nsample_types - 1;
}

static void refuse_sample_index(const struct profile *profile, const char *name, struct buf *error)
{
    buf_printf(error, "sample_index \"%s\" must be one of:", name);
    for (uint32_t i = 0; i < profile->nsample_types; i++)
        buf_printf(error, "%s %.*s", i == 0 ? "" : ",", STR_ARG(sample_type(profile, i)));
}

bool report_sample_index(const struct profile *profile, const char *name, uint32_t *index, struct buf *error)
{
    int64_t number;
    if (profile->nsample_types == 0) {
        buf_str(error, STR("profile has no samples"));
        return false;
    }
    if (name[0] == '\0') {
        *index = default_sample_index(profile);
        return true;
    }
    if (config_parse_int(name, false, &number)) {
        bool within = number >= 0 && number < profile->nsample_types;
        if (within)
            *index = (uint32_t)number;
        else
            buf_printf(error, "sample_index %s is outside the range [0..%u]", name, profile->nsample_types - 1);
        return within;
    }
    /* Old heap profiles have types "space" and "objects" for what is in use. */
    const char *plain = strncmp(name, "inuse_", 6) == 0 ? name + 6 : name;
    for (uint32_t i = 0; i < profile->nsample_types; i++) {
        if (str_equal(sample_type(profile, i), str_of(name)) || str_equal(sample_type(profile, i), str_of(plain))) {
            *index = i;
            return true;
        }
    }
    refuse_sample_index(profile, name, error);
    return false;
}

static enum report_granularity granularity_of(const char *name)
{
    static const char *const names[] = {[report_functions] = "functions",
                                        [report_filefunctions] = "filefunctions",
                                        [report_files] = "files",
                                        [report_lines] = "lines",
                                        [report_addresses] = "addresses"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum report_granularity)i;
    }
    return report_functions;
}

/* Listings look as far for lines and names as the profile's symbolization did. */
static void set_symbolization(struct report_options *options, const struct config *config)
{
    struct buf notes; /* told when the profile was loaded */
    buf_init(&notes, tool_mem());
    struct symbolize_mode mode = symbolize_mode_parse(str_of(config->symbolize), &notes);
    buf_finish(&notes);
    options->debug_lines = !mode.none && mode.local;
    options->demangle = options->debug_lines ? mode.demangle : demangle_none;
}

static struct report_options options_of(const struct config *config, enum report_format format, uint32_t sample_index)
{
    struct report_options options;
    report_options_init(&options, format);
    options.granularity = granularity_of(config->granularity);
    options.sample_index = sample_index;
    options.mean = config->mean;
    options.cum_sort = strcmp(config->sort, "cum") == 0;
    options.drop_negative = config->drop_negative;
    options.call_tree = config->call_tree;
    options.compact_labels = config->compact_labels;
    options.no_inlines = config->noinlines;
    options.show_columns = config->showcolumns;
    options.signed_percentages = config->signed_percentages;
    options.trim = config->trim;
    options.node_count = config->nodecount;
    options.node_fraction = config->nodefraction;
    options.edge_fraction = config->edgefraction;
    options.unit = str_of(config->unit);
    options.divide_by = config->divide_by;
    options.source_path = str_of(config->source_path);
    options.trim_path = str_of(config->trim_path);
    options.intel_syntax = config->intel_syntax;
    set_symbolization(&options, config);
    return options;
}

bool report_greeting(const struct profile *profile, const struct config *config, struct buf *out, struct buf *error)
{
    /* A text report begins with these lines unless labels are compact: of a profile without samples, whose total is
     * given, it is nothing but them and the part that compact labels leave. */
    struct profile empty = *profile;
    struct report_basis basis;
    struct buf rest;
    uint32_t index;
    if (!report_sample_index(profile, config->sample_index, &index, error) ||
        !report_basis_init(&basis, profile, index, config->mean, out->mem))
        return false;
    empty.nsamples = 0;
    struct report_options options = options_of(config, report_text, index);
    options.basis = &basis;
    options.compact_labels = true;
    buf_init(&rest, out->mem);
    bool fine = report_write(&empty, &options, &rest, error);
    options.compact_labels = false;
    fine = fine && report_write(&empty, &options, out, error);
    if (fine)
        out->n -= rest.n;
    if (fine && basis.total == 0 && profile->nsample_types > 1)
        buf_str(out, STR("No samples were found with the default sample value type.\n"
                         "Try \"sample_index\" command to analyze different sample values.\n"));
    buf_finish(&rest);
    report_basis_finish(&basis);
    return fine;
}

static bool drain(void *to, struct buf *out)
{
    struct output *output = to;
    output_write(output, buf_text(out));
    out->n = 0;
    return !output->failed;
}

bool report_run_prepare(struct report_run *run, struct shown_files *files)
{
    if (run->command->viewer == viewer_none || run->config->output[0])
        return true;
    run->shown = shown_files_add(files, report_command_suffix(run->command, run->param), run->error);
    return run->shown;
}

/* Opens what the report is written into. Binary output stays away from terminals and from the prompt. */
static bool open_output(const struct report_run *run, struct output *output, struct buf *path)
{
    const char *suffix = report_command_suffix(run->command, run->param);
    *output = output_stdout();
    if (run->shown)
        return output_create(output, run->shown, run->error);
    if (run->config->output[0]) {
        *output = output_later(run->config->output);
    } else if (suffix && (run->at_prompt || isatty(STDOUT_FILENO))) {
        if (!output_create_numbered(output, "", "profile", suffix, path, run->error))
            return false;
    }
    return true;
}

/* Ends an output: as one that is complete, or could not be written, or that there is nothing for, which leaves no file.
 * A failure to write is the only one that is told: reports that are stopped by it do not know why. */
static bool end_output(const struct report_run *run, struct output *output, bool fine, size_t error_before)
{
    if (!fine && !output->failed) {
        output_discard(output);
        return false;
    }
    if (output->failed)
        run->error->n = error_before;
    if (output->path && output->path != run->shown)
        buf_printf(run->notes, "Generating report in %s\n", output->path);
    return output_close(output, run->error) && fine;
}

static bool write_topproto(const struct report_run *run, struct report_options *options, struct output *output)
{
    struct buf plain;
    buf_init(&plain, run->error->mem);
    options->drain = NULL;
    bool made = report_write(run->profile, options, &plain, run->error);
    bool written = made && packed_bytes_write(buf_text(&plain), run->error->mem, output);
    if (made && !written)
        buf_str(run->error, STR("out of memory"));
    buf_finish(&plain);
    return written;
}

/* Writes a profile: the one at hand, or the one that a report makes of it. */
static bool write_profile(const struct report_run *run, struct report_options *options, struct output *output)
{
    if (run->command->format == report_topproto)
        return write_topproto(run, options, output);
    if (!report_prepare_proto(run->profile, options, run->error))
        return false;
    if (packed_profile_write(run->profile, output))
        return true;
    buf_str(run->error, STR("out of memory"));
    return false;
}

static bool write_text(const struct report_run *run, struct report_options *options, struct output *output)
{
    struct buf out;
    buf_init(&out, run->error->mem);
    bool fine = report_write(run->profile, options, &out, run->error);
    if (fine)
        output_write(output, buf_text(&out));
    buf_finish(&out);
    return fine;
}

/* Where a report in colours goes: to what they are put into, and on to the output. */
struct coloured_output {
    struct output *output;
    struct colouring colouring;
    struct buf marked;
};

static bool drain_coloured(void *to, struct buf *out)
{
    struct coloured_output *coloured = to;
    colouring_put(&coloured->colouring, buf_text(out), &coloured->marked);
    out->n = 0;
    return drain(coloured->output, &coloured->marked);
}

static bool write_coloured(const struct report_run *run, struct report_options *options, struct output *output)
{
    struct buf out;
    struct coloured_output coloured = {.output = output};
    struct mem *mem = run->error->mem;
    buf_init(&out, mem);
    buf_init(&coloured.marked, mem);
    colouring_init(&coloured.colouring, options->format, mem);
    options->drain = drain_coloured;
    options->drain_to = &coloured;
    bool fine = report_write(run->profile, options, &out, run->error);
    if (fine) {
        drain_coloured(&coloured, &out);
        colouring_end(&coloured.colouring, &coloured.marked);
        output_write(output, buf_text(&coloured.marked));
    }
    colouring_finish(&coloured.colouring);
    buf_finish(&coloured.marked);
    buf_finish(&out);
    return fine;
}

/* Writes what graphviz draws of a report in its language. */
static bool draw_report(const struct report_run *run, struct report_options *options, struct output *output)
{
    struct buf dot, picture, page;
    struct mem *mem = run->error->mem;
    buf_init(&dot, mem);
    buf_init(&picture, mem);
    buf_init(&page, mem);
    options->drain = NULL;
    bool fine = report_write(run->profile, options, &dot, run->error) &&
                drawing_make(buf_text(&dot), run->command->file_suffix, &picture, run->error);
    if (fine && run->command->writer == write_svg)
        svg_put_viewport(&page, buf_text(&picture));
    if (fine)
        output_write(output, buf_text(run->command->writer == write_svg ? &page : &picture));
    buf_finish(&page);
    buf_finish(&picture);
    buf_finish(&dot);
    return fine;
}

static bool write_with(enum report_writer writer, const struct report_run *run, struct report_options *options,
                       struct output *output)
{
    switch (writer) {
    case write_proto:
        return write_profile(run, options, output);
    case write_picture:
    case write_svg:
        return draw_report(run, options, output);
    case write_report:
        break;
    }
    return !output->path && colours_wanted(run->config->color, output->fd) ? write_coloured(run, options, output)
                                                                           : write_text(run, options, output);
}

static bool write_output(const struct report_run *run, struct report_options *options)
{
    struct output output;
    struct buf path;
    size_t error_before = run->error->n;
    buf_init(&path, run->error->mem);
    bool fine = open_output(run, &output, &path);
    if (fine) {
        options->drain = drain;
        options->drain_to = &output;
        options->aside = output.path ? run->notes : NULL;
        fine = write_with(run->command->writer, run, options, &output);
        fine = end_output(run, &output, fine, error_before);
    }
    buf_finish(&path);
    return fine;
}

/* Compiles the regexp of a command that takes one; NULL for the others. False with an error. */
static bool compile_param(const struct report_run *run, struct pattern **pattern)
{
    *pattern = NULL;
    if (!run->command->has_param || run->command->choices)
        return true;
    struct buf reason;
    buf_init(&reason, run->error->mem);
    *pattern = pattern_create(str_of(run->param), run->error->mem, &reason);
    if (!*pattern)
        buf_printf(run->error, "parsing argument regexp %s: %.*s", run->param, (int)reason.n, reason.p);
    buf_finish(&reason);
    return *pattern;
}

static void note_units(const struct report_basis *basis, struct buf *notes)
{
    for (uint32_t i = 0; i < basis->nignored; i++) {
        struct report_label_unit *ignored = &basis->ignored[i];
        if (i > 0 && str_equal(ignored->key, ignored[-1].key)) {
            buf_printf(notes, ", %.*s", STR_ARG(ignored->unit));
            continue;
        }
        struct str used = STR("");
        for (uint32_t u = 0; u < basis->nunits; u++) {
            if (str_equal(basis->units[u].key, ignored->key))
                used = basis->units[u].unit;
        }
        buf_printf(notes, "%sFor tag %.*s used unit %.*s, also encountered unit(s) %.*s", i > 0 ? "\n" : "",
                   STR_ARG(ignored->key), STR_ARG(used), STR_ARG(ignored->unit));
    }
    if (basis->nignored > 0)
        buf_byte(notes, '\n');
}

/* Makes frames of tags before anything is filtered: filters see them. */
static bool add_tag_frames(const struct report_run *run)
{
    const struct config *config = run->config;
    bool roots, leaves;
    if (config->tagroot[0] == '\0' && config->tagleaf[0] == '\0')
        return true;
    if (!profile_add_tag_frames(run->profile, str_of(config->tagroot), str_of(config->tagleaf), str_of(config->unit),
                                &roots, &leaves))
        return false;
    if (config->tagroot[0] && !roots)
        buf_str(run->notes, STR("TagRoot expression matched no samples\n"));
    if (config->tagleaf[0] && !leaves)
        buf_str(run->notes, STR("TagLeaf expression matched no samples\n"));
    return true;
}

/* Filters the profile and takes its totals, of what was there before unless percentages are relative. */
static bool filter(const struct report_run *run, uint32_t index, struct report_basis *basis)
{
    const struct config *config = run->config;
    if (!report_basis_init(basis, run->profile, index, config->mean, run->error->mem))
        return false;
    note_units(basis, run->notes);
    if (!report_filters_apply(run->profile, config, run->notes, run->error)) {
        report_basis_finish(basis);
        return false;
    }
    if (config->relative_percentages)
        report_basis_recount(basis, run->profile, index, config->mean);
    return true;
}

bool report_run(const struct report_run *run)
{
    uint32_t index;
    struct report_basis basis;
    struct pattern *pattern;
    struct buf text;
    struct str filters[most_filters];
    if (!report_sample_index(run->profile, run->config->sample_index, &index, run->error) ||
        !compile_param(run, &pattern))
        return false;
    struct report_options options = options_of(run->config, report_command_format(run->command, run->param), index);
    buf_init(&text, run->error->mem);
    options.symbol = pattern;
    options.symbol_text = str_of(run->param);
    options.filters = filters;
    options.nfilters = report_filters_list(run->config, &text, filters);
    bool fine = add_tag_frames(run) && filter(run, index, &basis);
    if (fine) {
        options.basis = &basis;
        fine = write_output(run, &options);
        report_basis_finish(&basis);
    }
    buf_finish(&text);
    pattern_destroy(pattern);
    return fine;
}

bool report_run_show(const struct report_run *run)
{
    return !run->shown || viewer_show(run->command->viewer, run->shown, !run->at_prompt, run->error);
}
