/* Logarithm and exponential with the outcome of Go's math.Log and math.Exp on amd64, to the last bit: the windows of
 * Go's plots are computed with them and then truncated to whole nanoseconds. */
#ifndef SONDE_TRACE_LOGSCALE_H
#define SONDE_TRACE_LOGSCALE_H

/* The natural logarithm of a positive, normal number. */
double logscale_log(double x);

/* e to the power of x, where the result is a normal number. */
double logscale_exp(double x);

#endif
