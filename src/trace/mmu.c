/* The method is Go's (internal/trace/gc.go), and so is the order in which windows are looked at, because of two equally
 * bad windows that overlap the first found is shown. A function is divided into up to 1000 bands, for each of which a
 * lower bound for all windows that begin in it is known at once; bands are looked into from the lowest bound on, until
 * no other can be worse than what was found. Times of a hostile trace may wrap around, hence the unsigned arithmetic.
 */
#include "trace/mmu.h"

#include <math.h>

#include "trace/logscale.h"

enum { most_bands = 1000, quantile_steps = 1 << 16 };

const double mmu_percentile[mmu_percentiles] = {0.001, 0.01, 0.05};

static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t minus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t duration_of(const struct mmu_series *s)
{
    return minus(s->steps[s->n - 1].time, s->steps[0].time);
}

/* Moves *step to the one in force at a time, which must not go back, and gives the integral up to there. */
static double advance(const struct mmu_series *s, size_t *step, int64_t time)
{
    enum { nearby = 8 };
    size_t at = *step;
    if (at + nearby < s->n && s->steps[at + nearby].time > time) {
        while (at + 1 < s->n && s->steps[at + 1].time <= time)
            at++;
    } else {
        size_t left = at, right = s->n;
        while (left < right) {
            size_t middle = (left + right) / 2;
            if (s->steps[middle].time <= time)
                left = middle + 1;
            else
                right = middle;
        }
        at = left > 0 ? left - 1 : 0;
    }
    *step = at;
    double rest = time != s->steps[at].time ? s->steps[at].util * (double)minus(time, s->steps[at].time) : 0;
    return s->sums[at] + rest;
}

/* When the function changes next after a time. */
static int64_t next_change(const struct mmu_series *s, size_t step, int64_t time)
{
    for (; step < s->n; step++) {
        if (s->steps[step].time > time)
            return s->steps[step].time;
    }
    return INT64_MAX;
}

static int64_t band_start(const struct mmu_series *s, size_t band)
{
    return plus((int64_t)((uint64_t)band * (uint64_t)s->band_length), s->steps[0].time);
}

static void fill_bands(struct mmu_series *s)
{
    size_t step = 0;
    for (size_t i = 0; i < s->nbands; i++) {
        int64_t start = band_start(s, i), end = plus(start, s->band_length);
        double sum = advance(s, &step, start), least = 1;
        for (size_t k = step; k < s->n && s->steps[k].time < end; k++)
            least = s->steps[k].util < least ? s->steps[k].util : least;
        s->bands[i] = (struct mmu_band){least, sum, step};
    }
}

static void free_series(struct mmu *mmu, struct mmu_series *s)
{
    mem_put(mmu->mem, s->sums, s->n * sizeof *s->sums);
    mem_put(mmu->mem, s->bands, s->nbands * sizeof *s->bands);
}

static bool add_series(struct mmu *mmu, const struct utilization_step *steps, size_t n)
{
    struct mmu_series s = {.steps = steps, .n = n};
    uint64_t bands = n < most_bands ? n : most_bands, length = (uint64_t)duration_of(&s);
    s.band_length = (int64_t)((length + bands - 1) / bands);
    s.band_length = s.band_length < 1 ? 1 : s.band_length;
    s.nbands = bands + 1; /* one more for the sum up to the end */
    s.sums = mem_get_array(mmu->mem, s.n, sizeof *s.sums);
    s.bands = mem_get_array(mmu->mem, s.nbands, sizeof *s.bands);
    if (!s.sums || !s.bands || !vec_push(&mmu->series, mmu->mem, s)) {
        free_series(mmu, &s);
        return false;
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            sum += steps[i - 1].util * (double)minus(steps[i].time, steps[i - 1].time);
        s.sums[i] = sum;
    }
    fill_bands(&s);
    return true;
}

bool mmu_init(struct mmu *mmu, const struct utilization *u)
{
    *mmu = (struct mmu){.mem = u->mem};
    for (size_t i = 0; i < u->series.n; i++) {
        if (u->series.at[i].steps.n > 0 && !add_series(mmu, u->series.at[i].steps.at, u->series.at[i].steps.n)) {
            mmu_finish(mmu);
            return false;
        }
    }
    return true;
}

void mmu_finish(struct mmu *mmu)
{
    for (size_t i = 0; i < mmu->series.n; i++)
        free_series(mmu, &mmu->series.at[i]);
    vec_finish(&mmu->series, mmu->mem);
}

/* A band that has not been looked into, and what no window that begins there is below. */
struct bound {
    uint32_t series, band;
    double util;
};

/* A binary heap with the least bound on top. */
static void sink(struct bound *heap, size_t n, size_t at)
{
    for (;;) {
        size_t least = 2 * at + 1;
        if (least >= n)
            return;
        if (least + 1 < n && heap[least + 1].util < heap[least].util)
            least++;
        if (!(heap[least].util < heap[at].util))
            return;
        struct bound other = heap[at];
        heap[at] = heap[least];
        heap[least] = other;
        at = least;
    }
}

static bool is_better(struct mmu_window a, struct mmu_window b)
{
    return a.util != b.util ? a.util > b.util : a.time > b.time;
}

/* What is being looked for: the least utilization, and the worst windows, in a heap with the best of them on top. */
struct search {
    int64_t window; /* as asked for */
    double least;
    double bound; /* windows above it do not matter */
    size_t wanted, n;
    struct mmu_window heap[mmu_most_windows + 1];
};

static void swap_windows(struct search *search, size_t a, size_t b)
{
    struct mmu_window other = search->heap[a];
    search->heap[a] = search->heap[b];
    search->heap[b] = other;
}

static void raise_window(struct search *search, size_t at)
{
    while (at > 0 && is_better(search->heap[at], search->heap[(at - 1) / 2])) {
        swap_windows(search, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

/* Whether it moved. */
static bool sink_window(struct search *search, size_t at, size_t n)
{
    size_t from = at;
    for (size_t best; (best = 2 * at + 1) < n; at = best) {
        if (best + 1 < n && is_better(search->heap[best + 1], search->heap[best]))
            best++;
        if (!is_better(search->heap[best], search->heap[at]))
            break;
        swap_windows(search, at, best);
    }
    return at > from;
}

static void remove_window(struct search *search, size_t at)
{
    size_t last = search->n - 1;
    if (at != last) {
        swap_windows(search, at, last);
        if (!sink_window(search, at, last))
            raise_window(search, at);
    }
    search->n = last;
}

/* Keeps a window if it belongs to the worst, and of two that overlap the worse. */
static void keep_window(struct search *search, int64_t time, double util, int64_t window)
{
    for (size_t i = 0; i < search->n; i++) {
        struct mmu_window other = search->heap[i];
        if (plus(time, window) <= other.time || plus(other.time, window) <= time)
            continue;
        if (other.util <= util)
            return;
        remove_window(search, i);
        break;
    }
    search->heap[search->n++] = (struct mmu_window){time, util};
    raise_window(search, search->n - 1);
    if (search->n > search->wanted)
        remove_window(search, 0);
}

/* Takes a window in; whether the search is over. */
static bool take_window(struct search *search, int64_t time, double util, int64_t window)
{
    search->least = util < search->least ? util : search->least;
    search->bound = search->least;
    if (search->wanted == 0)
        return util == 0;
    if (search->n < search->wanted || util < search->heap[0].util)
        keep_window(search, time, util, window);
    if (search->n < search->wanted)
        search->bound = 1;
    else if (search->heap[0].util > search->bound)
        search->bound = search->heap[0].util;
    return search->n == search->wanted && search->heap[0].util == 0;
}

/* Slides a window through a band, from one change at either of its edges to the next. In between, utilization changes
 * by 1/window a ns at most, so that the window can also be moved by as much as it takes to come below the bound. */
static void search_band(const struct mmu_series *s, size_t band, int64_t window, struct search *search)
{
    size_t left = s->bands[band].step, right = left;
    int64_t time = band_start(s, band), end = plus(time, s->band_length);
    int64_t last = minus(s->steps[s->n - 1].time, window);
    end = last < end ? last : end;
    for (;;) {
        double whole = advance(s, &right, plus(time, window));
        double util = (whole - advance(s, &left, time)) / (double)window;
        if (take_window(search, time, util, window) || time == end)
            return;
        int64_t least = plus(time, (int64_t)((util - search->bound) * (double)window));
        int64_t by_left = next_change(s, left, time);
        int64_t by_right = minus(next_change(s, right, plus(time, window)), window);
        int64_t next = by_left < by_right ? by_left : by_right;
        next = next < least ? least : next;
        time = next <= time || next >= end ? end : next;
    }
}

/* A bound for the windows that begin in band i. It takes the least utilization for bands that a window may only touch,
 * and the mean for those that it covers wherever in the band it begins. */
static double bound_of(const struct mmu_series *s, size_t i, int64_t window, size_t fewest, size_t most)
{
    double a = s->bands[i].least, b = s->bands[i + fewest - 1].least, c = s->bands[i + most - 1].least;
    double least = fmin(a, fmin(b, c)), sum = 0;
    if (fewest == 1) {
        sum = least * (double)window;
    } else {
        double second = least == a ? fmin(b, c) : least == b ? fmin(a, c) : fmin(a, b);
        sum = least * (double)s->band_length;
        sum += second * (double)(window % s->band_length);
    }
    if (fewest > 2)
        sum += s->bands[i + fewest - 1].sum - s->bands[i + 1].sum;
    return sum / (double)window;
}

/* The length of a window in a function that may be shorter; 0 where it can have none. */
static int64_t window_in(const struct mmu_series *s, int64_t window)
{
    int64_t length = duration_of(s);
    return length < window ? (length > 0 ? length : 0) : window;
}

/* How many bands a window spans at least and at most, and in how many bands it may begin. */
static size_t spans(const struct mmu_series *s, int64_t window, size_t *fewest, size_t *most)
{
    uint64_t length = (uint64_t)s->band_length, w = (uint64_t)window;
    *fewest = (size_t)((w + length - 1) / length);
    *most = (size_t)((w + 2 * (length - 1)) / length);
    return s->nbands + 1 > *most ? s->nbands + 1 - *most : 0;
}

static bool run_search(const struct mmu *mmu, struct search *search)
{
    VEC(struct bound) heap = {0};
    bool good = true;
    for (size_t k = 0; k < mmu->series.n && good; k++) {
        const struct mmu_series *s = &mmu->series.at[k];
        int64_t window = window_in(s, search->window);
        size_t fewest = 0, most = 0, n = window > 0 ? spans(s, window, &fewest, &most) : 0;
        for (size_t i = 0; i < n && good; i++) {
            double util = bound_of(s, i, window, fewest, most);
            good = vec_push(&heap, mmu->mem, (struct bound){(uint32_t)k, (uint32_t)i, util});
        }
    }
    for (size_t i = heap.n / 2; i-- > 0 && good;)
        sink(heap.at, heap.n, i);
    while (good && heap.n > 0 && heap.at[0].util < search->bound) {
        const struct mmu_series *s = &mmu->series.at[heap.at[0].series];
        search_band(s, heap.at[0].band, window_in(s, search->window), search);
        heap.at[0] = heap.at[--heap.n];
        sink(heap.at, heap.n, 0);
    }
    vec_finish(&heap, mmu->mem);
    return good;
}

bool mmu_least(const struct mmu *mmu, int64_t window, double *util)
{
    struct search search = {.window = window, .least = 1, .bound = 1};
    if (window <= 0)
        search.least = 0;
    else if (!run_search(mmu, &search))
        return false;
    *util = search.least;
    return true;
}

bool mmu_worst(const struct mmu *mmu, int64_t window, struct mmu_window *windows, size_t *n)
{
    size_t wanted = *n < mmu_most_windows ? *n : mmu_most_windows;
    struct search search = {.window = window, .least = 1, .bound = 1, .wanted = wanted};
    if (window > 0 && wanted > 0 && !run_search(mmu, &search))
        return false;
    *n = search.n;
    for (size_t i = search.n; i > 0; i--) {
        windows[i - 1] = search.heap[0];
        remove_window(&search, 0);
    }
    return true;
}

/* How much time windows have each utilization: single values at whole steps, and even spreads between. */
struct spread {
    double at[quantile_steps + 1];
    double rise[quantile_steps + 2]; /* of the density in the step from here on, as differences */
    double mass;
};

/* Adds `mass` ns in which utilization goes from a to b. */
static void add_spread(struct spread *spread, double a, double b, double mass)
{
    double low = (a < b ? a : b) * quantile_steps, high = (a < b ? b : a) * quantile_steps;
    low = low > 0 ? low : 0;
    high = high < quantile_steps ? high : quantile_steps;
    spread->mass += mass;
    size_t first = (size_t)ceil(low), last = (size_t)high;
    if (first >= last) {
        spread->at[(size_t)(high + 0.5)] += mass;
        return;
    }
    double density = mass / (high - low);
    spread->rise[first] += density;
    spread->rise[last] -= density;
    spread->at[first] += density * ((double)first - low);
    spread->at[last] += density * (high - (double)last);
}

/* Slides the window through a whole function, from one change at its edges to the next. */
static void spread_series(const struct mmu_series *s, int64_t window, struct spread *spread)
{
    int64_t time = s->steps[0].time, end = minus(s->steps[s->n - 1].time, window);
    size_t left = 0, right = 0;
    double util = advance(s, &right, plus(time, window)) / (double)window;
    while (time < end) {
        int64_t by_left = next_change(s, left, time);
        int64_t by_right = minus(next_change(s, right, plus(time, window)), window);
        int64_t next = by_left < by_right ? by_left : by_right;
        next = next <= time || next > end ? end : next;
        double whole = advance(s, &right, plus(next, window));
        double then = (whole - advance(s, &left, next)) / (double)window;
        add_spread(spread, util, then, (double)minus(next, time));
        util = then;
        time = next;
    }
}

/* Finds the utilization for each share, which ascend. */
static void read_quantiles(const struct spread *spread, const double *shares, size_t n, double *utils)
{
    double sum = 0, density = 0;
    size_t found = 0;
    for (size_t i = 0; i <= quantile_steps && found < n && spread->mass > 0; i++) {
        sum += spread->at[i];
        density += spread->rise[i];
        for (; found < n && sum + density > 0 && sum + density >= shares[found] * spread->mass; found++) {
            double rest = shares[found] * spread->mass - sum;
            utils[found] = ((double)i + (rest > 0 ? rest / density : 0)) / quantile_steps;
        }
        sum += density;
    }
    for (; found < n; found++)
        utils[found] = spread->mass > 0 ? 1 : NAN;
}

bool mmu_quantiles(const struct mmu *mmu, int64_t window, const double *shares, size_t n, double *utils)
{
    struct spread *spread = mem_get(mmu->mem, sizeof *spread);
    if (!spread)
        return false;
    *spread = (struct spread){.mass = 0};
    for (size_t i = 0; i < mmu->series.n; i++) {
        if (window > 0 && duration_of(&mmu->series.at[i]) > window)
            spread_series(&mmu->series.at[i], window, spread);
    }
    read_quantiles(spread, shares, n, utils);
    mem_put(mmu->mem, spread, sizeof *spread);
    return true;
}

/* The least window of a plot: the longest of 1 s, 1 ms, 1 us and 1 ns that the collector takes entirely. */
static bool find_start(const struct mmu *mmu, int64_t *start)
{
    int64_t window = 1000000000;
    for (double util; window > 1; window /= 1000) {
        if (!mmu_least(mmu, window, &util))
            return false;
        if (util < 0.0001)
            break;
    }
    *start = window;
    return true;
}

static int64_t span_of(const struct mmu *mmu)
{
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (size_t i = 0; i < mmu->series.n; i++) {
        const struct mmu_series *s = &mmu->series.at[i];
        first = s->steps[0].time < first ? s->steps[0].time : first;
        last = s->steps[s->n - 1].time > last ? s->steps[s->n - 1].time : last;
    }
    return mmu->series.n > 0 ? minus(last, first) : 0;
}

bool mmu_plot(const struct mmu *mmu, bool percentiles, struct mmu_plot *plot, bool *exhausted)
{
    int64_t span = span_of(mmu), start;
    *exhausted = false;
    if (span <= 0)
        return false;
    *exhausted = true;
    if (!find_start(mmu, &start))
        return false;
    plot->least = start;
    plot->most = start > span / 1000000 ? span : start * 1000000;
    double low = logscale_log((double)plot->least), high = logscale_log((double)plot->most);
    for (int i = 0; i < mmu_points; i++) {
        int64_t window = (int64_t)logscale_exp((double)i / (mmu_points - 1) * (high - low) + low);
        plot->points[i].window = window;
        if (!mmu_least(mmu, window, &plot->points[i].util))
            return false;
        double *values = plot->points[i].percentiles;
        if (percentiles && !mmu_quantiles(mmu, window, mmu_percentile, mmu_percentiles, values))
            return false;
        for (int k = 0; k < mmu_percentiles && percentiles; k++)
            values[k] = isnan(values[k]) ? plot->points[i].util : values[k];
    }
    *exhausted = false;
    return true;
}
