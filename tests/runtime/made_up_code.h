/* A program that is made up: three mappings and a few functions, for the tests of the writers. */
#ifndef SONDE_TESTS_MADE_UP_CODE_H
#define SONDE_TESTS_MADE_UP_CODE_H

#include "runtime/code.h"

static inline bool made_up_find(const struct code *code, uint64_t address, struct code_symbol *symbol)
{
    static const struct {
        uint64_t start, end;
        const char *name;
    } functions[] = {{0x401000, 0x401100, "main"}, {0x401100, 0x402000, "work"}, {0x7f0000, 0x7f0080, "start"}};
    (void)code;
    for (int i = 0; i < 3; i++) {
        if (functions[i].start <= address && address < functions[i].end) {
            *symbol = (struct code_symbol){str_of(functions[i].name), functions[i].start};
            return true;
        }
    }
    return false;
}

/* Fills the mappings; they are finished by the caller. */
static inline struct code made_up_code(struct mappings *mappings)
{
    static const struct mapping made_up[] = {
        {0x401000, 0x402000, 0x1000, STR("/bin/app"), STR("abcdef")},
        {0x7f0000, 0x7f1000, 0, STR("/lib/libc.so.6"), STR("")},
        {0x7fff00, 0x7fff80, 0, STR("[vdso]"), STR("")},
    };
    mappings_init(mappings, mem_libc());
    for (int i = 0; i < 3; i++)
        mappings_add(mappings, &made_up[i]);
    return (struct code){mappings, made_up_find};
}

#endif
