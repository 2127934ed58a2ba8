/* Strings as Go quotes them (strconv.Quote, fmt's %q), what its dumps are full of, and as JSON does. */
#ifndef SONDE_BASE_QUOTE_H
#define SONDE_BASE_QUOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Whether Go's strconv.IsPrint holds for a code point: letters, marks, numbers, punctuation, symbols and the ASCII
 * space, in the version of Unicode that Go 1.26 knows. */
bool quote_is_printable(uint32_t rune);

/* Appends s in double quotes. What cannot be printed, and bytes that are not UTF-8, are escaped. */
void buf_quote(struct buf *out, struct str s);

/* Appends s as a JSON string (RFC 8259), quotes and all. Bytes that are not UTF-8 become U+FFFD; "<" is escaped, so
 * that the text may stand inside of a script in a page. */
void buf_quote_json(struct buf *out, struct str s);

#endif
