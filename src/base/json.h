/* JSON texts as a tree in one array: for formats that other tools write, so broken ones and huge ones come along. */
#ifndef SONDE_BASE_JSON_H
#define SONDE_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "base/str.h"

enum json_type { json_null, json_bool, json_number, json_string, json_array, json_object };

/* A value. Values are named by their place in json.values; 0 is the whole text's, and so also means "none" where a
 * child or the next one is named. */
struct json_value {
    enum json_type type;
    bool truth;           /* of a bool */
    uint32_t first, next; /* first member or element; what follows this value in its parent */
    uint32_t n;           /* members or elements */
    uint64_t offset;      /* in the text */
    struct str key;       /* of a member of an object */
    struct str text;      /* of a string, escapes undone; of a number, as written */
};

struct json {
    struct mem *mem;
    struct arena arena; /* strings that had escapes */
    struct json_value *values;
    uint32_t n, room;
};

/* Parses a text, whose bytes must outlive the tree. False with the fault set; nothing is owned then. Takes at most some
 * 80 bytes for each byte of the text, and no stack for what is nested. */
bool json_parse(struct str text, struct mem *mem, struct json *out, struct fault *fault);
void json_finish(struct json *json);

/* The member of an object under a key, the first one where there are several; 0 where there is none, or it is no
 * object. */
uint32_t json_member(const struct json *json, uint32_t object, struct str key);

/* A number's value; false where it is none, or (as an integer) has a fraction or is out of range. */
bool json_double(const struct json *json, uint32_t value, double *out);
bool json_int(const struct json *json, uint32_t value, int64_t *out);

/* A string's text; empty where it is none. */
struct str json_text(const struct json *json, uint32_t value);

#endif
