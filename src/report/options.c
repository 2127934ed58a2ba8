/* The defaults that go tool pprof documents. */
#include "report/report.h"

void report_options_init(struct report_options *options, enum report_format format)
{
    *options = (struct report_options){
        .format = format,
        .trim = true,
        .node_count = -1,
        .node_fraction = 0.005,
        .edge_fraction = 0.001,
        .unit = STR("minimum"),
        .divide_by = 1,
        .demangle = demangle_none,
    };
}
