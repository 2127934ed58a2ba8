#!/usr/bin/env python3
"""Prints every trace of the corpus with `sonde trace -d` and with `go tool trace -d`: the same bytes, and the same files
refused after the same bytes. What Go prints for traces of Go 1.21 and before depends on the order of its hash tables where
times are equal; for those a build of it is asked that takes the order of the file.

    dump_test.py SONDE [quick]      quick: without the largest files, for builds that are slow
"""
import concurrent.futures
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from go_tool import corpus, find_go_trace, find_go_trace_in_order, run

MODES = ('parsed', 'wire', 'footprint')


def first_difference(ours, theirs):
    """The first line that differs, for a failure's message."""
    for number, (a, b) in enumerate(zip(ours.split(b'\n'), theirs.split(b'\n')), 1):
        if a != b:
            return f'line {number}:\n ours {a!r}\n Go   {b!r}'
    return f'ours has {len(ours)} bytes, Go has {len(theirs)}'


def compare(sonde, go_trace, mode, path):
    """What differs, or None. The time zone is one that is not UTC's, because times of the day are printed."""
    env = dict(os.environ, TZ='Asia/Kolkata')
    ours, theirs = run(sonde, 'trace', f'-d={mode}', path, env=env), run(go_trace, f'-d={mode}', path, env=env)
    if ours.stdout != theirs.stdout:
        return first_difference(ours.stdout, theirs.stdout)
    if ours.returncode != (1 if theirs.returncode else 0):
        return f'status {ours.returncode}, but Go {theirs.returncode}: {ours.stderr!r} {theirs.stderr!r}'
    if ours.returncode and ours.stderr.count(b'\n') != 1:
        return f'not one line: {ours.stderr!r}'
    return None


def main():
    sonde, quick = sys.argv[1], 'quick' in sys.argv[2:]
    go_trace, traces = find_go_trace(), corpus('go12[2-9]*.trace')
    old = corpus('go119*.trace', 'go121*.trace', 'v1/*_1_11_*', 'v1/*_1_19_*')
    most = 300_000 if quick else 4_000_000
    traces, old = ([path for path in some if path.stat().st_size < most] for some in (traces, old))
    if not go_trace or not traces:
        tap.skip('dumps equal those of go tool trace', 'no Go' if not go_trace else 'no corpus')
        tap.done()
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(2) as pool:
        in_order = find_go_trace_in_order(pathlib.Path(directory))
        jobs = [(go_trace, mode, path) for path in traces for mode in MODES]
        jobs += [(in_order, 'parsed', path) for path in old if in_order]
        for (_, mode, path), wrong in zip(jobs, pool.map(lambda job: compare(sonde, *job), jobs)):
            tap.ok(wrong is None, f'-d={mode} {path.name}', wrong)
    if not in_order:
        tap.skip('dumps of traces of Go 1.21 and before', 'no Go whose reader can be made to keep the order of the file')
    tap.done()


if __name__ == '__main__':
    main()
