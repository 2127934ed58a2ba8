#!/usr/bin/env python3
"""Makes the seeds of debug_fuzz.c: small shared objects with debug information of each kind that is read.

    make_debug_seeds.py FOLDER
"""
import os
import subprocess
import sys
import tempfile

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


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, 'sum.c')
        with open(source, 'w', encoding='utf-8') as file:
            file.write(SOURCE)
        for name, command in KINDS.items():
            out = os.path.abspath(os.path.join(sys.argv[1], name))
            subprocess.run([*command, '-O2', '-nostdlib', '-shared', '-Wl,-z,noseparate-code', '-Wl,--build-id=none',
                            '-Wl,--hash-style=gnu', '-fno-asynchronous-unwind-tables', f'-ffile-prefix-map={folder}=.',
                            '-o', out, 'sum.c'], cwd=folder, check=True)
            subprocess.run(['objcopy', '--remove-section=.comment', out], check=True)


main()
