#!/usr/bin/env python3
"""Parts of traces (`sonde trace -format=go -range=... -goroutine=...`) are traces: Go's tool prints the same of them as
ours does, and what they hold is what the whole has at that time, or of those goroutines, behind the statuses with which
they begin.

    cut_test.py SONDE [quick]
"""
import concurrent.futures
import pathlib
import random
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from go_tool import corpus, find_go_trace, run

NAMES = ('go126-idle', 'go126-tasks', 'go126-gc', 'go122-mix', 'go126-cgo', 'go122-cgo', 'go125-cgo', 'go125-flight',
         'go126-lockthread', 'go126-storm', 'go123-allocfree', 'go126-net', 'go126-panics', 'go124-mix', 'go126-cpu',
         'go125-cpu', 'go126-manygens', 'go126-pingpong', 'go122-waits', 'go126-startstop')
SEED = 20250713
TIME = re.compile(r' Time=(-?\d+)')
CHANGE = re.compile(r' StateTransition Time=\d+ (?:GoID|ProcID)=-?\d+ (\w+)->(\w+)')


class Event:
    def __init__(self, lines):
        self.head, self.text = lines[0], '\n'.join(lines)
        self.time = int(TIME.search(self.head).group(1))
        change = CHANGE.search(self.head)
        self.is_status = ' Sync ' in self.head or ' RangeActive ' in self.head or bool(
            change and (change.group(1) == change.group(2) or change.group(1) == 'Undetermined'))


def events(text):
    """The events of a dump."""
    out, lines = [], []
    for line in text.decode('utf-8', 'replace').split('\n'):
        if line.startswith('M=') and lines:
            out.append(Event(lines))
            lines = []
        lines.append(line)
    return out + [Event(lines)] if lines and lines[0] else out


def cut(sonde, go_trace, path, directory, *flags):
    """The events of a part, and what is wrong with it."""
    part = pathlib.Path(directory) / (path.name + '.part')
    made = run(sonde, 'trace', '-format=go', '-o', part, *flags, path)
    if made.returncode or (made.stderr and b'left out' not in made.stderr):
        return [], f'{flags}: {made.stderr}'
    ours, theirs = run(sonde, 'trace', '-d=parsed', part), run(go_trace, '-d=parsed', part)
    if theirs.returncode:
        return [], f'{flags}: Go refuses it: {theirs.stderr}'
    return events(ours.stdout), None if ours.stdout == theirs.stdout else f'{flags}: Go prints something else of it'


def compare(got, want, flags):
    if got == want:
        return None
    pair = next((a, b) for a, b in zip(got + [None], want + [None]) if a != b)
    return f'{flags}: {len(got)} events, not {len(want)}:\n the part has  {pair[0]}\n the whole has {pair[1]}'


def check_range(sonde, go_trace, path, directory, whole, start, end):
    begin, flags = whole[0].time, f'-range={start}ns-{end}ns'
    got, wrong = cut(sonde, go_trace, path, directory, flags)
    if wrong:
        return wrong
    want = [e.text for e in whole if start <= e.time - begin <= end and not e.is_status]
    first = next((e.time for e in whole if start <= e.time - begin and not e.is_status), 0)
    rest = [e.text for e in got if e.time >= first and not e.is_status]
    # Tasks that are open begin again when a goroutine runs for the first time.
    rest = [e for e in rest if ' TaskBegin ' not in e or e in want]
    return compare(rest, want, flags)


def check_goroutine(sonde, go_trace, path, directory, whole, goroutine, flags):
    got, wrong = cut(sonde, go_trace, path, directory, f'-goroutine={goroutine}', *flags)
    if wrong:
        return wrong
    mine = re.compile(rf' GoID={goroutine} ')

    def changes(some):
        return [e.text.split('G=', 1)[1].split(' ', 1)[1] for e in some
                if mine.search(e.head) and not e.is_status]

    others = {e.head for e in got if ' GoID=' in e.head and not mine.search(e.head)}
    if others:
        return f'-goroutine={goroutine}: has other goroutines: {sorted(others)[:2]}'
    # A switch to or from a goroutine that is not there becomes a plain wait or wake-up, a ns later than it was.
    numbers = re.compile(r'Time=\d+ ')
    return compare([numbers.sub('', e) for e in changes(got)], [numbers.sub('', e) for e in changes(whole)],
                   f'-goroutine={goroutine}') if not flags else None


def check(sonde, go_trace, path, directory, ranges):
    rng, wrong = random.Random(f'{SEED} {path.name}'), []
    whole = events(run(sonde, 'trace', '-d=parsed', path).stdout)
    length = whole[-1].time - whole[0].time
    pairs = [(0, length)] + [sorted((rng.randrange(length), rng.randrange(length))) for _ in range(ranges)]
    wrong += [check_range(sonde, go_trace, path, directory, whole, a, b) for a, b in pairs]
    seen = sorted({int(found.group(1)) for e in whole if (found := re.search(r' GoID=(\d+) ', e.head))})
    for goroutine in rng.sample(seen, min(2, len(seen))):
        wrong += [check_goroutine(sonde, go_trace, path, directory, whole, goroutine, flags)
                  for flags in ([], ['-range={}ns-{}ns'.format(*pairs[-1])])]
    return [why for why in wrong if why]


def main():
    sonde, quick = sys.argv[1], 'quick' in sys.argv[2:]
    go_trace = find_go_trace()
    traces = [path for path in corpus(*(name + '.trace' for name in NAMES))
              if path.stat().st_size < (100_000 if quick else 1_500_000)]
    if not go_trace or not traces:
        tap.skip('parts of traces are traces', 'no Go' if not go_trace else 'no corpus')
        tap.done()
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(path, 1 if path.stat().st_size > 1_000_000 else 3) for path in traces]
        found = pool.map(lambda job: check(sonde, go_trace, job[0], directory, job[1]), jobs)
        for (path, ranges), wrong in zip(jobs, found):
            tap.ok(not wrong, f'{ranges + 1} ranges and 2 goroutines of {path.name}, seed {SEED}', '\n'.join(wrong))
    tap.done()


if __name__ == '__main__':
    main()
