#include "trace/entry.h"

/* Notes where a goroutine is that changes its state, and what it is called; false on exhaustion. */
static bool name_change(struct sites *sites, const struct trace_event *e, const struct trace_transition *t,
                        struct entry *entry)
{
    bool has_site = t->from != t->to && t->to != go_running && t->to != go_not_exist;
    uint64_t own = trace_event_stack(e);
    struct site_known known;
    if (has_site) {
        if (!sites_find(sites, e->table, own, t->reason, &known))
            return false;
        entry->where = known.site;
    }
    if (!t->has_stack)
        return true;
    if (has_site && t->stack == own) {
        entry->name = known.outermost;
        return true;
    }
    uint32_t stack = sites_stack(sites, e->table, t->stack);
    if (stack != SITE_NONE)
        entry->name = sites->stacks.at[stack].outermost;
    return stack != SITE_NONE;
}

static bool name_range(struct sites *sites, const struct trace_event *e, struct entry *entry, uint32_t name)
{
    uint64_t stack = trace_event_stack(e);
    entry->name = name;
    entry->where = sites_site(sites, stack ? sites_stack(sites, e->table, stack) : 0, name);
    return entry->where != SITE_NONE;
}

/* Notes the event's own stack and a name; false on exhaustion. */
static bool name_other(struct sites *sites, const struct trace_event *e, struct entry *entry, uint32_t name)
{
    entry->name = name;
    entry->where = sites_stack(sites, e->table, trace_event_stack(e));
    return name != SITE_NONE && entry->where != SITE_NONE;
}

static bool name_log(struct sites *sites, const struct trace_event *e, struct entry *entry)
{
    uint32_t category = sites_string(sites, e->table, e->args[1]);
    entry->other = category;
    return category != SITE_NONE && name_other(sites, e, entry, sites_string(sites, e->table, e->args[2]));
}

static bool make_other(struct sites *sites, const struct trace_event *e, struct entry *entry)
{
    entry->id = (int64_t)e->args[0];
    switch (e->type) {
    case ev_stw_begin:
    case ev_stw_end:
        return name_range(sites, e, entry, sites_string(sites, e->table, e->args[0]));
    case ev_gc_active:
    case ev_gc_begin:
    case ev_gc_end:
        return name_range(sites, e, entry, sites_name(sites, STR("GC concurrent mark phase")));
    case ev_gc_sweep_begin:
    case ev_gc_sweep_end:
        entry->id = e->p;
        return name_range(sites, e, entry, sites_name(sites, STR("GC incremental sweep")));
    case ev_gc_sweep_active:
        return name_range(sites, e, entry, sites_name(sites, STR("GC incremental sweep")));
    case ev_gc_mark_assist_begin:
    case ev_gc_mark_assist_end:
        entry->id = e->g;
        return name_range(sites, e, entry, sites_name(sites, STR("GC mark assist")));
    case ev_gc_mark_assist_active:
        return name_range(sites, e, entry, sites_name(sites, STR("GC mark assist")));
    case ev_user_region_begin:
    case ev_user_region_end:
        return name_other(sites, e, entry, sites_string(sites, e->table, e->args[1]));
    case ev_user_task_begin:
        entry->other = e->args[1];
        return name_other(sites, e, entry, sites_string(sites, e->table, e->args[2]));
    case ev_user_task_end:
        return name_other(sites, e, entry, sites_name(sites, e->table->extras.at[e->args[3]]));
    case ev_user_log:
        return name_log(sites, e, entry);
    case ev_cpu_sample:
        return name_other(sites, e, entry, 0);
    case ev_go_label:
        entry->name = sites_string(sites, e->table, e->args[0]);
        return entry->name != SITE_NONE;
    default:
        return true;
    }
}

/* A number by itself: two that were just written one by one and are read together make the processor wait. */
static inline int64_t alone(int64_t number)
{
    __asm__("" : "+r"(number));
    return number;
}

bool entry_make(struct sites *sites, const struct trace_event *e, struct entry *entry)
{
    *entry = (struct entry){.time = alone(e->time), .m = alone(e->m), .p = alone(e->p), .g = alone(e->g)};
    entry->type = e->type;
    struct trace_transition t;
    if (e->type == ev_mark)
        return true;
    if (!trace_event_transition(e, &t))
        return make_other(sites, e, entry);
    entry->id = t.id;
    entry->change = t.is_goroutine ? entry_of_goroutine : entry_of_proc;
    entry->from = t.from;
    entry->to = t.to;
    return !t.is_goroutine || name_change(sites, e, &t, entry);
}
