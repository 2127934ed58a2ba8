/* Flags are Go's: one dash or two, the value behind "=" or in the next word. */
#include "cli/cmd_trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/tool_mem.h"
#include "trace/dump.h"
#include "trace/raw.h"
#include "trace/reader.h"

static const char usage[] =
    "usage: sonde trace -d=parsed|wire|footprint [program] FILE\n"
    "\n"
    "Reads the execution traces of Go programs (runtime/trace, Go 1.22 and later) and of programs\n"
    "under libsonde. FILE may be gzipped, and - is standard input. A program before it is accepted\n"
    "and not needed.\n"
    "\n"
    "  -d=parsed     every event in order, checked, as text\n"
    "  -d=wire       what is in the file, one item a line, as text\n"
    "  -d=footprint  how many bytes the events of each type take\n";

struct options {
    const char *debug;
    const char *file;
    bool help;
};

/* Whether a word is the flag `name`; its value is what follows "=" or the next word. */
static bool is_flag(char **argv, int *i, const char *name, const char **value)
{
    const char *word = argv[*i] + (argv[*i][1] == '-' ? 2 : 1);
    size_t n = strlen(name);
    if (strncmp(word, name, n) != 0 || (word[n] != '=' && word[n] != 0))
        return false;
    if (word[n] == '=')
        *value = word + n + 1;
    else
        *value = argv[*i + 1] ? argv[++*i] : "";
    return true;
}

static bool parse(struct options *options, int argc, char **argv)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != 0; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "-help") == 0 || strcmp(argv[i], "--help") == 0) {
            options->help = true;
            return true;
        }
        if (!is_flag(argv, &i, "d", &options->debug)) {
            fprintf(stderr, "sonde trace: there is no flag %s\n", argv[i]);
            return false;
        }
    }
    if (argc - i != 1 && argc - i != 2)
        return false;
    options->file = argv[argc - 1];
    return true;
}

/* Output in large pieces. */
struct output {
    struct buf text;
    bool broken; /* nobody reads it any more, or the disk is full */
};

enum { flush_at = 1 << 20 };

static void flush(struct output *output)
{
    const char *p = output->text.p;
    size_t left = output->broken ? 0 : output->text.n;
    while (left > 0) {
        ssize_t n = write(STDOUT_FILENO, p, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            output->broken = true;
            return;
        }
        p += n;
        left -= (size_t)n;
    }
    output->text.n = 0;
}

static void print_parsed(struct str bytes, struct output *output, struct trace_fault *fault)
{
    struct trace_reader *reader = trace_reader_create(bytes, tool_mem(), fault);
    if (!reader)
        return;
    struct trace_dump dump;
    trace_dump_init(&dump, tool_mem());
    const struct trace_event *event;
    while (!output->broken && (event = trace_reader_next(reader))) {
        trace_dump_event(&dump, event, &output->text);
        if (output->text.n >= flush_at)
            flush(output);
    }
    *fault = *trace_reader_fault(reader);
    trace_dump_finish(&dump);
    trace_reader_destroy(reader);
}

static void print_wire(struct str bytes, struct output *output, struct trace_fault *fault)
{
    struct trace_raw raw;
    struct trace_raw_event event;
    if (!trace_raw_init(&raw, bytes, fault))
        return;
    while (!output->broken && trace_raw_next(&raw, &event, fault)) {
        trace_raw_print(&event, &output->text);
        if (output->text.n >= flush_at)
            flush(output);
    }
}

static int complain(const char *file, const struct buf *why)
{
    fprintf(stderr, "sonde trace: %s: %.*s\n", file, STR_ARG(buf_text(why)));
    return exit_failure;
}

static int run(const struct options *options, struct str bytes)
{
    struct output output = {0};
    struct trace_fault fault = {0};
    buf_init(&output.text, tool_mem());
    if (strcmp(options->debug, "parsed") == 0)
        print_parsed(bytes, &output, &fault);
    else if (strcmp(options->debug, "wire") == 0)
        print_wire(bytes, &output, &fault);
    else
        trace_raw_footprint(bytes, &output.text, &fault);
    flush(&output);
    buf_finish(&output.text);
    int status = output.broken ? exit_failure : exit_fine;
    if (fault.set) {
        struct buf why;
        buf_init(&why, tool_mem());
        trace_fault_print(&fault, &why);
        status = complain(options->file, &why);
        buf_finish(&why);
    }
    return status;
}

int cmd_trace(int argc, char **argv)
{
    struct options options = {0};
    if (!parse(&options, argc, argv) || (!options.help && !options.debug)) {
        fputs(usage, stderr);
        return exit_usage;
    }
    if (options.help) {
        fputs(usage, stdout);
        return exit_fine;
    }
    if (strcmp(options.debug, "parsed") != 0 && strcmp(options.debug, "wire") != 0 &&
        strcmp(options.debug, "footprint") != 0) {
        fprintf(stderr, "sonde trace: -d is one of parsed, wire and footprint, not %s\n", options.debug);
        return exit_failure;
    }
    struct input input;
    struct buf why;
    buf_init(&why, tool_mem());
    int status =
        input_open(&input, options.file, tool_mem(), &why) ? run(&options, input.bytes) : complain(options.file, &why);
    input_close(&input);
    buf_finish(&why);
    return status;
}
