#include "cli/decode_ahead.h"

#include "cli/tool_mem.h"
#include "profile/read.h"

/* Memory whose blocks are another's: nothing comes of giving them back. */
static void *keep(struct mem *self, void *block, size_t old_size, size_t new_size)
{
    (void)self;
    (void)block;
    (void)old_size;
    (void)new_size;
    return NULL;
}

/* The bytes of the only source are given up as soon as they are inflated; those of several may be wanted again. */
static void decode(const struct decode_ahead *ahead, struct source *source, struct decoded *decoded)
{
    static struct mem kept = {keep};
    decoded->fault = (struct fault){0};
    decoded->good = false;
    source_unpack(source);
    if (source->error.n > 0)
        return;
    struct buf bytes = source->bytes;
    if (ahead->n == 1)
        buf_init(&source->bytes, tool_mem());
    else
        bytes.mem = &kept;
    decoded->good =
        (ahead->raw ? profile_read_raw : profile_read)(&bytes, tool_mem(), &decoded->profile, &decoded->fault);
    source_let_go(source);
}

/* Begins the next source, decodes it without the lock, and tells. The lock is held before and after. */
static void decode_next(struct decode_ahead *ahead)
{
    size_t i = ahead->next++;
    struct decoded *decoded = &ahead->slots[i % ahead->width];
    decoded->state = decode_runs;
    pthread_mutex_unlock(&ahead->lock);
    decode(ahead, &ahead->sources[i], decoded);
    pthread_mutex_lock(&ahead->lock);
    decoded->state = decode_done;
    pthread_cond_broadcast(&ahead->changed);
}

/* Whether there is a source to begin, and a place for what comes of it. */
static bool may_begin(const struct decode_ahead *ahead)
{
    return ahead->next < ahead->n && ahead->next < ahead->taken + ahead->width;
}

static void help(void *context)
{
    struct decode_ahead *ahead = context;
    pthread_mutex_lock(&ahead->lock);
    while (ahead->next < ahead->n) {
        if (may_begin(ahead))
            decode_next(ahead);
        else
            pthread_cond_wait(&ahead->changed, &ahead->lock);
    }
    pthread_mutex_unlock(&ahead->lock);
}

void decode_ahead_start(struct decode_ahead *ahead, struct source *sources, size_t n, bool raw)
{
    unsigned helpers = n > 1 ? parallel_width() - 1 : 0;
    *ahead = (struct decode_ahead){.sources = sources, .n = n, .raw = raw, .width = helpers + 2};
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->changed, NULL);
    while (ahead->nhelpers < helpers && helper_start(&ahead->helpers[ahead->nhelpers], help, ahead))
        ahead->nhelpers++;
}

bool decode_ahead_take(struct decode_ahead *ahead, struct profile *profile, struct fault *fault)
{
    pthread_mutex_lock(&ahead->lock);
    struct decoded *decoded = &ahead->slots[ahead->taken % ahead->width];
    while (decoded->state != decode_done) {
        if (may_begin(ahead))
            decode_next(ahead); /* this one, or while another thread has it the next */
        else
            pthread_cond_wait(&ahead->changed, &ahead->lock);
    }
    bool good = decoded->good;
    if (good)
        *profile = decoded->profile;
    *fault = decoded->fault;
    decoded->state = decode_waits;
    ahead->taken++;
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->lock);
    return good;
}

void decode_ahead_finish(struct decode_ahead *ahead)
{
    pthread_mutex_lock(&ahead->lock);
    ahead->next = ahead->n;
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->lock);
    for (unsigned i = 0; i < ahead->nhelpers; i++)
        helper_join(&ahead->helpers[i]);
    for (unsigned i = 0; i < ahead->width; i++) {
        if (ahead->slots[i].state == decode_done && ahead->slots[i].good)
            profile_finish(&ahead->slots[i].profile);
    }
    pthread_cond_destroy(&ahead->changed);
    pthread_mutex_destroy(&ahead->lock);
}
