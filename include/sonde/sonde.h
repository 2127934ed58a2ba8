/* libsonde: profiles of a running program, in the formats and with the meaning that Go's runtime gives them.
 *
 * Linked (cc app.c -lsonde) or preloaded (sonde run -- ./app) the library watches allocations and threads from the
 * start; CPU samples are taken only while asked for. Functions return 0, or an errno value and change nothing; they
 * may be called from any thread, but not from a signal handler. Nothing here prints, aborts or exits.
 */
#ifndef SONDE_SONDE_H
#define SONDE_SONDE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* The version of the library, as "1.2.3". */
const char *sonde_version(void);

/* --- Memory statistics ------------------------------------------------------------------------------------------ */

enum { SONDE_SIZE_CLASSES = 61 };

/* What Go's runtime.MemStats says, for malloc. Fields that have no meaning without Go's own allocator or collector are
 * absent. All sizes in bytes.
 *
 * Three sources: libsonde's own counters, which every allocation and free passes (exact, over all threads that are and
 * were; realloc is a free and an allocation); the allocator's own figures (glibc, jemalloc, tcmalloc; mimalloc in
 * part); and the kernel's. Blocks of before libsonde was loaded are not counted, their frees are. */
struct sonde_memstats {
    uint64_t alloc;       /* the same as heap_alloc */
    uint64_t total_alloc; /* bytes ever asked for; freeing does not lower it */
    uint64_t sys;         /* bytes obtained from the kernel: heap_sys + stack_sys + other_sys */
    uint64_t mallocs;     /* blocks ever allocated */
    uint64_t frees;       /* blocks ever freed */

    uint64_t heap_alloc; /* bytes in blocks in use: the allocator's figure, which holds what it adds to each block, but
                          * at most total_alloc; where the allocator has none, an estimate from the heap profile's
                          * samples */
    uint64_t heap_sys;   /* bytes that the allocator has from the kernel for blocks */
    uint64_t heap_idle;  /* heap_sys - heap_inuse: bytes held for later use */
    uint64_t heap_inuse; /* bytes in blocks in use with what the allocator adds to each (glibc: and in the blocks that
                          * its threads keep in their caches) */
    uint64_t heap_released; /* bytes of heap_idle whose pages the kernel has back; glibc does not say it: 0 */
    uint64_t heap_objects;  /* blocks in use: mallocs - frees */

    uint64_t stack_inuse; /* bytes of the threads' stacks that are in memory */
    uint64_t stack_sys;   /* bytes of address space of the threads' stacks (of threads that have allocated) */
    uint64_t other_sys;   /* bytes that this library itself has from the kernel */

    struct {
        uint32_t size;             /* blocks of at most this many bytes, and of more than the class before */
        uint64_t mallocs;          /* blocks of this class ever asked for: exact */
        uint64_t frees;            /* and freed: mallocs less the blocks of this class in use, which the heap profile's
                                    * samples tell (exact at rate 1; all 0 at rate 0). A free does not know its size,
                                    * and to ask the allocator each time costs more than all the rest */
    } by_size[SONDE_SIZE_CLASSES]; /* Go's size classes up to 18432 bytes; by_size[0] is for size 0 */
};

/* Fills *stats. Counters of running threads are read while they run, so that blocks of this very moment may be missing;
 * total_alloc, mallocs and frees never fall from one call to the next. Takes locks of the allocator's, and with glibc
 * some 20 ns for each of the blocks on its lists of free ones. Always 0. */
int sonde_read_memstats(struct sonde_memstats *stats);

/* --- Profiles --------------------------------------------------------------------------------------------------- */

/* Receives size bytes of a profile, in order; returns 0 to go on or an errno value to stop, which the function that
 * writes then returns. */
typedef int (*sonde_write_fn)(void *context, const void *bytes, size_t size);

/* Starts sampling the program's CPU time, 100 times for each second that a thread runs. The profile (gzipped
 * profile.proto) goes to a file descriptor, or to a function, when sonde_stop_cpu_profile is called. EBUSY while one
 * is being taken. */
int sonde_start_cpu_profile(int fd);
int sonde_start_cpu_profile_to(sonde_write_fn write, void *context);

/* Samples per second for the CPU profiles started from now on: 1 to 1000; 0 for the default of 100. */
int sonde_set_cpu_profile_rate(int hz);

/* Ends the CPU profile and writes it; 0 where none was being taken. */
int sonde_stop_cpu_profile(void);

/* Bytes allocated, on the average, between two samples of the heap profile: 1 samples every block, 0 none. The default
 * is 524288; the environment's SONDE_MEMPROFILERATE sets it before the program starts. Other running threads follow
 * within their next 64 KiB. As in Go, what was sampled before is then read as if at the new rate. Always 0. */
int sonde_set_mem_profile_rate(uint64_t bytes);

/* Writes a profile by its name: "heap", "allocs", "goroutine" (the threads), "threadcreate", "block", "mutex".
 * debug 0 is gzipped profile.proto, 1 text with counts and stacks, and, for goroutine, 2 every thread's own stack.
 * ENOENT for a name that there is no profile of. */
int sonde_write_profile(const char *name, int debug, int fd);
int sonde_write_profile_to(const char *name, int debug, sonde_write_fn write, void *context);

/* --- The endpoint ----------------------------------------------------------------------------------------------- */

/* Serves /debug/pprof/ on "host:port" ("localhost:6060", "127.0.0.1:0", "[::1]:6060"; ":6060" for every interface) from
 * a thread of its own, until the program ends. EADDRINUSE and the like where it can't listen. */
int sonde_http_serve(const char *address);

/* The address being served as "host:port" with the port that the kernel chose, or NULL. Lives for ever. */
const char *sonde_http_address(void);

/* For programs that have a server of their own: answers one request. `target` is the request's path and query
 * ("/debug/pprof/heap?debug=1"); `body` the request's body (of POST /debug/pprof/symbol). The whole response, status
 * line and headers included, goes to `write`. May take as long as the request's seconds=. */
int sonde_http_handle(const char *method, const char *target, const void *body, size_t body_size, sonde_write_fn write,
                      void *context);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
