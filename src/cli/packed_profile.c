#include "cli/packed_profile.h"

#include "base/parallel.h"
#include "profile/encode.h"
#include "wire/gzip.h"
#include "wire/igzip.h"

enum { gzip_level = 6, large = 1 << 20 /* bytes from which on the faster library is worth being loaded */ };

struct packing {
    const struct profile_encoding *encoding;
    const struct igzip *igzip;
    struct mem *mem;
    struct output *output;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t n, next, written; /* pieces: all, those begun, those written */
    struct igzip_part whole; /* of those written */
    bool exhausted;
};

/* What one thread works with, used for one piece after the other. */
struct packer {
    struct buf plain, packed;
    void *scratch;
};

static bool pack_piece(const struct packing *packing, struct packer *packer, size_t piece, struct igzip_part *part)
{
    packer->plain.n = packer->packed.n = 0;
    if (piece == 0)
        igzip_put_header(&packer->packed);
    return packer->scratch && profile_encoding_put(packing->encoding, piece, &packer->plain) &&
           igzip_deflate_part(packing->igzip, buf_text(&packer->plain), piece + 1 == packing->n, packer->scratch,
                              &packer->packed, part);
}

/* Writes a piece when it is its turn; the lock is held before and after. */
static void write_piece(struct packing *packing, struct packer *packer, size_t piece, const struct igzip_part *part)
{
    while (packing->written != piece && !packing->exhausted)
        pthread_cond_wait(&packing->changed, &packing->lock);
    if (packing->exhausted)
        return;
    igzip_join(&packing->whole, part);
    if (piece + 1 == packing->n)
        igzip_put_trailer(&packing->whole, &packer->packed);
    pthread_mutex_unlock(&packing->lock);
    output_write(packing->output, buf_text(&packer->packed));
    pthread_mutex_lock(&packing->lock);
    packing->written++;
    packing->exhausted |= packer->packed.failed;
    pthread_cond_broadcast(&packing->changed);
}

static void pack_pieces(struct packing *packing, struct packer *packer)
{
    struct igzip_part part;
    pthread_mutex_lock(&packing->lock);
    while (packing->next < packing->n && !packing->exhausted) {
        size_t piece = packing->next++;
        pthread_mutex_unlock(&packing->lock);
        bool good = pack_piece(packing, packer, piece, &part);
        pthread_mutex_lock(&packing->lock);
        if (good)
            write_piece(packing, packer, piece, &part);
        else
            packing->exhausted = true;
        pthread_cond_broadcast(&packing->changed);
    }
    pthread_mutex_unlock(&packing->lock);
}

static void pack_on_one_thread(void *context, unsigned index)
{
    struct packing *packing = context;
    struct packer packer = {.scratch = mem_get(packing->mem, igzip_deflate_scratch())};
    (void)index;
    buf_init(&packer.plain, packing->mem);
    buf_init(&packer.packed, packing->mem);
    pack_pieces(packing, &packer);
    buf_finish(&packer.packed);
    buf_finish(&packer.plain);
    mem_put(packing->mem, packer.scratch, igzip_deflate_scratch());
}

static bool write_large(const struct profile_encoding *encoding, const struct igzip *igzip, struct mem *mem,
                        struct output *output)
{
    struct packing packing = {
        .encoding = encoding, .igzip = igzip, .mem = mem, .output = output, .n = profile_encoding_pieces(encoding)};
    pthread_mutex_init(&packing.lock, NULL);
    pthread_cond_init(&packing.changed, NULL);
    parallel_run(parallel_width(), pack_on_one_thread, &packing);
    pthread_cond_destroy(&packing.changed);
    pthread_mutex_destroy(&packing.lock);
    return !packing.exhausted;
}

bool packed_bytes_write(struct str bytes, struct mem *mem, struct output *output)
{
    struct buf packed;
    buf_init(&packed, mem);
    bool good = gzip_deflate(bytes, gzip_level, &packed);
    if (good)
        output_write(output, buf_text(&packed));
    buf_finish(&packed);
    return good;
}

static bool write_small(const struct profile_encoding *encoding, struct mem *mem, struct output *output)
{
    struct buf plain;
    bool good = true;
    buf_init(&plain, mem);
    for (size_t i = 0; good && i < profile_encoding_pieces(encoding); i++)
        good = profile_encoding_put(encoding, i, &plain);
    good = good && packed_bytes_write(buf_text(&plain), mem, output);
    buf_finish(&plain);
    return good;
}

bool packed_profile_write(const struct profile *profile, struct output *output)
{
    struct igzip igzip;
    struct profile_encoding *encoding = profile_encoding_create(profile);
    if (!encoding)
        return false;
    bool fast = profile_encoding_likely_size(encoding) >= large && igzip_open(&igzip);
    bool good =
        fast ? write_large(encoding, &igzip, profile->mem, output) : write_small(encoding, profile->mem, output);
    if (fast)
        igzip_close(&igzip);
    profile_encoding_destroy(encoding);
    return good;
}
