#include "runtime/profiles.h"

#include <errno.h>
#include <sys/resource.h>
#include <time.h>

#include "runtime/heap.h"
#include "runtime/pages.h"
#include "runtime/process_code.h"
#include "runtime/profile_text.h"
#include "runtime/profile_writer.h"
#include "runtime/thread_dump.h"
#include "runtime/threads.h"
#include "sonde/sonde.h"

static bool is_heap(enum profile_kind kind)
{
    return kind == profile_heap || kind == profile_allocs;
}

static bool is_count(enum profile_kind kind)
{
    return kind == profile_goroutine || kind == profile_threadcreate;
}

static int64_t now_nanos(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Fills an initialized snapshot; 0 or ENOMEM. Nothing collects block and mutex: they stay empty. */
static int take(struct snapshot *snapshot, enum profile_kind kind)
{
    if (is_heap(kind))
        snapshot->failed |= !heap_snapshot(snapshot);
    else if (kind == profile_goroutine)
        threads_snapshot(snapshot, NULL);
    else if (kind == profile_threadcreate)
        threadcreate_snapshot(snapshot);
    return snapshot->failed ? ENOMEM : 0;
}

static int write_proto(struct buf *out, const struct tally *tally, const struct profile_header *header)
{
    struct process_code process;
    bool ok = process_code_read(&process, out->mem) && profile_write(out, tally, header, &process.code);
    process_code_finish(&process);
    return ok ? 0 : ENOMEM;
}

/* What getrusage says, which like Go's counts 1024 bytes. */
static uint64_t most_resident(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}

static int write_text(struct buf *out, struct tally *tally, enum profile_kind kind, int64_t period,
                      const struct sonde_memstats *stats)
{
    struct process_code process;
    bool ok = process_code_read(&process, out->mem);
    if (ok && is_heap(kind))
        ok = profile_text_heap(out, tally, period, stats, most_resident(), &process.code);
    else if (ok && is_count(kind))
        ok = profile_text_counts(out, tally, kind, &process.code);
    else if (ok)
        ok = profile_text_delays(out, tally, kind, &process.code);
    process_code_finish(&process);
    return ok ? 0 : ENOMEM;
}

/* Appends every thread's own stack. */
static int write_dump(struct buf *out)
{
    struct thread_states states = {.mem = out->mem};
    struct process_code process;
    struct snapshot snapshot;
    snapshot_init(&snapshot, out->mem);
    int error = threads_snapshot(&snapshot, &states);
    if (error == 0) {
        bool ok = process_code_read(&process, out->mem) && thread_dump_write(out, &snapshot, &states, &process.code);
        error = ok ? 0 : ENOMEM;
        process_code_finish(&process);
    }
    thread_states_finish(&states);
    snapshot_finish(&snapshot);
    return error;
}

static int write_snapshot(struct buf *out, const struct snapshot *snapshot, enum profile_kind kind, bool as_text,
                          const struct sonde_memstats *stats)
{
    struct profile_header header = {.kind = kind, .time_nanos = now_nanos(), .period = snapshot->period};
    struct tally tally;
    int error;
    tally_init(&tally, out->mem);
    tally_add(&tally, snapshot, 1);
    if (as_text) {
        error = write_text(out, &tally, kind, snapshot->period, stats);
    } else {
        if (is_heap(kind))
            tally_unbias(&tally, snapshot->period);
        if (is_count(kind))
            profile_sort_counts(&tally);
        error = write_proto(out, &tally, &header);
    }
    tally_finish(&tally);
    return error;
}

int profiles_write(struct buf *out, enum profile_kind kind, int64_t debug)
{
    struct sonde_memstats stats = {0};
    struct snapshot snapshot;
    if (kind == profile_goroutine && debug >= 2)
        return write_dump(out);
    if (is_heap(kind) && debug != 0)
        sonde_read_memstats(&stats); /* first, so that what follows does not show */
    snapshot_init(&snapshot, out->mem);
    int error = take(&snapshot, kind);
    if (error == 0)
        error = write_snapshot(out, &snapshot, kind, is_heap(kind) ? debug != 0 : debug > 0, &stats);
    snapshot_finish(&snapshot);
    return error;
}

int profiles_write_cpu(struct buf *out, const struct snapshot *snapshot)
{
    struct profile_header header = {.kind = profile_cpu,
                                    .time_nanos = snapshot->time_nanos,
                                    .duration_nanos = snapshot->duration_nanos,
                                    .period = snapshot->period};
    struct tally tally;
    tally_init(&tally, out->mem);
    tally_add(&tally, snapshot, 1);
    int error = write_proto(out, &tally, &header);
    tally_finish(&tally);
    return error;
}

uint64_t profiles_count(enum profile_kind kind)
{
    struct snapshot snapshot;
    if (kind == profile_goroutine)
        return threads_count();
    snapshot_init(&snapshot, pages_mem());
    take(&snapshot, kind);
    uint64_t count = snapshot.samples.n;
    snapshot_finish(&snapshot);
    return count;
}

int profile_moment_take(struct profile_moment *moment, struct mem *mem, enum profile_kind kind)
{
    struct snapshot snapshot;
    *moment = (struct profile_moment){0};
    tally_init(&moment->tally, mem);
    snapshot_init(&snapshot, mem);
    int error = take(&snapshot, kind);
    moment->time_nanos = now_nanos();
    moment->period = snapshot.period;
    if (error == 0) {
        tally_add(&moment->tally, &snapshot, 1);
        if (is_heap(kind))
            tally_unbias(&moment->tally, snapshot.period);
        error = moment->tally.failed ? ENOMEM : 0;
    }
    snapshot_finish(&snapshot);
    return error;
}

void profile_moment_finish(struct profile_moment *moment)
{
    tally_finish(&moment->tally);
}

static void negate(struct tally *tally)
{
    for (size_t i = 0; i < tally->rows.n; i++)
        for (int v = 0; v < snapshot_values; v++)
            tally->rows.at[i].values[v] = -tally->rows.at[i].values[v];
}

int profiles_write_delta(struct buf *out, enum profile_kind kind, struct profile_moment *before)
{
    struct profile_moment now;
    int error = profile_moment_take(&now, out->mem, kind);
    if (error == 0) {
        struct profile_header header = {.kind = kind,
                                        .is_delta = true,
                                        .time_nanos = now.time_nanos,
                                        .duration_nanos = now.time_nanos - before->time_nanos,
                                        .period = now.period};
        negate(&before->tally);
        tally_merge(&before->tally, &now.tally, 1);
        tally_drop_zeros(&before->tally);
        error = before->tally.failed ? ENOMEM : write_proto(out, &before->tally, &header);
    }
    profile_moment_finish(&now);
    return error;
}
