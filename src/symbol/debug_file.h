/* Where the debug information of a binary is, if it is not in the binary: the directories where distributions install
 * it, the file that .gnu_debuglink names, a server. And what such a file refers to in turn: the file that several share
 * (dwz). */
#ifndef SONDE_SYMBOL_DEBUG_FILE_H
#define SONDE_SYMBOL_DEBUG_FILE_H

#include "symbol/debug_server.h"
#include "symbol/elf_file.h"

/* /usr/lib/debug/.build-id/xx/yyyy.debug, opened; NULL where there is none with this build id. */
struct elf_file *debug_file_by_id(struct str build_id, struct mem *mem);

/* The file with an object's debug information: by its build id, or by the name in .gnu_debuglink, in the object's
 * folder, in its .debug folder and below /usr/lib/debug, with the checksum that the link asks for; or from a server
 * (NULL for none). NULL where it is nowhere. */
struct elf_file *debug_file_find(struct elf_file *object, struct debug_server *server);

/* The file that .gnu_debugaltlink of an object names, with the build id that it asks for; or what a server (NULL for
 * none) has of that id. NULL for none. */
struct elf_file *debug_file_shared(struct elf_file *object, struct debug_server *server);

#endif
