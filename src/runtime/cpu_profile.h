/* The program's own CPU profile, as sonde_start_cpu_profile begins and sonde_stop_cpu_profile ends it. One that the
 * endpoint takes is not this. */
#ifndef SONDE_RUNTIME_CPU_PROFILE_H
#define SONDE_RUNTIME_CPU_PROFILE_H

/* In a child after fork: none is being taken. */
void cpu_profile_fork_child(void);

#endif
