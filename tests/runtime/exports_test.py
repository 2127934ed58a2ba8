"""libsonde.so and libsonde.a show nothing to the outside but sonde_* and the libc functions that they interpose, and
need libc alone. usage: exports_test.py BUILD CC"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
import tap

build, cc = sys.argv[1], sys.argv[2:]
library = os.path.join(build, 'libsonde.so')
archive = os.path.join(build, 'libsonde.a')


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(path, *flags):
    """The names that nm prints, without versions."""
    lines = [line.split() for line in run('nm', *flags, path).splitlines()]
    return {words[-1].split('@')[0] for words in lines if len(words) >= 2}


def libc_symbols():
    libc = re.search(r'=> (\S*libc\.so\.6)', run('ldd', library))
    return symbols(libc.group(1), '-D', '--defined-only')


def strange(names):
    return sorted(name for name in names if not name.startswith('sonde_') and name not in libc_names)


def compiles(source, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'main.c')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(source)
        program = os.path.join(folder, 'main')
        root = os.path.join(os.path.dirname(__file__), '../..')
        done = subprocess.run([*cc, path, '-I', os.path.join(root, 'include'), '-o', program, *arguments],
                              capture_output=True, text=True)
        if done.returncode != 0:
            return done.stderr
        done = subprocess.run([program], capture_output=True, text=True,
                              env={**os.environ, 'LD_LIBRARY_PATH': build})
        return done.stderr if done.returncode != 0 else ''


libc_names = libc_symbols() | {'free_sized', 'free_aligned_sized'}  # C23's, in newer C libraries than some
shared = symbols(library, '-D', '--defined-only')
tap.ok(not strange(shared), 'libsonde.so exports only sonde_* and libc names', ' '.join(strange(shared)))
tap.ok('sonde_version' in shared, 'libsonde.so exports sonde_version', '')
needed = re.findall(r'NEEDED.*\[(.*)\]', run('readelf', '-d', library))
needed = [name for name in needed if not name.startswith('ld-linux')]
if os.path.exists(archive):
    tap.ok(needed == ['libc.so.6'], 'libsonde.so needs libc alone', ' '.join(needed))
else:
    tap.skip('libsonde.so needs libc alone', 'a sanitizer brings libraries of its own')
tap.ok('__tls_get_addr' not in symbols(library, '-D', '--undefined-only'), 'thread-local variables are initial-exec',
       '__tls_get_addr is called')

program = '#include <sonde/sonde.h>\nint main(void) { return sonde_version() == 0; }\n'
if os.path.exists(archive):
    static = symbols(archive, '-g', '--defined-only')
    tap.ok(not strange(static), 'libsonde.a defines only sonde_* and libc names', ' '.join(strange(static)))
    tap.ok(static == shared, 'both libraries define the same', ' '.join(sorted(static ^ shared)))
    error = compiles(program, archive)
    tap.ok(error == '', 'a program links with libsonde.a', error)
    error = compiles(program, '-L', build, '-lsonde')
    tap.ok(error == '', 'a program links with libsonde.so', error)
    clash = 'int snapshot_add(void) { return 0; }\nint libdeflate_crc32(void) { return 0; }\n'
    error = compiles(clash + program, '-Wl,--whole-archive', archive, '-Wl,--no-whole-archive')
    tap.ok(error == '', "the archive's own names do not clash with a program's", error)
else:
    tap.skip('libsonde.a', 'not built with a sanitizer')
tap.done()
