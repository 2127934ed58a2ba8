/* V8's profiles are call trees: a .cpuprofile has a list of nodes that name their children, and which node was running
 * at each tick; a .heapprofile (and an old .cpuprofile) has its nodes inside each other. Both become one sample for
 * each node that has something of its own. Lines and columns count from 0 there, from 1 here. In a trace a profile
 * comes in chunks: nodes that name their parents, and ticks. */
#include "profile/v8.h"

struct node {
    uint32_t location, parent; /* PROFILE_NONE: the root, which is left out; none */
    int64_t count, amount;
};

struct tree {
    struct foreign_json *f;
    VEC(struct node) nodes;
    VEC(uint32_t) values; /* the nodes' JSON values */
    struct map by_id;
    bool is_heap;
};

/* Appends the node that a JSON value describes. False on exhaustion. */
static bool add_node(struct tree *t, uint32_t value, uint32_t parent)
{
    const struct json *json = &t->f->json;
    struct mem *mem = t->f->assembly.mem;
    uint32_t call = json_member(json, value, STR("callFrame"));
    uint32_t from = call != 0 ? call : value; /* old profiles have the names in the node itself */
    struct frame frame = {.function = json_text(json, json_member(json, from, STR("functionName"))),
                          .file = json_text(json, json_member(json, from, STR("url"))),
                          .line = -1,
                          .column = -1};
    struct node node = {.location = PROFILE_NONE, .parent = parent};
    int64_t id = 0;
    json_int(json, json_member(json, from, STR("lineNumber")), &frame.line);
    json_int(json, json_member(json, from, STR("columnNumber")), &frame.column);
    frame.line = frame.line < 0 || frame.line == INT64_MAX ? 0 : frame.line + 1;
    frame.column = frame.column < 0 || frame.column == INT64_MAX ? 0 : frame.column + 1;
    json_int(json, json_member(json, value, STR("hitCount")), &node.count);
    json_int(json, json_member(json, value, STR("selfSize")), &node.amount);
    if (!str_equal(frame.function, STR("(root)"))) {
        if (frame.function.n == 0)
            frame.function = STR("(anonymous)");
        node.location = assembly_location(&t->f->assembly, &frame);
        if (node.location == PROFILE_NONE)
            return false;
    }
    if (json_int(json, json_member(json, value, STR("id")), &id) &&
        !map_add(&t->by_id, (uint64_t)id, (uint32_t)t->nodes.n))
        return false;
    return vec_push(&t->nodes, mem, node) && vec_push(&t->values, mem, value);
}

/* Reads the list of nodes, then what their children are. */
static enum foreign_result read_list(struct tree *t, uint32_t list)
{
    const struct json *json = &t->f->json;
    for (uint32_t at = json->values[list].first; at != 0; at = json->values[at].next) {
        if (!add_node(t, at, PROFILE_NONE))
            return foreign_json_exhausted(t->f);
    }
    for (uint32_t i = 0; i < t->nodes.n; i++) {
        uint32_t children = json_member(json, t->values.at[i], STR("children"));
        if (children == 0 || json->values[children].type != json_array)
            continue;
        for (uint32_t at = json->values[children].first; at != 0; at = json->values[at].next) {
            int64_t id;
            const uint32_t *child = json_int(json, at, &id) ? map_find(&t->by_id, (uint64_t)id) : NULL;
            if (!child || *child <= i || t->nodes.at[*child].parent != PROFILE_NONE)
                return foreign_json_fail(t->f, at, "the id of a later node that has no parent yet");
            t->nodes.at[*child].parent = i;
        }
    }
    return foreign_done;
}

/* Reads nodes that hold their children, level by level. */
static enum foreign_result read_nested(struct tree *t, uint32_t head)
{
    const struct json *json = &t->f->json;
    if (!add_node(t, head, PROFILE_NONE))
        return foreign_json_exhausted(t->f);
    for (uint32_t i = 0; i < t->nodes.n; i++) {
        uint32_t children = json_member(json, t->values.at[i], STR("children"));
        if (children == 0 || json->values[children].type != json_array)
            continue;
        for (uint32_t at = json->values[children].first; at != 0; at = json->values[at].next) {
            if (!add_node(t, at, i))
                return foreign_json_exhausted(t->f);
        }
    }
    return foreign_done;
}

/* The time from a tick to the next, in microseconds: the next tick's delta, or up to the end. */
static int64_t tick_length(const struct json *json, uint32_t next_delta, int64_t left)
{
    int64_t length = left;
    if (next_delta != 0 && !json_int(json, next_delta, &length))
        length = 0;
    return length < 0 ? 0 : length;
}

/* Counts the ticks of a .cpuprofile, and the time to the next, for the node that was running. */
static enum foreign_result count_ticks(struct tree *t)
{
    const struct json *json = &t->f->json;
    uint32_t ticks = json_member(json, 0, STR("samples")), deltas = json_member(json, 0, STR("timeDeltas"));
    int64_t start = 0, end = 0, delta, id;
    json_int(json, json_member(json, 0, STR("startTime")), &start);
    json_int(json, json_member(json, 0, STR("endTime")), &end);
    uint64_t left = (uint64_t)end - (uint64_t)start;
    t->f->assembly.profile.duration_nanos = (int64_t)(left * 1000);
    if (json->values[ticks].type != json_array || json->values[deltas].type != json_array)
        return foreign_done; /* hit counts must do */
    for (uint32_t i = 0; i < t->nodes.n; i++)
        t->nodes.at[i].count = 0;
    uint32_t at_delta = json->values[deltas].first;
    for (uint32_t at = json->values[ticks].first; at != 0; at = json->values[at].next) {
        const uint32_t *node = json_int(json, at, &id) ? map_find(&t->by_id, (uint64_t)id) : NULL;
        if (!node)
            return foreign_json_fail(t->f, at, "the id of a node");
        if (at_delta != 0 && json_int(json, at_delta, &delta))
            left -= (uint64_t)delta;
        at_delta = at_delta != 0 ? json->values[at_delta].next : 0;
        uint64_t length = (uint64_t)tick_length(json, at_delta, (int64_t)left);
        t->nodes.at[*node].count++;
        t->nodes.at[*node].amount = (int64_t)((uint64_t)t->nodes.at[*node].amount + length * 1000);
    }
    return foreign_done;
}

/* Adds a sample for a node that has something of its own. */
static enum foreign_result add_node_sample(struct tree *t, uint32_t index)
{
    const struct node *node = &t->nodes.at[index];
    const int64_t heap[] = {node->amount}, cpu[] = {node->count, node->amount};
    uint64_t depth = 0;
    for (uint32_t at = index; at != PROFILE_NONE; at = t->nodes.at[at].parent)
        depth += t->nodes.at[at].location != PROFILE_NONE;
    if (depth == 0 || (node->count == 0 && node->amount == 0))
        return foreign_done;
    uint32_t *frames = foreign_json_frames(t->f, depth);
    if (!frames)
        return foreign_broken;
    for (uint32_t at = index; at != PROFILE_NONE; at = t->nodes.at[at].parent) {
        if (t->nodes.at[at].location != PROFILE_NONE)
            *frames++ = t->nodes.at[at].location;
    }
    return assembly_add_sample(&t->f->assembly, depth, t->is_heap ? heap : cpu) ? foreign_done
                                                                                : foreign_json_exhausted(t->f);
}

static bool add_types(struct tree *t)
{
    struct assembly *a = &t->f->assembly;
    if (t->is_heap)
        return assembly_add_type(a, STR("inuse_space"), STR("bytes")) &&
               assembly_set_period(a, STR("space"), STR("bytes"), 0);
    return assembly_add_type(a, STR("samples"), STR("count")) &&
           assembly_add_type(a, STR("time"), STR("nanoseconds")) &&
           assembly_set_period(a, STR("time"), STR("nanoseconds"), 0);
}

static enum foreign_result read_tree(struct tree *t)
{
    const struct json *json = &t->f->json;
    uint32_t list = json_member(json, 0, STR("nodes")), head = json_member(json, 0, STR("head"));
    t->is_heap = head != 0 && json_member(json, head, STR("selfSize")) != 0;
    if (!add_types(t))
        return foreign_json_exhausted(t->f);
    enum foreign_result result = list != 0 ? read_list(t, list) : read_nested(t, head);
    if (result == foreign_done && !t->is_heap)
        result = count_ticks(t);
    for (uint32_t i = 0; i < t->nodes.n && result == foreign_done; i++)
        result = add_node_sample(t, i);
    return result;
}

static void tree_finish(struct tree *t)
{
    vec_finish(&t->nodes, t->f->assembly.mem);
    vec_finish(&t->values, t->f->assembly.mem);
    map_finish(&t->by_id);
}

enum foreign_result foreign_read_v8(struct foreign_json *f)
{
    struct tree t = {.f = f};
    map_init(&t.by_id, f->assembly.mem);
    enum foreign_result result = read_tree(&t);
    tree_finish(&t);
    return result;
}

/* --- Chunks --- */

/* Which profile a chunk belongs to: "id", within a process. */
static bool same_profile(const struct json *json, uint32_t a, uint32_t b)
{
    int64_t a_pid = 0, b_pid = 0;
    json_int(json, json_member(json, a, STR("pid")), &a_pid);
    json_int(json, json_member(json, b, STR("pid")), &b_pid);
    return a_pid == b_pid && str_equal(json_text(json, json_member(json, a, STR("id"))),
                                       json_text(json, json_member(json, b, STR("id"))));
}

/* Adds the nodes of a chunk, which come behind their parents. */
static enum foreign_result add_chunk_nodes(struct tree *t, uint32_t list)
{
    const struct json *json = &t->f->json;
    for (uint32_t at = json->values[list].first; at != 0; at = json->values[at].next) {
        uint32_t parent = json_member(json, at, STR("parent"));
        int64_t id;
        const uint32_t *known = json_int(json, parent, &id) ? map_find(&t->by_id, (uint64_t)id) : NULL;
        if (parent != 0 && !known)
            return foreign_json_fail(t->f, parent, "the id of an earlier node");
        if (!add_node(t, at, known ? *known : PROFILE_NONE))
            return foreign_json_exhausted(t->f);
    }
    return foreign_done;
}

/* Counts a chunk's ticks; the time up to each goes to the node that ran before it, which *running keeps from chunk to
 * chunk. */
static enum foreign_result count_chunk_ticks(struct tree *t, uint32_t ticks, uint32_t deltas, uint32_t *running)
{
    const struct json *json = &t->f->json;
    uint32_t delta = json->values[deltas].type == json_array ? json->values[deltas].first : 0;
    for (uint32_t at = json->values[ticks].first; at != 0; at = json->values[at].next) {
        int64_t id;
        const uint32_t *node = json_int(json, at, &id) ? map_find(&t->by_id, (uint64_t)id) : NULL;
        if (!node)
            return foreign_json_fail(t->f, at, "the id of a node");
        int64_t length = tick_length(json, delta, 0);
        if (*running != PROFILE_NONE) {
            int64_t *amount = &t->nodes.at[*running].amount;
            *amount = (int64_t)((uint64_t)*amount + (uint64_t)length * 1000);
        }
        delta = delta != 0 ? json->values[delta].next : 0;
        t->nodes.at[*node].count++;
        *running = *node;
    }
    return foreign_done;
}

static enum foreign_result read_chunk(struct tree *t, uint32_t event, uint32_t *running)
{
    const struct json *json = &t->f->json;
    uint32_t data = json_member(json, json_member(json, event, STR("args")), STR("data"));
    uint32_t part = json_member(json, data, STR("cpuProfile"));
    uint32_t nodes = json_member(json, part, STR("nodes")), ticks = json_member(json, part, STR("samples"));
    uint32_t deltas = json_member(json, data, STR("timeDeltas"));
    enum foreign_result result = foreign_done;
    if (nodes != 0 && json->values[nodes].type == json_array)
        result = add_chunk_nodes(t, nodes);
    if (result == foreign_done && ticks != 0 && json->values[ticks].type == json_array)
        result = count_chunk_ticks(t, ticks, deltas, running);
    return result;
}

/* Reads the profile of the first event, whose chunks are marked as read. */
static enum foreign_result read_chunks(struct tree *t, const uint32_t *events, size_t n, bool *read)
{
    enum foreign_result result = foreign_done;
    uint32_t running = PROFILE_NONE, first = events[0];
    for (size_t i = 0; i < n && result == foreign_done; i++) {
        if (read[i] || !same_profile(&t->f->json, first, events[i]))
            continue;
        read[i] = true;
        result = read_chunk(t, events[i], &running);
    }
    for (uint32_t i = 0; i < t->nodes.n && result == foreign_done; i++)
        result = add_node_sample(t, i);
    return result;
}

enum foreign_result foreign_read_v8_chunks(struct foreign_json *f, const uint32_t *events, size_t n)
{
    struct mem *mem = f->assembly.mem;
    bool *read = mem_get_array(mem, n, sizeof *read);
    enum foreign_result result = read ? foreign_done : foreign_json_exhausted(f);
    for (size_t i = 0; read && i < n; i++)
        read[i] = false;
    for (size_t i = 0; i < n && result == foreign_done; i++) {
        struct tree t = {.f = f};
        if (read[i])
            continue;
        map_init(&t.by_id, mem);
        result = read_chunks(&t, events + i, n - i, read + i);
        tree_finish(&t);
    }
    mem_put(mem, read, n * sizeof *read);
    return result;
}
