#include "trace/logscale.h"

#include <math.h>

/* x = f * 2^k with f between sqrt(1/2) and sqrt(2); log(f) = 2 atanh(f / (2 + f)) by a minimax polynomial, with the
 * coefficients of FreeBSD's e_log.c. */
double logscale_log(double x)
{
    static const double odd[] = {6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01,
                                 1.479819860511658591e-01};
    static const double even[] = {3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01};
    int exponent;
    double f = frexp(x, &exponent);
    if (f <= 7.07106781186547524401e-01) {
        f *= 2;
        exponent--;
    }
    f -= 1;
    double k = exponent, s = f / (2 + f), s2 = s * s, s4 = s2 * s2;
    double t1 = s2 * (odd[0] + s4 * (odd[1] + s4 * (odd[2] + s4 * odd[3])));
    double t2 = s4 * (even[0] + s4 * (even[1] + s4 * even[2]));
    double r = t1 + t2, half = 0.5 * f * f;
    return k * 6.93147180369123816490e-01 - ((half - (s * (half + r) + k * 1.90821492927058770002e-10)) - f);
}

/* x = k ln 2 + r; e^(r/16) - 1 by its Taylor series, from which squaring four times gives e^r (Shibata, "Efficient
 * evaluation methods of elementary functions suitable for SIMD computation", 2010). Fused where Go fuses. */
double logscale_exp(double x)
{
    static const double taylor[] = {2.4801587301587301587e-5,
                                    1.9841269841269841270e-4,
                                    1.3888888888888888889e-3,
                                    8.3333333333333333333e-3,
                                    4.1666666666666666667e-2,
                                    1.6666666666666666667e-1,
                                    0.5,
                                    1.0};
    double k = nearbyint(x * 1.4426950408889634073599246810018920);
    double r = fma(-0.69314718055966295651160180568695068359375, k, x);
    r = fma(-0.28235290563031577122588448175013436025525412068e-12, k, r) * 0.0625;
    double p = taylor[0];
    for (unsigned i = 1; i < sizeof taylor / sizeof *taylor; i++)
        p = fma(p, r, taylor[i]);
    double y = r * p;
    for (int i = 0; i < 3; i++)
        y *= y + 2;
    return ldexp(fma(y, y + 2, 1), (int)k);
}
