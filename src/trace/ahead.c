#include "trace/ahead.h"

#include <sched.h>

enum {
    patience = 200,           /* looks for something to do before sleeping */
    long_patience = 2000,     /* looks for a run before the reader fills one, which should take longer than that */
    wake_at = ahead_runs / 2, /* free runs that are worth waking the thread for */
};

void trace_ahead_init(struct trace_ahead *ahead, struct trace_file *file, struct mem *mem)
{
    *ahead = (struct trace_ahead){.mem = mem, .file = file, .nruns = 1, .room = ahead_run_room, .most = ahead_run_room};
    merge_init(&ahead->merge, mem);
    pthread_mutex_init(&ahead->mutex, NULL);
    pthread_cond_init(&ahead->wake, NULL);
    pthread_cond_init(&ahead->done, NULL);
}

static void wake(struct trace_ahead *ahead)
{
    if (!ahead->running || !atomic_load(&ahead->asleep))
        return;
    pthread_mutex_lock(&ahead->mutex);
    pthread_cond_signal(&ahead->wake);
    pthread_mutex_unlock(&ahead->mutex);
}

/* --- Generations --- */

static void read_turn(struct trace_ahead *ahead, struct trace_turn *turn)
{
    struct trace_file *file = ahead->file;
    turn->fault = (struct trace_fault){0};
    turn->result = trace_generation_next(&turn->generation, file, &turn->fault);
    turn->end = cursor_offset(&file->bytes);
    turn->is_last = file->version < 26 && !file->has_spill;
    atomic_store_explicit(&turn->state, turn_ready, memory_order_release);
}

/* Begins to read a turn that is wanted, if nobody else has. */
static bool claim(struct trace_turn *turn)
{
    int wanted = turn_wanted;
    return atomic_compare_exchange_strong(&turn->state, &wanted, turn_in_work);
}

void trace_ahead_want(struct trace_ahead *ahead, struct trace_turn *turn)
{
    atomic_store(&turn->state, turn_wanted);
    atomic_store(&ahead->turn, turn);
    wake(ahead);
}

void trace_ahead_get(struct trace_ahead *ahead, struct trace_turn *turn)
{
    int free = turn_free;
    atomic_compare_exchange_strong(&turn->state, &free, turn_wanted);
    if (claim(turn)) {
        read_turn(ahead, turn);
    } else if (atomic_load_explicit(&turn->state, memory_order_acquire) != turn_ready) {
        pthread_mutex_lock(&ahead->mutex);
        while (atomic_load_explicit(&turn->state, memory_order_acquire) != turn_ready)
            pthread_cond_wait(&ahead->done, &ahead->mutex);
        pthread_mutex_unlock(&ahead->mutex);
    }
}

/* --- Runs --- */

/* How many runs may be filled. */
static uint32_t free_runs(struct trace_ahead *ahead)
{
    return ahead->nruns - (atomic_load(&ahead->made) - atomic_load(&ahead->freed));
}

static bool is_used_up(struct trace_ahead *ahead)
{
    return atomic_load(&ahead->made) == ahead->taken;
}

/* Fills the next run, which must be free, by whoever may; false where there was nothing to fill it with. */
static bool make_run(struct trace_ahead *ahead, uint32_t most, bool is_reader)
{
    uint32_t made = atomic_load_explicit(&ahead->made, memory_order_relaxed);
    struct merge_run *run = &ahead->runs[made % ahead->nruns];
    if (is_reader)
        merge_fill(&ahead->merge, run, most);
    else
        merge_fill_away(&ahead->merge, run, most);
    if (run->n > 0)
        atomic_store(&ahead->made, made + 1);
    return run->n > 0;
}

/* Fills the next run where that is possible and nobody is at it; whether it was tried. */
static bool share_work(struct trace_ahead *ahead, bool is_reader)
{
    if (atomic_load(&ahead->owner) != ahead_both || atomic_exchange(&ahead->busy, true))
        return false;
    bool possible = atomic_load(&ahead->owner) == ahead_both && free_runs(ahead) > 0;
    if (possible && !make_run(ahead, ahead->room, is_reader))
        atomic_store(&ahead->owner, ahead_stuck);
    atomic_store(&ahead->busy, false);
    return possible;
}

static void pause_a_little(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

/* Waits a little for the n-th time. */
static void be_patient(unsigned n)
{
    if (n < patience)
        pause_a_little();
    else
        sched_yield();
}

/* The merge becomes the reader's own. */
static void take_over(struct trace_ahead *ahead)
{
    for (unsigned n = 0; atomic_exchange(&ahead->busy, true); n++)
        be_patient(n);
    atomic_store(&ahead->owner, ahead_reader);
    atomic_store(&ahead->busy, false);
}

/* The merge becomes that of both. */
static void share(struct trace_ahead *ahead)
{
    if (!ahead->running)
        return;
    atomic_store(&ahead->owner, ahead_both);
    wake(ahead);
}

/* The next run while the merge is the reader's own; where the guess has held for a while it is shared again. */
static bool make_own_run(struct trace_ahead *ahead)
{
    bool made = make_run(ahead, ahead->most, true);
    if (made && ahead->most < ahead->room)
        ahead->most = ahead->most * 2 < ahead->room ? ahead->most * 2 : ahead->room;
    else if (made)
        share(ahead);
    return made;
}

const struct merge_run *trace_ahead_next(struct trace_ahead *ahead)
{
    atomic_store(&ahead->freed, ahead->taken);
    if (ahead->steps > 0) {
        ahead->steps--;
        return NULL;
    }
    if (free_runs(ahead) >= wake_at)
        wake(ahead);
    bool alone = false;
    for (unsigned n = 0; is_used_up(ahead); n++) {
        int owner = atomic_load(&ahead->owner);
        if (owner == ahead_stuck && is_used_up(ahead))
            atomic_store(&ahead->owner, ahead_reader);
        else if (owner == ahead_reader && !make_own_run(ahead))
            return NULL;
        else if (owner == ahead_both && n < ahead->patience)
            pause_a_little();
        else if (owner == ahead_both && share_work(ahead, true))
            alone = true;
        else if (owner == ahead_both)
            sched_yield();
    }
    ahead->patience = alone ? 0 : long_patience;
    return &ahead->runs[ahead->taken++ % ahead->nruns];
}

/* After a guess that was wrong soon after the last one, the reader does without any for a while, which is longer each
 * time: to note where the merge stands, and to return there, takes as long as some dozens of steps. */
static void doubt(struct trace_ahead *ahead)
{
    bool soon = ahead->most < ahead->room;
    uint32_t more = ahead->doubt == 0 ? 2 * ahead_least_run : 2 * ahead->doubt;
    ahead->doubt = !soon ? 0 : more < ahead_most_doubt ? more : ahead_most_doubt;
    ahead->steps = ahead->doubt;
    ahead->most = ahead_least_run;
}

void trace_ahead_return(struct trace_ahead *ahead, uint32_t n)
{
    take_over(ahead);
    atomic_store(&ahead->made, ahead->taken);
    merge_return(&ahead->merge, &ahead->runs[(ahead->taken - 1) % ahead->nruns], n);
    doubt(ahead);
}

bool trace_ahead_begin(struct trace_ahead *ahead, const struct trace_generation *generation, struct trace_fault *fault)
{
    uint32_t threads = (uint32_t)generation->threads.n;
    bool guesses = ahead->most == ahead->room;
    ahead->steps = 0;
    ahead->room = threads > ahead_run_room ? threads : ahead_run_room;
    for (uint32_t i = 0; i < ahead->nruns; i++) {
        if (!merge_run_reserve(&ahead->runs[i], ahead->room, threads, ahead->mem))
            return trace_fault_at(fault, generation->offset, "out of memory for threads");
    }
    if (!merge_begin(&ahead->merge, generation, fault))
        return false;
    if (guesses) {
        ahead->most = ahead->room;
        share(ahead);
    }
    return true;
}

/* --- The thread --- */

/* Does what is wanted first; false where nothing is. */
static bool serve(struct trace_ahead *ahead)
{
    if (share_work(ahead, false))
        return true;
    struct trace_turn *turn = atomic_load(&ahead->turn);
    if (!turn || !claim(turn))
        return false;
    read_turn(ahead, turn);
    pthread_mutex_lock(&ahead->mutex);
    pthread_cond_signal(&ahead->done);
    pthread_mutex_unlock(&ahead->mutex);
    return true;
}

static bool is_wanted(struct trace_ahead *ahead)
{
    struct trace_turn *turn = atomic_load(&ahead->turn);
    return (atomic_load(&ahead->owner) == ahead_both && free_runs(ahead) >= wake_at) || atomic_load(&ahead->stopping) ||
           (turn && atomic_load(&turn->state) == turn_wanted);
}

static void sleep_until_wanted(struct trace_ahead *ahead)
{
    pthread_mutex_lock(&ahead->mutex);
    atomic_store(&ahead->asleep, true);
    while (!is_wanted(ahead))
        pthread_cond_wait(&ahead->wake, &ahead->mutex);
    atomic_store(&ahead->asleep, false);
    pthread_mutex_unlock(&ahead->mutex);
}

static void run(void *context)
{
    struct trace_ahead *ahead = context;
    unsigned looks = 0;
    while (!atomic_load(&ahead->stopping)) {
        if (serve(ahead)) {
            looks = 0;
        } else if (looks++ < patience || is_wanted(ahead)) { /* the latter: the reader is at it itself */
            be_patient(looks);
        } else {
            sleep_until_wanted(ahead);
            looks = 0;
        }
    }
}

void trace_ahead_start(struct trace_ahead *ahead)
{
    ahead->nruns = ahead_runs;
    ahead->running = true;
    if (!helper_start(&ahead->helper, run, ahead)) {
        ahead->nruns = 1;
        ahead->running = false;
    }
}

void trace_ahead_finish(struct trace_ahead *ahead)
{
    if (ahead->running) {
        atomic_store(&ahead->stopping, true);
        wake(ahead);
        helper_join(&ahead->helper);
    }
    for (uint32_t i = 0; i < ahead_runs; i++)
        merge_run_finish(&ahead->runs[i], ahead->mem);
    merge_finish(&ahead->merge);
    pthread_mutex_destroy(&ahead->mutex);
    pthread_cond_destroy(&ahead->wake);
    pthread_cond_destroy(&ahead->done);
}
