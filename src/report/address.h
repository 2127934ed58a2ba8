/* Addresses in place of a regular expression. */
#ifndef SONDE_REPORT_ADDRESS_H
#define SONDE_REPORT_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Reads a number in the base that its prefix tells (0x, 0b, 0o or 0; else 10); false where the text is none. */
bool address_parse(struct str text, uint64_t *address);

#endif
