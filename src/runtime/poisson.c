#include "runtime/poisson.h"

#include <string.h>

/* xorshift64*: passes what sampling needs, and its state is one word. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1du;
}

/* The natural logarithm of a normal number above 0, to about 14 digits: u = m * 2^e with m within [2/3, 4/3), and
 * ln m = 2 artanh((m - 1) / (m + 1)). */
static double ln(double u)
{
    uint64_t bits;
    memcpy(&bits, &u, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m >= 4.0 / 3) {
        m /= 2;
        exponent++;
    }
    double s = (m - 1) / (m + 1), square = s * s, sum = 0;
    for (int power = 17; power > 0; power -= 2)
        sum = sum * square + 1.0 / power;
    return 2 * s * sum + exponent * 0.693147180559945309;
}

uint64_t poisson_distance(uint64_t *random, uint64_t rate)
{
    double u = (double)((next_random(random) >> 11) + 1) * 0x1p-53; /* (0, 1] */
    double distance = -ln(u) * (double)rate;
    return 1 + (distance < 0x1p61 ? (uint64_t)distance : (uint64_t)1 << 61);
}

/* 1 - exp(-x) for x >= 0, small x without cancellation: by its series below a half, and from there by doubling,
 * 1 - exp(-2y) = q (2 - q) where q = 1 - exp(-y). */
static double one_minus_exp(double x)
{
    if (x > 64)
        return 1;
    int doublings = 0;
    while (x > 0.5) {
        x /= 2;
        doublings++;
    }
    double q = 0;
    for (int i = 14; i > 0; i--)
        q = x / i * (1 - q);
    while (doublings-- > 0)
        q *= 2 - q;
    return q;
}

double poisson_weight(uint64_t size, uint64_t rate)
{
    if (rate <= 1)
        return 1;
    if (size == 0)
        return 0;
    return 1 / one_minus_exp((double)size / (double)rate);
}
