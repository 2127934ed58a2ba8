#!/usr/bin/env python3
"""The profile of a trace's CPU samples (`sonde trace -pprof=cpu`) has every sample that Go's tool prints, with its stack,
and as many as the CPU profile that the program wrote meanwhile; Go's own pprof reads it. -flame draws any part.

    samples_test.py SONDE [quick]
"""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from go_tool import corpus, run

HERE = pathlib.Path(__file__).resolve().parent


def raw_samples(text):
    """Counts, values and depths of the samples that -raw prints."""
    part = text.split(b'Locations', 1)[0]
    return [(int(count), int(value), len(places.split()))
            for count, value, places in re.findall(rb'^ +(\d+) +(\d+): ([\d ]*)$', part, re.M)]


def in_trace(text):
    """The depths of the stacks of a dump's samples."""
    return [event.count(b'\n\t\t') for event in re.split(rb'(?m)^(?=M=)', text) if b' StackSample ' in event]


def check_corpus(sonde, path, directory):
    profile = pathlib.Path(directory) / 'profile'
    made = run(sonde, 'trace', '-pprof=cpu', '-o', profile, path)
    samples = raw_samples(run(sonde, 'pprof', '-raw', profile).stdout)
    want = in_trace(run(sonde, 'trace', '-d=parsed', path).stdout)
    got = sorted(depth for count, _, depth in samples for _ in range(count))
    tap.ok(made.returncode == 0 and got == sorted(want) and len({value // count for count, value, _ in samples}) <= 1,
           f'{len(want)} samples of {path.name}', f'{len(got)} samples: {made.stderr}')


def check_ranges(sonde, path, directory):
    """Parts of the time that goroutines ran add up to all of it."""
    def total(*flags):
        profile = pathlib.Path(directory) / 'profile'
        run(sonde, 'trace', '-pprof=run', '-o', profile, *flags, path)
        return sum(value for _, value, _ in raw_samples(run(sonde, 'pprof', '-raw', profile).stdout))

    parts = [total('-range=-4ms'), total('-range=4ms-9ms'), total('-range=9ms-')]
    tap.ok(sum(parts) == total() and all(parts), 'running time adds up over ranges', (parts, total()))
    for form, word in (('svg', b'<svg'), ('html', b'<html')):
        drawn = pathlib.Path(directory) / f'flame.{form}'
        made = run(sonde, 'trace', f'-flame={form}', '-range=4ms-9ms', '-o', drawn, path)
        tap.ok(made.returncode == 0 and word in drawn.read_bytes(), f'-flame={form} draws a range', made.stderr)
    nothing = run(sonde, 'trace', '-flame=svg', '-range=10h-', path)
    tap.ok(nothing.returncode == 1 and b'nothing ran' in nothing.stderr, 'where nothing ran it is told', nothing.stderr)


def check_program(sonde, directory):
    program, trace, profile, ours = (pathlib.Path(directory) / name for name in ('program', 'trace', 'cpu', 'ours'))
    try:
        built = subprocess.run(['go', 'build', '-o', program, HERE / 'samples.go'], capture_output=True, text=True,
                               timeout=300, cwd=directory)
    except OSError:
        tap.skip('a trace has the samples of a CPU profile', 'no Go')
        return
    if built.returncode:
        tap.skip('a trace has the samples of a CPU profile', 'Go does not build here: ' + built.stderr[:80])
        return
    run(program, trace, profile, timeout=60)
    run(sonde, 'trace', '-pprof=cpu', '-o', ours, trace)
    a, b = (raw_samples(run(sonde, 'pprof', '-raw', path).stdout) for path in (ours, profile))
    counts = [sum(count for count, _, _ in samples) for samples in (a, b)]
    # What is sampled while either of them starts or stops is in one only.
    tap.ok(counts[1] > 10 and abs(counts[0] - counts[1]) <= 3 + counts[1] // 20,
           'a trace has the samples of a CPU profile', counts)
    tap.ok({value // count for count, value, _ in a} == {10_000_000}, 'the period is that of the profiler',
           sorted({value // count for count, value, _ in a}))
    theirs = subprocess.run(['go', 'tool', 'pprof', '-top', ours], capture_output=True, text=True, timeout=120)
    tap.ok(theirs.returncode == 0 and 'main.spin' in theirs.stdout, 'Go reads the profile', theirs.stderr)


def main():
    sonde, quick = sys.argv[1], 'quick' in sys.argv[2:]
    with tempfile.TemporaryDirectory() as directory:
        traces = [path for path in corpus('go1*-cpu.trace', 'go126-tasks.trace')
                  if path.stat().st_size < (100_000 if quick else 2_000_000)]
        for path in traces:
            check_corpus(sonde, path, directory)
        if traces:
            check_ranges(sonde, corpus('go126-tasks.trace')[0], directory)
        else:
            tap.skip('CPU samples of the corpus', 'no corpus')
        if not quick:
            check_program(sonde, directory)
    tap.done()


main()
