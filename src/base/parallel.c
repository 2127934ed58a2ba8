#include "base/parallel.h"

#include <sched.h>
#include <signal.h>

unsigned parallel_width(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count < 1 ? 1 : count > parallel_most ? parallel_most : (unsigned)count;
}

static void *helper_main(void *argument)
{
    struct helper *helper = argument;
    helper->run(helper->context);
    return NULL;
}

bool helper_start(struct helper *helper, void (*run)(void *context), void *context)
{
    sigset_t all, before;
    *helper = (struct helper){.run = run, .context = context};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* a thread inherits it: signals stay with the caller */
    bool started = pthread_create(&helper->thread, NULL, helper_main, helper) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

void helper_join(struct helper *helper)
{
    pthread_join(helper->thread, NULL);
}

struct part {
    void (*run)(void *context, unsigned index);
    void *context;
    unsigned index;
};

static void run_part(void *argument)
{
    const struct part *part = argument;
    part->run(part->context, part->index);
}

void parallel_run(unsigned n, void (*part)(void *context, unsigned index), void *context)
{
    struct helper helpers[parallel_most];
    struct part parts[parallel_most];
    bool started[parallel_most] = {false};
    for (unsigned i = 1; i < n; i++) {
        parts[i] = (struct part){part, context, i};
        started[i] = helper_start(&helpers[i], run_part, &parts[i]);
    }
    for (unsigned i = 0; i < n; i++) {
        if (!started[i])
            part(context, i);
    }
    for (unsigned i = 1; i < n; i++) {
        if (started[i])
            helper_join(&helpers[i]);
    }
}
