#include "trace/larder.h"

enum { page = 4096 };

static void touch(volatile char *block, size_t size)
{
    for (size_t i = 0; i < size; i += page)
        block[i] = 0;
}

/* Waits until a block is wanted; false when none will be any more. */
static bool wait_for_want(struct larder *larder)
{
    pthread_mutex_lock(&larder->lock);
    while (!larder->is_wanted && !larder->stopping)
        pthread_cond_wait(&larder->wanted, &larder->lock);
    larder->is_wanted = false;
    bool good = !larder->stopping;
    pthread_mutex_unlock(&larder->lock);
    return good;
}

static void fill(void *context)
{
    struct larder *larder = context;
    while (wait_for_want(larder)) {
        void *block = mem_get(larder->mem, larder->size);
        if (!block)
            return;
        touch(block, larder->size);
        pthread_mutex_lock(&larder->lock);
        larder->ready = block;
        pthread_mutex_unlock(&larder->lock);
    }
}

void larder_start(struct larder *larder, struct mem *mem, size_t size)
{
    *larder = (struct larder){.mem = mem, .size = size};
    pthread_mutex_init(&larder->lock, NULL);
    pthread_cond_init(&larder->wanted, NULL);
    larder->running = helper_start(&larder->helper, fill, larder);
}

void larder_finish(struct larder *larder)
{
    if (larder->running) {
        pthread_mutex_lock(&larder->lock);
        larder->stopping = true;
        pthread_mutex_unlock(&larder->lock);
        pthread_cond_signal(&larder->wanted);
        helper_join(&larder->helper);
    }
    mem_put(larder->mem, larder->ready, larder->size);
    pthread_mutex_destroy(&larder->lock);
    pthread_cond_destroy(&larder->wanted);
}

void *larder_take(struct larder *larder)
{
    pthread_mutex_lock(&larder->lock);
    void *block = larder->ready;
    larder->ready = NULL;
    /* Where one is being made ready another is not wanted, but for the first time. */
    bool wanted = block || !larder->began;
    larder->is_wanted |= wanted;
    larder->began = true;
    pthread_mutex_unlock(&larder->lock);
    if (wanted)
        pthread_cond_signal(&larder->wanted);
    return block;
}
