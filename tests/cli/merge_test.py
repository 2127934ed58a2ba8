#!/usr/bin/env python3
"""Several sources at once: what comes of them is what go tool pprof makes of them, whatever their types.

    merge_test.py SONDE SOURCE_ROOT          environment: SEED, N (sets of sources)
"""
import gzip
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import made_profile  # noqa: E402
import oracle  # noqa: E402
import tap  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])
PROFILES = os.path.join(sys.argv[2], '..', 'shared', 'corpus', 'profiles')
SEED = int(os.environ.get('SEED', '1'))
SETS = int(os.environ.get('N', '40'))
KINDS = ('heap', 'allocs', 'mutex', 'block', 'cpu')
LARGE = 200000


def run(command, *arguments):
    return subprocess.run([*command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=120)


def test_sets(go, folder):
    """Sources of one kind mostly fit each other, but not all have the same types. (Go reads none of V8's.)"""
    rng = random.Random(SEED)
    names = sorted(name for name in os.listdir(PROFILES)
                   if os.path.getsize(os.path.join(PROFILES, name)) < LARGE and not name.startswith('node-mill.'))
    os.environ['PPROF_TMPDIR'] = folder
    merged = 0
    for _ in range(SETS):
        kind = rng.choice(KINDS)
        fitting = [name for name in names if kind in name]
        paths = [os.path.join(PROFILES, rng.choice(fitting)) for _ in range(rng.randint(2, 6))]
        # Go's tool takes a CPU profile of gperftools, where it comes first, for a program (docs/compat.md).
        paths.sort(key=lambda path: path.endswith('.prof'))
        ours = run([SONDE, 'pprof'], '-raw', '-symbolize=none', *paths)
        theirs = run([go], '-raw', '-symbolize=none', *paths)
        same = (ours.returncode == 0) == (theirs.returncode == 0) and \
            (theirs.returncode != 0 or ours.stdout == theirs.stdout)
        merged += theirs.returncode == 0
        tap.ok(same, f'{len(paths)} sources of the kind {kind}', f'SEED={SEED} {paths}\n{ours.stderr}\n{theirs.stderr}')
    tap.ok(merged > SETS // 4, 'many of the sets can be merged', merged)


def test_many(folder):
    """More sources than are ever read at a time; some are broken, and are told, once and in order."""
    paths = []
    for number in range(300):
        paths.append(os.path.join(folder, f'{number:03}.pb.gz'))
        with open(paths[-1], 'wb') as file:
            file.write(gzip.compress(b'broken') if number in (7, 200) else made_profile.small().gzipped())
    done = run([SONDE, 'pprof'], '-merge', '-symbolize=none', '-output=' + os.path.join(folder, 'sum'), *paths)
    err = done.stderr.decode()
    tap.ok(done.returncode == 0 and 'Fetched 298 source profiles out of 300' in err, 'broken sources are left out', err)
    tap.ok(err.count('007.pb.gz') == err.count('200.pb.gz') == 1 and err.index('007.pb.gz') < err.index('200.pb.gz'),
           'and told once, in order', err)
    one = run([SONDE, 'pprof'], '-raw', paths[0]).stdout.decode()
    whole = run([SONDE, 'pprof'], '-raw', os.path.join(folder, 'sum')).stdout.decode()
    values = [[line.split(':')[0].split() for line in text.splitlines() if ': ' in line and line.strip()[0].isdigit()][0]
              for text in (one, whole)]
    tap.ok([int(value) * 298 for value in values[0]] == [int(value) for value in values[1]], 'the others are added up',
           f'{values}')


def test_types_that_differ(folder):
    """What was said of the first sources is not said again when all are combined at once."""
    paths = []
    for number, types in enumerate(((('samples', 'count'), ('cpu', 'nanoseconds')), (('cpu', 'nanoseconds'),))):
        profile = made_profile.Profile(types)
        profile.sample([profile.location(1)], [5] * len(types))
        paths.append(os.path.join(folder, f'types{number}.pb.gz'))
        with open(paths[-1], 'wb') as file:
            file.write(profile.gzipped())
    broken = os.path.join(folder, 'broken.pb.gz')
    with open(broken, 'wb') as file:
        file.write(b'broken')
    done = run([SONDE, 'pprof'], '-top', '-symbolize=none', '-unit=ns', broken, *paths)
    out, err = done.stdout.decode(), done.stderr.decode()
    tap.ok(done.returncode == 0 and '10ns' in out, 'types that all have are added up', out + err)
    tap.ok(err.count('broken.pb.gz') == 1, 'and what is broken is told once', err)


def test_one_of_several(folder):
    """Of several sources only one can be read: its profile stays as it is, with nothing joined or left out."""
    profile = made_profile.Profile((('samples', 'count'),))
    for value in (3, 0, 4):
        profile.sample([profile.location(1)], [value])
    path, missing = os.path.join(folder, 'one.pb.gz'), os.path.join(folder, 'missing.pb.gz')
    with open(path, 'wb') as file:
        file.write(profile.gzipped())
    alone = run([SONDE, 'pprof'], '-raw', '-symbolize=none', path)
    both = run([SONDE, 'pprof'], '-raw', '-symbolize=none', missing, path)
    tap.ok(both.returncode == 0 and both.stdout == alone.stdout, 'the only source that is there stays as it is',
           both.stdout.decode() + both.stderr.decode())
    tap.ok(both.stderr.count(b'missing.pb.gz') == 1, 'and the missing one is told once', both.stderr.decode())
    top = [run([SONDE, 'pprof'], '-top', '-symbolize=none', *paths).stdout for paths in ((path,), (missing, path))]
    tap.ok(top[0] == top[1], 'also in reports', top)


with tempfile.TemporaryDirectory() as folder:
    test_many(folder)
    test_one_of_several(folder)
    test_types_that_differ(folder)
    go = oracle.go_pprof()
    if go and os.path.isdir(PROFILES):
        test_sets(go, folder)
    else:
        tap.skip('sets of sources', 'go or the corpus is not here')
tap.done()
