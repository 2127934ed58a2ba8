/* Lines from whoever is at the other end of the standard input: through libedit on a terminal (loaded when it is
 * needed: starting a program with it costs 0.3 ms), as they come otherwise. */
#ifndef SONDE_CLI_LINE_EDITOR_H
#define SONDE_CLI_LINE_EDITOR_H

#include "base/buf.h"

struct line_editor;

/* Completes the word that ends a line: offers every candidate for the text so far by calling `offer`. */
typedef void line_completer(void *to, struct str line, void (*offer)(void *offer_to, struct str candidate),
                            void *offer_to);

/* Prepares to read lines behind a prompt (borrowed). History is kept in a file beside saved profiles where
 * history_path is not NULL. completer may be NULL. */
struct line_editor *line_editor_create(const char *prompt, const char *history_path, line_completer *completer,
                                       void *completer_to, struct mem *mem);
void line_editor_destroy(struct line_editor *editor);

/* The next line without its newline, valid until the next call; NULL at the end. */
const char *line_editor_read(struct line_editor *editor);

#endif
