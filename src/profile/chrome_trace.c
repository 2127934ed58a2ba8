/* Chrome's trace-event format: a list of events, each of a thread and at a time, which many tools write. What DevTools
 * records has the chunks of V8's CPU profiles among them: then those are the profile. Else the slices of each thread
 * are nested, whether they come as begin and end or as a whole, and what lies between two changes of a thread's stack
 * is a sample. Times are in microseconds there, nanoseconds here.
 *
 * Such files are cut off, and recorded into rings: an end without a begin is passed over, and what was not ended ends
 * with the last event of its thread.
 */
#include <stdlib.h>
#include <string.h>

#include "profile/foreign_json.h"
#include "profile/v8.h"

enum event_kind { slice_end, slice_begin, slice_whole };

struct event {
    uint32_t thread, order; /* place in the file */
    enum event_kind kind;
    uint32_t value; /* in the JSON */
    int64_t at, length;
};

/* A frame that is open: until a time that is known, or until its end comes (INT64_MAX). */
struct open_frame {
    uint32_t location;
    int64_t end;
};

struct thread {
    int64_t pid, tid;
    struct str name, process; /* empty where not told */
};

struct chrome_trace {
    struct foreign_json *f;
    struct str_map index; /* from pid and tid to threads */
    struct arena keys;
    VEC(struct thread) threads;
    VEC(struct event) events;
    VEC(struct open_frame) open; /* root first */
    VEC(uint32_t) chunks;        /* events with parts of V8's profiles */
    int64_t now;
};

static const int64_t open_end = INT64_MAX;

static struct str member_text(const struct json *json, uint32_t object, struct str key)
{
    return json_text(json, json_member(json, object, key));
}

/* --- Reading events --- */

/* The thread that an event names; PROFILE_NONE on exhaustion. Ids that are no numbers count as 0. */
static uint32_t thread_of(struct chrome_trace *t, uint32_t event)
{
    const struct json *json = &t->f->json;
    struct thread thread = {.pid = 0};
    json_int(json, json_member(json, event, STR("pid")), &thread.pid);
    json_int(json, json_member(json, event, STR("tid")), &thread.tid);
    const int64_t ids[2] = {thread.pid, thread.tid};
    struct str key = {(const char *)ids, sizeof ids};
    uint32_t *known = str_map_find(&t->index, key);
    if (known)
        return *known;
    key = arena_str(&t->keys, key);
    if (!key.p || !str_map_add(&t->index, key, (uint32_t)t->threads.n) ||
        !vec_push(&t->threads, t->f->assembly.mem, thread))
        return PROFILE_NONE;
    return (uint32_t)t->threads.n - 1;
}

/* The location of a slice, with the file and line that some tools give as arguments. */
static uint32_t location_of(struct chrome_trace *t, uint32_t event)
{
    const struct json *json = &t->f->json;
    uint32_t arguments = json_member(json, event, STR("args"));
    struct frame frame = {.function = member_text(json, event, STR("name")),
                          .file = member_text(json, arguments, STR("filename"))};
    if (frame.file.n == 0)
        frame.file = member_text(json, arguments, STR("file"));
    json_int(json, json_member(json, arguments, STR("line")), &frame.line);
    if (frame.function.n == 0)
        frame.function = STR("(unnamed)");
    return assembly_location(&t->f->assembly, &frame);
}

/* The time under a key, in nanoseconds. */
static bool time_at(const struct chrome_trace *t, uint32_t event, struct str key, int64_t *ns)
{
    return foreign_json_scaled(t->f, json_member(&t->f->json, event, key), 1e3, ns);
}

static enum foreign_result add_slice(struct chrome_trace *t, uint32_t value, enum event_kind kind)
{
    struct event event = {.kind = kind, .order = (uint32_t)t->events.n, .value = value};
    if (!time_at(t, value, STR("ts"), &event.at))
        return foreign_json_fail(t->f, value, "an event with a time \"ts\"");
    if (kind == slice_whole && !time_at(t, value, STR("dur"), &event.length))
        event.length = 0;
    if (event.length < 0 || __builtin_add_overflow(event.at, event.length, &(int64_t){0}))
        return foreign_json_fail(t->f, value, "an event with a duration that is not negative");
    event.thread = thread_of(t, value);
    if (event.thread == PROFILE_NONE || !vec_push(&t->events, t->f->assembly.mem, event))
        return foreign_json_exhausted(t->f);
    return foreign_done;
}

/* Metadata: names of threads and processes. */
static enum foreign_result add_name(struct chrome_trace *t, uint32_t event)
{
    const struct json *json = &t->f->json;
    struct str what = member_text(json, event, STR("name"));
    struct str name = member_text(json, json_member(json, event, STR("args")), STR("name"));
    if (!str_equal(what, STR("thread_name")) && !str_equal(what, STR("process_name")))
        return foreign_done;
    uint32_t thread = thread_of(t, event);
    if (thread == PROFILE_NONE)
        return foreign_json_exhausted(t->f);
    if (str_equal(what, STR("thread_name")))
        t->threads.at[thread].name = name;
    else
        t->threads.at[thread].process = name;
    return foreign_done;
}

static enum foreign_result read_event(struct chrome_trace *t, uint32_t event)
{
    const struct json *json = &t->f->json;
    struct str phase = member_text(json, event, STR("ph"));
    if (json->values[event].type != json_object)
        return foreign_json_fail(t->f, event, "an event, which is an object");
    switch (phase.n == 1 ? phase.p[0] : 0) {
    case 'B':
        return add_slice(t, event, slice_begin);
    case 'E':
        return add_slice(t, event, slice_end);
    case 'X':
        return add_slice(t, event, slice_whole);
    case 'M':
        return add_name(t, event);
    case 'P':
        if (!str_starts_with(member_text(json, event, STR("name")), STR("Profile")))
            return foreign_done;
        return vec_push(&t->chunks, t->f->assembly.mem, event) ? foreign_done : foreign_json_exhausted(t->f);
    default:
        return foreign_done; /* an instant, a counter, a flow: nothing that takes time */
    }
}

/* --- Slices --- */

/* Each thread's events by time. At one time those that come as begin and end are in the file's order, which tells how
 * they are nested; whole slices come behind them, the longest first. */
static int by_time(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    if (a->thread != b->thread)
        return a->thread < b->thread ? -1 : 1;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if ((a->kind == slice_whole) != (b->kind == slice_whole))
        return a->kind == slice_whole ? 1 : -1;
    if (a->length != b->length)
        return a->length > b->length ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static bool add_labels(struct chrome_trace *t, const struct thread *thread)
{
    struct assembly *a = &t->f->assembly;
    return (thread->process.n == 0 || assembly_add_text_label(a, STR("process"), thread->process)) &&
           (thread->name.n == 0 || assembly_add_text_label(a, STR("thread"), thread->name)) &&
           assembly_add_number_label(a, STR("pid"), thread->pid) &&
           assembly_add_number_label(a, STR("tid"), thread->tid);
}

/* Adds the time up to `until`, in which the stack was what it is. */
static enum foreign_result add_stretch(struct chrome_trace *t, uint32_t thread, int64_t until)
{
    int64_t values[] = {1, (int64_t)((uint64_t)until - (uint64_t)t->now)};
    if (until <= t->now)
        return foreign_done;
    t->now = until;
    if (t->open.n == 0)
        return foreign_done;
    uint32_t *frames = foreign_json_frames(t->f, t->open.n);
    if (!frames)
        return foreign_broken;
    for (size_t i = 0; i < t->open.n; i++)
        frames[i] = t->open.at[t->open.n - 1 - i].location;
    return assembly_add_sample(&t->f->assembly, t->open.n, values) && add_labels(t, &t->threads.at[thread])
               ? foreign_done
               : foreign_json_exhausted(t->f);
}

/* Goes on to a time, ending the slices that end until then. */
static enum foreign_result advance(struct chrome_trace *t, uint32_t thread, int64_t time)
{
    enum foreign_result result = foreign_done;
    while (result == foreign_done && t->open.n > 0 && t->open.at[t->open.n - 1].end <= time) {
        result = add_stretch(t, thread, t->open.at[t->open.n - 1].end);
        t->open.n--;
    }
    return result == foreign_done ? add_stretch(t, thread, time) : result;
}

/* Opens a slice, which ends no later than the one that it is in. */
static bool open_slice(struct chrome_trace *t, const struct event *event)
{
    int64_t end = event->kind == slice_whole ? event->at + event->length : open_end;
    if (t->open.n > 0 && t->open.at[t->open.n - 1].end < end)
        end = t->open.at[t->open.n - 1].end;
    struct open_frame frame = {location_of(t, event->value), end};
    return frame.location != PROFILE_NONE && vec_push(&t->open, t->f->assembly.mem, frame);
}

/* Closes the innermost slice that waits for its end. */
static void close_slice(struct chrome_trace *t)
{
    size_t n = t->open.n;
    while (n > 0 && t->open.at[n - 1].end != open_end)
        n--;
    if (n > 0)
        t->open.n = n - 1;
}

static enum foreign_result apply_event(struct chrome_trace *t, const struct event *event)
{
    enum foreign_result result = advance(t, event->thread, event->at);
    if (result == foreign_done && event->kind == slice_end)
        close_slice(t);
    else if (result == foreign_done && !open_slice(t, event))
        result = foreign_json_exhausted(t->f);
    return result;
}

/* Ends a thread: what has an end of its own goes on until then. */
static enum foreign_result end_thread(struct chrome_trace *t, uint32_t thread)
{
    enum foreign_result result = foreign_done;
    for (; t->open.n > 0 && result == foreign_done; t->open.n--) {
        int64_t end = t->open.at[t->open.n - 1].end;
        if (end != open_end)
            result = add_stretch(t, thread, end);
    }
    t->open.n = 0;
    return result;
}

static enum foreign_result read_slices(struct chrome_trace *t)
{
    enum foreign_result result = foreign_done;
    if (t->events.n > 0)
        qsort(t->events.at, t->events.n, sizeof *t->events.at, by_time);
    for (size_t i = 0; i < t->events.n && result == foreign_done; i++) {
        const struct event *event = &t->events.at[i];
        if (i == 0 || event->thread != event[-1].thread)
            t->now = event->at;
        result = apply_event(t, event);
        if (result == foreign_done && (i + 1 == t->events.n || event[1].thread != event->thread))
            result = end_thread(t, event->thread);
    }
    return result;
}

/* --- The whole --- */

static bool add_types(struct assembly *a)
{
    return assembly_add_type(a, STR("samples"), STR("count")) &&
           assembly_add_type(a, STR("time"), STR("nanoseconds")) &&
           assembly_set_period(a, STR("time"), STR("nanoseconds"), 0);
}

static enum foreign_result read_trace(struct chrome_trace *t, uint32_t list)
{
    const struct json *json = &t->f->json;
    enum foreign_result result = foreign_done;
    for (uint32_t at = json->values[list].first; at != 0 && result == foreign_done; at = json->values[at].next)
        result = read_event(t, at);
    if (result == foreign_done && !add_types(&t->f->assembly))
        result = foreign_json_exhausted(t->f);
    if (result != foreign_done)
        return result;
    return t->chunks.n > 0 ? foreign_read_v8_chunks(t->f, t->chunks.at, t->chunks.n) : read_slices(t);
}

bool foreign_is_chrome_trace(const struct json *json, uint32_t *list)
{
    uint32_t events = json_member(json, 0, STR("traceEvents"));
    *list = json->values[0].type == json_array ? 0 : events;
    return json->values[*list].type == json_array;
}

enum foreign_result foreign_read_chrome_trace(struct foreign_json *f, uint32_t list)
{
    struct mem *mem = f->assembly.mem;
    struct chrome_trace t = {.f = f};
    str_map_init(&t.index, mem);
    arena_init(&t.keys, mem);
    enum foreign_result result = read_trace(&t, list);
    str_map_finish(&t.index);
    arena_finish(&t.keys);
    vec_finish(&t.threads, mem);
    vec_finish(&t.events, mem);
    vec_finish(&t.open, mem);
    vec_finish(&t.chunks, mem);
    return result;
}
