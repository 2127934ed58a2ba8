/* What the readers of gperftools' and early Go's text and word formats share. Each format has a file of its own, and
 * legacy_read tries them in the order in which google/pprof does, whose profile package they follow to the letter:
 * which addresses are moved back by one, which frames are dropped, how values are scaled, how mappings are guessed. */
#ifndef SONDE_PROFILE_LEGACY_H
#define SONDE_PROFILE_LEGACY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/map.h"
#include "base/vec.h"
#include "profile/pattern.h"
#include "profile/profile.h"

/* What a reader says of an input: its own and read; of another format, so the next one is to be asked; its own but
 * broken, with the fault set. */
enum legacy_result { legacy_done, legacy_other, legacy_broken };

struct legacy_location {
    uint64_t address;
    uint32_t function; /* of its one line, or PROFILE_NONE for no line */
    int64_t line;
};

/* Its frames are legacy.frames[first .. first + depth), its values one a sample type, from legacy.values[first_value]
 * on. */
struct legacy_sample {
    uint64_t first, depth, first_value;
    bool has_size; /* whether the label "bytes" is `size` */
    int64_t size;
};

/* A profile as it is read: every sample has its own frames until legacy_finish makes columns of it. */
struct legacy {
    struct mem *mem;
    struct str text; /* all of the input */
    struct fault *fault;
    struct profile profile; /* its strings, types and header */
    struct map by_address;  /* to the location */
    VEC(struct legacy_location) locations;
    VEC(struct legacy_sample) samples;
    VEC(uint32_t) frames;
    VEC(int64_t) values;
    VEC(struct profile_mapping) mappings;
    bool drops_repeated_leaves; /* a second frame that is the leaf moved back by one goes, at the end */
    bool strips_addresses;      /* addresses are only names for locations, and go at the end */
};

/* Ends a reader because its input is broken at a place inside text, or (at NULL) as a whole. */
enum legacy_result legacy_fail(struct legacy *legacy, const char *at, const char *expected);

/* Ends a reader because memory ran out. */
enum legacy_result legacy_exhausted(struct legacy *legacy);

/* Sets the period type, the period and the sample types; each type is a pair of texts. False on exhaustion. */
bool legacy_set_types(struct legacy *legacy, const char *const period_type[2], int64_t period,
                      const char *const (*sample_types)[2], uint32_t n);

/* Begins a sample; its values follow, then its frames, leaf first. All false on exhaustion. */
bool legacy_add_sample(struct legacy *legacy, const int64_t *values, uint32_t nvalues);
bool legacy_add_frame(struct legacy *legacy, uint64_t address);

/* Adds to the last sample a frame for each hexadecimal number in a text, every address moved back by one (from the
 * frame number `from` on). *fits is false where a number is too large. False on exhaustion. */
bool legacy_add_frames(struct legacy *legacy, struct str text, uint64_t from, bool *fits);

/* Drops the second frame of a sample. */
void legacy_drop_second(struct legacy *legacy, struct legacy_sample *sample);

/* Walks over the lines of a text. */
struct legacy_lines {
    struct str text, line; /* line is without its end; empty before the first and behind the last */
    size_t next;
};

bool legacy_next_line(struct legacy_lines *lines);

/* Whether a line says that mappings follow; whether it says nothing. */
bool legacy_is_map_sentinel(struct str line);
bool legacy_is_blank(struct str line);

struct str legacy_trim(struct str text);

/* Reads a number as Go's ParseInt does, in base 10, or in the base that a prefix tells (base 0). */
bool legacy_parse_int(struct str text, int base, int64_t *value);

/* Reads up to 16 hexadecimal digits. */
bool legacy_parse_hex(struct str text, uint64_t *value);

/* What a sample of count blocks and size bytes, taken on the average every `rate` bytes, stands for. */
void legacy_unsample(int64_t *count, int64_t *size, int64_t rate);

/* Compiles a built-in expression; NULL on exhaustion. */
struct pattern *legacy_pattern(struct legacy *legacy, const char *expression);

/* Reads the mappings behind the current or next line that is a sentinel, or (in legacy_read_maps) from the next line
 * on. False on exhaustion. */
bool legacy_read_sections(struct legacy *legacy, struct legacy_lines *lines);
bool legacy_read_maps(struct legacy *legacy, struct legacy_lines *lines);

/* Every format's reader. */
enum legacy_result legacy_read_cpu(struct legacy *legacy);
enum legacy_result legacy_read_heap(struct legacy *legacy);
enum legacy_result legacy_read_count(struct legacy *legacy);
enum legacy_result legacy_read_thread(struct legacy *legacy);
enum legacy_result legacy_read_contention(struct legacy *legacy);
enum legacy_result legacy_read_java(struct legacy *legacy);

/* A CPU profile's words, which a Java one also begins with. */
struct legacy_words {
    struct cursor cursor;
    bool is_long, is_big;
};

/* Reads samples of words up to their end mark, moving all addresses but the leaf's back by one where `adjust`. */
enum legacy_result legacy_read_word_samples(struct legacy *legacy, struct legacy_words *words, bool adjust);

/* Reads the names of a Java profile's addresses from the lines in text, which ends its reading. */
enum legacy_result legacy_read_java_names(struct legacy *legacy, struct str text);

/* Tries all formats. On success fills out; legacy_other where the text is in none of them. */
enum legacy_result legacy_read(struct str text, struct mem *mem, struct profile *out, struct fault *fault);

#endif
