"""A program that knows nothing of libsonde prints and returns the same with it preloaded, at every rate and above every
allocator that is there, and the statistics are right to the block. usage: heap_preload_test.py GUEST LIBRARY SANITIZED"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
import tap

guest, library, sanitized = sys.argv[1], sys.argv[2], sys.argv[3] == 'true'
ALLOCATORS = ['libjemalloc.so.2', 'libtcmalloc_minimal.so.4', 'libtcmalloc.so.4', 'libmimalloc.so.2',
              'libmimalloc.so.2.0']


def run(preload, rate=None):
    env = {name: value for name, value in os.environ.items() if name not in ('MALLOC_PERTURB_', 'LD_PRELOAD')}
    if preload:
        env['LD_PRELOAD'] = ' '.join(preload)
    if rate is not None:
        env['SONDE_MEMPROFILERATE'] = rate
    done = subprocess.run([guest], env=env, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def has(allocator):
    return 'cannot be preloaded' not in run([allocator])[2]


def check(name, preload, rate):
    plain, with_sonde = run(preload), run([library, *preload], rate)
    tap.ok(with_sonde[:2] == plain[:2], f'{name}, rate {rate}: the program does what it does', repr((plain, with_sonde)))
    own = [line for line in with_sonde[2].splitlines() if line.startswith('sonde: ')]
    tap.ok(len(own) == (rate == 'nonsense'), f'{name}, rate {rate}: a wrong rate, and nothing else, is told', own)
    words = ' '.join(line for line in with_sonde[2].splitlines() if line not in own).split()
    wrong = [what for what, is_right in zip(words[::2], words[1::2]) if is_right != 'right']
    # mimalloc does not say how much is in use, and the samples of a rate above 1 say it roughly
    if 'mimalloc' in name and rate != '1' and wrong == ['use']:
        wrong = []
    tap.ok(len(words) == 8 and not wrong, f'{name}, rate {rate}: the statistics are right', with_sonde[2])


if sanitized:
    tap.skip('preloading', 'a sanitizer has malloc for itself')
else:
    for rate in ('1', '0', '4096', '524288', 'nonsense', ''):
        check('glibc', [], rate)
    for allocator in ALLOCATORS:
        if not has(allocator):
            tap.skip(allocator, 'not installed')
            continue
        for rate in ('1', '524288'):
            check(allocator, [allocator], rate)
tap.done()
