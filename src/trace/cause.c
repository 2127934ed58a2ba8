#include "trace/cause.h"

uint32_t cause_goroutine_on(const struct columns *cols, uint32_t thread, int64_t time)
{
    struct lane_reader reader;
    struct lane_item item;
    if (thread == COLUMNS_NONE)
        return COLUMNS_NONE;
    lane_seek(&reader, &cols->threads.at[thread].runs, time);
    return lane_next(&reader, &item) && item.begin <= time ? lane_rest(item.what) : COLUMNS_NONE;
}

/* What a mark and what was before it say; `ready` is the item behind the mark. */
static void explain_mark(const struct columns *cols, struct lane_reader *reader, const struct lane_item *mark,
                         const struct lane_item *ready, struct cause *cause)
{
    struct lane_item item;
    *cause = (struct cause){.kind = cause_created,
                            .time = mark->begin,
                            .place = columns_place(cols, mark->what),
                            .stack = columns_site(cols, ready->what).stack};
    cause->goroutine = cause_goroutine_on(cols, cause->place.thread, mark->begin);
    if (lane_previous(reader, &item) && lane_state(item.what) == columns_waiting) {
        cause->kind = cause_woken;
        cause->reason = columns_site(cols, item.what).name;
    }
}

bool cause_find(const struct columns *cols, uint32_t goroutine, int64_t time, struct cause *cause)
{
    struct lane_reader reader;
    struct lane_item run, ready, item;
    lane_seek(&reader, &cols->goroutines.at[goroutine].states, time);
    /* What came before and took no time stands in front of it. */
    do {
        if (!lane_next(&reader, &run) || run.begin > time)
            return false;
    } while (run.begin < time || lane_state(run.what) != columns_running);
    if (!lane_previous(&reader, &run) || !lane_previous(&reader, &ready) ||
        lane_state(ready.what) != columns_runnable || !lane_previous(&reader, &item))
        return false;
    if (lane_state(item.what) == columns_made_runnable) {
        explain_mark(cols, &reader, &item, &ready, cause);
        return true;
    }
    if (lane_state(item.what) != columns_syscall && lane_state(item.what) != columns_detached)
        return false;
    *cause = (struct cause){.kind = cause_returned,
                            .time = ready.begin,
                            .place = {COLUMNS_NONE, COLUMNS_NONE},
                            .goroutine = COLUMNS_NONE,
                            .stack = columns_site(cols, item.what).stack};
    return true;
}

/* Where a goroutine began to run at a time. */
static struct columns_place place_of(const struct columns *cols, uint32_t goroutine, int64_t time)
{
    struct columns_place none = {COLUMNS_NONE, COLUMNS_NONE};
    struct lane_reader reader;
    struct lane_item item;
    lane_seek(&reader, &cols->goroutines.at[goroutine].states, time);
    while (lane_next(&reader, &item) && item.begin <= time) {
        if (item.begin == time && lane_state(item.what) == columns_running)
            return columns_place(cols, item.what);
    }
    return none;
}

bool cause_arrows(const struct columns *cols, const struct lane *runs, int64_t begin, int64_t end,
                  struct cause_arrow *arrows, size_t room, size_t *n)
{
    struct lane_reader reader;
    struct lane_item item;
    *n = 0;
    lane_seek(&reader, runs, begin);
    while (lane_next(&reader, &item) && item.begin < end) {
        struct cause cause;
        uint32_t goroutine = lane_rest(item.what);
        if (item.begin < begin || lane_state(item.what) != columns_running ||
            !cause_find(cols, goroutine, item.begin, &cause))
            continue;
        if (*n == room)
            return false;
        arrows[(*n)++] = (struct cause_arrow){cause, item.begin, goroutine, place_of(cols, goroutine, item.begin)};
    }
    return true;
}
