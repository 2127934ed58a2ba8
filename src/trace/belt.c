/* Both sides sleep until half of the belt is full, or free: a switch of threads is then paid once for thousands of
 * events, not for each batch. */
#include "trace/belt.h"

enum {
    half = belt_batches / 2,
    line = 64,
    block_size = (belt_batches * belt_entries + belt_spare) * (int)sizeof(struct entry) + line,
};

bool belt_init(struct belt *belt, struct mem *mem)
{
    *belt = (struct belt){.mem = mem};
    belt->block = mem_get(mem, block_size);
    belt->entries = (struct entry *)(((uintptr_t)belt->block + line - 1) & ~(uintptr_t)(line - 1));
    pthread_mutex_init(&belt->lock, NULL);
    pthread_cond_init(&belt->filled, NULL);
    pthread_cond_init(&belt->emptied, NULL);
    return belt->block != NULL;
}

void belt_finish(struct belt *belt)
{
    mem_put(belt->mem, belt->block, block_size);
    pthread_mutex_destroy(&belt->lock);
    pthread_cond_destroy(&belt->filled);
    pthread_cond_destroy(&belt->emptied);
}

static struct entry *batch(struct belt *belt, uint64_t i)
{
    return belt->entries + i % belt_batches * belt_entries;
}

struct entry *belt_room(struct belt *belt)
{
    pthread_mutex_lock(&belt->lock);
    if (belt->made - belt->taken == belt_batches) {
        while (belt->made - belt->taken > half && !belt->stopped)
            pthread_cond_wait(&belt->emptied, &belt->lock);
    }
    struct entry *room = belt->stopped ? NULL : batch(belt, belt->made);
    pthread_mutex_unlock(&belt->lock);
    return room;
}

void belt_hand(struct belt *belt, size_t n)
{
#ifdef __SSE2__
    _mm_sfence();
#endif
    pthread_mutex_lock(&belt->lock);
    belt->sizes[belt->made++ % belt_batches] = n;
    bool enough = belt->made - belt->taken >= half;
    pthread_mutex_unlock(&belt->lock);
    if (enough)
        pthread_cond_signal(&belt->filled);
}

void belt_end(struct belt *belt)
{
    pthread_mutex_lock(&belt->lock);
    belt->over = true;
    pthread_mutex_unlock(&belt->lock);
    pthread_cond_signal(&belt->filled);
}

const struct entry *belt_next(struct belt *belt, size_t *n)
{
    pthread_mutex_lock(&belt->lock);
    if (belt->made == belt->taken) {
        while (belt->made - belt->taken < half && !belt->over)
            pthread_cond_wait(&belt->filled, &belt->lock);
    }
    const struct entry *entries = NULL;
    if (belt->made > belt->taken) {
        *n = belt->sizes[belt->taken % belt_batches];
        entries = batch(belt, belt->taken);
    }
    pthread_mutex_unlock(&belt->lock);
    return entries;
}

void belt_done(struct belt *belt)
{
    pthread_mutex_lock(&belt->lock);
    bool enough = belt->made - ++belt->taken <= half;
    pthread_mutex_unlock(&belt->lock);
    if (enough)
        pthread_cond_signal(&belt->emptied);
}

void belt_stop(struct belt *belt)
{
    pthread_mutex_lock(&belt->lock);
    belt->stopped = true;
    pthread_mutex_unlock(&belt->lock);
    pthread_cond_signal(&belt->emptied);
}
