/* Packets are written in the order in which slices end; the reader sorts them by time. */
#include "trace/perfetto.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "wire/proto.h"

/* Numbers of fields. */
enum { trace_packet = 1 };
enum {
    packet_clock_snapshot = 6,
    packet_timestamp = 8,
    packet_sequence = 10,
    packet_track_event = 11,
    packet_interned_data = 12,
    packet_sequence_flags = 13,
    packet_track_descriptor = 60,
    packet_is_first = 87,
};
enum {
    track_uuid = 1,
    track_name = 2,
    track_parent = 5,
    track_counter = 8,
    track_child_ordering = 11,
    track_rank = 12,
};
enum { counter_unit = 3 };
enum {
    event_categories = 3,
    event_annotations = 4,
    event_type = 9,
    event_name_iid = 10,
    event_track = 11,
    event_name = 23,
    event_counter_value = 30,
    event_flows = 47,
    event_flow_ends = 48,
    event_callstack_iid = 56,
};
enum {
    interned_categories = 1,
    interned_names = 2,
    interned_annotation_names = 3,
    interned_functions = 5,
    interned_frames = 6,
    interned_callstacks = 7,
    interned_mappings = 19,
    interned_strings = 29,
};
enum { iid = 1, interned_text = 2 };
enum { frame_function = 2, frame_mapping = 3, frame_pc = 4 };
enum { callstack_frames = 2 };
enum { annotation_name = 1, annotation_uint = 3, annotation_bool = 2, annotation_string_iid = 17 };
enum { clock_id = 1, clock_time = 2 };

enum { type_begin = 1, type_end, type_instant, type_counter };
enum { state_cleared = 1, state_needed = 2 };
enum { ordering_explicit = 3 };
enum { unit_count = 2, unit_bytes = 3 };
enum { clock_realtime = 1, clock_monotonic = 3, clock_boottime = 6 };

enum { most_names = 1 << 16 /* interned; more are written in full */, our_sequence = 1, our_mapping = 1 };
enum { frame_is_interned = 1, stack_is_interned = 2 };

/* Categories and names of annotations, interned before the first event; their ids are their places from 1. */
enum category {
    category_run = 1,
    category_state,
    category_syscall,
    category_collector,
    category_region,
    category_task,
    category_wake,
    category_sched,
    category_user
};
static const char *const categories[] = {"run", "state", "syscall", "gc", "region", "task", "wake", "sched", "user"};
enum annotation {
    annotation_at = 1,
    annotation_ended_at,
    annotation_blocked,
    annotation_task,
    annotation_parent,
    annotation_thread,
    annotation_proc
};
static const char *const annotations[] = {"at", "ended at", "blocked", "task", "parent task", "thread", "proc"};

static const uint8_t category_of_kind[] = {
    [timeline_run] = category_run,         [timeline_runnable] = category_state,
    [timeline_waiting] = category_state,   [timeline_syscall_state] = category_syscall,
    [timeline_syscall] = category_syscall, [timeline_range] = category_collector,
    [timeline_region] = category_region,   [timeline_task] = category_task,
};

static void put_fixed64(struct buf *out, uint32_t number, uint64_t value)
{
    proto_put_varint(out, (uint64_t)number << 3 | proto_fixed64);
    for (int i = 0; i < 8; i++)
        buf_byte(out, (char)(value >> (8 * i)));
}

/* The number of a track: of a kind (a group, or one of those below) and what it is of. */
enum { kind_group = 64, kind_region, kind_counter };

static uint64_t uuid_of(uint64_t kind, uint64_t id)
{
    return hash_fold(hash_u64(kind + 1), id) | 1;
}

static uint64_t row_uuid(struct timeline_row row)
{
    return uuid_of(row.group, (uint64_t)row.id);
}

/* An entry of interned data with an id and a text. */
static void put_entry(struct buf *out, uint32_t field, uint64_t id, struct str text)
{
    size_t mark = proto_begin(out, field);
    proto_put_uint(out, iid, id);
    proto_put_str(out, interned_text, text);
    proto_end(out, mark);
}

static void intern_constants(struct buf *fresh)
{
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        put_entry(fresh, interned_categories, i + 1, str_of(categories[i]));
    for (size_t i = 0; i < sizeof annotations / sizeof *annotations; i++)
        put_entry(fresh, interned_annotation_names, i + 1, str_of(annotations[i]));
    size_t mark = proto_begin(fresh, interned_mappings);
    proto_put_uint(fresh, iid, our_mapping);
    proto_end(fresh, mark);
}

/* Begins a packet; its end is proto_end of what is returned. */
static size_t begin_packet(struct perfetto *perfetto)
{
    struct buf *out = perfetto->out;
    size_t mark = proto_begin(out, trace_packet);
    proto_put_uint(out, packet_sequence, our_sequence);
    if (!perfetto->began) {
        proto_put_uint(out, packet_is_first, 1);
        proto_put_uint(out, packet_sequence_flags, state_cleared);
        size_t data = proto_begin(out, packet_interned_data);
        intern_constants(out);
        proto_end(out, data);
    } else {
        proto_put_uint(out, packet_sequence_flags, state_needed);
    }
    perfetto->began = true;
    return mark;
}

/* Describes a track; `field` and `value` are one more number of it, where field is not 0. */
static void put_track(struct perfetto *perfetto, uint64_t uuid, uint64_t parent, struct str name, uint32_t field,
                      uint64_t value, uint64_t unit)
{
    struct buf *out = perfetto->out;
    size_t packet = begin_packet(perfetto), track = proto_begin(out, packet_track_descriptor);
    proto_put_uint(out, track_uuid, uuid);
    proto_put_str(out, track_name, name);
    if (parent != 0)
        proto_put_uint(out, track_parent, parent);
    if (field != 0)
        proto_put_uint(out, field, value);
    if (unit != 0) {
        size_t counter = proto_begin(out, track_counter);
        proto_put_uint(out, counter_unit, unit);
        proto_end(out, counter);
    }
    proto_end(out, track);
    proto_end(out, packet);
}

static uint64_t group_uuid(struct perfetto *perfetto, enum timeline_group group)
{
    uint64_t uuid = uuid_of(kind_group, group);
    if (!(perfetto->groups & 1u << group)) {
        perfetto->groups |= 1u << group;
        put_track(perfetto, uuid, 0, str_of(timeline_group_names[group]), track_child_ordering, ordering_explicit, 0);
    }
    return uuid;
}

static void put_row(struct timeline_sink *sink, struct timeline_row row, struct str name, bool again)
{
    struct perfetto *perfetto = (struct perfetto *)sink;
    bool is_special = row.group == timeline_procs && row.id >= timeline_network_row && row.id <= timeline_collector_row;
    int64_t rank = is_special ? -(row.id - timeline_network_row) - 1 : row.id;
    if (again) /* the first name holds */
        return;
    rank = rank > INT32_MAX ? INT32_MAX : rank;
    put_track(perfetto, row_uuid(row), group_uuid(perfetto, row.group), name, track_rank, (uint64_t)rank, 0);
}

/* Whether bit `bit` of entry i was not set; it is then. */
static bool is_fresh(struct perfetto *perfetto, bool of_node, uint32_t i, uint8_t bit)
{
    size_t n = of_node ? perfetto->timeline.frames.nodes.n : perfetto->timeline.frames.texts.n;
    size_t had = of_node ? perfetto->nodes.n : perfetto->texts.n;
    if (had < n) {
        bool good = of_node ? vec_reserve(&perfetto->nodes, perfetto->mem, n - had)
                            : vec_reserve(&perfetto->texts, perfetto->mem, n - had);
        if (!good) {
            perfetto->timeline.failed = true;
            return false;
        }
        memset((of_node ? perfetto->nodes.at : perfetto->texts.at) + had, 0, n - had);
        *(of_node ? &perfetto->nodes.n : &perfetto->texts.n) = n;
    }
    uint8_t *flags = of_node ? &perfetto->nodes.at[i] : &perfetto->texts.at[i];
    bool fresh = !(*flags & bit);
    *flags |= bit;
    return fresh;
}

static void intern_frame(struct perfetto *perfetto, uint32_t node)
{
    const struct frame_node *frame = &perfetto->timeline.frames.nodes.at[node];
    struct buf *fresh = &perfetto->fresh;
    if (!is_fresh(perfetto, true, node, frame_is_interned))
        return;
    if (is_fresh(perfetto, false, frame->func, 1))
        put_entry(fresh, interned_functions, (uint64_t)frame->func + 1,
                  perfetto->timeline.frames.texts.at[frame->func]);
    size_t mark = proto_begin(fresh, interned_frames);
    proto_put_uint(fresh, iid, node);
    proto_put_uint(fresh, frame_function, (uint64_t)frame->func + 1);
    proto_put_uint(fresh, frame_mapping, our_mapping);
    proto_put_uint(fresh, frame_pc, frame->pc);
    proto_end(fresh, mark);
}

/* Interns a stack, and where it is: the function and line of its leaf. */
static void intern_stack(struct perfetto *perfetto, uint32_t node)
{
    const struct frame_node *nodes = perfetto->timeline.frames.nodes.at;
    const struct str *texts = perfetto->timeline.frames.texts.at;
    struct buf *fresh = &perfetto->fresh, text;
    uint32_t path[trace_max_stack];
    unsigned n = 0;
    if (!is_fresh(perfetto, true, node, stack_is_interned))
        return;
    for (uint32_t i = node; i != 0 && n < trace_max_stack; i = nodes[i].parent)
        path[n++] = i;
    for (unsigned i = 0; i < n; i++)
        intern_frame(perfetto, path[i]);
    size_t mark = proto_begin(fresh, interned_callstacks);
    proto_put_uint(fresh, iid, node);
    while (n-- > 0)
        proto_put_uint(fresh, callstack_frames, path[n]);
    proto_end(fresh, mark);
    buf_init(&text, perfetto->mem);
    buf_printf(&text, "%.*s %.*s:%" PRIu64, STR_ARG(texts[nodes[node].func]), STR_ARG(texts[nodes[node].file]),
               nodes[node].line);
    put_entry(fresh, interned_strings, node, buf_text(&text));
    fresh->failed |= text.failed;
    buf_finish(&text);
}

/* Puts an event's name into it: by its number, or (where there are very many) in full. */
static void put_name(struct perfetto *perfetto, struct str name)
{
    uint32_t *known = str_map_find(&perfetto->name_ids, name), id = perfetto->name_ids.n + 1;
    if (!known && id > most_names) {
        proto_put_str(&perfetto->event, event_name, name);
        return;
    }
    if (!known) {
        struct str copy = arena_str(&perfetto->arena, name);
        if (!copy.p || !(known = str_map_add(&perfetto->name_ids, copy, id))) {
            perfetto->timeline.failed = true;
            return;
        }
        put_entry(&perfetto->fresh, interned_names, id, name);
    }
    proto_put_uint(&perfetto->event, event_name_iid, *known);
}

static void annotate(struct perfetto *perfetto, enum annotation name, uint32_t field, uint64_t value)
{
    size_t mark = proto_begin(&perfetto->event, event_annotations);
    proto_put_uint(&perfetto->event, annotation_name, name);
    proto_put_uint(&perfetto->event, field, value);
    proto_end(&perfetto->event, mark);
}

static void begin_event(struct perfetto *perfetto, int type, uint64_t track)
{
    perfetto->event.n = perfetto->fresh.n = 0;
    proto_put_uint(&perfetto->event, event_type, (uint64_t)type);
    proto_put_uint(&perfetto->event, event_track, track);
}

static void put_category(struct perfetto *perfetto, unsigned category)
{
    proto_put_uint(&perfetto->event, event_categories, category);
}

/* Says where an event is; the whole stack too, where it begins there. */
static void put_place(struct perfetto *perfetto, enum annotation name, uint32_t stack)
{
    if (stack == 0)
        return;
    intern_stack(perfetto, stack);
    annotate(perfetto, name, annotation_string_iid, stack);
    if (name == annotation_at)
        proto_put_uint(&perfetto->event, event_callstack_iid, stack);
}

static void end_event(struct perfetto *perfetto, int64_t time)
{
    struct buf *out = perfetto->out;
    size_t packet = begin_packet(perfetto);
    /* Times are not negative there; the begin of a v1 trace is, by 1 ns. */
    proto_put_uint(out, packet_timestamp, time < 0 ? 0 : (uint64_t)time);
    if (perfetto->fresh.n > 0)
        proto_put_str(out, packet_interned_data, buf_text(&perfetto->fresh));
    proto_put_str(out, packet_track_event, buf_text(&perfetto->event));
    proto_end(out, packet);
    out->failed |= perfetto->fresh.failed || perfetto->event.failed;
}

/* The track of a slice. Regions have one of their own below that of their goroutine, for they may reach over its
 * states; tasks have one each, which the viewer puts together by their types. */
static uint64_t track_of(struct perfetto *perfetto, const struct timeline_slice *slice)
{
    uint64_t id = (uint64_t)slice->row.id;
    if (slice->kind == timeline_task) {
        uint64_t uuid = row_uuid(slice->row);
        put_track(perfetto, uuid, group_uuid(perfetto, timeline_tasks), slice->name, 0, 0, 0);
        return uuid;
    }
    if (slice->kind != timeline_region)
        return row_uuid(slice->row);
    uint64_t uuid = uuid_of(kind_region, id);
    uint32_t *known = map_add(&perfetto->region_tracks, id, 0);
    if (!known)
        perfetto->timeline.failed = true;
    else if (*known == 0) {
        *known = 1;
        put_track(perfetto, uuid, row_uuid(slice->row), STR("regions"), 0, 0, 0);
    }
    return uuid;
}

static void put_slice(struct timeline_sink *sink, const struct timeline_slice *slice)
{
    struct perfetto *perfetto = (struct perfetto *)sink;
    uint64_t track = track_of(perfetto, slice);
    begin_event(perfetto, type_begin, track);
    put_category(perfetto, category_of_kind[slice->kind]);
    put_name(perfetto, slice->name);
    if (slice->arrow != 0)
        put_fixed64(&perfetto->event, event_flow_ends, slice->arrow);
    put_place(perfetto, annotation_at, slice->stack);
    if (slice->has_blocked)
        annotate(perfetto, annotation_blocked, annotation_bool, slice->blocked);
    if (slice->task != 0)
        annotate(perfetto, annotation_task, annotation_uint, slice->task);
    if (slice->parent != 0)
        annotate(perfetto, annotation_parent, annotation_uint, slice->parent);
    end_event(perfetto, slice->start);
    begin_event(perfetto, type_end, track);
    put_place(perfetto, annotation_ended_at, slice->end_stack);
    end_event(perfetto, slice->end);
}

static void put_instant(struct timeline_sink *sink, const struct timeline_instant *instant)
{
    struct perfetto *perfetto = (struct perfetto *)sink;
    begin_event(perfetto, type_instant, row_uuid(instant->row));
    put_category(perfetto, instant->category.n > 0 ? category_user : category_sched);
    if (instant->category.n > 0) /* what users log is of all kinds */
        proto_put_str(&perfetto->event, event_name, instant->name);
    else
        put_name(perfetto, instant->name);
    put_place(perfetto, annotation_at, instant->stack);
    if (instant->has_context) {
        annotate(perfetto, annotation_thread, annotation_uint, (uint64_t)instant->thread);
        annotate(perfetto, annotation_proc, annotation_uint, (uint64_t)instant->proc);
    }
    end_event(perfetto, instant->time);
}

/* Flows connect events: an instant where the arrow starts, and the slice that it led to. */
static void put_arrow(struct timeline_sink *sink, const struct timeline_arrow *arrow)
{
    struct perfetto *perfetto = (struct perfetto *)sink;
    begin_event(perfetto, type_instant, row_uuid(arrow->from));
    put_category(perfetto, category_wake);
    put_name(perfetto, arrow->name);
    put_fixed64(&perfetto->event, event_flows, arrow->id);
    put_place(perfetto, annotation_at, arrow->stack);
    end_event(perfetto, arrow->start);
}

static void put_count(struct timeline_sink *sink, const struct timeline_count *count)
{
    struct perfetto *perfetto = (struct perfetto *)sink;
    const char *const *names = timeline_value_names[count->counter];
    for (unsigned i = 0; i < 3 && names[i]; i++) {
        unsigned place = (unsigned)count->counter * 3 + i;
        uint64_t uuid = uuid_of(kind_counter, place);
        bool is_goal = count->counter == timeline_heap && i == 1;
        if (!(perfetto->counters & 1u << place)) {
            char name[64];
            perfetto->counters |= 1u << place;
            snprintf(name, sizeof name, "%s: %s", timeline_counter_names[count->counter], is_goal ? "Goal" : names[i]);
            put_track(perfetto, uuid, group_uuid(perfetto, timeline_stats), str_of(name), track_rank, place,
                      count->counter == timeline_heap ? unit_bytes : unit_count);
        }
        begin_event(perfetto, type_counter, uuid);
        proto_put_uint(&perfetto->event, event_counter_value, is_goal ? perfetto->timeline.goal : count->values[i]);
        end_event(perfetto, count->time);
    }
}

/* What other clocks showed: the viewer shows the time of the day. */
static void put_clocks(struct perfetto *perfetto, const struct trace_table *table)
{
    const struct trace_clocks *clocks = &table->clocks;
    const uint64_t times[][2] = {{clock_boottime, (uint64_t)trace_ns(table, clocks->time)},
                                 {clock_monotonic, clocks->mono},
                                 {clock_realtime, clocks->sec * 1000000000 + clocks->nsec}};
    struct buf *out = perfetto->out;
    size_t packet = begin_packet(perfetto), snapshot = proto_begin(out, packet_clock_snapshot);
    for (int i = 0; i < 3; i++) {
        size_t clock = proto_begin(out, 1);
        proto_put_uint(out, clock_id, times[i][0]);
        proto_put_uint(out, clock_time, times[i][1]);
        proto_end(out, clock);
    }
    proto_put_uint(out, 2, clock_boottime);
    proto_end(out, snapshot);
    proto_end(out, packet);
}

bool perfetto_begin(struct perfetto *perfetto, struct mem *mem, const bool groups[timeline_groups],
                    struct trace_range range)
{
    *perfetto = (struct perfetto){
        .mem = mem,
        .sink = {.row = put_row, .slice = put_slice, .instant = put_instant, .arrow = put_arrow, .count = put_count}};
    buf_init(&perfetto->event, mem);
    buf_init(&perfetto->fresh, mem);
    arena_init(&perfetto->arena, mem);
    str_map_init(&perfetto->name_ids, mem);
    map_init(&perfetto->region_tracks, mem);
    return timeline_init(&perfetto->timeline, mem, &perfetto->sink, groups, range);
}

void perfetto_finish(struct perfetto *perfetto)
{
    timeline_finish(&perfetto->timeline);
    buf_finish(&perfetto->event);
    buf_finish(&perfetto->fresh);
    arena_finish(&perfetto->arena);
    str_map_finish(&perfetto->name_ids);
    map_finish(&perfetto->region_tracks);
    vec_finish(&perfetto->texts, perfetto->mem);
    vec_finish(&perfetto->nodes, perfetto->mem);
}

bool perfetto_add(struct perfetto *perfetto, const struct trace_event *event, struct buf *out)
{
    perfetto->out = out;
    if (event->type == ev_mark && event->table && event->table->has_clocks)
        put_clocks(perfetto, event->table);
    return timeline_add(&perfetto->timeline, event);
}

bool perfetto_end(struct perfetto *perfetto, struct buf *out)
{
    perfetto->out = out;
    return timeline_end(&perfetto->timeline) && !out->failed;
}
