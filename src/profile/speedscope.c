/* speedscope keeps one list of frames for several profiles, which are either lists of stacks (root first) with weights,
 * or lists of times at which frames open and close; a stretch between two such times is a sample. Times become
 * nanoseconds, whatever their unit. */
#include <string.h>

#include "profile/foreign_json.h"

/* What the values of a profile are, and what multiplies them. */
struct speedscope_unit {
    const char *name, *type, *unit;
    double factor;
};

static const struct speedscope_unit units[] = {
    {"nanoseconds", "time", "nanoseconds", 1},
    {"microseconds", "time", "nanoseconds", 1e3},
    {"milliseconds", "time", "nanoseconds", 1e6},
    {"seconds", "time", "nanoseconds", 1e9},
    {"bytes", "space", "bytes", 1},
    {"none", "weight", "count", 1},
};

struct speedscope {
    struct foreign_json *f;
    VEC(uint32_t) locations; /* of shared.frames */
    const struct speedscope_unit *unit;
    uint32_t name;      /* of the profile at hand, a JSON string */
    VEC(uint32_t) open; /* frames of an evented profile, root first */
};

static enum foreign_result read_frames(struct speedscope *s)
{
    const struct json *json = &s->f->json;
    uint32_t frames = json_member(json, json_member(json, 0, STR("shared")), STR("frames"));
    if (json->values[frames].type != json_array)
        return foreign_json_fail(s->f, 0, "an array shared.frames");
    for (uint32_t at = json->values[frames].first; at != 0; at = json->values[at].next) {
        struct frame frame = {.function = json_text(json, json_member(json, at, STR("name"))),
                              .file = json_text(json, json_member(json, at, STR("file")))};
        json_int(json, json_member(json, at, STR("line")), &frame.line);
        json_int(json, json_member(json, at, STR("col")), &frame.column);
        if (frame.function.n == 0)
            frame.function = STR("(unnamed)");
        uint32_t location = assembly_location(&s->f->assembly, &frame);
        if (location == PROFILE_NONE || !vec_push(&s->locations, s->f->assembly.mem, location))
            return foreign_json_exhausted(s->f);
    }
    return foreign_done;
}

/* The location of a frame that is named by its number; PROFILE_NONE where there is no such. */
static uint32_t frame_at(const struct speedscope *s, uint32_t value)
{
    int64_t number;
    bool known = json_int(&s->f->json, value, &number) && number >= 0 && (uint64_t)number < s->locations.n;
    return known ? s->locations.at[number] : PROFILE_NONE;
}

static bool add_sample(struct speedscope *s, uint64_t depth, int64_t value)
{
    const int64_t values[] = {1, value};
    struct str name = json_text(&s->f->json, s->name);
    return assembly_add_sample(&s->f->assembly, depth, values) &&
           (name.n == 0 || assembly_add_text_label(&s->f->assembly, STR("profile"), name));
}

static enum foreign_result read_stack(struct speedscope *s, uint32_t stack, uint32_t weight)
{
    struct foreign_json *f = s->f;
    const struct json_value *values = f->json.values;
    uint64_t depth = values[stack].n, i = depth;
    int64_t value;
    if (values[stack].type != json_array || !foreign_json_scaled(f, weight, s->unit->factor, &value))
        return foreign_json_fail(f, stack, "a stack with a weight");
    uint32_t *frames = foreign_json_frames(f, depth);
    if (!frames)
        return foreign_broken;
    for (uint32_t at = values[stack].first; at != 0; at = values[at].next) {
        frames[--i] = frame_at(s, at);
        if (frames[i] == PROFILE_NONE)
            return foreign_json_fail(f, at, "the number of a frame");
    }
    return add_sample(s, depth, value) ? foreign_done : foreign_json_exhausted(f);
}

static enum foreign_result read_sampled(struct speedscope *s, uint32_t profile)
{
    const struct json *json = &s->f->json;
    uint32_t samples = json_member(json, profile, STR("samples")), weights = json_member(json, profile, STR("weights"));
    if (json->values[samples].type != json_array || json->values[weights].type != json_array ||
        json->values[samples].n != json->values[weights].n)
        return foreign_json_fail(s->f, profile, "as many samples as weights");
    enum foreign_result result = foreign_done;
    uint32_t weight = json->values[weights].first;
    for (uint32_t at = json->values[samples].first; at != 0 && result == foreign_done; at = json->values[at].next) {
        result = read_stack(s, at, weight);
        weight = json->values[weight].next;
    }
    return result;
}

/* Adds what was open for a while. */
static enum foreign_result add_stretch(struct speedscope *s, int64_t length)
{
    if (s->open.n == 0 || length <= 0)
        return foreign_done;
    uint32_t *frames = foreign_json_frames(s->f, s->open.n);
    if (!frames)
        return foreign_broken;
    for (size_t i = 0; i < s->open.n; i++)
        frames[i] = s->open.at[s->open.n - 1 - i];
    return add_sample(s, s->open.n, length) ? foreign_done : foreign_json_exhausted(s->f);
}

/* Opens or closes a frame. */
static enum foreign_result apply_event(struct speedscope *s, uint32_t event)
{
    const struct json *json = &s->f->json;
    struct str type = json_text(json, json_member(json, event, STR("type")));
    uint32_t location = frame_at(s, json_member(json, event, STR("frame")));
    if (location == PROFILE_NONE)
        return foreign_json_fail(s->f, event, "an event with the number of a frame");
    if (str_equal(type, STR("O")))
        return vec_push(&s->open, s->f->assembly.mem, location) ? foreign_done : foreign_json_exhausted(s->f);
    if (!str_equal(type, STR("C")) || s->open.n == 0 || s->open.at[s->open.n - 1] != location)
        return foreign_json_fail(s->f, event, "an event that closes the frame opened last");
    s->open.n--;
    return foreign_done;
}

static enum foreign_result read_evented(struct speedscope *s, uint32_t profile)
{
    const struct json *json = &s->f->json;
    uint32_t events = json_member(json, profile, STR("events"));
    if (json->values[events].type != json_array)
        return foreign_json_fail(s->f, profile, "events");
    enum foreign_result result = foreign_done;
    int64_t before = 0, time;
    s->open.n = 0;
    for (uint32_t at = json->values[events].first; at != 0 && result == foreign_done; at = json->values[at].next) {
        if (!foreign_json_scaled(s->f, json_member(json, at, STR("at")), s->unit->factor, &time))
            return foreign_json_fail(s->f, at, "an event with a time");
        result = add_stretch(s, (int64_t)((uint64_t)time - (uint64_t)before));
        before = time;
        if (result == foreign_done)
            result = apply_event(s, at);
    }
    return result;
}

/* A profile's unit; NULL where it is not known. */
static const struct speedscope_unit *unit_of(const struct speedscope *s, uint32_t profile)
{
    struct str name = json_text(&s->f->json, json_member(&s->f->json, profile, STR("unit")));
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (str_equal(name, str_of(units[i].name)))
            return &units[i];
    }
    return NULL;
}

static bool add_types(struct speedscope *s)
{
    struct assembly *a = &s->f->assembly;
    if (a->profile.nsample_types > 0)
        return true;
    struct str type = str_of(s->unit->type), unit = str_of(s->unit->unit);
    return assembly_add_type(a, STR("samples"), STR("count")) && assembly_add_type(a, type, unit) &&
           assembly_set_period(a, type, unit, 0);
}

static enum foreign_result read_profile(struct speedscope *s, uint32_t profile)
{
    const struct json *json = &s->f->json;
    struct str type = json_text(json, json_member(json, profile, STR("type")));
    s->unit = unit_of(s, profile);
    if (!s->unit)
        return foreign_json_fail(s->f, profile, "a profile with a known unit");
    if (!add_types(s))
        return foreign_json_exhausted(s->f);
    s->name = json_member(json, profile, STR("name"));
    if (str_equal(type, STR("sampled")))
        return read_sampled(s, profile);
    if (str_equal(type, STR("evented")))
        return read_evented(s, profile);
    return foreign_json_fail(s->f, profile, "a profile of the type \"sampled\" or \"evented\"");
}

/* The one profile to read where they measure different things, such as counts and times of the same samples: the one
 * that the file shows first. 0 where they all measure the same, as those of several threads do. */
static uint32_t only_profile(const struct speedscope *s, uint32_t profiles)
{
    const struct json *json = &s->f->json;
    uint32_t first = json->values[profiles].first, active = first;
    const struct speedscope_unit *unit = unit_of(s, first);
    int64_t index = 0;
    bool same = true;
    json_int(json, json_member(json, 0, STR("activeProfileIndex")), &index);
    for (uint32_t at = first; at != 0; at = json->values[at].next, index--) {
        const struct speedscope_unit *other = unit_of(s, at);
        same = same && (!unit || !other || strcmp(unit->type, other->type) == 0);
        if (index == 0)
            active = at;
    }
    return same ? 0 : active;
}

static enum foreign_result read_profiles(struct speedscope *s, uint32_t profiles)
{
    const struct json *json = &s->f->json;
    uint32_t only = only_profile(s, profiles);
    if (only != 0)
        return read_profile(s, only);
    enum foreign_result result = foreign_done;
    for (uint32_t at = json->values[profiles].first; at != 0 && result == foreign_done; at = json->values[at].next)
        result = read_profile(s, at);
    return result;
}

enum foreign_result foreign_read_speedscope(struct foreign_json *f)
{
    const struct json *json = &f->json;
    struct speedscope s = {.f = f};
    uint32_t profiles = json_member(json, 0, STR("profiles"));
    enum foreign_result result = read_frames(&s);
    if (result == foreign_done && (json->values[profiles].type != json_array || json->values[profiles].n == 0))
        result = foreign_json_fail(f, 0, "an array of profiles");
    if (result == foreign_done)
        result = read_profiles(&s, profiles);
    vec_finish(&s.locations, f->assembly.mem);
    vec_finish(&s.open, f->assembly.mem);
    return result;
}
