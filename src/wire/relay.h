/* A text handed from the thread that makes it to the one that reads it, in pieces that are used over and over: its size
 * costs no memory, and what is read is still in the processor's cache. Before each piece there is room for what the
 * reader left of the one before it, so that what lies across their border is in one place too. */
#ifndef SONDE_WIRE_RELAY_H
#define SONDE_WIRE_RELAY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Bytes of a piece, and of what may be left of the one before. */
enum { relay_piece = 1 << 18, relay_rest = 1 << 18, relay_pieces = 4 };

struct relay {
    char *block; /* relay_size() bytes; borrowed */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t sizes[relay_pieces];
    unsigned made, taken; /* pieces, counted from the first; the reader holds the one before `taken` */
    bool over, stopped;
};

/* How many bytes a relay needs. */
size_t relay_size(void);

void relay_init(struct relay *relay, char *block);
void relay_finish(struct relay *relay);

/* For the maker: waits until a piece is free and gives room for relay_piece bytes; NULL when the reader has stopped. */
char *relay_room(struct relay *relay);

/* Hands over the n bytes that were written there, or ends the text. */
void relay_hand(struct relay *relay, size_t n);
void relay_end(struct relay *relay);

/* For the reader: waits for the next piece and replaces *text, of which it gives up all but `rest`, its end, by that
 * rest and the piece. False at the text's end, or where the rest is too long. */
bool relay_next(struct relay *relay, size_t rest, struct str *text);

/* Lets the maker stop. */
void relay_stop(struct relay *relay);

#endif
