/* The options of reports, as users name them: on the command line as flags, at the prompt as var=value. One table
 * drives parsing, listing and help. Names, defaults and choices are those of go tool pprof. */
#ifndef SONDE_CLI_CONFIG_H
#define SONDE_CLI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* Strings are never NULL; they are owned by whoever parsed them and outlive the config. */
struct config {
    const char *output;
    const char *color; /* one of colour_choices */
    bool call_tree, relative_percentages, compact_labels, intel_syntax, mean, normalize;
    const char *unit;
    const char *source_path, *trim_path;
    const char *sample_index;
    double divide_by;
    const char *sort; /* "flat" or "cum" */
    const char *tagroot, *tagleaf;
    bool drop_negative, trim, noinlines, showcolumns, signed_percentages;
    int64_t nodecount; /* -1: the command's own default */
    double nodefraction, edgefraction;
    const char *focus, *ignore, *prune_from, *hide, *show, *show_from;
    const char *tagfocus, *tagignore, *tagshow, *taghide;
    const char *granularity; /* "" for the command's own default */
    const char *symbolize;   /* no option: the words of -symbolize; NULL as "" */
};

enum config_kind { config_bool, config_int, config_float, config_text };

struct config_field {
    const char *name;
    enum config_kind kind;
    size_t offset;              /* of the member in struct config */
    const char *const *choices; /* NULL-terminated, in the order of help; NULL where any text will do */
    const char *const *words;   /* as choices, of values that are no names of their own */
    const char *summary;        /* one line of help; "" where the choices have their own */
    const char *details;        /* further lines, or NULL */
};

/* A choice of a field, which is a name of its own ("cum" stands for sort=cum). */
struct config_choice {
    const char *name;
    const char *summary, *details;
};

extern const struct config_field config_fields[];
extern const size_t config_nfields;
extern const struct config_choice config_choices[];
extern const size_t config_nchoices;

void config_init(struct config *config);

/* The field that a name stands for, also where it is one of its choices; NULL where there is none. */
const struct config_field *config_find(const char *name);

/* The choice of that name, or NULL. */
const struct config_choice *config_find_choice(const char *name);

/* Whether the name may stand alone, without a value: a bool, or a choice. */
bool config_is_bool(const char *name);

/* Sets the option of a field's or choice's name; value (borrowed) is copied into the arena. On failure returns false,
 * appends the reason to error and changes nothing. */
bool config_set(struct config *config, struct arena *arena, const char *name, const char *value, struct buf *error);

/* Whether a field takes a text; false with the reason in error. */
bool config_check_text(const struct config_field *field, const char *value, struct buf *error);

/* Appends the value of a field as text. */
void config_put_value(const struct config *config, const struct config_field *field, struct buf *out);

/* Parses as Go's flag package does: a bool is 1, 0, t, f, T, F, true, ... */
bool config_parse_bool(const char *text, bool *value);

/* A decimal integer; with any_base also 0x, 0o, 0b and 0 prefixes. */
bool config_parse_int(const char *text, bool any_base, int64_t *value);

bool config_parse_float(const char *text, double *value);

/* Appends a number in the shortest form that reads back as the same. */
void config_put_float(struct buf *out, double value);

#endif
