#include "trace/ahead.h"

#include <sched.h>

enum {
    patience = 200, /* looks at an empty queue before sleeping */
    wake_at = 8,    /* requests that are worth waking the thread for */
};

void trace_ahead_init(struct trace_ahead *ahead, struct trace_file *file)
{
    *ahead = (struct trace_ahead){.file = file};
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

/* --- Streams --- */

void trace_ahead_streams(struct trace_ahead *ahead, struct trace_stream *streams, uint32_t n)
{
    ahead->streams = streams;
    ahead->nstreams = n;
}

/* How many requests are left. */
static uint32_t requests(struct trace_ahead *ahead)
{
    return atomic_load(&ahead->tail) - atomic_load(&ahead->head);
}

void trace_ahead_ask(struct trace_ahead *ahead, uint32_t stream)
{
    uint32_t n = ahead->running ? requests(ahead) : ahead_queue;
    if (n == ahead_queue) /* then the reader decodes the chunk itself */
        return;
    uint32_t tail = atomic_load_explicit(&ahead->tail, memory_order_relaxed);
    ahead->queue[tail % ahead_queue] = stream;
    atomic_store(&ahead->tail, tail + 1);
    if (n + 1 >= wake_at || n + 1 >= ahead->nstreams)
        wake(ahead);
}

void trace_ahead_rest(struct trace_ahead *ahead)
{
    while (ahead->running && requests(ahead) > 0) {
        wake(ahead);
        sched_yield();
    }
}

/* --- The thread --- */

/* Does what was asked for first; false where nothing was. */
static bool serve(struct trace_ahead *ahead)
{
    struct trace_turn *turn;
    if (requests(ahead) > 0) {
        uint32_t head = atomic_load_explicit(&ahead->head, memory_order_relaxed);
        trace_stream_fill(&ahead->streams[ahead->queue[head % ahead_queue]]);
        atomic_store(&ahead->head, head + 1);
        return true;
    }
    turn = atomic_load(&ahead->turn);
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
    return requests(ahead) > 0 || atomic_load(&ahead->stopping) || (turn && atomic_load(&turn->state) == turn_wanted);
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

static void pause_a_little(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

static void run(void *context)
{
    struct trace_ahead *ahead = context;
    unsigned looks = 0;
    while (!atomic_load(&ahead->stopping)) {
        if (serve(ahead)) {
            looks = 0;
        } else if (looks++ < patience) {
            pause_a_little();
        } else {
            sleep_until_wanted(ahead);
            looks = 0;
        }
    }
}

void trace_ahead_start(struct trace_ahead *ahead)
{
    ahead->running = helper_start(&ahead->helper, run, ahead);
}

void trace_ahead_finish(struct trace_ahead *ahead)
{
    if (ahead->running) {
        atomic_store(&ahead->stopping, true);
        wake(ahead);
        helper_join(&ahead->helper);
    }
    pthread_mutex_destroy(&ahead->mutex);
    pthread_cond_destroy(&ahead->wake);
    pthread_cond_destroy(&ahead->done);
}
