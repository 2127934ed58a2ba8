/* Who has SIGPROF: installed while a profile is being taken or threads are asked for their stacks, and given back to
 * the program afterwards. Meanwhile the program sees, sets and gets its own action (sigaction and signal are
 * interposed), and signals that are not ours go there. */
#ifndef SONDE_RUNTIME_PROFILE_SIGNAL_H
#define SONDE_RUNTIME_PROFILE_SIGNAL_H

#include <signal.h>

/* Installs the handler, or counts one more user of it. From any thread; not a signal handler. */
void profile_signal_hold(void);

/* Counts one user less; the last gives the program its action back. What is then still pending of ours in any thread is
 * dropped by the kernel, so nothing may be sent any more. */
void profile_signal_release(void);

/* In a forked child: no users; the program's action is back. */
void profile_signal_fork_prepare(void);
void profile_signal_fork_parent(void);
void profile_signal_fork_child(void);

/* Blocks all signals of the calling thread and restores them: around the locks that fork takes, so that no handler of
 * the program runs, and perhaps forks, inside. */
void signals_block(sigset_t *old);
void signals_restore(const sigset_t *old);

#endif
