#!/usr/bin/env python3
"""Traces of Go programs made at the time of the test, by the Go that is installed and by Go 1.19 where that is at hand:
each is printed and made into profiles as go tool trace does it, whole and cut off. The events of the oldest formats are
counted against Go 1.19's own tool.

    programs_test.py SONDE [quick]
"""
import collections
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap
from dump_test import MODES, compare
from go_tool import corpus, find_go_trace, find_go_trace_in_order, run
from pprof_test import KINDS, compare as compare_profile

PROGRAMS = ('storm', 'collect', 'syscalls', 'network', 'timers', 'tasks', 'waits', 'panics', 'threads', 'cgo', 'restart',
            'flight', 'die')
SEED = os.environ.get('SEED', '1')


def old_go():
    """The root of a Go 1.19: Debian's, or one that the go command has fetched before."""
    cache = subprocess.run(['go', 'env', 'GOMODCACHE'], capture_output=True, text=True, cwd='/').stdout.strip()
    places = [pathlib.Path('/usr/lib/go-1.19'), *sorted(pathlib.Path(cache).glob('golang.org/toolchain@*go1.19*'))]
    return next((place for place in places if (place / 'bin' / 'go').exists()), None)


def build(directory, root, has_flight):
    """Builds the programs with a Go; the program, or None where that fails."""
    go = root / 'bin' / 'go' if root else 'go'
    env = dict(os.environ, GOFLAGS='', GO111MODULE='off', **({'GOROOT': str(root)} if root else {}))
    sources = ['main.go', 'flight.go' if has_flight else 'no_flight.go'] + (['cgo.go'] if shutil.which('gcc') else [])
    program = pathlib.Path(directory) / ('traced-old' if root else 'traced')
    built = subprocess.run([go, 'build', '-o', program, *sources], cwd=HERE / 'programs', env=env, capture_output=True,
                           text=True, timeout=300)
    if built.returncode:
        print('#', built.stderr.replace('\n', '\n# '))
    return program if built.returncode == 0 else None


def make(program, kind, path, **env):
    """Runs a program; whether it made a trace (the one that dies does, too)."""
    done = run(program, kind, path, env=dict(os.environ, **env), timeout=60)
    return path.exists() and (done.returncode == 0) == (kind != 'die')


def check_whole(sonde, go_trace, name, path):
    for mode in MODES:
        wrong = compare(sonde, go_trace, mode, path)
        tap.ok(wrong is None, f'-d={mode} {name}', wrong)
    for kind in KINDS:
        wrong = compare_profile(sonde, go_trace, kind, path)
        tap.ok(wrong is None, f'-pprof={kind} {name}', wrong)


def check_cut(sonde, go_trace, name, path, rng):
    """What is left of a trace that was cut off anywhere."""
    data, wrong = path.read_bytes(), None
    for _ in range(3):
        size = rng.randrange(16, len(data))
        path.with_suffix('.cut').write_bytes(data[:size])
        for mode in MODES:
            differs = compare(sonde, go_trace, mode, path.with_suffix('.cut'))
            # Cut between two numbers of a table, the file ends as if all was well for Go's reader.
            if differs and 'a batch of ' not in differs:
                wrong = wrong or f'SEED={SEED} {size} bytes, -d={mode}: {differs}'
    tap.ok(wrong is None, f'{name}, cut off', wrong)


def changes(dump):
    """The changes of state in a dump, counted: ('GoID', 'Running', 'Waiting')."""
    pattern = re.compile(rb'StateTransition Time=\d+ (GoID|ProcID)=\d+ (\w+)->(\w+)')
    return collections.Counter(tuple(part.decode() for part in found) for found in pattern.findall(dump))


def count_differences(ours, theirs):
    """What our dump of a v1 trace has more or less of than what Go 1.19's tool lists."""
    got, listed = changes(ours), collections.Counter(re.findall(r'^\d+ (\w+) ', theirs.decode(errors='replace'), re.M))

    def went(of, before, after):
        return sum(n for (what, a, b), n in got.items() if what == of and a in before and b in after)

    def events(*names):
        return sum(n for name, n in listed.items() if re.fullmatch('|'.join(names), name))

    known = ('Runnable', 'Running', 'Waiting', 'Syscall')
    pairs = {
        'created': (went('GoID', ['NotExist'], known) + went('GoID', ['Undetermined'], known), events('GoCreate')),
        'started': (went('GoID', ['Runnable', 'Undetermined'], ['Running']), events('GoStart', 'GoStartLabel')),
        'preempted': (went('GoID', ['Running'], ['Runnable']), events('GoSched', 'GoPreempt')),
        'blocked': (went('GoID', ['Running'], ['Waiting']), events('GoBlock.*', 'GoSleep', 'GoStop')),
        'unblocked': (went('GoID', ['Waiting'], ['Runnable']), events('GoUnblock')),
        'ended': (went('GoID', ['Running'], ['NotExist']), events('GoEnd')),
        'system calls': (went('GoID', ['Running'], ['Syscall']), events('GoSysCall')),
        'processors': (went('ProcID', ['Idle', 'Undetermined'], ['Running']), events('ProcStart')),
        'collections': (ours.count(b'RangeBegin') and len(re.findall(rb'RangeBegin .*GC concurrent mark', ours)),
                        events('GCStart')),
        'sweeps': (len(re.findall(rb'RangeBegin .*GC incremental sweep', ours)), events('GCSweepStart')),
        'assists': (len(re.findall(rb'RangeBegin .*GC mark assist', ours)), events('GCMarkAssistStart')),
        'heap sizes': (len(re.findall(rb'Metric .*/memory/classes/heap', ours)), events('HeapAlloc')),
        'tasks': (len(re.findall(rb'TaskBegin ', ours)), events('UserTaskCreate')),
        'logs': (len(re.findall(rb' Log Time', ours)), events('UserLog')),
    }
    return [f'{what}: {a}, Go 1.19 has {b}' for what, (a, b) in pairs.items() if a != b]


def check_counts(sonde, old_trace, name, path):
    ours, theirs = run(sonde, 'trace', '-d=parsed', path), run(old_trace, '-d', path)
    if theirs.returncode:
        tap.ok(ours.returncode != 0 or 'unordered' in name, f'{name}, which Go 1.19 refuses, is refused', ours.stderr)
        return
    wrong = [ours.stderr] if ours.returncode else count_differences(ours.stdout, theirs.stdout)
    tap.ok(not wrong, f'{name} has the events that Go 1.19 lists', wrong)


def check_old(sonde, root, directory, quick):
    program = build(directory, root, False)
    if not program:
        tap.skip('traces of Go 1.19 are read', 'Go 1.19 cannot build programs here')
        return
    found = run(root / 'bin' / 'go', 'tool', '-n', 'trace', env=dict(os.environ, GOROOT=str(root)))
    old_trace = found.stdout.decode().strip()
    in_order = None if quick else find_go_trace_in_order(pathlib.Path(directory))
    for kind in PROGRAMS[:9]:
        path = pathlib.Path(directory) / f'{kind}.old'
        if not make(program, kind, path):
            tap.skip(f'Go 1.19: {kind}', 'it made no trace')
            continue
        check_counts(sonde, old_trace, f'Go 1.19: {kind}', path)
        if in_order and path.stat().st_size < 1_000_000:
            wrong = compare(sonde, in_order, 'parsed', path)
            tap.ok(wrong is None, f'Go 1.19: {kind} is printed as Go 1.26 prints it', wrong)
    for path in corpus('v1/*_1_7_*', 'v1/*_1_9_*', 'v1/*_1_10_*', 'v1/*_1_11_*', 'v1/*_1_19_*', 'go119*.trace'):
        check_counts(sonde, old_trace, path.name, path)


def main():
    sonde, quick = sys.argv[1], 'quick' in sys.argv[2:]
    go_trace, rng = find_go_trace(), random.Random(SEED)
    if not go_trace:
        tap.skip('traces of programs are read as Go reads them', 'no Go')
        tap.done()
    with tempfile.TemporaryDirectory() as directory:
        program = build(directory, None, True)
        for kind in PROGRAMS if program else ():
            path = pathlib.Path(directory) / f'{kind}.trace'
            if not make(program, kind, path):
                tap.skip(kind, 'it made no trace')
                continue
            check_whole(sonde, go_trace, kind, path)
            check_cut(sonde, go_trace, kind, path, rng)
        for kind in ('waits', 'collect') if program else ():
            path = pathlib.Path(directory) / f'{kind}-objects.trace'
            if make(program, kind, path, GODEBUG='traceallocfree=1'):
                check_whole(sonde, go_trace, f'{kind} with every allocation', path)
        if old_go():
            check_old(sonde, old_go(), directory, quick)
        else:
            tap.skip('traces of Go 1.19 are read', 'no Go 1.19: GOTOOLCHAIN=go1.19.13 go version fetches it')
    tap.done()


if __name__ == '__main__':
    main()
