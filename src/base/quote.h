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

/* Appends the text that a Go literal stands for, as strconv.Unquote reads it: in double quotes, in back quotes, or one
 * character in single quotes. False, with nothing appended, where s is not such a literal; exhaustion shows in out. */
bool buf_unquote(struct buf *out, struct str s);

/* Appends a code point as UTF-8; what is none, as U+FFFD. */
void buf_rune(struct buf *out, uint32_t rune);

/* Decodes the code point at the start of s, which is not empty, and returns its length; 0 where the bytes there are not
 * UTF-8 (overlong forms and surrogates are not). */
size_t utf8_decode(struct str s, uint32_t *rune);

#endif
