#!/usr/bin/env python3
"""The command line of the program: help, versions, wrong commands and flags, broken profiles, exit statuses.

    arguments_test.py SONDE
"""
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import made_profile  # noqa: E402
import tap  # noqa: E402
import zstd  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])
SEED = int(os.environ.get('SEED', '1'))


def run(*arguments, data=b''):
    done = subprocess.run([SONDE, *arguments], input=data, capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace')


def check(name, arguments, status, out='', err='', data=b''):
    """Expects a status, and texts within what is printed."""
    got = run(*arguments, data=data)
    tap.ok(got[0] == status and out in got[1] and err in got[2], name, f'{arguments}: {got}')


def test_commands():
    check('help of the program', ['--help'], 0, out='usage: sonde <command>')
    check('version', ['--version'], 0, out='sonde ')
    check('no command', [], 2, err='usage: sonde <command>')
    check('an unknown command gets the nearest', ['pprfo'], 2, err='did you mean "pprof"?')
    check('help of pprof', ['pprof', '--help'], 0, out='-sample_index')


def test_flags(path):
    check('no source', ['pprof', '-top'], 2, err='no profile was named')
    check('an unknown flag gets the nearest', ['pprof', '-nodecuont=3', path], 2, err='did you mean -nodecount?')
    check('a wrong value', ['pprof', '-nodecount=x', path], 2, err='expected an integer')
    check('two reports', ['pprof', '-top', '-raw', path], 2, err='exclude each other')
    check('two orders', ['pprof', '-top', '-cum', '-flat', path], 2, err='exclude each other')
    check('two bases', ['pprof', '-top', '-base', path, '-diff_base', path, path], 2, err='exclude each other')
    check('normalize needs a base', ['pprof', '-top', '-normalize', path], 2, err='-normalize')
    check('flags with one dash and two', ['pprof', '--top', '-nodecount', '1', '--cum=true', path], 0, out='main')
    check('flags after -- are files', ['pprof', '-top', '--', '-cum'], 1, err='-cum')
    check('two choices of a value', ['pprof', '-top', '-inuse_space', '-alloc_space', path], 1,
          err='Multiple value selections, ignoring -alloc_space')
    check('a broken regexp shows where', ['pprof', '-top', '-focus=a(', path], 1, err='at byte')
    check('no such value', ['pprof', '-top', '-sample_index=space', path], 1, err='samples, cpu')
    check('values by number', ['pprof', '-top', '-sample_index=0', path], 0, out='Type: samples')
    check('values by name', ['pprof', '-top', '-sample_index=samples', path], 0, out='Type: samples')
    check('an odd symbolize mode is told', ['pprof', '-top', '-symbolize=maybe', path], 0, err='ignoring "maybe"')


def test_sources(folder, path):
    profile = made_profile.small()
    check('standard input', ['pprof', '-top', '-'], 0, out='work', data=profile.gzipped())
    check('not gzipped', ['pprof', '-top', '-'], 0, out='work', data=profile.bytes())
    check('compressed with zstd', ['pprof', '-top', '-'], 0, out='work', data=zstd.compress(profile.bytes()))
    check('zstd around gzip', ['pprof', '-top', '-'], 0, out='work', data=zstd.compress(profile.gzipped()))
    check('zstd cut off', ['pprof', '-top', '-'], 1, err='sonde: -: broken zstd at byte',
          data=zstd.compress(profile.bytes())[:-1])
    check('a bomb of zstd', ['pprof', '-top', '-'], 1, err='limit', data=zstd.stored(*[(0, 1 << 17)] * 2000))
    check('file:// is a file', ['pprof', '-top', 'file://' + path], 0, out='work')
    check('a missing file', ['pprof', '-top', os.path.join(folder, 'none')], 1, err='No such file')
    several = os.path.join(folder, 'several')
    os.makedirs(os.path.join(several, 'below'))
    check('an empty folder', ['pprof', '-top', several], 1, err='directory')
    for name in ('1.pb.gz', '2.pb.gz', '.hidden'):
        with open(os.path.join(several, name), 'wb') as file:
            file.write(profile.gzipped())
    check('a folder is its files', ['pprof', '-top', several], 0, out='80ms')
    check('a pattern is what it matches', ['pprof', '-top', os.path.join(several, '[12].*')], 0, out='80ms')
    check('a pattern that matches nothing', ['pprof', '-top', os.path.join(several, '*.none')], 1, err='No such file')
    check('an empty file', ['pprof', '-top', '-'], 1, err='expected a profile')
    check('one of two missing', ['pprof', '-top', path, os.path.join(folder, 'none')], 0, out='work',
          err='Fetched 1 source profiles out of 2')
    check('several are added up', ['pprof', '-top', path, path, path], 0, out='120ms')
    check('a base is subtracted', ['pprof', '-top', '-base', path, path, path], 0, out='40ms')
    check('a comment is added', ['pprof', '-comments', '-add_comment=by hand', path], 0, out='by hand')
    output = os.path.join(folder, 'report')
    check('a report into a file', ['pprof', '-top', '-output', output, path], 0, err='Generating report in ' + output)
    tap.ok('work' in open(output).read(), 'the file has the report')
    check('nothing to report', ['pprof', '-peek=nothing', '-output', output, path], 1, err='no matches')
    tap.ok('work' in open(output).read(), 'a report that fails leaves the file as it was')
    check('nothing to report, no file', ['pprof', '-peek=nothing', '-output', output + '2', path], 1, err='no matches')
    tap.ok(not os.path.exists(output + '2'), 'a report that fails makes no file')
    check('a file that cannot be written', ['pprof', '-top', '-output=/none/x', path], 1, err='cannot be written')
    check('a full disk', ['pprof', '-top', '-output=/dev/full', path], 1, err='cannot be written')


def test_broken(folder):
    """Every prefix, and many flipped bytes: one line that names file, offset and what was expected, or a report."""
    whole = made_profile.small().bytes()
    rng = random.Random(SEED)
    path = os.path.join(folder, 'broken')
    inputs = [whole[:n] for n in range(1, len(whole), 3)]
    for _ in range(60):
        flipped = bytearray(whole)
        flipped[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        inputs.append(bytes(flipped))
    packed = made_profile.small().gzipped()
    inputs += [packed[:n] for n in range(1, len(packed), 7)]
    wrong = []
    for data in inputs:
        with open(path, 'wb') as file:
            file.write(data)
        status, _, err = run('pprof', '-symbolize=none', '-raw', path)
        lines = err.splitlines()
        told = status == 1 and len(lines) == 1 and all(text in lines[0] for text in (path, 'expected', 'byte'))
        if status != 0 and not told:
            wrong.append((data[:40], status, err))
    tap.ok(not wrong, f'{len(inputs)} broken profiles are refused in one line or read', f'SEED={SEED} {wrong[:2]}')


def test_binary_output(folder, path):
    done = subprocess.run([SONDE, 'pprof', '-proto', path], capture_output=True, cwd=folder, timeout=60)
    tap.ok(done.stdout[:2] == b'\x1f\x8b', 'a profile goes into a pipe')
    again = run('pprof', '-top', '-', data=done.stdout)
    tap.ok('work' in again[1], 'and is read again', str(again))


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.environ['HOME'] = folder
        path = os.path.join(folder, 'small.pb.gz')
        with open(path, 'wb') as file:
            file.write(made_profile.small().gzipped())
        test_commands()
        test_flags(path)
        test_sources(folder, path)
        test_broken(folder)
        test_binary_output(folder, path)
    tap.done()


main()
