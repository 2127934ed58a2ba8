#include "base/str.h"

int str_compare(struct str a, struct str b)
{
    size_t shorter = a.n < b.n ? a.n : b.n;
    int order = shorter == 0 ? 0 : memcmp(a.p, b.p, shorter);
    if (order != 0)
        return order;
    return (a.n > b.n) - (a.n < b.n);
}

size_t str_find(struct str s, struct str needle, size_t from)
{
    for (size_t i = from; i + needle.n <= s.n; i++) {
        if (needle.n == 0 || memcmp(s.p + i, needle.p, needle.n) == 0)
            return i;
    }
    return s.n;
}

size_t str_find_last_byte(struct str s, char c)
{
    for (size_t i = s.n; i > 0; i--) {
        if (s.p[i - 1] == c)
            return i - 1;
    }
    return s.n;
}
