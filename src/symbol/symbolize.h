/* Names and lines for a profile, from the binaries on this machine. */
#ifndef SONDE_SYMBOL_SYMBOLIZE_H
#define SONDE_SYMBOL_SYMBOLIZE_H

#include <stdbool.h>

#include "base/buf.h"
#include "profile/profile.h"
#include "symbol/demangle.h"
#include "symbol/symbol_cache.h"

/* What -symbolize asks for: go tool pprof's words, separated by colons, in any case. */
struct symbolize_mode {
    bool none, local, remote;
    bool fast;  /* names alone */
    bool force; /* also what has names already */
    bool no_cache;
    enum demangle_mode demangle;
};

/* Reads the words of a mode; "" is local and remote. Of a word that is not known a line is appended to notes. */
struct symbolize_mode symbolize_mode_parse(struct str words, struct buf *notes);

/* What helps beside the binaries on this machine; NULL for what there is none of. */
struct symbolize_help {
    const struct symbol_cache *cache; /* where what debug information tells is kept */
    struct debug_server *server;      /* asked for what is not here */
    const char *kallsyms;             /* a list of the profiled kernel's symbols, where it is not the running one */
};

/* Gives the locations of every mapping whose binary is found (under the mapping's file name; a build id, where both
 * have one, must be equal) the functions, files, lines and inlined calls that its debug information tells. As in go
 * tool pprof a mapping that has any of these already is left alone unless mode.force is set; but one that has names and
 * no files or lines (which is what a process knows about itself) gets them where the build id says that it is the same
 * binary. Notes (each a line with its newline) tell
 * which binaries were missing. False on exhaustion; the profile may then have got some of its lines. */
bool symbolize_profile(struct profile *profile, const struct symbolize_mode *mode, const struct symbolize_help *help,
                       struct buf *notes);

/* The last step, for whatever gave the names: demangles those that are mangled, and simplifies those that were
 * demangled by others, as go tool pprof does it. False on exhaustion. */
bool symbolize_demangle(struct profile *profile, const struct symbolize_mode *mode);

#endif
