/* Flags are Go's: one dash or two, the value behind "=" or in the next word. */
#include "cli/cmd_trace.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/tool_mem.h"
#include "cli/trace_answer.h"
#include "cli/trace_convert.h"
#include "cli/trace_flame.h"
#include "cli/trace_timeline.h"
#include "profile/encode.h"
#include "trace/delays.h"
#include "trace/dump.h"
#include "trace/raw.h"
#include "trace/reader.h"
#include "trace/samples.h"
#include "trace/text.h"
#include "wire/gzip.h"

static const char usage[] =
    "usage: sonde trace -d=parsed|wire|footprint [program] FILE\n"
    "       sonde trace -pprof=net|sync|syscall|sched|cpu|run [-goroutine=START|ID] [-region=TYPE]\n"
    "                   [-range=FROM-TO] [program] FILE > PROFILE\n"
    "       sonde trace -flame=svg|html [-o OUT] [program] FILE\n"
    "       sonde trace -format=go|text|chrome|perfetto [-o OUT] [-range=FROM-TO] [-view=ROWS] [program] FILE\n"
    "       sonde trace -summary|-gc|-latency|-procs|-wakeups|-leaks [-range=FROM-TO] [program] FILE\n"
    "       sonde trace -goroutines|-goroutine=START|ID|-tasks|-regions|-region=TYPE [-range=FROM-TO]\n"
    "                   [program] FILE\n"
    "       sonde trace -task=ID|TYPE [program] FILE\n"
    "       sonde trace -usertask=TYPE|ID [-complete=1|0] [-logtext=TEXT] [-range=FROM-TO] [program] FILE\n"
    "       sonde trace -timeline [-rows=ROWS] [-range=FROM-TO] [-width=N] [-json] [program] FILE\n"
    "       sonde trace -mmu[=WHAT] [-window=TIME] [-range=FROM-TO] [-json] [program] FILE\n"
    "\n"
    "Reads the execution traces of Go programs (runtime/trace, Go 1.5 and later) and of programs under\n"
    "libsonde. FILE may be gzipped or compressed with zstd, a URL\n"
    "(http://localhost:6060/debug/pprof/trace?seconds=5), - for standard input, or the text that\n"
    "-d=wire prints. A program before it is accepted and not needed.\n"
    "\n"
    "  -pprof=net        write a profile of the time that goroutines waited for the network,\n"
    "  -pprof=sync       for channels, selects and locks,\n"
    "  -pprof=syscall    were in system calls,\n"
    "  -pprof=sched      or were runnable, but did not run;\n"
    "  -pprof=cpu        of the CPU samples in the trace;\n"
    "  -pprof=run        of the time that goroutines ran; of all these only the time\n"
    "  -goroutine=START  of goroutines that start in a function, or of the one with a number,\n"
    "  -region=TYPE      in regions of a type; -pc=ADDRESS: that begin at one place; -latmin=TIME,\n"
    "                    -latmax=TIME: by their length,\n"
    "  -range=1s-1.5s    in a part of the trace's time, from its begin; also 1s- and -1.5s\n"
    "  -summary          one page: what there is to know first, and what is suspicious\n"
    "  -gc               the collector's cycles, stops of the world, who had to help, the heap\n"
    "  -latency          how long goroutines that could run did not, by the function that they start in\n"
    "  -procs            how busy processors were, over time\n"
    "  -wakeups          who woke whom, and how long those had waited\n"
    "  -leaks            who waits at the end, for what, since when, and where it was created\n"
    "  -goroutines       how long goroutines executed, by the function that they start in\n"
    "  -goroutine=START  what each goroutine that starts in a function did with its time; or one, by\n"
    "                    its number\n"
    "  -task=ID          where a task's time went: what its goroutine did and, while that waited, the one\n"
    "                    that woke it; -task=TYPE takes the longest of a type\n"
    "  -tasks            how many tasks there were and how long they took, by type\n"
    "  -usertask=TYPE    what happened in each task of a type, or the one with a number: its begin, end,\n"
    "                    regions and logs; of those only -complete=1 or 0, by -latmin and -latmax, or\n"
    "  -logtext=TEXT     with a text in a log or name\n"
    "  -regions          the same for regions, by type and where they begin\n"
    "  -region=TYPE      what goroutines did within each region of a type (and -pc, -latmin, -latmax)\n"
    "  -timeline         draw what happened when in the terminal; -json: the numbers of each pixel,\n"
    "  -rows=ROWS        of counters, procs, threads, goroutines (those that ran longest), or by their\n"
    "                    numbers, as in g17,p0,m1234; -width=N: in so many columns\n"
    "  -mmu[=WHAT]       the share of the processors that the collector left to the program in the worst\n"
    "                    window of each length, counting stw, background, assist, sweep (with | or ,\n"
    "                    between them), perProc for single processors, mut for percentiles too\n"
    "  -window=10ms      -mmu: the worst windows of a length\n"
    "  -json             -mmu: as the page of go tool trace fetches it\n"
    "  -format=go        write the trace itself, as of a text form or a URL; with -range or\n"
    "                    -goroutine=START|ID,...: a part of it as a trace; of Go 1.21 and before as of 1.22,\n"
    "  -format=text      or its text form, which sonde trace reads too\n"
    "  -format=chrome    or what happened when, as JSON for chrome://tracing,\n"
    "  -format=perfetto  or as protobuf for ui.perfetto.dev\n"
    "  -view=proc,thread,goroutine,task,stats    -format: which rows; usually all\n"
    "  -flame=svg|html   draw a flame graph of the CPU samples, or where there are none of what ran; with\n"
    "                    -goroutine, -region and -range as above\n"
    "  -o=OUT            -format, -pprof, -flame: to a file, not to standard output\n"
    "  -d=parsed         every event in order, checked, as text\n"
    "  -d=wire           what is in the file, one item a line, as text\n"
    "  -d=footprint      how many bytes the events of each type take\n";

struct options {
    const char *debug, *pprof;
    const char *format, *out, *view, *flame;
    const char *file;
    const char *rows, *width;
    struct trace_question question;
    struct input *input; /* that the bytes come from */
    bool timeline, help;
};

/* Flags that take a value: behind "=" or in the next word. */
static const struct {
    const char *name;
    size_t place; /* of a const char * in struct options */
} value_flags[] = {
    {"d", offsetof(struct options, debug)},
    {"pprof", offsetof(struct options, pprof)},
    {"format", offsetof(struct options, format)},
    {"o", offsetof(struct options, out)},
    {"view", offsetof(struct options, view)},
    {"flame", offsetof(struct options, flame)},
    {"rows", offsetof(struct options, rows)},
    {"width", offsetof(struct options, width)},
    {"goroutine", offsetof(struct options, question.goroutine)},
    {"task", offsetof(struct options, question.task)},
    {"usertask", offsetof(struct options, question.usertask)},
    {"complete", offsetof(struct options, question.complete)},
    {"logtext", offsetof(struct options, question.logtext)},
    {"region", offsetof(struct options, question.region)},
    {"pc", offsetof(struct options, question.pc)},
    {"latmin", offsetof(struct options, question.latmin)},
    {"latmax", offsetof(struct options, question.latmax)},
    {"range", offsetof(struct options, question.range)},
    {"window", offsetof(struct options, question.window)},
};

/* Flags that take none. */
static const struct {
    const char *name;
    size_t place; /* of a bool in struct options */
} switches[] = {
    {"goroutines", offsetof(struct options, question.goroutines)},
    {"tasks", offsetof(struct options, question.tasks)},
    {"regions", offsetof(struct options, question.regions)},
    {"mmu", offsetof(struct options, question.mmu)},
    {"summary", offsetof(struct options, question.summary)},
    {"gc", offsetof(struct options, question.gc)},
    {"latency", offsetof(struct options, question.latency)},
    {"procs", offsetof(struct options, question.procs)},
    {"wakeups", offsetof(struct options, question.wakeups)},
    {"leaks", offsetof(struct options, question.leaks)},
    {"json", offsetof(struct options, question.json)},
    {"timeline", offsetof(struct options, timeline)},
    {"h", offsetof(struct options, help)},
    {"help", offsetof(struct options, help)},
};

/* Takes a word that is a switch. */
static bool take_switch(struct options *options, const char *name)
{
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        if (strcmp(name, switches[i].name) == 0) {
            *(bool *)((char *)options + switches[i].place) = true;
            return true;
        }
    }
    /* What counts may be said, but need not be. */
    if (strncmp(name, "mmu=", 4) == 0) {
        options->question.mmu = true;
        options->question.mmu_flags = name + 4;
        return true;
    }
    return false;
}

/* Takes argv[*i], a flag's name, and argv[*i + 1] where the value stands there. */
static bool take_value(struct options *options, const char *name, char **argv, int *i)
{
    for (size_t k = 0; k < sizeof value_flags / sizeof *value_flags; k++) {
        size_t n = strlen(value_flags[k].name);
        if (strncmp(name, value_flags[k].name, n) != 0 || (name[n] != '=' && name[n] != 0))
            continue;
        const char *value = name + n + 1;
        if (name[n] == 0)
            value = argv[*i + 1] ? argv[++*i] : "";
        memcpy((char *)options + value_flags[k].place, &value, sizeof value);
        return true;
    }
    return false;
}

static bool parse(struct options *options, int argc, char **argv)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != 0; i++) {
        const char *name = argv[i] + (argv[i][1] == '-' ? 2 : 1);
        if (name[0] == 0) {
            i++;
            break;
        }
        if (!take_switch(options, name) && !take_value(options, name, argv, &i)) {
            fprintf(stderr, "sonde trace: there is no flag %s\n", argv[i]);
            return false;
        }
        if (options->help)
            return true;
    }
    if (argc - i != 1 && argc - i != 2)
        return false;
    options->file = options->question.file = argv[argc - 1];
    return true;
}

/* Output in large pieces. */
struct piped {
    struct buf text;
    struct output output;
};

enum { flush_at = 1 << 20, gzip_level = 6 };

static void flush(struct piped *piped)
{
    output_write(&piped->output, buf_text(&piped->text));
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
    while (!piped->output.failed && (event = trace_reader_next(reader))) {
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
    while (!piped->output.failed && trace_raw_next(&raw, &event, fault)) {
        trace_raw_print(&event, &piped->text);
        if (piped->text.n >= flush_at)
            flush(piped);
    }
}

/* What -pprof asks for: delays of a kind, or samples. */
struct profile_kind {
    const char *name;
    bool is_delay;
    enum trace_delay delay;
    enum trace_sampling sampling;
};

/* The kind with a name; NULL for none. */
static const struct profile_kind *find_kind(const char *name)
{
    static const struct profile_kind kinds[] = {{.name = "net", .is_delay = true, .delay = trace_delay_net},
                                                {.name = "sync", .is_delay = true, .delay = trace_delay_sync},
                                                {.name = "syscall", .is_delay = true, .delay = trace_delay_syscall},
                                                {.name = "sched", .is_delay = true, .delay = trace_delay_sched},
                                                {.name = "cpu", .sampling = trace_sampling_cpu},
                                                {.name = "run", .sampling = trace_sampling_run}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(name, kinds[i].name) == 0)
            return &kinds[i];
    }
    return NULL;
}

/* Writes a profile, gzipped, to a file or to the standard output. */
static bool write_packed(const struct profile *profile, const char *path)
{
    struct output output = output_stdout();
    struct buf plain, packed, why;
    buf_init(&plain, tool_mem());
    buf_init(&packed, tool_mem());
    buf_init(&why, tool_mem());
    bool good = profile_encode(profile, &plain) && gzip_deflate(buf_text(&plain), gzip_level, &packed) &&
                (!path || output_create(&output, path, &why));
    if (good)
        output_write(&output, buf_text(&packed));
    good = good && output_close(&output, &why);
    if (why.n > 0)
        fprintf(stderr, "sonde trace: %.*s\n", STR_ARG(buf_text(&why)));
    buf_finish(&plain);
    buf_finish(&packed);
    buf_finish(&why);
    return good;
}

static int write_profile(const struct options *options, struct str bytes)
{
    const struct profile_kind *kind = find_kind(options->pprof);
    struct profile profile;
    struct trace_share share;
    struct trace_fault fault = {0};
    struct trace_delay_filter filter;
    bool some;
    if (!kind || !trace_question_filter(&options->question, &filter, &some))
        return exit_usage;
    const struct trace_delay_filter *wanted = some ? &filter : NULL;
    bool found = kind->is_delay ? trace_delays_of(bytes, kind->delay, wanted, tool_mem(), &profile, &share, &fault)
                                : trace_samples(bytes, kind->sampling, wanted, tool_mem(), &profile, &share, &fault);
    if (!found) {
        trace_complain(options->file, &fault);
        return exit_failure;
    }
    if (fault.set)
        trace_tell_loss(options->file, &share, &fault);
    bool good = write_packed(&profile, options->out);
    profile_finish(&profile);
    return good ? exit_fine : exit_failure;
}

static struct trace_conversion conversion_of(const struct options *options)
{
    return (struct trace_conversion){.file = options->file,
                                     .format = options->format,
                                     .out = options->out,
                                     .range = options->question.range,
                                     .goroutine = options->question.goroutine,
                                     .view = options->view};
}

static struct trace_timeline timeline_of(const struct options *options)
{
    return (struct trace_timeline){.file = options->file,
                                   .range = options->question.range,
                                   .rows = options->rows,
                                   .width = options->width,
                                   .json = options->question.json};
}

/* Whether the values of flags are understood, which is found out before anything is fetched or read; says which is not.
 */
static bool check(const struct options *options)
{
    struct trace_conversion conversion = conversion_of(options);
    struct trace_timeline timeline = timeline_of(options);
    const char *debug = options->debug;
    if (debug && strcmp(debug, "parsed") != 0 && strcmp(debug, "wire") != 0 && strcmp(debug, "footprint") != 0) {
        fprintf(stderr, "sonde trace: -d is one of parsed, wire and footprint, not %s\n", debug);
        return false;
    }
    if (options->pprof && !find_kind(options->pprof)) {
        fprintf(stderr, "sonde trace: -pprof is one of net, sync, syscall, sched, cpu and run, not %s\n",
                options->pprof);
        return false;
    }
    return (!options->flame || trace_flame_check(options->flame)) &&
           (!options->format || trace_convert_check(&conversion)) &&
           (!options->timeline || trace_timeline_check(&timeline)) && trace_question_check(&options->question);
}

static int print_debug(const struct options *options, struct str bytes)
{
    struct piped piped = {.output = output_stdout()};
    struct trace_fault fault = {0};
    struct str form = str_of(options->debug);
    struct buf why;
    buf_init(&why, tool_mem());
    buf_init(&piped.text, tool_mem());
    if (str_equal(form, STR("parsed")))
        print_parsed(bytes, &piped, &fault);
    else if (str_equal(form, STR("wire")))
        print_wire(bytes, &piped, &fault);
    else
        trace_raw_footprint(bytes, &piped.text, &fault);
    flush(&piped);
    bool written = output_close(&piped.output, &why);
    if (!written)
        fprintf(stderr, "sonde trace: %.*s\n", STR_ARG(buf_text(&why)));
    else if (fault.set)
        trace_complain(options->file, &fault);
    buf_finish(&piped.text);
    buf_finish(&why);
    return written && !fault.set ? exit_fine : exit_failure;
}

static int run(const struct options *options, struct str bytes)
{
    struct trace_conversion conversion = conversion_of(options);
    struct trace_timeline timeline = timeline_of(options);
    if (options->timeline)
        return trace_timeline(&timeline, options->input, bytes);
    if (options->format)
        return trace_convert(&conversion, bytes);
    if (options->pprof)
        return write_profile(options, bytes);
    if (options->flame)
        return trace_flame(&options->question, options->flame, options->out, bytes);
    if (trace_asks(&options->question))
        return trace_answer(&options->question, bytes);
    return print_debug(options, bytes);
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
        trace_complain(options->file, &fault);
    int status = good ? run(options, buf_text(&binary)) : exit_failure;
    buf_finish(&binary);
    return status;
}

static int complain(const char *file, const struct buf *why)
{
    fprintf(stderr, "sonde trace: %s: %.*s\n", file, STR_ARG(buf_text(why)));
    return exit_failure;
}

int cmd_trace(int argc, char **argv)
{
    struct options options = {0};
    bool parsed = parse(&options, argc, argv);
    bool asked = options.help || options.debug || options.pprof || options.format || options.flame ||
                 options.timeline || trace_asks(&options.question);
    if (!parsed || !asked) {
        fputs(usage, stderr);
        return exit_usage;
    }
    if (options.help) {
        fputs(usage, stdout);
        return exit_fine;
    }
    if (!check(&options))
        return exit_usage;
    struct input input;
    struct buf why;
    options.input = &input;
    buf_init(&why, tool_mem());
    int status = input_open(&input, options.file, tool_mem(), &why) ? run_on_file(&options, input.bytes)
                                                                    : complain(options.file, &why);
    input_close(&input);
    buf_finish(&why);
    return status;
}
