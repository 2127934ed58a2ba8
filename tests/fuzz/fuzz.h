/* The one function of a fuzz target: decodes the bytes and aborts where a promise of the decoder is broken. Returns 0.
 */
#ifndef SONDE_TESTS_FUZZ_H
#define SONDE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
