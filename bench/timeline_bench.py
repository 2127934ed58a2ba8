#!/usr/bin/env python3
"""Loading a trace for the timeline, and drawing from it: columns, intervals, levels and statistics of synthetic traces of
growing size, any window of any row at 2,000 pixels, and the memory that it takes; beside them go tool trace, up to where
it serves its first page.

    timeline_bench.py [EVENTS...]        40 million and less by default; TIMELINE_EVENTS=400000000 adds one more size
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / 'build' / 'bench'
sys.path.insert(0, str(ROOT / 'tests' / 'trace'))
import timing
from go_tool import Viewer, find_go_trace

WINDOWS = 2000
MOST_FOR_GO = 40_000_000 # more does not fit into the memory of most machines


def load(path):
    """Events, seconds, bytes an event, peak MB, worst and mean milliseconds of a window."""
    out = subprocess.run([BUILD / 'load_columns', path, str(WINDOWS)], capture_output=True, text=True, check=True).stdout
    return [float(word) for word in out.split()[:6]]


def peak(pid):
    """The most memory that a process has had, MB."""
    for line in open(f'/proc/{pid}/status'):
        if line.startswith('VmHWM:'):
            return int(line.split()[1]) / 1024
    return 0


def first_page(go_trace, path):
    """Seconds until go tool trace's first page is there, and its memory then."""
    start = time.monotonic()
    viewer = Viewer(go_trace, path)
    try:
        viewer.get('/')
        return time.monotonic() - start, peak(viewer.process.pid)
    finally:
        viewer.close()


def main():
    sizes = [int(word) for word in sys.argv[1:]] or [1_000_000, 4_000_000, 10_000_000, 40_000_000]
    if 'TIMELINE_EVENTS' in os.environ:
        sizes.append(int(os.environ['TIMELINE_EVENTS']))
    go_trace, rows = find_go_trace(), []
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / 'synthetic.trace'
        for size in sizes:
            with open(path, 'wb') as out:
                subprocess.run([BUILD / 'make_trace', str(size)], stdout=out, check=True)
            events, seconds, each, megabytes, worst, mean = load(path)
            row = [f'{size / 1e6:.0f} M, {path.stat().st_size / 1e6:.0f} MB', f'{seconds:.2f} s',
                   f'{events / seconds / 1e6:.1f} M/s', f'{megabytes:.0f} MB', f'{each:.1f}', f'{worst:.2f} ms',
                   f'{mean:.2f} ms']
            if go_trace and size <= MOST_FOR_GO:
                theirs, memory = first_page(go_trace, path)
                row += [f'{theirs:.1f} s, {memory:.0f} MB', f'{theirs / seconds:.0f}x, {memory / megabytes:.1f}x']
            rows.append(row + [''] * (9 - len(row)))
    timing.table(['trace', 'loaded', 'events', 'peak', 'bytes an event', 'worst window', 'mean window',
                  'go tool trace', 'ratio'], rows)


main()
