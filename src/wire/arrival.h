/* Bytes that one thread writes while another reads them: a fixed room that fills from its front. */
#ifndef SONDE_WIRE_ARRIVAL_H
#define SONDE_WIRE_ARRIVAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct arrival {
    char *bytes; /* borrowed */
    size_t room; /* how many there may be */
    pthread_mutex_t lock;
    pthread_cond_t more;
    size_t n; /* have arrived */
    bool over;
};

void arrival_init(struct arrival *arrival, char *bytes, size_t room);
void arrival_finish(struct arrival *arrival);

/* For the writer: the first n bytes are written and stay as they are; no more will come. */
void arrival_tell(struct arrival *arrival, size_t n);
void arrival_end(struct arrival *arrival);

/* For the reader: waits until there are more than `than` bytes or no more will come, and says how many there are. */
size_t arrival_wait(struct arrival *arrival, size_t than);

#endif
