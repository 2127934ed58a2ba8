/* Prints what Go's own table tells of places in a program: for every function each STEP-th address with the function's
 * name, file and line, as go_lines.go does.
 *
 *     go_lines PROGRAM STEP */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "symbol/object.h"

static void print_place(struct pclntab_walk *walk, uint64_t address)
{
    struct pclntab_place place;
    printf("%" PRIx64 " ", address);
    if (pclntab_walk_to(walk, address, &place))
        printf("%.*s %.*s:%" PRId64 "\n", STR_ARG(place.function.name), STR_ARG(place.file), place.line);
    else
        puts("? :0");
}

int main(int argc, char **argv)
{
    struct buf error;
    buf_init(&error, mem_libc());
    uint64_t step = argc == 3 ? strtoull(argv[2], NULL, 0) : 0;
    struct object *object = step > 0 ? object_create(argv[1], NULL, mem_libc(), &error) : NULL;
    if (!object) {
        fprintf(stderr, "%.*s\n", (int)error.n, error.p);
        return 1;
    }
    const struct pclntab *table = object_pclntab(object);
    struct pclntab_walk walk = {.table = table};
    struct pclntab_function function;
    for (uint32_t i = 0; table && pclntab_function(table, i, &function); i++) {
        for (uint64_t address = function.entry; address < function.end; address += step)
            print_place(&walk, address);
    }
    object_destroy(object);
    buf_finish(&error);
    return 0;
}
