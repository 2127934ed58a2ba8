#include "cli/prompt_help.h"

#include <stdio.h>

#include "cli/config.h"
#include "cli/report_commands.h"

static void print_indented(const char *text)
{
    struct str rest = str_of(text);
    while (rest.n > 0) {
        size_t n = str_find(rest, STR("\n"), 0);
        fprintf(stderr, "    %.*s\n", (int)n, rest.p);
        rest = str_skip(rest, n + 1);
    }
}

static void print_line(const char *name, const char *summary)
{
    fprintf(stderr, "    %-20s %s\n", name, summary);
}

static void print_all(void)
{
    fputs("  Commands:\n", stderr);
    for (size_t i = 0; i < report_ncommands; i++)
        print_line(report_commands[i].name, report_commands[i].summary);
    print_line("o, options", "List the options and their values");
    print_line("help", "This list; help NAME says more");
    print_line("q, quit, exit, ^D", "End");
    fputs("\n  Behind a command: a number limits the entries, words are regexps to keep (with - before them: to drop)\n"
          "  samples by, >file writes into a file, | command hands the output to a command of the shell.\n"
          "\n  Options, to be set by name=value:\n",
          stderr);
    for (size_t i = 0; i < config_nfields; i++) {
        if (!config_fields[i].choices)
            print_line(config_fields[i].name, config_fields[i].summary);
    }
    for (size_t i = 0; i < config_nfields; i++) {
        if (config_fields[i].choices)
            fprintf(stderr, "\n  One of these for %s:\n", config_fields[i].name);
        for (const char *const *c = config_fields[i].choices; c && *c; c++)
            print_line(*c, config_find_choice(*c)->summary);
    }
    fputs("\n  :                      Clear focus, ignore, hide, tagfocus and tagignore\n"
          "  NAME of a value        Report that value; mean_NAME its mean, total_NAME its sum again\n",
          stderr);
}

static void print_option(const char *summary, const char *details)
{
    fprintf(stderr, "%s\n", summary);
    if (details)
        fprintf(stderr, "%s\n", details);
}

void prompt_help(struct str topic, const struct profile *profile)
{
    char name[64];
    if (topic.n == 0) {
        print_all();
        return;
    }
    snprintf(name, sizeof name, "%.*s", STR_ARG(topic));
    const struct report_command *command = report_command_find(name);
    const struct config_choice *choice = config_find_choice(name);
    const struct config_field *field = config_find(name);
    if (command) {
        fprintf(stderr, "%s\n", command->summary);
        if (command->usage)
            print_indented(command->usage);
    } else if (choice) {
        print_option(choice->summary, choice->details);
    } else if (field) {
        print_option(field->summary, field->details);
        for (uint32_t i = 0; i < profile->nsample_types && field == config_find("sample_index"); i++)
            fprintf(stderr, "    %u  %.*s\n", i, STR_ARG(profile_text(profile, profile->sample_types[i].type)));
    } else {
        fprintf(stderr, "Unknown command: %s\n", name);
    }
}
