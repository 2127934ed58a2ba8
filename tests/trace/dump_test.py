#!/usr/bin/env python3
"""Prints every trace of the corpus with `sonde trace -d` and with `go tool trace -d`: the same bytes, and the same files
refused after the same bytes.

    dump_test.py SONDE [quick]      quick: without the largest files, for builds that are slow
"""
import concurrent.futures
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from go_tool import corpus, find_go_trace, run

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
    if quick:
        traces = [path for path in traces if path.stat().st_size < 600_000]
    if not go_trace or not traces:
        tap.skip('dumps equal those of go tool trace', 'no Go' if not go_trace else 'no corpus')
        tap.done()
    jobs = [(mode, path) for path in traces for mode in MODES]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda job: compare(sonde, go_trace, *job), jobs)
        for (mode, path), wrong in zip(jobs, results):
            tap.ok(wrong is None, f'-d={mode} {path.name}', wrong)
    tap.done()


main()
