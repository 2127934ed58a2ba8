/* A trace's time becomes a profile, and that a report as any other profile does. */
#include "cli/trace_flame.h"

#include <stdio.h>

#include "cli/commands.h"
#include "cli/config.h"
#include "cli/report_commands.h"
#include "cli/report_run.h"
#include "cli/tool_mem.h"
#include "trace/samples.h"

/* Fills the profile with CPU samples, or with what ran; false, and it was told, where there is neither. */
static bool find_profile(const struct trace_question *question, struct str bytes, struct profile *profile)
{
    struct trace_delay_filter filter;
    struct trace_share share;
    struct trace_fault fault = {0};
    bool any;
    if (!trace_question_filter(question, &filter, &any))
        return false;
    for (enum trace_sampling sampling = trace_sampling_cpu; sampling <= trace_sampling_run; sampling++) {
        fault = (struct trace_fault){0};
        if (!trace_samples(bytes, sampling, any ? &filter : NULL, tool_mem(), profile, &share, &fault)) {
            trace_complain(question->file, &fault);
            return false;
        }
        if (profile->nsamples > 0) {
            if (fault.set)
                trace_tell_loss(question->file, &share, &fault);
            return true;
        }
        profile_finish(profile);
    }
    fprintf(stderr, "sonde trace: %s: nothing ran in what was asked for\n", question->file);
    return false;
}

bool trace_flame_check(const char *form)
{
    struct buf error;
    buf_init(&error, tool_mem());
    bool good = report_command_check(report_command_find("flame"), form, &error);
    if (!good)
        fprintf(stderr, "sonde trace: %.*s\n", STR_ARG(buf_text(&error)));
    buf_finish(&error);
    return good;
}

int trace_flame(const struct trace_question *question, const char *form, const char *out, struct str bytes)
{
    struct config config;
    struct profile profile = {0};
    struct buf notes, error;
    buf_init(&notes, tool_mem());
    buf_init(&error, tool_mem());
    config_init(&config);
    config.output = out ? out : "";
    struct report_run run = {.profile = &profile,
                             .command = report_command_find("flame"),
                             .param = form,
                             .config = &config,
                             .notes = &notes,
                             .error = &error};
    bool good = find_profile(question, bytes, &profile) && report_run(&run);
    if (notes.n > 0)
        fwrite(notes.p, 1, notes.n, stderr);
    if (error.n > 0)
        fprintf(stderr, "sonde trace: %.*s\n", STR_ARG(buf_text(&error)));
    profile_finish(&profile);
    buf_finish(&notes);
    buf_finish(&error);
    return good ? exit_fine : exit_failure;
}
