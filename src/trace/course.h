/* A quantity over time in a fixed room: the time is divided into parts that become twice as long whenever the trace
 * turns out to be longer than they reach. */
#ifndef SONDE_TRACE_COURSE_H
#define SONDE_TRACE_COURSE_H

#include <stdint.h>

enum { course_parts = 240, course_first = 1024 /* ns, the length of a part at first */ };

struct course {
    int64_t begin;
    int64_t length; /* of a part, ns; 0 before the first use */
    double part[course_parts];
};

/* Adds ns of something that went on from `from` to `to`, both not before begin. */
void course_add(struct course *course, int64_t begin, int64_t from, int64_t to);

/* The sum of [from, to), of parts that are cut by them in proportion. */
double course_sum(const struct course *course, int64_t from, int64_t to);

#endif
