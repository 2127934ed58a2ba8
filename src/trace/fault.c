#include "trace/fault.h"

#include <stdarg.h>
#include <stdio.h>

bool trace_fault_at(struct trace_fault *fault, uint64_t offset, const char *format, ...)
{
    if (fault->set)
        return false;
    va_list args;
    va_start(args, format);
    vsnprintf(fault->rule, sizeof fault->rule, format, args);
    va_end(args);
    fault->set = true;
    fault->offset = offset;
    return false;
}

void trace_fault_in_generation(struct trace_fault *fault, uint64_t generation)
{
    if (fault->set && !fault->has_generation) {
        fault->has_generation = true;
        fault->generation = generation;
    }
}

void trace_fault_on_thread(struct trace_fault *fault, int64_t thread)
{
    if (fault->set && !fault->has_thread) {
        fault->has_thread = true;
        fault->thread = thread;
    }
}

void trace_fault_print(const struct trace_fault *fault, struct buf *out)
{
    buf_printf(out, "broken trace at byte %llu", (unsigned long long)fault->offset);
    if (fault->has_generation)
        buf_printf(out, ", generation %llu", (unsigned long long)fault->generation);
    if (fault->has_thread)
        buf_printf(out, ", M %lld", (long long)fault->thread);
    buf_printf(out, ": %s", fault->rule);
}
