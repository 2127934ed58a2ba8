#include "wire/arrival.h"

void arrival_init(struct arrival *arrival, char *bytes, size_t room)
{
    *arrival = (struct arrival){.bytes = bytes, .room = room};
    pthread_mutex_init(&arrival->lock, NULL);
    pthread_cond_init(&arrival->more, NULL);
}

void arrival_finish(struct arrival *arrival)
{
    pthread_cond_destroy(&arrival->more);
    pthread_mutex_destroy(&arrival->lock);
}

void arrival_tell(struct arrival *arrival, size_t n)
{
    pthread_mutex_lock(&arrival->lock);
    arrival->n = n;
    pthread_cond_signal(&arrival->more);
    pthread_mutex_unlock(&arrival->lock);
}

void arrival_end(struct arrival *arrival)
{
    pthread_mutex_lock(&arrival->lock);
    arrival->over = true;
    pthread_cond_signal(&arrival->more);
    pthread_mutex_unlock(&arrival->lock);
}

size_t arrival_wait(struct arrival *arrival, size_t than)
{
    pthread_mutex_lock(&arrival->lock);
    while (arrival->n <= than && !arrival->over)
        pthread_cond_wait(&arrival->more, &arrival->lock);
    size_t n = arrival->n;
    pthread_mutex_unlock(&arrival->lock);
    return n;
}
