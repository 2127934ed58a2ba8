/* -callgrind: the graph in the format of valgrind's callgrind, for kcachegrind. Names are written out once and
 * numbered, addresses are written relative to the one before where that is shorter. */
#include <inttypes.h>

#include "base/map.h"
#include "profile/measure.h"
#include "report/callee_names.h"
#include "report/job.h"
#include "report/number.h"
#include "report/order.h"

/* Names are asked for once an edge, of which there may be millions: after the first time an array knows their number.
 */
struct callgrind {
    struct job *job;
    struct graph graph;
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

static unsigned digits(uint64_t value, unsigned base)
{
    unsigned n = 1;
    for (; value >= base; value /= base)
        n++;
    return n;
}

/* An address, or how far it is from the one before where that is shorter. */
static void put_address(struct buf *out, const struct entry *before, uint64_t address)
{
    int64_t distance = before ? (int64_t)(address - before->address) : 0;
    uint64_t magnitude = distance < 0 ? -(uint64_t)distance : (uint64_t)distance;
    if (before && distance == 0) {
        buf_byte(out, '*');
    } else if (before && 1 + digits(magnitude, 10) < 2 + digits(address, 16)) {
        buf_byte(out, distance < 0 ? '-' : '+');
        buf_uint(out, magnitude);
    } else {
        buf_str(out, STR("0x"));
        buf_hex(out, address);
    }
}

/* A value in the unit of the report, as a whole number. */
static int64_t scaled(const struct callgrind *callgrind, int64_t value)
{
    const struct figures *figures = &callgrind->job->figures;
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

static bool put_calls(struct callgrind *callgrind, const struct entry *before, uint32_t node)
{
    struct graph *graph = &callgrind->graph;
    struct buf *out = callgrind->job->out;
    uint32_t *edges = graph->out + graph->out_start[node], n = graph->out_start[node + 1] - graph->out_start[node];
    if (!order_edges(graph, edges, n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct edge *edge = &graph->edges.at[edges[i]];
        const struct entry *callee = entry_of(callgrind, edge->to);
        put_file(callgrind, "cfl=", callee->file);
        put_callee(callgrind, edge->to);
        buf_str(out, STR("calls=0 "));
        put_address(out, before, callee->address);
        buf_byte(out, ' ');
        buf_int(out, callee->line);
        buf_str(out, STR("\n* * "));
        buf_int(out, scaled(callgrind, edge->weight));
        buf_byte(out, '\n');
    }
    return true;
}

static bool put_nodes(struct callgrind *callgrind)
{
    const struct graph *graph = &callgrind->graph;
    struct buf *out = callgrind->job->out;
    const struct entry *before = NULL;
    bool good = true;
    for (uint32_t i = 0; good && i < graph->nlist; i++) {
        const struct entry *entry = entry_of(callgrind, graph->list[i]);
        if (!before || entry->objfile != before->objfile || entry->file != before->file || entry->name != before->name)
            put_heading(callgrind, entry);
        put_address(out, before, entry->address);
        buf_printf(out, " %" PRId64 " %" PRId64 "\n", entry->line,
                   scaled(callgrind, graph_flat(graph, graph->list[i])));
        good = put_calls(callgrind, before, graph->list[i]) && job_drain(callgrind->job);
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
    callgrind->file_numbers = arena_new(&graph->arena, uint32_t, graph->entries.nfiles);
    callgrind->call_numbers = arena_new(&graph->arena, uint32_t, graph->n);
    return callgrind->file_numbers && callgrind->call_numbers && graph_connect(graph, edges_all, NULL) &&
           graph_drop_light_edges(graph) && callee_names(graph, &callgrind->calls) && order_names(graph);
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
    graph_finish(&callgrind.graph);
    return good;
}
