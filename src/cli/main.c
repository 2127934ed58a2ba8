/* The program: picks the command and nothing else, so that starting one costs only what that command needs. */
#include <stdio.h>
#include <string.h>

#include "cli/cmd_run.h"
#include "cli/cmd_trace.h"
#include "cli/commands.h"
#include "cli/mapped_file.h"
#include "cli/nearest.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct command commands[] = {
    {"pprof", cmd_pprof, "read profiles: top, list, peek, tree and more, from files and URLs"},
    {"run", cmd_run, "run a command and serve its profiles"},
    {"trace", cmd_trace, "read execution traces"},
    {NULL, NULL, NULL},
};

static int print_help(FILE *out)
{
    fputs("sonde profiles native programs and reads what it and others have measured.\n\n"
          "usage: sonde <command> [arguments]\n\ncommands:\n",
          out);
    for (const struct command *c = commands; c->name; c++)
        fprintf(out, "  %-8s %s\n", c->name, c->summary);
    fputs("\n`sonde <command> --help` tells more about a command; `sonde --version` prints the version.\n", out);
    return out == stdout ? exit_fine : exit_usage;
}

static int unknown_command(const char *name)
{
    struct nearest search = nearest_to(name);
    for (const struct command *c = commands; c->name; c++)
        nearest_offer(&search, c->name);
    fprintf(stderr, "sonde: there is no command \"%s\"", name);
    if (search.best)
        fprintf(stderr, "; did you mean \"%s\"?", search.best);
    fputs("\n`sonde --help` lists the commands\n", stderr);
    return exit_usage;
}

static int is_any(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return print_help(stderr);
    if (is_any(argv[1], "--help", "-h", "help") || strcmp(argv[1], "-help") == 0)
        return print_help(stdout);
    if (is_any(argv[1], "--version", "-version", "version")) {
        puts("sonde " SONDE_VERSION);
        return exit_fine;
    }
    mapped_file_guard();
    for (const struct command *c = commands; c->name; c++) {
        if (strcmp(argv[1], c->name) == 0)
            return c->run(argc - 1, argv + 1);
    }
    return unknown_command(argv[1]);
}
