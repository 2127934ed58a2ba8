#include "wire/relay.h"

#include <string.h>

size_t relay_size(void)
{
    return (size_t)relay_pieces * (relay_rest + relay_piece);
}

static char *piece_of(const struct relay *relay, unsigned number)
{
    return relay->block + (size_t)(number % relay_pieces) * (relay_rest + relay_piece) + relay_rest;
}

void relay_init(struct relay *relay, char *block)
{
    *relay = (struct relay){.block = block};
    pthread_mutex_init(&relay->lock, NULL);
    pthread_cond_init(&relay->changed, NULL);
}

void relay_finish(struct relay *relay)
{
    pthread_cond_destroy(&relay->changed);
    pthread_mutex_destroy(&relay->lock);
}

char *relay_room(struct relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    while (relay->made - relay->taken >= relay_pieces - 1 && !relay->stopped)
        pthread_cond_wait(&relay->changed, &relay->lock);
    char *room = relay->stopped ? NULL : piece_of(relay, relay->made);
    pthread_mutex_unlock(&relay->lock);
    return room;
}

void relay_hand(struct relay *relay, size_t n)
{
    pthread_mutex_lock(&relay->lock);
    relay->sizes[relay->made++ % relay_pieces] = n;
    pthread_cond_signal(&relay->changed);
    pthread_mutex_unlock(&relay->lock);
}

void relay_end(struct relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    relay->over = true;
    pthread_cond_signal(&relay->changed);
    pthread_mutex_unlock(&relay->lock);
}

bool relay_next(struct relay *relay, size_t rest, struct str *text)
{
    if (rest > relay_rest)
        return false;
    pthread_mutex_lock(&relay->lock);
    while (relay->made == relay->taken && !relay->over)
        pthread_cond_wait(&relay->changed, &relay->lock);
    bool more = relay->made != relay->taken;
    char *piece = piece_of(relay, relay->taken);
    size_t n = relay->sizes[relay->taken % relay_pieces];
    pthread_mutex_unlock(&relay->lock);
    if (!more)
        return false;
    if (rest > 0)
        memcpy(piece - rest, text->p + text->n - rest, rest);
    *text = (struct str){piece - rest, rest + n};
    pthread_mutex_lock(&relay->lock);
    relay->taken++; /* only now is the piece before free */
    pthread_cond_signal(&relay->changed);
    pthread_mutex_unlock(&relay->lock);
    return true;
}

void relay_stop(struct relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    relay->stopped = true;
    pthread_cond_signal(&relay->changed);
    pthread_mutex_unlock(&relay->lock);
}
