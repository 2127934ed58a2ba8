#include "cli/print.h"

void print_buf(FILE *to, const struct buf *text)
{
    if (text->n > 0)
        fwrite(text->p, 1, text->n, to);
}

void print_notes(struct buf *notes)
{
    print_buf(stderr, notes);
    notes->n = 0;
}
