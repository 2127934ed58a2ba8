#!/usr/bin/env python3
"""Writes the saved inputs of the unpack target: frames of zstd and members of gzip."""
import gzip
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import zstd

TEXT = b''.join(b'%d squared is %d\n' % (i, i * i) for i in range(60))
SKIPPED = b'\x50\x2a\x4d\x18\x04\0\0\0four'

for name, data in {
        'zstd': zstd.compress(TEXT),
        'zstd-stored': zstd.stored(b'abc', b'def'),
        'zstd-bomb': zstd.stored(*[(0, 1 << 17)] * 20),
        'zstd-window': zstd.stored(b'abc', window_log=31),
        'zstd-frames': SKIPPED + zstd.compress(TEXT[:99]) + SKIPPED + zstd.stored((65, 9)),
        'zstd-cut': zstd.compress(TEXT)[:-5],
        'gzip': gzip.compress(TEXT, mtime=0) + gzip.compress(b'', mtime=0),
}.items():
    (HERE / 'unpack' / name).write_bytes(data)
