/* -folded: "main;work;alloc 12" a line, root first, as flame graph tools take it. Values are integers in the profile's
 * own unit; stacks whose values add up to 0 are left out. */
#include "report/entry_stacks.h"

/* A name in which nothing ends a frame or a line. */
static void put_frame(struct buf *out, struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        buf_byte(out, c == ';' ? ':' : c == '\n' || c == '\r' ? ' ' : c);
    }
}

static bool put_stack(struct job *job, struct entry_stacks *stacks, uint32_t stack, int64_t value)
{
    for (uint64_t i = stacks->start[stack]; i < stacks->start[stack + 1]; i++) {
        struct str name = entry_stacks_name(stacks, stacks->frames[i]);
        if (!name.p)
            return false;
        if (i > stacks->start[stack])
            buf_byte(job->out, ';');
        put_frame(job->out, name);
    }
    buf_byte(job->out, ' ');
    buf_int(job->out, value);
    buf_byte(job->out, '\n');
    return job_drain(job);
}

bool folded_write(struct job *job)
{
    struct entry_stacks stacks;
    if (!entry_stacks_init(&stacks, job))
        return false;
    int64_t *values = arena_new(&job->arena, int64_t, stacks.n);
    bool good = values && entry_stacks_weigh(&stacks, job->options->sample_index, values);
    for (uint32_t i = 0; good && i < stacks.n; i++)
        good = values[i] == 0 || (values[i] < 0 && job->rules.drop_negative) || put_stack(job, &stacks, i, values[i]);
    entry_stacks_finish(&stacks);
    return good;
}
