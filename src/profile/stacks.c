/* A table of stack indices with a part of each hash beside it, so that nearly every probe that ends elsewhere ends
 * without a look at the frames. New frames are written behind the old ones first and forgotten when they are not new.
 */
#include "profile/stacks.h"

#include <string.h>

#include "base/hash.h"

struct stacks_slot {
    uint32_t stack; /* index + 1; 0 for free */
    uint32_t hash;
};

enum { smallest_room = 64 };

/* The number of slots for so many stacks: at most two thirds of them get used. */
static uint32_t slots_for(uint32_t count)
{
    uint64_t room = smallest_room;
    while (room * 2 < (uint64_t)count * 3)
        room *= 2;
    return room > (uint64_t)1 << 31 ? (uint32_t)1 << 31 : (uint32_t)room;
}

static bool new_slots(struct stacks *stacks, uint32_t room)
{
    struct stacks_slot *slots = mem_get_array(stacks->mem, room, sizeof *slots);
    if (!slots)
        return false;
    memset(slots, 0, room * sizeof *slots);
    stacks->slots = slots;
    stacks->slots_room = room;
    return true;
}

bool stacks_init(struct stacks *stacks, struct mem *mem, uint32_t count)
{
    *stacks = (struct stacks){.mem = mem, .start_room = count < UINT32_MAX - 1 ? count + 1 : UINT32_MAX};
    stacks->start = mem_get_array(mem, stacks->start_room, sizeof *stacks->start);
    if (stacks->start && new_slots(stacks, slots_for(count))) {
        stacks->start[0] = 0;
        return true;
    }
    stacks_finish(stacks);
    return false;
}

void stacks_finish(struct stacks *stacks)
{
    if (!stacks->mem)
        return;
    mem_put(stacks->mem, stacks->start, stacks->start_room * sizeof *stacks->start);
    mem_put(stacks->mem, stacks->frames, stacks->frames_room * sizeof *stacks->frames);
    mem_put(stacks->mem, stacks->slots, stacks->slots_room * sizeof *stacks->slots);
    *stacks = (struct stacks){0};
}

uint32_t *stacks_reserve(struct stacks *stacks, uint64_t depth)
{
    uint64_t used = stacks->start[stacks->n] + stacks->pending_frames;
    if (depth >= stacks->frames_room - used) {
        uint64_t room = stacks->frames_room * 2 + smallest_room;
        if (room <= used + depth)
            room = used + depth + 1;
        uint32_t *frames = room > SIZE_MAX / sizeof *frames
                               ? NULL
                               : stacks->mem->resize(stacks->mem, stacks->frames, stacks->frames_room * sizeof *frames,
                                                     room * sizeof *frames);
        if (!frames)
            return NULL;
        stacks->frames = frames;
        stacks->frames_room = room;
    }
    return stacks->frames + used;
}

static bool is_stack(const struct stacks *stacks, uint32_t stack, const uint32_t *frames, uint64_t depth)
{
    uint64_t start = stacks->start[stack];
    return stacks->start[stack + 1] - start == depth &&
           (depth == 0 || memcmp(stacks->frames + start, frames, depth * sizeof *frames) == 0);
}

/* Makes room for `more` stacks in at most two thirds of the slots. */
static bool grow_slots(struct stacks *stacks, uint32_t more)
{
    while (((uint64_t)stacks->n + more) * 3 > (uint64_t)stacks->slots_room * 2) {
        struct stacks_slot *old = stacks->slots;
        uint32_t old_room = stacks->slots_room;
        if (old_room > UINT32_MAX / 2 || !new_slots(stacks, old_room * 2))
            return false;
        uint32_t mask = stacks->slots_room - 1;
        for (uint32_t i = 0; i < old_room; i++) {
            uint32_t at = old[i].hash & mask;
            while (old[i].stack != 0 && stacks->slots[at].stack != 0)
                at = (at + 1) & mask;
            if (old[i].stack != 0)
                stacks->slots[at] = old[i];
        }
        mem_put(stacks->mem, old, old_room * sizeof *old);
    }
    return true;
}

/* Makes room for the ends of `more` stacks. */
static bool grow_start(struct stacks *stacks, uint32_t more)
{
    uint64_t need = (uint64_t)stacks->n + more + 1, room = (uint64_t)stacks->start_room * 2;
    if (need <= stacks->start_room)
        return true;
    room = room < need ? need : room;
    uint64_t *start = room > UINT32_MAX ? NULL
                                        : stacks->mem->resize(stacks->mem, stacks->start,
                                                              stacks->start_room * sizeof *start, room * sizeof *start);
    if (!start)
        return false;
    stacks->start = start;
    stacks->start_room = (uint32_t)room;
    return true;
}

/* The index of the stack whose frames begin at `at`, at or behind the end of the last stack; a new one is moved there.
 */
static uint32_t intern(struct stacks *stacks, uint64_t at, uint64_t depth, uint32_t hash)
{
    uint32_t mask = stacks->slots_room - 1;
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        struct stacks_slot *slot = &stacks->slots[i];
        if (slot->stack == 0) {
            uint64_t end = stacks->start[stacks->n];
            if (at != end)
                memmove(stacks->frames + end, stacks->frames + at, depth * sizeof *stacks->frames);
            stacks->start[++stacks->n] = end + depth;
            *slot = (struct stacks_slot){stacks->n, hash};
            return stacks->n - 1;
        }
        if (slot->hash == hash && is_stack(stacks, slot->stack - 1, stacks->frames + at, depth))
            return slot->stack - 1;
    }
}

/* Two runs beside each other: a multiplication takes longer than fetching what it multiplies. */
static uint32_t hash_frames(const uint32_t *frames, uint64_t depth)
{
    uint64_t a = depth, b = 0, words[2];
    for (; depth >= 4; frames += 4, depth -= 4) {
        memcpy(words, frames, sizeof words);
        a = hash_fold(a, words[0]);
        b = hash_fold(b, words[1]);
    }
    for (; depth > 0; frames++, depth--)
        a = hash_fold(a, *frames);
    return (uint32_t)hash_u64(hash_fold(a, b));
}

/* Asks for what a look-up will most likely be compared with. */
static void prefetch_likely(const struct stacks *stacks, uint32_t hash, bool frames)
{
    enum { line = 64 / sizeof(uint32_t) };
    const struct stacks_slot *slot = &stacks->slots[hash & (stacks->slots_room - 1)];
    if (slot->stack == 0 || slot->hash != hash)
        return;
    const uint64_t *start = &stacks->start[slot->stack - 1];
    if (!frames) {
        __builtin_prefetch(start);
        return;
    }
    for (uint64_t at = *start; at < start[1]; at += line)
        __builtin_prefetch(&stacks->frames[at]);
}

bool stacks_settle(struct stacks *stacks)
{
    if (!grow_slots(stacks, stacks->npending) || !grow_start(stacks, stacks->npending))
        return false;
    uint64_t first = stacks->start[stacks->n], at = first;
    for (uint32_t i = 0; i < stacks->npending; i++) {
        struct stacks_pending *pending = &stacks->pending[i];
        pending->hash = hash_frames(stacks->frames + at, pending->depth);
        __builtin_prefetch(&stacks->slots[pending->hash & (stacks->slots_room - 1)], 1);
        at += pending->depth;
    }
    for (uint32_t i = 0; i < stacks->npending; i++)
        prefetch_likely(stacks, stacks->pending[i].hash, false);
    for (uint32_t i = 0; i < stacks->npending; i++)
        prefetch_likely(stacks, stacks->pending[i].hash, true);
    at = first;
    for (uint32_t i = 0; i < stacks->npending; i++) {
        const struct stacks_pending *pending = &stacks->pending[i];
        *pending->index = intern(stacks, at, pending->depth, pending->hash);
        at += pending->depth;
    }
    stacks->npending = 0;
    stacks->pending_frames = 0;
    return true;
}

bool stacks_take_later(struct stacks *stacks, uint64_t depth, uint32_t *index)
{
    stacks->pending[stacks->npending++] = (struct stacks_pending){.depth = depth, .index = index};
    stacks->pending_frames += depth;
    return stacks->npending < stacks_pending_most || stacks_settle(stacks);
}

uint32_t stacks_take(struct stacks *stacks, uint64_t depth)
{
    uint32_t index = UINT32_MAX;
    return stacks_take_later(stacks, depth, &index) && stacks_settle(stacks) ? index : UINT32_MAX;
}

bool stacks_append(struct stacks *stacks, uint64_t depth)
{
    if (!grow_start(stacks, 1))
        return false;
    stacks->start[stacks->n + 1] = stacks->start[stacks->n] + depth;
    stacks->n++;
    return true;
}

/* Shrinks a block to new_size bytes; where that fails it stays as it was, which only costs memory. */
static void *shrink(struct mem *mem, void *block, size_t old_size, size_t new_size)
{
    void *shrunk = old_size == new_size ? block : mem->resize(mem, block, old_size, new_size);
    return shrunk || new_size == 0 ? shrunk : block;
}

void stacks_release(struct stacks *stacks, uint64_t **start, uint32_t **frames)
{
    uint64_t used = stacks->start[stacks->n];
    *start = shrink(stacks->mem, stacks->start, stacks->start_room * sizeof **start,
                    ((size_t)stacks->n + 1) * sizeof **start);
    *frames = shrink(stacks->mem, stacks->frames, stacks->frames_room * sizeof **frames, used * sizeof **frames);
    stacks->start = NULL;
    stacks->frames = NULL;
    stacks_finish(stacks);
}
