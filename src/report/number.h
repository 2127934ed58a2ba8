/* Integers as Go computes with them: sums and signs wrap around, what a float can't hold becomes the smallest. */
#ifndef SONDE_REPORT_NUMBER_H
#define SONDE_REPORT_NUMBER_H

#include <stdint.h>

static inline int64_t number_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t number_subtract(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

/* The magnitude; the smallest number stays negative. */
static inline int64_t number_abs(int64_t value)
{
    return value < 0 ? (int64_t)(0 - (uint64_t)value) : value;
}

static inline int64_t number_divide(int64_t value, int64_t divisor)
{
    return divisor == -1 ? (int64_t)(0 - (uint64_t)value) : value / divisor;
}

/* Towards zero, on the amd64 machines that the reference runs on. */
static inline int64_t number_of(double value)
{
    return value >= -0x1p63 && value < 0x1p63 ? (int64_t)value : INT64_MIN;
}

/* A part of a total: magnitude(total * fraction). */
static inline int64_t number_part(int64_t total, double fraction)
{
    return number_abs(number_of((double)total * fraction));
}

#endif
