#include "report/exact.h"

#include "profile/measure.h"
#include "report/number.h"

/* Whether a certain unit is asked for, and not whichever suits. */
static bool converts(const struct figures *figures)
{
    return figures->to.n > 0 && !str_equal(figures->to, STR("minimum")) && !str_equal(figures->to, STR("auto")) &&
           measure_same_kind(figures->from, figures->to);
}

struct str exact_unit(const struct figures *figures)
{
    return converts(figures) ? measure_scale(1, figures->from, figures->to).unit : figures->from;
}

void exact_put(struct buf *out, const struct figures *figures, int64_t value)
{
    if (figures->ratio > 0 && figures->ratio != 1)
        value = number_of((double)value * figures->ratio);
    if (converts(figures))
        buf_printf(out, "%.10g", measure_scale(value, figures->from, figures->to).value);
    else
        buf_int(out, value);
}

void exact_put_percentage(struct buf *out, int64_t value, int64_t total)
{
    buf_printf(out, "%.6g", total == 0 ? 0.0 : 100 * (double)value / (double)total);
}
