/* Servers of debug information (debuginfod): executables, debug files and sources by build id. Asked only where
 * DEBUGINFOD_URLS in the environment names some, through libdebuginfod, which keeps what it fetched in a cache of its
 * own; it is loaded when something is first asked for, for it brings an HTTP client with it. */
#ifndef SONDE_SYMBOL_DEBUG_SERVER_H
#define SONDE_SYMBOL_DEBUG_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct debug_server;

/* Called now and then while something is fetched: bytes that are here, and all of them (0 while that is not known). At
 * the end with done = total = -1. */
typedef void debug_server_progress(void *to, struct str what, int64_t done, int64_t total);

/* Prepares to ask the servers that the environment names; NULL where it names none, and on exhaustion. progress may be
 * NULL. Why nothing can be asked for (any more) is appended to notes, a line once. Both must outlive it. */
struct debug_server *debug_server_create(struct mem *mem, debug_server_progress *progress, void *to, struct buf *notes);

/* Takes NULL. */
void debug_server_destroy(struct debug_server *server);

enum debug_server_kind { debug_server_debug_info, debug_server_executable };

/* Fetches the file of a build id (hexadecimal) and puts its path, with a NUL behind it, into `path`. False where there
 * is none, or none could be asked; a server that does not answer is not asked again. NULL for no server. */
bool debug_server_find(struct debug_server *server, enum debug_server_kind kind, struct str build_id, struct buf *path);

/* The same for a source file, by the absolute path that the debug information has. */
bool debug_server_find_source(struct debug_server *server, struct str build_id, struct str file, struct buf *path);

#endif
