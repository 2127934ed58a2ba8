/* Flags as Go programs take them: one dash or two, -flag=value or -flag value, a bool without value, the first argument
 * that is no flag ends them, and so does "--". */
#ifndef SONDE_CLI_FLAGS_H
#define SONDE_CLI_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum flag_kind { flag_bool, flag_int, flag_float, flag_text };

struct flag {
    const char *name;
    enum flag_kind kind;
    void *value; /* bool, int64_t, double or const char * (borrowed from argv) */
};

enum flags_result { flags_fine, flags_help, flags_wrong };

struct flags {
    const struct flag *all;
    size_t n;
    int next; /* out: index in argv of the first argument that is not a flag */
};

/* Reads flags from argv[1] on and stores their values; later ones win. flags_help for -h, -help and --help;
 * flags_wrong with one line in error, which names the nearest flag where one is not known. */
enum flags_result flags_parse(struct flags *flags, int argc, char **argv, struct buf *error);

#endif
