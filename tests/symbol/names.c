/* Prints what the symbols on standard input, one a line, stand for, in a mode: full, templates or default. What stands
 * for itself is printed as it is. For names_test.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/demangle.h"

int main(int argc, char **argv)
{
    const char *word = argc == 2 ? argv[1] : "full";
    enum demangle_mode mode = strcmp(word, "default") == 0     ? demangle_default
                              : strcmp(word, "templates") == 0 ? demangle_templates
                                                               : demangle_full;
    char *line = NULL;
    size_t size = 0;
    struct buf name;
    buf_init(&name, mem_libc());
    for (ssize_t n; (n = getline(&line, &size, stdin)) > 0;) {
        struct str symbol = {line, (size_t)n - (line[n - 1] == '\n')};
        name.n = 0;
        if (!demangle(symbol, mode, &name))
            buf_str(&name, symbol);
        printf("%.*s\n", (int)name.n, name.p);
    }
    buf_finish(&name);
    free(line);
    return 0;
}
