/* The one handler of SIGPROF, for both uses that libsonde has for the signal: CPU samples, and asking a thread for its
 * stack. SIGPROFs of others (the program's own setitimer, kill) go to the action that the program chose.
 *
 * Ours are told apart by their value and by si_code SI_TIMER, which threads' requests bear too: on exec the kernel
 * drops what timers left pending, so that no SIGPROF of ours can reach, and kill, the new program. */
#ifndef SONDE_RUNTIME_SIGNAL_PROFILE_HANDLER_H
#define SONDE_RUNTIME_SIGNAL_PROFILE_HANDLER_H

#include <signal.h>
#include <stdint.h>

enum signal_use { signal_use_cpu = 1, signal_use_stack = 2 };

/* What a signal bears: whose use it is for, and that user's own index and generation.
 *
 *     | mark 16: 0x50d0 + use | generation 16 | index 32 |        no address of a program has these top bits */
uint64_t signal_value(enum signal_use use, uint16_t generation, uint32_t index);

/* The handler, installed with SA_SIGINFO, SA_RESTART and SA_ONSTACK. Keeps errno. */
void profile_handler(int number, siginfo_t *info, void *context);

/* What the program wants done about SIGPROF; used for all signals that are not ours. One thread sets at a time. */
void profile_handler_set_program(const struct sigaction *action);
void profile_handler_get_program(struct sigaction *action);

#endif
