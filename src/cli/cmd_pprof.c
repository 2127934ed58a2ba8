/* sonde pprof: reads the command line, gets the profile, and makes one report or asks for commands. */
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/load.h"
#include "cli/pprof_args.h"
#include "cli/print.h"
#include "cli/prompt.h"
#include "cli/report_run.h"
#include "cli/tool_mem.h"

static int help(void)
{
    struct buf text;
    buf_init(&text, tool_mem());
    pprof_args_help(&text);
    print_buf(stdout, &text);
    buf_finish(&text);
    return exit_fine;
}

static int wrong_usage(const struct buf *error)
{
    fprintf(stderr, "sonde pprof: %.*s\n`sonde pprof --help` lists the flags\n", (int)error->n, error->p);
    return exit_usage;
}

static int report(struct profile *profile, const struct pprof_args *args)
{
    struct buf notes, error;
    struct shown_files files;
    buf_init(&notes, tool_mem());
    buf_init(&error, tool_mem());
    shown_files_init(&files, tool_mem());
    struct report_run run = {.profile = profile,
                             .command = args->command,
                             .param = args->param,
                             .config = &args->config,
                             .notes = &notes,
                             .error = &error};
    bool fine = report_run_prepare(&run, &files) && report_run(&run);
    print_notes(&notes);
    fine = fine && report_run_show(&run);
    if (!fine)
        fprintf(stderr, "sonde pprof: %.*s\n", (int)error.n, error.p);
    shown_files_finish(&files);
    buf_finish(&error);
    buf_finish(&notes);
    return fine ? exit_fine : exit_failure;
}

int cmd_pprof(int argc, char **argv)
{
    /* These live as long as the process: to give a large profile back piece by piece would only cost time. They are
     * static so that a leak checker sees that nothing is lost. */
    static struct pprof_args args;
    static struct profile profile;
    static struct buf error, warnings;
    buf_init(&error, tool_mem());
    buf_init(&warnings, tool_mem());
    enum flags_result parsed = pprof_args_parse(&args, argc, argv, &error, &warnings);
    if (parsed == flags_help)
        return help();
    if (parsed == flags_wrong)
        return wrong_usage(&error);
    print_notes(&warnings);
    args.config.symbolize = args.symbolize;
    if (!load_profile(&args, &profile))
        return exit_failure;
    return args.command ? report(&profile, &args) : prompt_run(&profile, &args.config);
}
