/* -callgrind: the graph in the format of valgrind's callgrind, for kcachegrind. Names are written out once and
 * numbered, addresses are written relative to the one before where that is shorter. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "profile/measure.h"
#include "report/call_stream.h"
#include "report/callee_names.h"
#include "report/job.h"
#include "report/number.h"
#include "report/order.h"

/* What is written of every call to a node, around an address and in front of a weight. Calls may be millions, so it is
 * made once, when the node's names have their numbers, and lies in one line of the cache. */
struct callee {
    uint64_t address;
    uint8_t nhead, ntail; /* 0: not made */
    char head[36], tail[18];
};
_Static_assert(sizeof(struct callee) == 64, "one line of the cache");

struct callgrind {
    struct job *job;
    struct graph graph;
    struct call_stream *stream;
    struct callee *callees; /* per node */
    struct measure_ratio ratio;
    bool has_ratio;
    struct str_map objfiles, names; /* their numbers, from 1 */
    uint32_t *file_numbers;         /* per file of the entries; 0 for one that was not written yet */
    uint32_t nfiles;                /* that were written */
    struct str *calls;              /* per node: its name as a callee */
    uint32_t *call_numbers;         /* and that name's number; 0 where not known yet */
};

/* "(1) main" where the number is fresh, else "(1)". */
static void put_numbered(struct callgrind *callgrind, const char *what, uint32_t number, bool fresh, struct str name)
{
    struct buf *out = callgrind->job->out;
    buf_str(out, str_of(what));
    buf_byte(out, '(');
    buf_uint(out, number);
    if (fresh) {
        buf_str(out, STR(") "));
        buf_str(out, name);
        buf_byte(out, '\n');
    } else {
        buf_str(out, STR(")\n"));
    }
}

/* A line with a name, or with nothing for an empty one. Returns the name's number. */
static uint32_t put_name(struct callgrind *callgrind, const char *what, struct str_map *numbers, struct str name)
{
    struct buf *out = callgrind->job->out;
    uint32_t fresh = numbers->n + 1;
    if (name.n == 0) {
        buf_str(out, str_of(what));
        buf_byte(out, '\n');
        return 0;
    }
    uint32_t *number = str_map_add(numbers, name, fresh);
    if (!number) {
        out->failed = true;
        return 0;
    }
    put_numbered(callgrind, what, *number, *number == fresh, name);
    return *number;
}

static void put_file(struct callgrind *callgrind, const char *what, uint32_t file)
{
    struct str name = callgrind->graph.entries.files[file];
    uint32_t *number = &callgrind->file_numbers[file];
    bool fresh = *number == 0;
    if (name.n == 0) {
        buf_str(callgrind->job->out, str_of(what));
        buf_byte(callgrind->job->out, '\n');
        return;
    }
    if (fresh)
        *number = ++callgrind->nfiles;
    put_numbered(callgrind, what, *number, fresh, name);
}

static void put_callee(struct callgrind *callgrind, uint32_t node)
{
    uint32_t *number = &callgrind->call_numbers[node];
    if (*number != 0)
        put_numbered(callgrind, "cfn=", *number, false, STR(""));
    else
        *number = put_name(callgrind, "cfn=", &callgrind->names, callgrind->calls[node]);
}

/* Writers of numbers to where there is room for the longest. Each returns where the number ends. */

static char *write_decimal(char *to, uint64_t value)
{
    char digits[20], *end = digits + sizeof digits, *p = end;
    do {
        *--p = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    memcpy(to, p, (size_t)(end - p));
    return to + (end - p);
}

static char *write_hex(char *to, uint64_t value)
{
    unsigned n = 1;
    while (n < 16 && value >> (4 * n) != 0)
        n++;
    for (unsigned i = 0; i < n; i++)
        to[i] = "0123456789abcdef"[value >> (4 * (n - 1 - i)) & 15];
    return to + n;
}

static char *write_int(char *to, int64_t value)
{
    if (value < 0)
        *to++ = '-';
    return write_decimal(to, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

/* An address, or how far it is from the one before where that is shorter. */
static char *write_address(char *to, const struct entry *before, uint64_t address)
{
    int64_t distance = before ? (int64_t)(address - before->address) : 0;
    if (before && distance == 0) {
        *to++ = '*';
        return to;
    }
    char *hex = write_hex(to + 2, address), relative[32], *end = relative;
    to[0] = '0';
    to[1] = 'x';
    if (!before)
        return hex;
    *end++ = distance < 0 ? '-' : '+';
    end = write_decimal(end, distance < 0 ? -(uint64_t)distance : (uint64_t)distance);
    if (end - relative >= hex - to)
        return hex;
    memcpy(to, relative, (size_t)(end - relative));
    return to + (end - relative);
}

/* A value in the unit of the report, as a whole number. */
static int64_t scaled(const struct callgrind *callgrind, int64_t value)
{
    const struct figures *figures = &callgrind->job->figures;
    if (callgrind->has_ratio)
        return number_of(measure_apply(&callgrind->ratio, value));
    return number_of(measure_scale(value, figures->from, figures->to).value);
}

static const struct entry *entry_of(const struct callgrind *callgrind, uint32_t node)
{
    return &callgrind->graph.entries.at[graph_entry(&callgrind->graph, node)];
}

static struct str name_of(const struct callgrind *callgrind, const struct entry *entry)
{
    return callgrind->job->profile->strings[entry->name];
}

static void put_heading(struct callgrind *callgrind, const struct entry *entry)
{
    const struct graph *graph = &callgrind->graph;
    buf_byte(callgrind->job->out, '\n');
    put_name(callgrind, "ob=", &callgrind->objfiles, graph->profile->strings[entry->objfile]);
    put_file(callgrind, "fl=", entry->file);
    put_name(callgrind, "fn=", &callgrind->names, name_of(callgrind, entry));
}

/* Makes what is written of calls to a node whose names have numbers. */
static void make_callee(struct callgrind *callgrind, uint32_t node)
{
    const struct entry *entry = entry_of(callgrind, node);
    struct callee *callee = &callgrind->callees[node];
    uint32_t file = callgrind->file_numbers[entry->file], name = callgrind->call_numbers[node];
    callee->address = entry->address;
    if (file == 0 || name == 0)
        return;
    int head = snprintf(callee->head, sizeof callee->head, "cfl=(%u)\ncfn=(%u)\ncalls=0 ", file, name);
    int tail = snprintf(callee->tail, sizeof callee->tail, " %" PRId64 "\n* * ", entry->line);
    if (head >= (int)sizeof callee->head || tail >= (int)sizeof callee->tail)
        return;
    callee->nhead = (uint8_t)head;
    callee->ntail = (uint8_t)tail;
}

/* More than a line with an address or two numbers is long. */
enum { line_most = 128 };

static void put_first_call(struct callgrind *callgrind, const struct entry *before, const struct call *call)
{
    struct buf *out = callgrind->job->out;
    const struct entry *callee = entry_of(callgrind, call->to);
    put_file(callgrind, "cfl=", callee->file);
    put_callee(callgrind, call->to);
    buf_str(out, STR("calls=0 "));
    char *to = buf_reserve(out, line_most);
    if (to)
        out->n += (size_t)(write_address(to, before, callee->address) - to);
    buf_byte(out, ' ');
    buf_int(out, callee->line);
    buf_str(out, STR("\n* * "));
    buf_int(out, scaled(callgrind, call->weight));
    buf_byte(out, '\n');
    make_callee(callgrind, call->to);
}

static void put_call(struct callgrind *callgrind, const struct entry *before, const struct call *call)
{
    const struct callee *callee = &callgrind->callees[call->to];
    struct buf *out = callgrind->job->out;
    char *to = callee->nhead > 0 ? buf_reserve(out, sizeof *callee + line_most) : NULL;
    if (!to) {
        put_first_call(callgrind, before, call);
        return;
    }
    memcpy(to, callee->head, sizeof callee->head);
    to = write_address(to + callee->nhead, before, callee->address);
    memcpy(to, callee->tail, sizeof callee->tail);
    to = write_int(to + callee->ntail, scaled(callgrind, call->weight));
    *to++ = '\n';
    out->n = (size_t)(to - out->p);
}

static bool put_calls(struct callgrind *callgrind, const struct entry *before)
{
    enum { ahead = 8 };
    const struct call *calls;
    uint32_t n;
    if (!call_stream_next(callgrind->stream, &calls, &n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (i + ahead < n)
            __builtin_prefetch(&callgrind->callees[calls[i + ahead].to]);
        put_call(callgrind, before, &calls[i]);
    }
    return true;
}

/* The line of a node's own weight. */
static void put_own(struct callgrind *callgrind, const struct entry *before, uint32_t node)
{
    const struct entry *entry = entry_of(callgrind, node);
    struct buf *out = callgrind->job->out;
    char *to = buf_reserve(out, line_most);
    if (!to)
        return;
    to = write_address(to, before, entry->address);
    *to++ = ' ';
    to = write_int(to, entry->line);
    *to++ = ' ';
    to = write_int(to, scaled(callgrind, graph_flat(&callgrind->graph, node)));
    *to++ = '\n';
    out->n = (size_t)(to - out->p);
}

static bool put_nodes(struct callgrind *callgrind)
{
    const struct graph *graph = &callgrind->graph;
    const struct entry *before = NULL;
    bool good = true;
    for (uint32_t i = 0; good && i < graph->nlist; i++) {
        const struct entry *entry = entry_of(callgrind, graph->list[i]);
        if (!before || entry->objfile != before->objfile || entry->file != before->file || entry->name != before->name)
            put_heading(callgrind, entry);
        put_own(callgrind, before, graph->list[i]);
        good = put_calls(callgrind, before) && job_drain(callgrind->job);
        before = entry;
    }
    return good;
}

static bool put_all(struct callgrind *callgrind)
{
    struct job *job = callgrind->job;
    const struct profile_value_type *type = &job->profile->sample_types[job->options->sample_index];
    buf_str(job->out, STR("positions: instr line\nevents: "));
    buf_str(job->out, job->options->mean ? STR("mean_") : STR(""));
    buf_str(job->out, job->profile->strings[type->type]);
    buf_byte(job->out, '(');
    buf_str(job->out, job->figures.to);
    buf_str(job->out, STR(")\n"));
    return put_nodes(callgrind);
}

static bool connect(struct callgrind *callgrind)
{
    struct graph *graph = &callgrind->graph;
    const struct figures *figures = &callgrind->job->figures;
    callgrind->file_numbers = arena_new(&graph->arena, uint32_t, graph->entries.nfiles);
    callgrind->call_numbers = arena_new(&graph->arena, uint32_t, graph->n);
    callgrind->callees = arena_alloc(&graph->arena, graph->n, sizeof *callgrind->callees, sizeof *callgrind->callees);
    callgrind->has_ratio = measure_ratio(figures->from, figures->to, &callgrind->ratio);
    if (!callgrind->file_numbers || !callgrind->call_numbers || !callgrind->callees ||
        !callee_names(graph, &callgrind->calls))
        return false;
    callgrind->stream = call_stream_create(graph);
    return callgrind->stream != NULL;
}

bool callgrind_write(struct job *job)
{
    struct callgrind callgrind = {.job = job};
    if (!job_graph(job, &callgrind.graph))
        return false;
    str_map_init(&callgrind.objfiles, job->mem);
    str_map_init(&callgrind.names, job->mem);
    bool good = connect(&callgrind) && put_all(&callgrind);
    str_map_finish(&callgrind.objfiles);
    str_map_finish(&callgrind.names);
    call_stream_destroy(callgrind.stream);
    graph_finish(&callgrind.graph);
    return good;
}
