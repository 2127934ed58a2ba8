/* The server in the program: one thread of ours that serves every client, with a table of descriptors of its own. */
#ifndef SONDE_RUNTIME_SERVER_H
#define SONDE_RUNTIME_SERVER_H

#include "base/str.h"

/* Begins to serve at an address ("host:port", listen_address.h). 0, EINVAL for what is no address, or what socket, bind
 * and listen say; nothing is left behind then. From any thread; more than one address can be served. */
int server_start(struct str address);

/* The address that was served last, as "host:port" with the port that the kernel chose; NULL for none. Lives for ever.
 */
const char *server_address(void);

/* In a child after fork: it has no server. */
void server_fork_child(void);

#endif
