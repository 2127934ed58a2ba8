/* Everything is written as it is converted, in large pieces, so that memory does not grow with the trace. Forms that
 * are no text do not go to a terminal, and never onto the file that they are made from, which is mapped. */
#include "cli/trace_convert.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/tool_mem.h"
#include "trace/raw.h"
#include "trace/reader.h"

enum { flush_at = 1 << 20 };

/* One conversion while it runs. */
struct job {
    const struct trace_conversion *conversion;
    struct str bytes;
    struct output output;
    struct buf text; /* not written yet */
    uint64_t valid;  /* bytes of the trace that are good, once it is broken */
    struct trace_fault fault;
};

static void flush(struct job *job)
{
    output_write(&job->output, buf_text(&job->text));
    job->text.n = 0;
}

static void flush_some(struct job *job)
{
    if (job->text.n >= flush_at)
        flush(job);
}

static void write_binary(struct job *job)
{
    if (trace_header_version(job->bytes, &job->fault) != 0)
        output_write(&job->output, job->bytes);
}

static void write_text(struct job *job)
{
    struct trace_raw raw;
    struct trace_raw_event event;
    if (!trace_raw_init(&raw, job->bytes, &job->fault))
        return;
    buf_printf(&job->text, "Trace Go1.%u\n", raw.version);
    while (!job->output.failed && trace_raw_next(&raw, &event, &job->fault)) {
        trace_raw_print(&event, &job->text);
        flush_some(job);
    }
}

struct form {
    const char *name;
    bool is_binary;
    void (*write)(struct job *job);
};

static const struct form forms[] = {
    {"go", true, write_binary},
    {"text", false, write_text},
};

static const struct form *find_form(const char *name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (str_equal(str_of(forms[i].name), str_of(name)))
            return &forms[i];
    }
    return NULL;
}

/* Whether two paths lead to one file. */
static bool is_same_file(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino && S_ISREG(first.st_mode);
}

static bool open_output(struct job *job, const struct form *form, struct buf *why)
{
    const struct trace_conversion *c = job->conversion;
    if (!c->out) {
        job->output = output_stdout();
        if (form->is_binary && isatty(STDOUT_FILENO)) {
            buf_printf(why, "-format=%s is not text for a terminal: name a file by -o", form->name);
            return false;
        }
        return true;
    }
    if (is_same_file(c->out, c->file)) {
        buf_printf(why, "%s is what is being read: name another file by -o", c->out);
        return false;
    }
    return output_create(&job->output, c->out, why);
}

/* What was wrong with the trace, as one line. */
static void print_fault(const struct job *job)
{
    struct buf why;
    buf_init(&why, tool_mem());
    trace_fault_print(&job->fault, &why);
    fprintf(stderr, "sonde trace: %s: %.*s\n", job->conversion->file, STR_ARG(buf_text(&why)));
    buf_finish(&why);
}

static int run(struct job *job, const struct form *form, struct buf *why)
{
    if (!open_output(job, form, why))
        return exit_failure;
    form->write(job);
    flush(job);
    if (job->fault.set)
        print_fault(job);
    return output_close(&job->output, why) && !job->fault.set ? exit_fine : exit_failure;
}

int trace_convert(const struct trace_conversion *conversion, struct str bytes)
{
    struct job job = {.conversion = conversion, .bytes = bytes};
    const struct form *form = find_form(conversion->format);
    struct buf why;
    buf_init(&why, tool_mem());
    buf_init(&job.text, tool_mem());
    int status = exit_failure;
    if (form)
        status = run(&job, form, &why);
    else
        buf_printf(&why, "-format is one of go and text, not %s", conversion->format);
    if (why.n > 0)
        fprintf(stderr, "sonde trace: %.*s\n", STR_ARG(buf_text(&why)));
    buf_finish(&job.text);
    buf_finish(&why);
    return status;
}
