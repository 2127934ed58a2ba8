/* sonde pprof: reads the command line, gets the profile, and makes one report or asks for commands. */
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/load.h"
#include "cli/pprof_args.h"
#include "cli/prompt.h"
#include "cli/report_run.h"
#include "cli/tool_mem.h"

static void print(FILE *to, const struct buf *text)
{
    fwrite(text->p, 1, text->n, to);
}

static int help(void)
{
    struct buf text;
    buf_init(&text, tool_mem());
    pprof_args_help(&text);
    print(stdout, &text);
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
    buf_init(&notes, tool_mem());
    buf_init(&error, tool_mem());
    struct report_run run = {.profile = profile,
                             .command = args->command,
                             .param = args->param,
                             .config = &args->config,
                             .notes = &notes,
                             .error = &error};
    bool fine = report_run(&run);
    print(stderr, &notes);
    if (!fine)
        fprintf(stderr, "sonde pprof: %.*s\n", (int)error.n, error.p);
    return fine ? exit_fine : exit_failure;
}

int cmd_pprof(int argc, char **argv)
{
    struct pprof_args args;
    struct profile profile;
    struct buf error, warnings;
    buf_init(&error, tool_mem());
    buf_init(&warnings, tool_mem());
    enum flags_result parsed = pprof_args_parse(&args, argc, argv, &error, &warnings);
    if (parsed == flags_help)
        return help();
    if (parsed == flags_wrong)
        return wrong_usage(&error);
    print(stderr, &warnings);
    if (!load_profile(&args, &profile))
        return exit_failure;
    return args.command ? report(&profile, &args) : prompt_run(&profile, &args.config);
}
