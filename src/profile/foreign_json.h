/* What the readers of JSON profiles share. */
#ifndef SONDE_PROFILE_FOREIGN_JSON_H
#define SONDE_PROFILE_FOREIGN_JSON_H

#include "base/json.h"
#include "profile/assembly.h"
#include "profile/foreign.h"

struct foreign_json {
    struct json json;
    struct assembly assembly;
    struct fault *fault;
    uint64_t frames_left; /* so many more frames fit what such a text may take */
};

/* Ends a reader because a value is not what it should be. */
static inline enum foreign_result foreign_json_fail(struct foreign_json *f, uint32_t value, const char *expected)
{
    *f->fault = (struct fault){expected, f->json.values[value].offset};
    return foreign_broken;
}

static inline enum foreign_result foreign_json_exhausted(struct foreign_json *f)
{
    return foreign_json_fail(f, 0, "enough memory to read the profile");
}

/* Room for a stack; NULL with the fault set where memory, or what such a text may take of it, runs out. */
uint32_t *foreign_json_frames(struct foreign_json *f, uint64_t depth);

/* A number that is made an integer after multiplication; *value stays as it is where there is none. */
bool foreign_json_scaled(const struct foreign_json *f, uint32_t number, double factor, int64_t *value);

enum foreign_result foreign_read_speedscope(struct foreign_json *f);

/* Whether a text is a trace of Chrome's; *list is its array of events then. */
bool foreign_is_chrome_trace(const struct json *json, uint32_t *list);
enum foreign_result foreign_read_chrome_trace(struct foreign_json *f, uint32_t list);

#endif
