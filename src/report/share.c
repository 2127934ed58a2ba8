#include "report/share.h"

#include "base/parallel.h"

/* Fewer frames than this are walked over in less time than a thread takes to start and warm up. */
enum { frames_worth = 400000 };

unsigned shares_of(const struct profile *profile)
{
    uint64_t shares = (profile->nstacks > 0 ? profile->stack_start[profile->nstacks] : 0) / frames_worth;
    return shares <= 1 ? 1 : shares < parallel_width() ? (unsigned)shares : parallel_width();
}

uint32_t share_begin(const uint64_t *start, uint32_t n, unsigned share, unsigned nshares)
{
    uint32_t low = 0, high = n;
    uint64_t items = share < nshares ? start[n] / nshares * share : UINT64_MAX;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (start[middle] < items)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t share_end(const struct profile *profile, unsigned share, unsigned nshares)
{
    return share_begin(profile->stack_start, profile->nstacks, share + 1, nshares);
}
