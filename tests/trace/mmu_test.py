#!/usr/bin/env python3
"""Compares `sonde trace -mmu` with what the MMU page of `go tool trace` fetches, for every choice of what counts: the
curve and the worst windows, number for number. (Percentiles have another test: Go's are the minimum.)

    mmu_test.py SONDE [quick]
"""
import itertools
import json
import pathlib
import sys
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from go_tool import run
from pages import compare_pages

TRACES = ('go126-idle.trace', 'go126-maxprocs.trace', 'go126-tasks.trace', 'go125-gc.trace', 'go126-gc.trace',
          'go124-gc.trace', 'go123-gc.trace', 'go122-gc.trace', 'go121-gc.trace', 'go119-gc.trace', 'go126-midstart.trace',
          'go122-mix.trace', 'go126-mix.trace', 'go126-manygens-cut900000.trace', 'go126-manygens.trace',
          'go125-flight.trace', 'go126-cgo.trace', 'go119-mix.trace', 'v1/stress_1_11_good')
WORDS = ('perProc', 'stw', 'background', 'assist', 'sweep')
CHOICES = [choice for n in range(len(WORDS) + 1) for choice in itertools.combinations(WORDS, n)]


def ask(viewer, page):
    try:
        return json.loads(viewer.get(page))
    except (urllib.error.URLError, ConnectionError) as error:  # Go's server has given up on the request
        return str(error)


def compare_choice(sonde, viewer, path, flags):
    ours = run(sonde, 'trace', '-mmu=' + flags, '-json', path)
    theirs = ask(viewer, f'/mmu?mode=plot&flags={flags}')
    if isinstance(theirs, str):
        return None if ours.returncode == 1 else f'{flags}: Go says {theirs}'
    curve = json.loads(ours.stdout) if ours.returncode == 0 else ours.stderr
    if curve != theirs:
        return f'{flags}:\nours {curve}\nGo   {theirs}'
    for window in (1000, 1000000, 7777777, 100000000, theirs['xMax']):
        ours = run(sonde, 'trace', '-mmu=' + flags, '-json', f'-window={window}ns', path)
        windows = json.loads(ours.stdout) if ours.returncode == 0 else ours.stderr
        details = ask(viewer, f'/mmu?mode=details&window={window}&flags={flags}')
        details = [{key: value for key, value in item.items() if key != 'URL'} for item in details or []]
        if windows != details:
            return f'{flags}, {window} ns:\nours {windows}\nGo   {details}'
    return None


def compare(sonde, viewer, path):
    """What differs, or None. Large traces are compared for one choice in three: Go takes long for them."""
    choices = CHOICES if path.stat().st_size < 400_000 else CHOICES[1::3]
    for choice in choices:
        wrong = compare_choice(sonde, viewer, path, '|'.join(choice))
        if wrong:
            return wrong
    return None


if __name__ == '__main__':
    compare_pages('mutator utilization', TRACES, 3, compare)
