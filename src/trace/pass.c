#include "trace/pass.h"

#include "trace/reader.h"

static void note(struct trace_extent *x, const struct trace_event *e, struct trace_share share)
{
    if (x->events++ == 0)
        x->begin = e->time;
    x->last = e->time;
    if (e->type != ev_mark)
        return;
    x->marked = x->events;
    x->end = e->time;
    x->share = share;
}

bool trace_pass(struct str bytes, struct mem *mem, uint64_t most, trace_take *take, void *state,
                struct trace_extent *extent, struct trace_fault *fault)
{
    struct trace_extent x = {.share = {0, bytes.n}};
    struct trace_reader *reader = trace_reader_create(bytes, mem, fault);
    if (!reader)
        return false;
    x.version = trace_header_version(bytes, fault);
    const struct trace_event *e;
    bool good = true;
    while (good && x.events < most && (e = trace_reader_next(reader))) {
        note(&x, e, (struct trace_share){trace_reader_valid(reader), bytes.n});
        good = take(state, e);
    }
    if (!good)
        trace_fault_at(fault, 0, "out of memory");
    else if (trace_reader_fault(reader)->set)
        *fault = *trace_reader_fault(reader);
    else if (x.marked == 0)
        good = trace_fault_at(fault, 0, "nothing of the trace is good");
    trace_reader_destroy(reader);
    *extent = x;
    return good && x.marked > 0;
}
