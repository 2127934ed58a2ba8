/* Everything that fork needs of libsonde, in one place: all locks are taken in the order of their ranks, so that the
 * child finds each of them free and what they guard whole. The child is not profiled; it has the counters that it was
 * born with, and may begin profiles of its own.
 *
 * vfork and posix_spawn's children share our memory for a moment and call nothing of ours but, perhaps, sigaction,
 * which knows them by their id. A bare clone without CLONE_VM copies our state without asking: such a child inherits
 * no timers either, so what it shows is merely out of date. */
#ifndef SONDE_RUNTIME_FORK_H
#define SONDE_RUNTIME_FORK_H

/* Registers the handlers; once, before those of anybody who uses our hooks (handlers that prepare run in reverse). */
void fork_init(void);

#endif
