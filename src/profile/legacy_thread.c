/* Thread texts ("threadz"): a header for each thread, and lines that hold its addresses anywhere:
 *
 *     --- threadz 1 ---
 *     --- Thread 7f794ab90940 (name: main/14748) stack: ---
 *       PC: 0x00bc8f1c  sleep
 *           0x0040be31  main
 *     --- Thread 7f794abf1940 (name: w/14749) stack: ---
 *         [same as previous thread]
 */
#include "profile/legacy.h"

static const char all_start[] = "--- threadz \\d+ ---";
static const char thread_start[] = "--- Thread ([[:xdigit:]]+) \\(name: (.*)/(\\d+)\\) stack: ---";

struct threads {
    struct legacy *legacy;
    struct pattern *start;
    struct legacy_lines lines;
    struct str line; /* the header at hand */
};

/* Reads the addresses of one thread up to the next line of dashes, which becomes the header at hand. */
static enum legacy_result read_addresses(struct threads *t, bool *same)
{
    struct legacy *l = t->legacy;
    *same = false;
    t->line = (struct str){0};
    while (legacy_next_line(&t->lines)) {
        bool fits;
        t->line = legacy_trim(t->lines.line);
        if (str_starts_with(t->line, STR("---")))
            return legacy_done;
        if (str_find(t->line, STR("same as previous thread"), 0) < t->line.n) {
            *same = true;
            continue;
        }
        uint64_t from = l->samples.at[l->samples.n - 1].depth == 0 ? 1 : 0;
        if (!legacy_add_frames(l, t->line, from, &fits))
            return legacy_exhausted(l);
        if (!fits)
            return legacy_fail(l, t->line.p, "addresses of at most 64 bits");
    }
    return legacy_done;
}

/* Takes back the sample that was begun for a thread like the one before, and counts that one once more. */
static void repeat_previous(struct legacy *l)
{
    struct legacy_sample dropped = l->samples.at[--l->samples.n];
    l->frames.n = dropped.first;
    l->values.n = dropped.first_value;
    if (l->samples.n > 0)
        l->values.at[l->samples.at[l->samples.n - 1].first_value]++;
}

static enum legacy_result read_thread(struct threads *t)
{
    struct legacy *l = t->legacy;
    const int64_t one = 1;
    bool same;
    if (!pattern_matches(t->start, t->line))
        return legacy_other;
    if (!legacy_add_sample(l, &one, 1))
        return legacy_exhausted(l);
    enum legacy_result result = read_addresses(t, &same);
    if (result == legacy_done && (same || l->samples.at[l->samples.n - 1].depth == 0))
        repeat_previous(l);
    return result;
}

static enum legacy_result read_threads(struct threads *t)
{
    static const char *const thread[][2] = {{"thread", "count"}};
    struct legacy *l = t->legacy;
    enum legacy_result result = legacy_set_types(l, thread[0], 1, thread, 1) ? legacy_done : legacy_exhausted(l);
    while (result == legacy_done && !legacy_is_map_sentinel(t->line) &&
           !str_starts_with(t->line, STR("---- no stack trace for")))
        result = read_thread(t);
    l->drops_repeated_leaves = true;
    if (result == legacy_done && !legacy_read_sections(l, &t->lines))
        return legacy_exhausted(l);
    return result;
}

/* Finds the first thread's header; false where this is not a thread text. */
static bool find_first(struct threads *t, struct pattern *all)
{
    bool more;
    do
        more = legacy_next_line(&t->lines);
    while (more && legacy_is_blank(t->lines.line));
    t->line = t->lines.line;
    if (!pattern_matches(all, t->line))
        return pattern_matches(t->start, t->line);
    while (legacy_next_line(&t->lines)) {
        t->line = t->lines.line;
        if (legacy_is_map_sentinel(t->line) || str_starts_with(t->line, STR("-")))
            break;
    }
    return true;
}

enum legacy_result legacy_read_thread(struct legacy *l)
{
    if (str_find(str_first(l->text, 1 << 16), STR("--- "), 0) == (l->text.n < 1 << 16 ? l->text.n : 1 << 16))
        return legacy_other;
    struct threads t = {.legacy = l, .lines = {.text = l->text}};
    struct pattern *all = legacy_pattern(l, all_start);
    t.start = legacy_pattern(l, thread_start);
    enum legacy_result result = !all || !t.start      ? legacy_exhausted(l)
                                : find_first(&t, all) ? read_threads(&t)
                                                      : legacy_other;
    pattern_destroy(all);
    pattern_destroy(t.start);
    return result;
}
