/* Flags are Go's: one dash or two, the value behind "=" or in the next word. */
#include "cli/cmd_trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/tool_mem.h"
#include "cli/trace_convert.h"
#include "cli/trace_goroutines.h"
#include "cli/trace_tasks.h"
#include "profile/encode.h"
#include "trace/delays.h"
#include "trace/dump.h"
#include "trace/raw.h"
#include "trace/reader.h"
#include "trace/text.h"
#include "wire/gzip.h"

static const char usage[] =
    "usage: sonde trace -d=parsed|wire|footprint [program] FILE\n"
    "       sonde trace -pprof=net|sync|syscall|sched [program] FILE > PROFILE\n"
    "       sonde trace -format=go|text [-o OUT] [program] FILE\n"
    "       sonde trace -goroutines|-goroutine=START|-tasks|-regions [program] FILE\n"
    "\n"
    "Reads the execution traces of Go programs (runtime/trace, Go 1.5 and later) and of programs under\n"
    "libsonde. FILE may be gzipped or compressed with zstd, a URL\n"
    "(http://localhost:6060/debug/pprof/trace?seconds=5), - for standard input, or the text that\n"
    "-d=wire prints. A program before it is accepted and not needed.\n"
    "\n"
    "  -pprof=net        write a profile of the time that goroutines waited for the network,\n"
    "  -pprof=sync       for channels, selects and locks,\n"
    "  -pprof=syscall    were in system calls,\n"
    "  -pprof=sched      or were runnable, but did not run\n"
    "  -goroutines       how long goroutines executed, by the function that they start in\n"
    "  -goroutine=START  what each goroutine that starts in a function did with its time\n"
    "  -tasks            how many tasks there were and how long they took, by type\n"
    "  -regions          the same for regions, by type and where they begin\n"
    "  -format=go        write the trace itself, as of a text form or a URL,\n"
    "  -format=text      or its text form, which sonde trace reads too\n"
    "  -o=OUT            to a file, not to standard output\n"
    "  -d=parsed         every event in order, checked, as text\n"
    "  -d=wire           what is in the file, one item a line, as text\n"
    "  -d=footprint      how many bytes the events of each type take\n";

struct options {
    const char *debug, *pprof;
    const char *goroutine; /* where the goroutines to show start */
    const char *format, *out;
    const char *file;
    bool goroutines, tasks, regions, help;
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

/* Whether a word is the flag `name`, which takes no value; it is set then. */
static bool is_switch(const char *word, const char *name, bool *set)
{
    bool found = strcmp(word + (word[1] == '-' ? 2 : 1), name) == 0;
    *set |= found;
    return found;
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
        if (is_switch(argv[i], "goroutines", &options->goroutines) || is_switch(argv[i], "tasks", &options->tasks) ||
            is_switch(argv[i], "regions", &options->regions))
            continue;
        if (!is_flag(argv, &i, "d", &options->debug) && !is_flag(argv, &i, "pprof", &options->pprof) &&
            !is_flag(argv, &i, "goroutine", &options->goroutine) && !is_flag(argv, &i, "format", &options->format) &&
            !is_flag(argv, &i, "o", &options->out)) {
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
struct piped {
    struct buf text;
    bool broken; /* nobody reads it any more, or the disk is full */
};

enum { flush_at = 1 << 20, gzip_level = 6 };

static void flush(struct piped *piped)
{
    const char *p = piped->text.p;
    size_t left = piped->broken ? 0 : piped->text.n;
    while (left > 0) {
        ssize_t n = write(STDOUT_FILENO, p, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            piped->broken = true;
            return;
        }
        p += n;
        left -= (size_t)n;
    }
    piped->text.n = 0;
}

static void print_parsed(struct str bytes, struct piped *piped, struct trace_fault *fault)
{
    struct trace_reader *reader = trace_reader_create(bytes, tool_mem(), fault);
    if (!reader)
        return;
    struct trace_dump dump;
    trace_dump_init(&dump, tool_mem());
    const struct trace_event *event;
    while (!piped->broken && (event = trace_reader_next(reader))) {
        trace_dump_event(&dump, event, &piped->text);
        if (piped->text.n >= flush_at)
            flush(piped);
    }
    *fault = *trace_reader_fault(reader);
    trace_dump_finish(&dump);
    trace_reader_destroy(reader);
}

static void print_wire(struct str bytes, struct piped *piped, struct trace_fault *fault)
{
    struct trace_raw raw;
    struct trace_raw_event event;
    if (!trace_raw_init(&raw, bytes, fault))
        return;
    while (!piped->broken && trace_raw_next(&raw, &event, fault)) {
        trace_raw_print(&event, &piped->text);
        if (piped->text.n >= flush_at)
            flush(piped);
    }
}

/* The kind of a delay by the name of its flag; false where there is no such. */
static bool find_delay(const char *name, enum trace_delay *kind)
{
    static const char *const names[] = {"net", "sync", "syscall", "sched"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            *kind = (enum trace_delay)i;
            return true;
        }
    }
    return false;
}

static int complain(const char *file, const struct buf *why)
{
    fprintf(stderr, "sonde trace: %s: %.*s\n", file, STR_ARG(buf_text(why)));
    return exit_failure;
}

static void print_fault(const char *file, const struct trace_fault *fault)
{
    struct buf why;
    buf_init(&why, tool_mem());
    trace_fault_print(fault, &why);
    complain(file, &why);
    buf_finish(&why);
}

/* What was lost of a trace that is broken, but not from its begin. */
static void print_loss(const char *file, const struct trace_share *share, const struct trace_fault *fault)
{
    uint64_t lost = share->size - share->valid;
    print_fault(file, fault);
    fprintf(stderr, "sonde trace: %s: the last %.2f%% (%llu of %llu bytes) are lost; what comes before is used\n", file,
            100.0 * (double)lost / (double)share->size, (unsigned long long)lost, (unsigned long long)share->size);
}

/* Reads a whole trace into a summary; how much of it was good. False where nothing was. */
static bool summarize(struct str bytes, struct summary *summary, struct trace_share *share, struct trace_fault *fault)
{
    struct trace_reader *reader = trace_reader_create(bytes, tool_mem(), fault);
    if (!reader)
        return false;
    const struct trace_event *event;
    bool any = false, good = true;
    while (good && (event = trace_reader_next(reader))) {
        good = summary_add(summary, event);
        any |= event->type == ev_mark;
    }
    good = good && summary_end(summary);
    *share = (struct trace_share){trace_reader_valid(reader), bytes.n};
    *fault = *trace_reader_fault(reader);
    trace_reader_destroy(reader);
    return any && good;
}

static bool wants_summary(const struct options *options)
{
    return options->goroutines || options->goroutine || options->tasks || options->regions;
}

static int print_summary(const struct options *options, struct str bytes)
{
    struct summary summary;
    struct trace_share share;
    struct trace_fault fault = {0};
    struct piped piped = {0};
    buf_init(&piped.text, tool_mem());
    summary_init(&summary, tool_mem());
    bool good = summarize(bytes, &summary, &share, &fault), found = true;
    if (!good)
        print_fault(options->file, &fault);
    else if (fault.set)
        print_loss(options->file, &share, &fault);
    if (good && options->goroutine)
        found = trace_goroutine_print(&summary, str_of(options->goroutine), &piped.text);
    else if (good && options->tasks)
        trace_tasks_print(&summary, &piped.text);
    else if (good && options->regions)
        trace_regions_print(&summary, &piped.text);
    else if (good)
        trace_goroutines_print(&summary, &piped.text);
    if (!found)
        fprintf(stderr, "sonde trace: %s: no goroutine starts in %s\n", options->file, options->goroutine);
    flush(&piped);
    good = good && found && !piped.broken;
    buf_finish(&piped.text);
    summary_finish(&summary);
    return good ? exit_fine : exit_failure;
}

static int write_profile(const struct options *options, struct str bytes)
{
    enum trace_delay kind = trace_delay_net;
    if (!find_delay(options->pprof, &kind)) {
        fprintf(stderr, "sonde trace: -pprof is one of net, sync, syscall and sched, not %s\n", options->pprof);
        return exit_failure;
    }
    struct profile profile;
    struct trace_share share;
    struct trace_fault fault = {0};
    if (!trace_delays(bytes, kind, tool_mem(), &profile, &share, &fault)) {
        print_fault(options->file, &fault);
        return exit_failure;
    }
    if (fault.set)
        print_loss(options->file, &share, &fault);
    struct buf plain;
    struct piped piped = {0};
    buf_init(&plain, tool_mem());
    buf_init(&piped.text, tool_mem());
    bool good = profile_encode(&profile, &plain) && gzip_deflate(buf_text(&plain), gzip_level, &piped.text);
    flush(&piped);
    good = good && !piped.broken;
    profile_finish(&profile);
    buf_finish(&plain);
    buf_finish(&piped.text);
    return good ? exit_fine : exit_failure;
}

static int run(const struct options *options, struct str bytes)
{
    if (options->format)
        return trace_convert(&(struct trace_conversion){options->file, options->format, options->out}, bytes);
    if (options->pprof)
        return write_profile(options, bytes);
    if (wants_summary(options))
        return print_summary(options, bytes);
    struct piped piped = {0};
    struct trace_fault fault = {0};
    buf_init(&piped.text, tool_mem());
    if (strcmp(options->debug, "parsed") == 0)
        print_parsed(bytes, &piped, &fault);
    else if (strcmp(options->debug, "wire") == 0)
        print_wire(bytes, &piped, &fault);
    else
        trace_raw_footprint(bytes, &piped.text, &fault);
    flush(&piped);
    buf_finish(&piped.text);
    int status = piped.broken ? exit_failure : exit_fine;
    if (fault.set) {
        print_fault(options->file, &fault);
        status = exit_failure;
    }
    return status;
}

/* Runs on the binary form of a trace, which is made first where the file is a text. */
static int run_on_file(const struct options *options, struct str bytes)
{
    if (!trace_text_is(bytes))
        return run(options, bytes);
    struct buf binary;
    struct trace_fault fault = {0};
    buf_init(&binary, tool_mem());
    bool good = trace_text_encode(bytes, &binary, &fault);
    if (!good)
        print_fault(options->file, &fault);
    int status = good ? run(options, buf_text(&binary)) : exit_failure;
    buf_finish(&binary);
    return status;
}

int cmd_trace(int argc, char **argv)
{
    struct options options = {0};
    bool parsed = parse(&options, argc, argv);
    bool asked = options.help || options.debug || options.pprof || options.format || wants_summary(&options);
    if (!parsed || !asked) {
        fputs(usage, stderr);
        return exit_usage;
    }
    if (options.help) {
        fputs(usage, stdout);
        return exit_fine;
    }
    if (options.debug && strcmp(options.debug, "parsed") != 0 && strcmp(options.debug, "wire") != 0 &&
        strcmp(options.debug, "footprint") != 0) {
        fprintf(stderr, "sonde trace: -d is one of parsed, wire and footprint, not %s\n", options.debug);
        return exit_failure;
    }
    struct input input;
    struct buf why;
    buf_init(&why, tool_mem());
    int status = input_open(&input, options.file, tool_mem(), &why) ? run_on_file(&options, input.bytes)
                                                                    : complain(options.file, &why);
    input_close(&input);
    buf_finish(&why);
    return status;
}
