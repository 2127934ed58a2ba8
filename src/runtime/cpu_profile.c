#include "runtime/cpu_profile.h"

#include <errno.h>
#include <stdatomic.h>

#include "runtime/cpu.h"
#include "runtime/pages.h"
#include "runtime/profile_output.h"
#include "runtime/profiles.h"
#include "runtime/start.h"
#include "sonde/sonde.h"

/* A lock would have to be held while the program's own function is called; so whoever changes the state owns what
 * follows until it changes it again. */
enum { none, changing, taking };
static _Atomic int state;

static sonde_write_fn writer; /* where it goes; NULL for the descriptor */
static void *writer_context;
static int descriptor;

static int start(sonde_write_fn write, void *context, int fd)
{
    int expected = none, saved = errno;
    start_ensure();
    if (!atomic_compare_exchange_strong(&state, &expected, changing))
        return EBUSY;
    int error = cpu_start(0);
    if (error == 0) {
        writer = write;
        writer_context = context;
        descriptor = fd;
    }
    atomic_store(&state, error == 0 ? taking : none);
    errno = saved;
    return error;
}

int sonde_start_cpu_profile(int fd)
{
    return start(NULL, NULL, fd);
}

int sonde_start_cpu_profile_to(sonde_write_fn write, void *context)
{
    return start(write, context, -1);
}

int sonde_set_cpu_profile_rate(int hz)
{
    start_ensure();
    return cpu_set_rate(hz);
}

static int write_profile(const struct snapshot *snapshot)
{
    struct buf out;
    buf_init(&out, pages_mem());
    int error = profiles_write_cpu(&out, snapshot);
    if (error == 0)
        error = writer ? writer(writer_context, out.p, out.n) : profile_output_to_fd(&descriptor, out.p, out.n);
    buf_finish(&out);
    return error;
}

int sonde_stop_cpu_profile(void)
{
    struct snapshot snapshot;
    int expected = taking, saved = errno;
    if (!atomic_compare_exchange_strong(&state, &expected, changing))
        return 0;
    snapshot_init(&snapshot, pages_mem());
    int error = cpu_stop(&snapshot);
    int written = write_profile(&snapshot);
    snapshot_finish(&snapshot);
    atomic_store(&state, none);
    errno = saved;
    return error ? error : written;
}

void cpu_profile_fork_child(void)
{
    atomic_store(&state, none);
}
