/* -csv: the entries of -top as a table for other programs, by RFC 4180 but for its line ends. Numbers are not rounded
 * and stand in one unit, which has a column of its own: the profile's, unless another is asked for.
 */
#include "report/exact.h"
#include "report/job.h"
#include "report/number.h"

/* A field, in quotes where it has anything in it that would end it. */
static void put_field(struct buf *out, struct str text)
{
    bool plain = true;
    for (size_t i = 0; i < text.n; i++)
        plain = plain && text.p[i] != ',' && text.p[i] != '"' && text.p[i] != '\n' && text.p[i] != '\r';
    if (plain) {
        buf_str(out, text);
        return;
    }
    buf_byte(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_byte(out, '"');
        buf_byte(out, text.p[i]);
    }
    buf_byte(out, '"');
}

static void put_place(struct buf *out, const struct graph *graph, const struct entry *entry)
{
    put_field(out, graph->entries.files[entry->file]);
    buf_byte(out, ',');
    if (entry->line != 0)
        buf_int(out, entry->line);
    buf_byte(out, ',');
    if (entry->address != 0)
        buf_printf(out, "0x%llx", (unsigned long long)entry->address);
}

static bool put_entry(struct job *job, struct graph *graph, uint32_t node, int64_t *flat_sum)
{
    int64_t flat = graph_flat(graph, node), cum = graph_cum(graph, node), total = job->figures.total;
    struct str name = graph_name(graph, node);
    *flat_sum = number_add(*flat_sum, flat);
    put_field(job->out, name);
    buf_byte(job->out, ',');
    put_place(job->out, graph, &graph->entries.at[graph_entry(graph, node)]);
    const int64_t amounts[] = {flat, cum}, shares[] = {flat, cum};
    for (size_t i = 0; i < 2; i++) {
        buf_byte(job->out, ',');
        exact_put(job->out, &job->figures, amounts[i]);
        buf_byte(job->out, ',');
        exact_put_percentage(job->out, shares[i], total);
        if (i == 0) {
            buf_byte(job->out, ',');
            exact_put_percentage(job->out, *flat_sum, total);
        }
    }
    buf_byte(job->out, ',');
    put_field(job->out, exact_unit(&job->figures));
    buf_byte(job->out, '\n');
    return name.p && job_drain(job);
}

bool csv_write(struct job *job)
{
    struct graph graph;
    if (!graph_init(&graph, job->profile, &job->rules, job->mem))
        return false;
    bool good = graph_trim(&graph, &job->rules);
    int64_t flat_sum = 0;
    buf_str(job->out, STR("name,file,line,address,flat,flat_percent,sum_percent,cum,cum_percent,unit\n"));
    for (uint32_t i = 0; good && i < graph.nlist; i++)
        good = put_entry(job, &graph, graph.list[i], &flat_sum);
    graph_finish(&graph);
    return good;
}
