/* A profile made from frames that have names: what the readers of other tools' formats build on. Equal frames become
 * one location, equal names one function. */
#ifndef SONDE_PROFILE_ASSEMBLY_H
#define SONDE_PROFILE_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/vec.h"
#include "profile/profile.h"
#include "profile/stacks.h"

/* A frame; what is not known is empty or 0. One without a function has an address and no line. */
struct frame {
    struct str function, file;
    int64_t line, column;
    struct str binary; /* the mapping's file */
    uint64_t address;
};

struct assembly {
    struct mem *mem;
    struct profile profile;        /* strings, types, header */
    struct str_map location_index; /* from all of a location's parts */
    struct map function_index;     /* from name << 32 | file */
    struct map mapping_index;      /* from file */
    VEC(struct profile_mapping) mappings;
    VEC(struct profile_function) functions;
    VEC(struct profile_location) locations;
    VEC(struct profile_line) lines;
    VEC(uint32_t) line_start;
    VEC(uint32_t) sample_stack;
    VEC(int64_t) values;
    VEC(uint64_t) label_start;
    VEC(struct profile_label) labels;
    struct stacks stacks;
};

/* All functions: false (or PROFILE_NONE, NULL) on exhaustion, after which only assembly_finish may follow. */

bool assembly_init(struct assembly *assembly, struct mem *mem);

/* Frees all that was not handed over. */
void assembly_finish(struct assembly *assembly);

/* Adds a sample type. */
bool assembly_add_type(struct assembly *assembly, struct str type, struct str unit);

/* Sets the period type and the period. */
bool assembly_set_period(struct assembly *assembly, struct str type, struct str unit, int64_t period);

/* The location of a frame. */
uint32_t assembly_location(struct assembly *assembly, const struct frame *frame);

/* Adds a mapping, whatever others there are, and returns its index. */
uint32_t assembly_add_mapping(struct assembly *assembly, struct profile_mapping mapping);

/* The location of an address in one of those mappings (or PROFILE_NONE), which has no lines. */
uint32_t assembly_address(struct assembly *assembly, uint64_t address, uint32_t mapping);

/* Room for the next sample's locations, leaf first. */
uint32_t *assembly_frames(struct assembly *assembly, uint64_t depth);

/* Adds a sample with the first `depth` of those locations and a value for each sample type. */
bool assembly_add_sample(struct assembly *assembly, uint64_t depth, const int64_t *values);

/* Adds a label to the last sample. Keys must come in order, text before numbers. */
bool assembly_add_text_label(struct assembly *assembly, struct str key, struct str value);
bool assembly_add_number_label(struct assembly *assembly, struct str key, int64_t value);

/* Hands the profile over. */
bool assembly_hand_over(struct assembly *assembly, struct profile *out);

#endif
