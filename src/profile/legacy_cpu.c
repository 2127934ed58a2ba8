/* gperftools' CPU profiles: words of the profiled machine, four or eight bytes, in its byte order,
 *
 *     0  3  0 (1: Java)  period in us  0
 *     count  depth  address...           a sample, as often as needed
 *     0  1  0                            the end
 *
 * and the text of /proc/PID/maps behind them. */
#include <string.h>

#include "profile/legacy.h"

static uint64_t next_word(struct legacy_words *w)
{
    if (w->is_long)
        return w->is_big ? cursor_u64be(&w->cursor) : cursor_u64le(&w->cursor);
    return w->is_big ? cursor_u32be(&w->cursor) : cursor_u32le(&w->cursor);
}

static bool add_word_sample(struct legacy *l, struct legacy_words *w, uint64_t count, uint64_t depth, bool adjust)
{
    int64_t values[] = {(int64_t)count, (int64_t)(count * (uint64_t)l->profile.period)};
    if (!legacy_add_sample(l, values, 2))
        return false;
    for (uint64_t i = 0; i < depth; i++) {
        if (!legacy_add_frame(l, next_word(w) - (adjust && i > 0)))
            return false;
    }
    return true;
}

/* A last sample that is cut short is taken with zeros for what is missing, as Go does, as long as its depth is one that
 * words of four bytes could have had. */
enum legacy_result legacy_read_word_samples(struct legacy *l, struct legacy_words *w, bool adjust)
{
    const size_t smallest_word = 4;
    while (cursor_left(&w->cursor) > 0) {
        const char *at = (const char *)w->cursor.p;
        uint64_t count = next_word(w), depth = next_word(w);
        if (!cursor_ok(&w->cursor) || depth > cursor_left(&w->cursor) / smallest_word)
            return legacy_fail(l, at, "a sample of a CPU profile, or its end mark");
        struct legacy_words ahead = *w;
        if (count == 0 && depth == 1 && next_word(&ahead) == 0) {
            *w = ahead;
            break;
        }
        if (!add_word_sample(l, w, count, depth, adjust))
            return legacy_exhausted(l);
    }
    return legacy_done;
}

/* Counts how many samples have each location as their second frame, and returns one that nearly all have; PROFILE_NONE
 * where there is none, or memory for the counts. */
static uint32_t common_second(const struct legacy *l, bool *exhausted)
{
    size_t room = l->locations.n + 1, margin = l->samples.n / 32;
    uint32_t *counts = mem_get_array(l->mem, room, sizeof *counts), found = PROFILE_NONE;
    *exhausted = !counts;
    if (!counts)
        return PROFILE_NONE;
    memset(counts, 0, room * sizeof *counts);
    for (size_t i = 0; i < l->samples.n; i++) {
        if (l->samples.at[i].depth > 1)
            counts[l->frames.at[l->samples.at[i].first + 1]]++;
    }
    for (uint32_t i = 0; i < l->locations.n; i++) {
        if (counts[i] > 0 && counts[i] >= l->samples.n - margin)
            found = i;
    }
    mem_put(l->mem, counts, room * sizeof *counts);
    return found;
}

/* Drops up to two second frames that nearly all samples have: what the signal handler pushed. */
static bool drop_handler_frames(struct legacy *l)
{
    for (int round = 0; round < 2; round++) {
        bool exhausted;
        uint32_t common = common_second(l, &exhausted);
        if (exhausted)
            return false;
        for (size_t i = 0; common != PROFILE_NONE && i < l->samples.n; i++) {
            struct legacy_sample *sample = &l->samples.at[i];
            if (sample->depth > 1 && l->frames.at[sample->first + 1] == common)
                legacy_drop_second(l, sample);
        }
    }
    return true;
}

static struct str rest_of(const struct legacy_words *w)
{
    return (struct str){(const char *)w->cursor.p, cursor_left(&w->cursor)};
}

static enum legacy_result read_samples(struct legacy *l, struct legacy_words *w, bool is_java)
{
    enum legacy_result result = legacy_read_word_samples(l, w, !is_java);
    if (result != legacy_done)
        return result;
    if (is_java)
        return legacy_read_java_names(l, rest_of(w));
    struct legacy_lines lines = {.text = rest_of(w)};
    l->drops_repeated_leaves = true;
    return drop_handler_frames(l) && legacy_read_maps(l, &lines) ? legacy_done : legacy_exhausted(l);
}

enum legacy_result legacy_read_cpu(struct legacy *l)
{
    static const char *const cpu[2] = {"cpu", "nanoseconds"};
    static const char *const types[][2] = {{"samples", "count"}, {"cpu", "nanoseconds"}};
    for (int kind = 0; kind < 4; kind++) {
        struct legacy_words w = {cursor_over(l->text.p, l->text.n, 0), kind >= 2, kind % 2 == 1};
        uint64_t words[5];
        for (int i = 0; i < 5; i++)
            words[i] = next_word(&w);
        if (!cursor_ok(&w.cursor) || words[0] != 0 || words[1] != 3 || words[2] > 1 || words[3] == 0 || words[4] != 0)
            continue;
        if (!legacy_set_types(l, cpu, (int64_t)(words[3] * 1000), types, 2))
            return legacy_exhausted(l);
        return read_samples(l, &w, words[2] == 1);
    }
    return legacy_other;
}
