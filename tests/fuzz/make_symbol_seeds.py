#!/usr/bin/env python3
"""Makes the seeds of debug_fuzz.c, small shared objects with debug information of each kind that is read, and of
answers_fuzz.c.

    make_symbol_seeds.py tests/fuzz
"""
import os
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'symbol'))
import made_jit_dump  # noqa: E402

SOURCE = """
static inline __attribute__((always_inline)) int twice(int a) { __asm__ volatile("nop" : "+r"(a)); return a + a; }
static inline __attribute__((always_inline)) int more(int a) { return twice(a) + 1; }
int sum(int *all, int n)
{
    int s = 0;
    for (int i = 0; i < n; i++)
        if (all[i] > 0)
            s += more(all[i]);
    return s;
}
"""
KINDS = {
    'dwarf4': ['gcc', '-gdwarf-4'],
    'dwarf5': ['gcc', '-gdwarf-5'],
    'clang': ['clang', '-gdwarf-5'],
    'packed': ['gcc', '-gdwarf-5', '-gz=zlib'],
    'cold': ['gcc', '-gdwarf-4', '-O3', '-ffunction-sections'],
}


def objects(folder):
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        with open(os.path.join(scratch, 'sum.c'), 'w', encoding='utf-8') as file:
            file.write(SOURCE)
        for name, command in KINDS.items():
            out = os.path.abspath(os.path.join(folder, name))
            subprocess.run([*command, '-O2', '-nostdlib', '-shared', '-Wl,-z,noseparate-code', '-Wl,--build-id=none',
                            '-Wl,--hash-style=gnu', '-fno-asynchronous-unwind-tables', f'-ffile-prefix-map={scratch}=.',
                            '-o', out, 'sum.c'], cwd=scratch, check=True)
            subprocess.run(['objcopy', '--remove-section=.comment', out], check=True)
            os.chmod(out, 0o644)


def answers(folder):
    os.makedirs(folder, exist_ok=True)
    strings = [b'_ZN1a1bEv', b'/a.h', b'main']
    text, ends = b''.join(strings), []
    for string in strings:
        ends.append((ends or [0])[-1] + len(string))
    body = struct.pack('<QIIII', 9, 3, 3, len(strings), len(text)) + struct.pack('<3Q', 0x1000, 0x2000, 0x3000)
    body += struct.pack('<4I', 0, 1 | 1 << 31, 3, 3) + struct.pack('<15I', 2, 1, 7, 0, 5, 0, 1, 12, 3, 10, 2, 1, 8, 1, 5)
    with open(os.path.join(folder, 'three'), 'wb') as file:
        file.write(b'sondesym' + struct.pack('<IIQ', 3, 0, 0) + body + struct.pack('<3I', *ends) + text)


def jit_dumps(folder):
    os.makedirs(folder, exist_ok=True)
    for name, order in (('little', '<'), ('big', '>')):
        dump = made_jit_dump.JitDump(7, order)
        dump.unwinding()
        dump.lines(0x1000, [(0x1000, 3, b'/src/a.js'), (0x1008, 4, b'\xff'), (0x1010, 9, b'b.js')])
        dump.load(b'outer', 0x1000, 0x20)
        dump.load(b'inner', 0x1010, 0x10)
        dump.move(0, 0x1000, 0x1100, 0x20)
        dump.close()
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(dump.bytes)


def main():
    jit_dumps(os.path.join(sys.argv[1], 'jit_dump'))
    objects(os.path.join(sys.argv[1], 'debug'))
    answers(os.path.join(sys.argv[1], 'answers'))


main()
