/* Writes a synthetic execution trace (Go 1.26's format) to standard output: 32 threads with a processor each, on which
 * 2,000 goroutines run, block, wake each other, make system calls, are created and end; 10 generations, or as many as
 * have 4 million events each, with 200 stacks of 8 frames in each; so many events (40 million unless told otherwise).
 * The same arguments give the same bytes. The clocks of the threads agree to the nanosecond, unless they are told to
 * differ by up to SKEW ns, so that events have to wait for others that bear a later time, or to tick only every TICK ns
 * (of which a second must be a multiple), so that times are often equal.
 *
 *     make_trace [EVENTS [SEED [SKEW [TICK]]]] > trace
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/event.h"
#include "trace/spec.h"

enum {
    default_events = 40000000,
    threads = 32,
    goroutines = 2000,
    least_generations = 10,
    events_of_generation = 4000000,
    stacks = 200,
    depth = 8,
    functions = 400,
    largest_batch = 60000,
    room_for_event = 64,
    first_thread = 1000,
};

enum {
    reason_receive = 1,
    reason_sync,
    reason_select,
    reason_network,
    reason_preempted,
    reasons,
    file_string = reasons,
    first_function
};

struct bytes {
    uint8_t at[largest_batch + 2 * room_for_event];
    size_t n;
};

struct thread {
    struct bytes batch;
    uint64_t skew; /* by which its clock is fast */
    uint64_t batch_time, last_time, proc_sequence;
    uint32_t running; /* goroutine; 0 for none */
};

struct goroutine {
    uint64_t id, sequence;
};

/* Goroutines by number (from 1), in a ring of those that are runnable, or a bag of those that wait. */
struct world {
    uint64_t random, time, tick, events, generation, next_id;
    struct thread thread[threads];
    struct goroutine goroutine[goroutines + 1];
    uint32_t runnable[goroutines + 1], runnable_first, nrunnable;
    uint32_t waiting[goroutines + 1], nwaiting;
};

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t below(struct world *w, uint64_t limit)
{
    return next(&w->random) % limit;
}

static void put(struct bytes *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        out->at[out->n++] = (uint8_t)value | 0x80;
    out->at[out->n++] = (uint8_t)value;
}

static void write_batch(uint64_t generation, uint64_t m, uint64_t time, const struct bytes *payload)
{
    static struct bytes head;
    head.n = 0;
    put(&head, ev_event_batch);
    put(&head, generation);
    put(&head, m);
    put(&head, time);
    put(&head, payload->n);
    fwrite(head.at, 1, head.n, stdout);
    fwrite(payload->at, 1, payload->n, stdout);
}

static void end_batch(struct world *w, uint32_t t)
{
    struct thread *thread = &w->thread[t];
    if (thread->batch.n > 0)
        write_batch(w->generation, first_thread + t, thread->batch_time, &thread->batch);
    thread->batch.n = 0;
}

/* An event of a thread at the present time; n arguments follow. */
static void emit(struct world *w, uint32_t t, enum trace_type type, unsigned n, uint64_t a, uint64_t b, uint64_t c)
{
    struct thread *thread = &w->thread[t];
    uint64_t time = (w->time + thread->skew) / w->tick;
    if (thread->batch.n > largest_batch)
        end_batch(w, t);
    if (thread->batch.n == 0)
        thread->batch_time = thread->last_time = time;
    uint64_t args[] = {a, b, c};
    put(&thread->batch, type);
    put(&thread->batch, time - thread->last_time);
    for (unsigned i = 0; i < n; i++)
        put(&thread->batch, args[i]);
    thread->last_time = time;
    w->time += 1 + below(w, 60);
    w->events++;
}

static uint64_t any_stack(struct world *w)
{
    return 1 + below(w, stacks);
}

static void make_runnable(struct world *w, uint32_t g)
{
    w->runnable[(w->runnable_first + w->nrunnable++) % (goroutines + 1)] = g;
}

static void start_next(struct world *w, uint32_t t)
{
    if (w->nrunnable == 0)
        return;
    uint32_t g = w->runnable[w->runnable_first];
    w->runnable_first = (w->runnable_first + 1) % (goroutines + 1);
    w->nrunnable--;
    w->thread[t].running = g;
    emit(w, t, ev_go_start, 2, w->goroutine[g].id, ++w->goroutine[g].sequence, 0);
}

static void wake_one(struct world *w, uint32_t t)
{
    if (w->nwaiting == 0)
        return;
    uint32_t at = (uint32_t)below(w, w->nwaiting), g = w->waiting[at];
    w->waiting[at] = w->waiting[--w->nwaiting];
    make_runnable(w, g);
    emit(w, t, ev_go_unblock, 3, w->goroutine[g].id, ++w->goroutine[g].sequence, any_stack(w));
}

/* The goroutine that runs ends, after it has created another. */
static void succeed(struct world *w, uint32_t t)
{
    uint32_t g = w->thread[t].running;
    uint64_t id = ++w->next_id;
    emit(w, t, ev_go_create, 3, id, any_stack(w), any_stack(w));
    emit(w, t, ev_go_destroy, 0, 0, 0, 0);
    w->goroutine[g] = (struct goroutine){id, 0};
    make_runnable(w, g);
    w->thread[t].running = 0;
}

static void step(struct world *w)
{
    uint32_t t = (uint32_t)below(w, threads), g = w->thread[t].running;
    uint64_t choice = below(w, 100);
    if (g == 0) {
        if (w->nrunnable == 0)
            wake_one(w, t);
        start_next(w, t);
    } else if (choice < 25) {
        emit(w, t, ev_go_syscall_begin, 2, ++w->thread[t].proc_sequence, any_stack(w), 0);
        emit(w, t, ev_go_syscall_end, 0, 0, 0, 0);
    } else if (choice < 55) {
        emit(w, t, ev_go_block, 2, reason_receive + below(w, 4), any_stack(w), 0);
        w->waiting[w->nwaiting++] = g;
        w->thread[t].running = 0;
        start_next(w, t);
    } else if (choice < 85) {
        wake_one(w, t);
    } else if (choice < 92) {
        emit(w, t, ev_heap_alloc, 1, 4000000 + below(w, 1 << 24), 0, 0);
    } else if (choice < 98) {
        emit(w, t, ev_go_stop, 2, reason_preempted, any_stack(w), 0);
        make_runnable(w, g);
        w->thread[t].running = 0;
        start_next(w, t);
    } else {
        succeed(w, t);
    }
}

/* What each generation begins with: the state of everything. */
static void begin_generation(struct world *w)
{
    w->generation++;
    for (uint32_t g = 1; g <= goroutines; g++)
        w->goroutine[g].sequence = 0;
    for (uint32_t t = 0; t < threads; t++) {
        uint32_t g = w->thread[t].running;
        w->thread[t].proc_sequence = 0;
        emit(w, t, ev_proc_status, 2, t, proc_status_running, 0);
        if (g)
            emit(w, t, ev_go_status, 3, w->goroutine[g].id, first_thread + t, go_status_running);
    }
    for (uint32_t i = 0; i < w->nrunnable; i++)
        emit(w, 0, ev_go_status, 3, w->goroutine[w->runnable[(w->runnable_first + i) % (goroutines + 1)]].id,
             UINT64_MAX, go_status_runnable);
    for (uint32_t i = 0; i < w->nwaiting; i++)
        emit(w, 0, ev_go_status, 3, w->goroutine[w->waiting[i]].id, UINT64_MAX, go_status_waiting);
}

static void put_string(struct bytes *out, uint64_t id, const char *text)
{
    put(out, ev_string);
    put(out, id);
    put(out, strlen(text));
    memcpy(out->at + out->n, text, strlen(text));
    out->n += strlen(text);
}

static void write_tables(struct world *w)
{
    static const char *const names[reasons] = {[reason_receive] = "chan receive",
                                               [reason_sync] = "sync",
                                               [reason_select] = "select",
                                               [reason_network] = "network",
                                               [reason_preempted] = "preempted"};
    static struct bytes table;
    table.n = 0;
    put(&table, ev_strings);
    for (uint64_t i = 1; i < reasons; i++)
        put_string(&table, i, names[i]);
    put_string(&table, file_string, "example.com/service/handlers.go");
    for (unsigned i = 0; i < functions; i++) {
        char name[64];
        snprintf(name, sizeof name, "example.com/service.(*Handler%u).Serve%u", i / 20, i);
        put_string(&table, first_function + i, name);
    }
    write_batch(w->generation, UINT64_MAX, w->time / w->tick, &table);
    table.n = 0;
    put(&table, ev_stacks);
    for (uint64_t i = 1; i <= stacks; i++) {
        put(&table, ev_stack);
        put(&table, i);
        put(&table, depth);
        for (uint64_t k = 0; k < depth; k++) {
            uint64_t function = (i * 7 + k * 31) % functions;
            put(&table, 0x400000 + function * 0x100 + i % 16);
            put(&table, first_function + function);
            put(&table, file_string);
            put(&table, 10 + function);
        }
    }
    write_batch(w->generation, UINT64_MAX, w->time / w->tick, &table);
}

static void write_clocks(struct world *w)
{
    static struct bytes sync;
    sync.n = 0;
    put(&sync, ev_sync);
    put(&sync, ev_frequency);
    put(&sync, 1000000000 / w->tick);
    put(&sync, ev_clock_snapshot);
    put(&sync, 0);
    put(&sync, w->time);
    put(&sync, 1700000000 + w->time / 1000000000);
    put(&sync, w->time % 1000000000);
    write_batch(w->generation, UINT64_MAX, w->time / w->tick, &sync);
}

int main(int argc, char **argv)
{
    uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : default_events;
    uint64_t generations = events / events_of_generation;
    if (generations < least_generations)
        generations = least_generations;
    static struct world w;
    w.random = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    w.time = 1000000;
    uint64_t skew = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    for (uint32_t t = 0; t < threads && skew > 0; t++)
        w.thread[t].skew = below(&w, skew + 1);
    w.tick = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
    for (uint32_t g = 1; g <= goroutines; g++) {
        w.goroutine[g].id = ++w.next_id;
        if (g <= threads)
            w.thread[g - 1].running = g;
        else if (g % 2)
            make_runnable(&w, g);
        else
            w.waiting[w.nwaiting++] = g;
    }
    fwrite("go 1.26 trace\0\0\0", 1, 16, stdout);
    for (uint64_t i = 1; i <= generations; i++) {
        begin_generation(&w);
        write_clocks(&w);
        while (w.events < events * i / generations)
            step(&w);
        for (uint32_t t = 0; t < threads; t++)
            end_batch(&w, t);
        write_tables(&w);
        putchar(ev_end_of_generation);
    }
    return ferror(stdout) || fflush(stdout) != 0;
}
