/* Reads an execution trace: every event in order, checked, or the first thing that is wrong with it.
 *
 *     struct trace_reader *reader = trace_reader_create(bytes, mem, &fault);
 *     const struct trace_event *event;
 *     while ((event = trace_reader_next(reader)))
 *         ...
 *     if (trace_reader_fault(reader)->set) ...broken...
 */
#ifndef SONDE_TRACE_READER_H
#define SONDE_TRACE_READER_H

#include "base/mem.h"
#include "base/str.h"
#include "trace/event.h"
#include "trace/fault.h"

struct trace_reader;

/* A reader of a whole trace, whose bytes must outlive it. Of a large file that is mapped for reading only it lets go of
 * the pages that it has read, so that memory does not grow with the trace; they come back when they are looked at. NULL
 * with the fault set where there is no known header, where a v1 trace is broken, or on exhaustion. */
struct trace_reader *trace_reader_create(struct str bytes, struct mem *mem, struct trace_fault *fault);
void trace_reader_destroy(struct trace_reader *reader);

/* Whether another thread decodes what comes next, which makes no difference to what is read: by itself a reader has one
 * for a trace of a megabyte or more where there is a second processor. `mem` must then be one that threads can share
 * (mem_libc and the tool's are). To be said before the first event. */
enum trace_look_ahead { look_ahead_if_large, look_ahead_always, look_ahead_never };
void trace_reader_look_ahead(struct trace_reader *reader, enum trace_look_ahead look_ahead);

/* Whether it is worth it, for these bytes on this machine. */
bool trace_is_worth_look_ahead(enum trace_look_ahead look_ahead, struct str bytes);

/* The next event, valid until the next call, and its table until that of the next ev_mark was returned. NULL at the end
 * of the trace or where it is broken. A trace that is not broken begins and ends with an ev_mark, and each generation
 * begins with one. */
const struct trace_event *trace_reader_next(struct trace_reader *reader);

/* What is wrong with the trace, once trace_reader_next has returned NULL. */
const struct trace_fault *trace_reader_fault(const struct trace_reader *reader);

/* How much of the file, in bytes from its begin, is known to be good: what came before the last ev_mark. */
uint64_t trace_reader_valid(const struct trace_reader *reader);

/* The number in a header "go 1.NN trace\0\0\0"; 0 with the fault set where there is none. */
unsigned trace_header_version(struct str bytes, struct trace_fault *fault);

enum { trace_header_size = 16 };

#endif
