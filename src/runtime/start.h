/* The order in which libsonde comes to life, in a process that may call its hooks before anybody's constructors have
 * run, and after everybody's destructors. Nothing is ever torn down: what was mapped stays, hooks work to the end.
 *
 * A program may have us preloaded, linked as libsonde.so or linked in from libsonde.a; its libc must be the shared one,
 * since what we stand in front of is found by the dynamic linker (ld refuses -static with two definitions of
 * malloc). */
#ifndef SONDE_RUNTIME_START_H
#define SONDE_RUNTIME_START_H

/* Starts everything that needs starting, once; then it costs one load. From any thread, not a signal handler. The
 * libraries' constructor calls it, and whoever may come before that: interposed functions other than malloc's, which
 * work without, and the public functions. */
void start_ensure(void);

#endif
