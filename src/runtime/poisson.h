/* Sampling by a Poisson process over bytes: the distances between samples, and what a sample stands for. Without libm,
 * which a guest does not bring along. */
#ifndef SONDE_RUNTIME_POISSON_H
#define SONDE_RUNTIME_POISSON_H

#include <stdint.h>

/* The next distance in bytes, exponentially distributed with the mean `rate` (at least 1), rounded up, at least 1: a
 * block is sampled if it has at least as many bytes as are left of the distance, that is with the probability
 * 1 - exp(-size / rate). `random` is the generator's state, not 0. */
uint64_t poisson_distance(uint64_t *random, uint64_t rate);

/* How many blocks of a size each sampled one stands for: 1 / (1 - exp(-size / rate)), as Go's scaleHeapSample has it;
 * 1 where rate is at most 1, 0 for blocks of no size (which a higher rate never samples). */
double poisson_weight(uint64_t size, uint64_t rate);

#endif
