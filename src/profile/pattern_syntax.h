/* Go's regular expression syntax (https://pkg.go.dev/regexp/syntax), checked and rewritten for PCRE2. */
#ifndef SONDE_PROFILE_PATTERN_SYNTAX_H
#define SONDE_PROFILE_PATTERN_SYNTAX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

/* The first code point of a text that is not empty, and its length in bytes; U+FFFD and 1 where it is not UTF-8. */
uint32_t utf8_first(struct str text, size_t *length);

/* Appends to `out` a PCRE2 pattern that matches the texts that the expression matches in Go (under PCRE2_UTF,
 * DOLLAR_ENDONLY and ALT_CIRCUMFLEX). Where Go refuses the expression, or memory runs out, returns false with Go's
 * words and the position appended to `error`. */
bool pattern_translate(struct str expression, struct mem *mem, struct buf *out, struct buf *error);

/* Appends an error in Go's form: the reason, the piece of the expression that is to blame, and where it begins. */
void pattern_put_error(struct buf *error, const char *reason, struct str piece, size_t at);

#endif
