#!/usr/bin/env python3
"""Made traces whose threads' clocks disagree or tick seldom, so that events wait for others that bear a later time, and
many bear the same: Go's reader and ours must give the same events in the same order. Changed bytes break them at places
where threads wait, too.

    waits_test.py MAKE_TRACE JUDGE [quick]
"""
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap
from go_tool import build_command, judges_differ

# By how many ns clocks disagree, and after how many they tick.
CLOCKS = [(0, 1), (0, 64), (60, 1), (500, 1), (5_000, 64), (40_000, 1), (1_000_000, 1024)]
EVENTS = 50_000


def variants(data, rng):
    """The trace as it is, and with bytes changed: mostly not at its begin, where Go would have read little."""
    flips = [f'flip {rng.randrange(len(data) // 16, len(data))} {1 << rng.randrange(8)}' for _ in range(6)]
    return ['flip', f'prefix {rng.randrange(len(data))}'] + flips


def main():
    make_trace, judge, quick = sys.argv[1], sys.argv[2], 'quick' in sys.argv[3:]
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        go_judge = build_command('sondejudge', HERE / 'judge.go', directory)
        if not go_judge:
            tap.skip('threads whose clocks disagree are ordered as Go orders them', 'no Go')
            tap.done()
        for number, (skew, tick) in enumerate(CLOCKS[:3] if quick else CLOCKS):
            path = directory / 'made.trace'
            with path.open('wb') as out:
                subprocess.run([make_trace, *map(str, (EVENTS, number, skew, tick))], stdout=out, check=True)
            lines = variants(path.read_bytes(), random.Random(number))
            wrong = judges_differ(judge, go_judge, path, lines)
            tap.ok(not wrong, f'clocks {skew} ns apart that tick every {tick} ns', '\n'.join(wrong))
    tap.done()


main()
