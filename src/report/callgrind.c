/* -callgrind: the graph in the format of valgrind's callgrind, for kcachegrind. Names are written out once and
 * numbered, addresses are written relative to the one before where that is shorter. */
#include <inttypes.h>
#include <stdio.h>

#include "base/map.h"
#include "profile/measure.h"
#include "report/callee_names.h"
#include "report/job.h"
#include "report/number.h"
#include "report/order.h"

struct callgrind {
    struct job *job;
    struct graph graph;
    struct str_map objfiles, files, names; /* their numbers, from 1 */
    struct str *calls;                     /* per node: its name as a callee */
};

/* "(1) main" at first, then "(1)"; nothing for an empty name. */
static void put_name(struct callgrind *callgrind, struct str_map *numbers, struct str name)
{
    struct buf *out = callgrind->job->out;
    uint32_t fresh = numbers->n + 1;
    if (name.n == 0)
        return;
    uint32_t *number = str_map_add(numbers, name, fresh);
    if (!number) {
        out->failed = true;
        return;
    }
    buf_printf(out, "(%u)", *number);
    if (*number == fresh) {
        buf_byte(out, ' ');
        buf_str(out, name);
    }
}

static void put_name_line(struct callgrind *callgrind, const char *what, struct str_map *numbers, struct str name)
{
    buf_str(callgrind->job->out, str_of(what));
    put_name(callgrind, numbers, name);
    buf_byte(callgrind->job->out, '\n');
}

static void put_address(struct buf *out, const struct entry *before, uint64_t address)
{
    char absolute[32], relative[32];
    int n = snprintf(absolute, sizeof absolute, "0x%" PRIx64, address);
    if (!before) {
        buf_bytes(out, absolute, (size_t)n);
        return;
    }
    if (before->address == address) {
        buf_byte(out, '*');
        return;
    }
    int m = snprintf(relative, sizeof relative, "%+" PRId64, (int64_t)(address - before->address));
    if (m < n)
        buf_bytes(out, relative, (size_t)m);
    else
        buf_bytes(out, absolute, (size_t)n);
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
    put_name_line(callgrind, "ob=", &callgrind->objfiles, graph->profile->strings[entry->objfile]);
    put_name_line(callgrind, "fl=", &callgrind->files, graph->entries.files[entry->file]);
    put_name_line(callgrind, "fn=", &callgrind->names, name_of(callgrind, entry));
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
        put_name_line(callgrind, "cfl=", &callgrind->files, graph->entries.files[callee->file]);
        put_name_line(callgrind, "cfn=", &callgrind->names, callgrind->calls[edge->to]);
        buf_str(out, STR("calls=0 "));
        put_address(out, before, callee->address);
        buf_printf(out, " %" PRId64 "\n* * %" PRId64 "\n", callee->line, scaled(callgrind, edge->weight));
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
        good = put_calls(callgrind, before, graph->list[i]);
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

bool callgrind_write(struct job *job)
{
    struct callgrind callgrind = {.job = job};
    if (!job_graph(job, &callgrind.graph))
        return false;
    str_map_init(&callgrind.objfiles, job->mem);
    str_map_init(&callgrind.files, job->mem);
    str_map_init(&callgrind.names, job->mem);
    bool good = graph_connect(&callgrind.graph, edges_all, NULL) && graph_drop_light_edges(&callgrind.graph) &&
                callee_names(&callgrind.graph, &callgrind.calls) && put_all(&callgrind);
    str_map_finish(&callgrind.objfiles);
    str_map_finish(&callgrind.files);
    str_map_finish(&callgrind.names);
    graph_finish(&callgrind.graph);
    return good;
}
