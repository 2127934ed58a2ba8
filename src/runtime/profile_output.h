/* Where profiles go: a file descriptor of the program's. */
#ifndef SONDE_RUNTIME_PROFILE_OUTPUT_H
#define SONDE_RUNTIME_PROFILE_OUTPUT_H

#include <stddef.h>

/* A sonde_write_fn that writes all bytes to the file descriptor that `fd` points to, waiting where it does not take
 * them at once. 0 or an errno value; no SIGPIPE reaches the program for it. */
int profile_output_to_fd(void *fd, const void *bytes, size_t size);

#endif
