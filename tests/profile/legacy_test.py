#!/usr/bin/env python3
"""Old formats are read as `go tool pprof` reads them: inputs made by hand for each, and random changes of those.

    legacy_test.py PROFILE_TOOL SOURCE_ROOT [SEED [COUNT]]
"""
import gzip
import os
import random
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(sys.argv[2], 'tests'))
import oracle
import tap

TOOL = sys.argv[1]
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
COUNT = int(sys.argv[4]) if len(sys.argv) > 4 else 40

MAPS = b'''00400000-00500000 r-xp 00000000 08:01 1234 /bin/app
00500000-00600000 r-xp 00100000 08:01 1234 /bin/app
7f0000000000-7f0000100000 r-xp 00002000 08:01 99 /usr/lib/libc-2.36.so
7f0000100000-7f0000200000 rw-p 00102000 08:01 99 /usr/lib/libc-2.36.so
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
'''

BRIEF_MAPS = b'''build=/srv/build
I0101 12:00:00.000000 1 file.cc:12] 40000000-40015000 r-xp 0 03:01 12845071 $build/lib/ld.so
0x40015000 0x40016000: $build/bin/main (@4000) abc123
  80000000-80002000 r-xp /opt/x.so.1 (@0)
nonsense
'''


def words(kind, *values):
    return struct.pack({'32l': '<%dI', '32b': '>%dI', '64l': '<%dQ', '64b': '>%dQ'}[kind] % len(values), *values)


def cpu(kind, java=0):
    base = 0x400000
    samples = [(3, [base + 16, base + 33, base + 50]), (1, [base + 16, base + 17, base + 50, 0x40]),
               (2, [base + 99]), (7, [base + 16, base + 33, 0x500100]), (0, [])]
    data = words(kind, 0, 3, java, 10000, 0)
    for count, stack in samples:
        data += words(kind, count, len(stack), *stack)
    return data + words(kind, 0, 1, 0)


def inputs():
    """Every format by name."""
    found = {f'cpu-{kind}': cpu(kind) + MAPS for kind in ['32l', '32b', '64l', '64b']}
    names = b'0x400010 com.example.Main.work (Main.java:42)\n0x400021 native (/lib/libjvm.so)\n' \
            b' 0x400063 generated stub/JIT\n0x400032 GC\n0x10 com.example.Main.work (Other.java:-1)\n'
    found['cpu-java'] = cpu('64l', 1) + names
    found['heap-v2'] = b'''heap profile:      3:   196608 [    10:   655360] @ heap_v2/524288
     1:    65536 [     4:   262144] @ 0x00400123 0x00400456 0x7f0000001000
     2:   131072 [     6:   393216] @ 0x00400123
     0:        0 [     1:     1024] @

MAPPED_LIBRARIES:
''' + MAPS
    found['heap-go'] = b'''heap profile: 2: 4096 [2: 4096] @ heap/1048576
1: 2048 [1: 2048] @ 0x400123 0x400456
#\t0x400122\tmain.work+0x12\t/src/main.go:12
1: 2048 [1: 2048] @ 0x400456

# runtime.MemStats
# Alloc = 123
'''
    found['heap-profile'] = b'''heap profile: 1: 100 [0: 0] @ heapprofile
-1: -100 [0: 0] @ 0x1 0x2
--- Memory map: ---
''' + BRIEF_MAPS
    found['growth'] = b'''heap profile:     2:  2097152 [     2:  2097152] @ growthz
     1:  1048576 [     1:  1048576] @ 0x400123 0x400456
MAPPED_LIBRARIES:
''' + MAPS
    found['fragmentation'] = b'''heap profile: 1: 5 [ 1: 5] @ fragmentationz
1: 5 [1: 5] @ 0x400123
'''
    found['count'] = b'''# a comment
goroutine profile: total 7
3 @ 0x400123 0x400456
#\t0x400122\tmain.work
4 @ 0x400456
---
--- Memory map: ---
''' + MAPS
    found['thread'] = b'''--- threadz 1 ---

--- Thread 7f794ab90940 (name: main/14748) stack: ---
  PC: 0x00400123: sleep
      0x00400456 0x00400789
--- Thread 7f794abf1940 (name: worker/14749) stack: ---
    [same as previous thread]
--- Thread 7f794abf2940 (name: worker/14750) stack: ---
  PC: 0x00400123: sleep
      0x00400122 0x7f0000001000
---- no stack trace for 1 other thread
--- Memory map: ---
''' + MAPS
    found['thread-bare'] = b'''--- Thread 1a (name: main/1) stack: ---
0x1 0x2
--- Memory map: ---
'''
    found['contention'] = b'''--- contentionz 1 ---
cycles/second = 3201000000
sampling period = 100
ms since reset = 16502830
discarded samples = 0
  19490304       27 @ 0x004001bc 0x00400455
       768        1 @ 0x00400455 0x7f0000001000
--- Memory map: ---
''' + MAPS
    found['mutex'] = b'''--- mutex:
cycles/second=2000000000
sampling period=5
17 2 @ 0x400123 0x400456
#\t0x400122\tmain.work
'''
    found['java-heap'] = b'''--- heapz 1 ---
format = java
resolution=bytes

   7  1234567 @ 0x00000003 0x00000004
   2      100 @ 0x00000003 0x00000005
   0x00000003 com.example.Main.work (Main.java:42)
   0x00000004 com.example.Main.main (Main.java:7)
'''
    found['java-contention'] = b'''--- contentionz 1 ---
format = java
resolution = microseconds
sampling period = 100
ms since reset = 6019923

   1 14 @ 0x00000003
   0x00000003 com.example.Main.work (Main.java:42)
'''
    return found


def changed(rng, data):
    """A few random changes, mostly of the kind that keeps a line a line."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data))
        kind = rng.random()
        if kind < 0.3:
            data[at] = rng.choice(b'0123456789abcdefx @:[]()-=/\n#$')
        elif kind < 0.5:
            del data[at:at + rng.randint(1, 3)]
        elif kind < 0.7:
            data[at:at] = rng.choice([b' ', b'0', b'9', b'\n', b'0x1', b'-', b'@', b'(deleted)', b'\t', b'$build', b'1 @ 0x5\n'])
        else:
            lines = data.split(b'\n')
            line = lines.pop(rng.randrange(len(lines)))
            if rng.random() < 0.6:
                lines.insert(rng.randrange(len(lines) + 1), line)
            data = bytearray(b'\n'.join(lines))
        if not data:
            return b'x'
    return bytes(data)


CRASHED = object()


def go_bytes(pprof, path, folder, env):
    output = os.path.join(folder, 'go.pb.gz')
    if os.path.exists(output):
        os.unlink(output)
    done = subprocess.run([pprof, '-symbolize=none', '-proto', '-output', output, path], env=env, capture_output=True,
                          timeout=60, check=False)
    if b'panic:' in done.stderr:
        return CRASHED
    if not os.path.exists(output):
        return None
    with gzip.open(output) as file:
        return file.read()


def compare(name, data, pprof, folder, env):
    path = os.path.join(folder, 'input')
    with open(path, 'wb') as file:
        file.write(data)
    want = go_bytes(pprof, path, folder, env)
    done = subprocess.run([TOOL, path], capture_output=True, timeout=60, check=False)
    if want is CRASHED:  # as it does for a build id of one character
        good, why = done.returncode in (0, 1), 'crashed, as go tool pprof does'
    elif want is None:
        good, why = done.returncode == 1, 'go tool pprof refuses it'
    else:
        good, why = done.returncode == 0 and done.stdout == want, done.stderr.decode(errors='replace') or 'other bytes'
    tap.ok(good, name, f'{why}\n{data!r}')


def main():
    pprof = oracle.go_pprof()
    if not pprof:
        tap.skip('old formats as go tool pprof reads them', 'needs go')
        tap.done()
    rng = random.Random(SEED)
    found = inputs()
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, 'HOME': folder, 'PPROF_TMPDIR': folder}
        for name, data in found.items():
            compare(name, data, pprof, folder, env)
        for i in range(COUNT):
            name = rng.choice(sorted(found))
            compare(f'{name}, changed ({SEED}, {i})', changed(rng, found[name]), pprof, folder, env)
    tap.done()


main()
