/* What the two files of the cut share; no other file needs it. */
#ifndef SONDE_TRACE_CUT_STEP_H
#define SONDE_TRACE_CUT_STEP_H

#include "trace/cut.h"

/* Those of an id; of a thread, added where it is new (NULL with `failed` set on exhaustion); else NULL where unknown.
 */
struct cut_thread *cut_thread_of(struct trace_cut *cut, int64_t m);
struct cut_proc *cut_find_proc(struct trace_cut *cut, int64_t id);
struct cut_goroutine *cut_find_goroutine(struct trace_cut *cut, int64_t id);

/* A stack, or a string, of an event's table in the frame tree. */
uint32_t cut_node(struct trace_cut *cut, const struct trace_event *e, uint64_t stack);
uint32_t cut_text(struct trace_cut *cut, const struct trace_event *e, uint64_t string);

/* Whether a goroutine is in the part; TRACE_NO_GOROUTINE is where all are. */
static inline bool cut_wants(const struct trace_cut *cut, int64_t goroutine)
{
    return !cut->goroutines || map_find(cut->goroutines, (uint64_t)goroutine);
}

/* Takes an event in that obeys the rules of v2, as all that was taken in before; for the others, which are of v1, there
 * is cut_v1_add. False on exhaustion. */
bool cut_take(struct trace_cut *cut, const struct trace_event *e, struct buf *out);

void cut_v1_init(struct trace_cut *cut);
void cut_v1_finish(struct trace_cut *cut);
bool cut_v1_add(struct trace_cut *cut, const struct trace_event *e, struct buf *out);

/* At most how many events cut_write_states writes, and those events: in which states everything is. Each is one ns
 * behind the one before, from `now` on. */
uint64_t cut_count_states(const struct trace_cut *cut);
void cut_write_states(struct trace_cut *cut, struct buf *out);

/* Writes the begins of the tasks that are pending, where a goroutine runs. */
void cut_write_tasks(struct trace_cut *cut, struct buf *out);

/* Writes what an event becomes; to be called before `update` has taken it in. */
void cut_write(struct trace_cut *cut, const struct trace_event *e, struct buf *out);

#endif
