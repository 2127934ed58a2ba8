/* Inside of decode.h: what the readers of a profile.proto's tables and of its samples share. */
#ifndef SONDE_PROFILE_DECODER_H
#define SONDE_PROFILE_DECODER_H

#include "base/vec.h"
#include "profile/ids.h"
#include "profile/profile.h"
#include "profile/stacks.h"
#include "wire/proto.h"

/* Field numbers of the message Profile. */
enum {
    field_sample_type = 1,
    field_sample = 2,
    field_mapping = 3,
    field_location = 4,
    field_function = 5,
    field_string = 6,
    field_drop_frames = 7,
    field_keep_frames = 8,
    field_time = 9,
    field_duration = 10,
    field_period_type = 11,
    field_period = 12,
    field_comment = 13,
    field_default_sample_type = 14,
    field_doc_url = 15,
    nfields = 16
};

/* The stretch of the file from the first to the last field of one number. */
struct span {
    struct cursor from; /* at the first one; not limited to the last one's end */
    const uint8_t *end;
    uint64_t n;
};

/* What was met in samples that were read before the tables that they refer to. */
struct early {
    bool on;                 /* samples are being read early */
    bool given_up;           /* something is not as nearly always: they are to be read again, behind the tables */
    uint64_t ntypes;         /* sample types met so far */
    uint32_t worst_location; /* the largest of the ids - 1 in the stacks */
    uint64_t worst_string;   /* the largest index that a label has */
};

struct decoder {
    struct profile *out;
    struct mem *mem;
    struct fault *fault;
    struct str text;
    const uint8_t *readable; /* the end of what may be read around a message: the text's, or that of a piece of it */
    bool raw;                /* what is equal stays apart (profile_decode_raw) */
    uint64_t likely_size;    /* of the text, where its samples are read before all of it is there */
    struct span spans[nfields];
    struct span rest;     /* of all from drop_frames on */
    uint32_t *string_ids; /* from the file's string indices to ours; NULL where raw: they are the same */
    uint64_t nstrings;
    struct ids mappings, functions, locations;
    struct early early;
    uint32_t ntypes; /* values of each sample */
    struct stacks stacks;
    VEC(uint32_t) stack; /* per sample */
    VEC(int64_t) values;
    VEC(uint64_t) label_start;
    VEC(struct profile_label) labels;
    VEC(struct profile_line) lines;
    VEC(uint32_t) comments;
};

/* Note what is wrong; always false. */
bool decoder_fail(struct decoder *d, uint64_t offset, const char *expected);
bool decoder_exhausted(struct decoder *d);

/* Whether a message was read to its end without a fault, which is noted otherwise. */
bool decoder_settle(struct decoder *d, const struct cursor *message);

/* Check what a field holds: a single number, or a message or string. */
bool decoder_is_number(struct decoder *d, const struct proto_field *field);
bool decoder_is_message(struct decoder *d, const struct proto_field *field);
bool decoder_take_u64(struct decoder *d, const struct proto_field *field, uint64_t *out);

/* Whether a message may be read by proto_quick. */
static inline bool decoder_is_quick(const struct decoder *d, const struct proto_field *message)
{
    return message->type == proto_bytes && d->readable - message->bytes.end >= proto_quick_room;
}

/* Our id of the file's string index. */
bool decoder_find_string(struct decoder *d, uint64_t index, uint64_t offset, uint32_t *out);

/* Reads a sample before the tables are known: into its stack go ids - 1, into its labels the file's string indices.
 * Does nothing once early.given_up is set, which it sets itself where a sample is not as nearly always. */
void decoder_take_sample_early(struct decoder *d, struct proto_field *field);

/* Behind the tables: turns what was read early into indices; false where that cannot be. */
bool decoder_resolve_samples(struct decoder *d);

/* Behind the tables: reads the samples, those that were read before being forgotten. */
bool decoder_take_samples(struct decoder *d);

/* Handles every field of a span whose number is in [first, last]. */
bool decoder_each(struct decoder *d, const struct span *span, uint32_t first, uint32_t last,
                  bool (*take)(struct decoder *, struct proto_field *));

#endif
