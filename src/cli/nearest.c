#include "cli/nearest.h"

#include <string.h>

enum { longest_word = 64 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein in its restricted form: how many letters to insert, drop, change or swap with their neighbour.
 * Words too long to be a flag are infinitely far. */
static unsigned distance(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    if (na > longest_word || nb > longest_word)
        return longest_word;
    unsigned rows[3][longest_word + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= nb; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        unsigned *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[nb];
}

struct nearest nearest_to(const char *word)
{
    /* Further than a third of the word is another word. */
    unsigned most = (unsigned)strlen(word) / 3;
    return (struct nearest){.word = word, .distance = (most > 1 ? most : 1) + 1};
}

void nearest_offer(struct nearest *search, const char *candidate)
{
    size_t n = strlen(search->word);
    unsigned d = n >= 3 && strncmp(search->word, candidate, n) == 0 ? 1 : distance(search->word, candidate);
    if (d < search->distance) {
        search->distance = d;
        search->best = candidate;
    }
}
