"""Compresses with zstd through the library itself: Python knows it only from 3.14 on."""
import ctypes

try:
    LIBRARY = ctypes.CDLL('libzstd.so.1')
except OSError:
    LIBRARY = None


def compress(data, level=3):
    """One frame that says how much is in it; None without the library."""
    if LIBRARY is None:
        return None
    LIBRARY.ZSTD_compressBound.restype = LIBRARY.ZSTD_compress.restype = ctypes.c_size_t
    LIBRARY.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
    LIBRARY.ZSTD_compress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
    room = LIBRARY.ZSTD_compressBound(len(data))
    out = ctypes.create_string_buffer(room)
    size = LIBRARY.ZSTD_compress(out, room, data, len(data), level)
    return out.raw[:size]


def stored(*blocks, window_log=17):
    """A frame by hand, that does not say how much is in it. A block is bytes, or (byte, count) for one byte repeated."""
    out = bytearray(b'\x28\xb5\x2f\xfd\x00') + bytes([(window_log - 10) << 3])
    for i, block in enumerate(blocks):
        repeated = isinstance(block, tuple)
        size, data = (block[1], bytes([block[0]])) if repeated else (len(block), block)
        out += ((i == len(blocks) - 1) | repeated << 1 | size << 3).to_bytes(3, 'little') + data
    return bytes(out)
