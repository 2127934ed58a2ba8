#include "report/job.h"

#include "profile/measure.h"
#include "report/number.h"

/* The smallest magnitude in the list that is not 0: flat where there is any, else cum; 0 where all are 0. */
static int64_t smallest_value(const struct graph *graph)
{
    int64_t smallest = 0;
    for (uint32_t i = 0; i < graph->nlist; i++) {
        int64_t value = number_abs(graph_flat(graph, graph->list[i]));
        if (value == 0)
            value = number_abs(graph_cum(graph, graph->list[i]));
        if (value > 0 && (smallest == 0 || value < smallest))
            smallest = value;
    }
    return smallest;
}

void job_choose_unit(struct job *job, const struct graph *graph)
{
    struct figures *figures = &job->figures;
    struct str minimum = STR("minimum");
    if (!str_equal(figures->to, minimum) || graph->nlist == 0)
        return;
    int64_t least = smallest_value(graph), most = figures->total;
    if (least == 0)
        least = most;
    if (figures->ratio > 0 && figures->ratio != 1) {
        least = number_of((double)least * figures->ratio);
        most = number_of((double)most * figures->ratio);
    }
    int64_t larger = (int64_t)((uint64_t)least * 100);
    struct str unit = measure_scale(least, figures->from, minimum).unit;
    if (!str_equal(unit, measure_scale(most, figures->from, minimum).unit) && larger < most &&
        job->options->format != report_callgrind)
        unit = measure_scale(larger, figures->from, minimum).unit;
    figures->to = unit.n > 0 ? unit : figures->from;
}

bool job_graph(struct job *job, struct graph *graph)
{
    if (!graph_init(graph, job->profile, &job->rules, job->mem))
        return false;
    if (!graph_trim(graph, &job->rules)) {
        graph_finish(graph);
        return false;
    }
    job_choose_unit(job, graph);
    return true;
}

struct str job_label_unit(const struct job *job, struct str key)
{
    for (uint32_t i = 0; i < job->basis->nunits; i++) {
        if (str_equal(job->basis->units[i].key, key))
            return job->basis->units[i].unit;
    }
    return STR("");
}

bool job_drain(struct job *job)
{
    enum { enough = 1 << 20 };
    if (!job->options->drain || job->out->n < enough)
        return !job->out->failed;
    return !job->out->failed && job->options->drain(job->options->drain_to, job->out);
}
