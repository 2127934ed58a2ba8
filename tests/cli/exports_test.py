#!/usr/bin/env python3
"""What other programs read: -csv, -json, -folded and -speedscope say what -top says of the same profile.

    exports_test.py SONDE SOURCE_ROOT          environment: SEED
"""
import csv
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import made_profile  # noqa: E402
import tap  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])
PROFILES = os.path.join(sys.argv[2], '..', 'shared', 'corpus', 'profiles')
SEED = int(os.environ.get('SEED', '1'))
NAMES = ['go126-mdsite-v1.heap.pb.gz', 'go126-luafarm-labels.cpu.pb.gz', 'go126-kvload-v2.mutex.pb.gz',
         'go126-cgoprog.cpu.pb.gz', 'go126-bundler.cpu.pb.gz']
OPTIONS = [['-lines'], ['-files'], ['-addresses'], ['-focus=runtime|main'], ['-ignore=runtime'], ['-sample_index=0'],
           ['-hide=^runtime'], ['-noinlines'], ['-show_from=main'], ['-filefunctions'], ['-cum'], ['-mean']]
WHOLE = ['-trim=false', '-symbolize=none']


def pprof(*arguments, data=None):
    done = subprocess.run([SONDE, 'pprof', *arguments], input=data, capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode('utf-8', 'surrogateescape'), done.stderr.decode(errors='replace')


def top(*arguments, data=None):
    """The rows of -top: flat, cum and name."""
    text = pprof('-top', *arguments, data=data)[1]
    rows = re.findall(r'^ *(\S+) +\S+% +\S+% +(\S+) +\S+%  (.*?)(?: \((?:partial-)?inline\))?$', text, re.M)
    return [(flat, cum, name) for flat, cum, name in rows]


def bare(amount):
    """An amount without its unit."""
    return float(re.match(r'-?[\d.]+', amount).group())


def unit_of(path, options):
    """The profile's own unit for the values that the options choose."""
    return json.loads(pprof('-json', *options, path)[1])['unit']


def test_tables(path, options, why):
    unit = unit_of(path, options)
    rows = top(*options, '-unit=' + unit, path)
    table = list(csv.DictReader(io.StringIO(pprof('-csv', *options, path)[1])))
    got = [(row['name'], int(row['flat']), int(row['cum'])) for row in table]
    tap.ok(got == [(name, bare(flat), bare(cum)) for flat, cum, name in rows], '-csv has the rows of -top', why)
    tap.ok(all(row['unit'] == unit for row in table), '-csv names the unit', why)
    graph = json.loads(pprof('-json', *options, path)[1])
    got = [(str(entry['flat']), str(entry['cum']), entry['name']) for entry in graph['entries']]
    tap.ok(got == [(row['flat'], row['cum'], row['name']) for row in table], '-json has the entries of -csv', why)
    tree = pprof('-tree', *options, path)[1]
    tap.ok(2 * len(graph['edges']) == len(re.findall(r'% \|   ', tree)), '-json has the edges of -tree', why)


def test_stacks(path, options, why):
    unit = unit_of(path, options)
    rows = sorted((bare(flat), bare(cum), name.replace(';', ':')) for flat, cum, name in top(*options, '-unit=' + unit, path))
    for form in ('folded', 'speedscope'):
        status, text, err = pprof(f'-{form}', *options, path)
        again = top(*WHOLE, '-unit=' + unit, '-', data=text.encode('utf-8', 'surrogateescape'))
        again = sorted((bare(flat), bare(cum), name.replace(';', ':')) for flat, cum, name in again)
        tap.ok(status == 0 and again == rows, f'-{form} read back gives the same -top', f'{why}\n{err}')


def test_profiles(folder):
    rng = random.Random(SEED)
    made = os.path.join(folder, 'made.pb.gz')
    with open(made, 'wb') as file:
        file.write(made_profile.small().gzipped())
    paths = [made] + [path for path in (os.path.join(PROFILES, name) for name in NAMES) if os.path.exists(path)]
    for path in paths:
        options = WHOLE + rng.choice(OPTIONS)
        why = f'SEED={SEED} {options} {path}'
        test_tables(path, options, why)
        # Entries that share a name (files whose functions begin at different lines) would be one when read back.
        stacks = [option for option in options if option not in ('-files', '-lines', '-addresses', '-mean')]
        test_stacks(path, stacks, why)


def test_differences(folder):
    old, new = os.path.join(PROFILES, 'go126-mdsite-v1.cpu.pb.gz'), os.path.join(PROFILES, 'go126-mdsite-v2.cpu.pb.gz')
    if not os.path.exists(old):
        tap.skip('differences', 'the corpus is not here')
        return
    compare = [*WHOLE, '-diff_base', old, new]
    status, _, err = pprof('-speedscope', *compare)
    tap.ok(status == 1 and '-drop_negative' in err, 'speedscope is not given negative values', err)
    status, text, _ = pprof('-speedscope', '-drop_negative', *compare)
    weights = [weight for profile in json.loads(text)['profiles'] for weight in profile['weights']]
    tap.ok(status == 0 and weights and min(weights) > 0, 'unless they are left out', status)
    folded = pprof('-folded', *compare)[1]
    total = sum(int(line.rsplit(' ', 1)[1]) for line in folded.splitlines())
    flat = sum(int(row['flat']) for row in csv.DictReader(io.StringIO(pprof('-csv', *compare)[1])))
    tap.ok(total == flat != 0, '-folded keeps the sign of differences', f'{total} {flat}')


def test_full_disk():
    made = os.path.join(PROFILES, NAMES[0])
    if not os.path.exists(made) or not os.path.exists('/dev/full'):
        tap.skip('a full disk', 'no /dev/full, or the corpus is not here')
        return
    for form in ('csv', 'json', 'folded', 'speedscope'):
        status, _, err = pprof(f'-{form}', '-output=/dev/full', '-symbolize=none', made)
        tap.ok(status == 1 and '/dev/full' in err, f'-{form} says when the disk is full', f'{status} {err}')


with tempfile.TemporaryDirectory() as folder:
    test_profiles(folder)
    test_differences(folder)
    test_full_disk()
tap.done()
