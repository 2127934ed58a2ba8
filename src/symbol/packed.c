#include "symbol/packed.h"

#include <dlfcn.h>

#include <libdeflate.h>
#include <lzma.h>
#include <zstd.h>

static void *find(const char *library, const char *name)
{
    void *loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    return loaded ? dlsym(loaded, name) : NULL;
}

static bool unpack_zlib(struct str bytes, void *out, size_t size)
{
    struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
    bool fine =
        inflater && libdeflate_zlib_decompress(inflater, bytes.p, bytes.n, out, size, NULL) == LIBDEFLATE_SUCCESS;
    libdeflate_free_decompressor(inflater);
    return fine;
}

static bool unpack_zstd(struct str bytes, void *out, size_t size)
{
    __typeof__(&ZSTD_decompress) decompress;
    void *found = find("libzstd.so.1", "ZSTD_decompress");
    if (!found)
        return false;
    memcpy(&decompress, &found, sizeof decompress);
    return decompress(out, size, bytes.p, bytes.n) == size;
}

bool packed_unpack(enum packing packing, struct str bytes, void *out, size_t size)
{
    switch (packing) {
    case packing_zlib:
        return unpack_zlib(bytes, out, size);
    case packing_zstd:
        return unpack_zstd(bytes, out, size);
    default:
        return false;
    }
}

bool packed_is_known(enum packing packing)
{
    return packing == packing_zlib || (packing == packing_zstd && find("libzstd.so.1", "ZSTD_decompress"));
}

bool packed_unpack_xz(struct str bytes, uint64_t limit, struct buf *out)
{
    __typeof__(&lzma_stream_buffer_decode) decode;
    void *found = find("liblzma.so.5", "lzma_stream_buffer_decode");
    if (!found)
        return false;
    memcpy(&decode, &found, sizeof decode);
    for (uint64_t room = bytes.n * 8 + 4096; room <= limit; room *= 4) {
        uint64_t memory = 256 << 20;
        size_t in = 0, made = 0;
        char *to = buf_reserve(out, room);
        if (!to)
            return false;
        lzma_ret result = decode(&memory, 0, NULL, (const uint8_t *)bytes.p, &in, bytes.n, (uint8_t *)to, &made, room);
        if (result == LZMA_OK)
            out->n += made;
        if (result != LZMA_BUF_ERROR)
            return result == LZMA_OK;
    }
    return false;
}
