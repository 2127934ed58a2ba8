#!/usr/bin/env python3
"""Traces of Go 1.21 and before become traces of Go 1.22 (`sonde trace -format=go`): Go's tool reads those, and in them the
events of the old ones, at the same times from the begin, with their states, stacks, tasks, regions and logs. Parts of old
traces (-range, -goroutine) have what the whole has.

    v1_cut_test.py SONDE [quick]
"""
import concurrent.futures
import pathlib
import random
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from cut_test import SEED, check_goroutine, check_range, events
from go_tool import corpus, find_go_trace, run

# Refused, as Go does it; those of Go 1.5 have no stacks to say where goroutines begin.
REFUSED = ('cut', 'cgo', '1_5_')
ALIKE = ('stress_1_9_good', 'stress_1_10_good', 'stress_1_19_good')  # large, and much as those of 1.7 and 1.11
STAND_IN = 10000000  # threads from here on stand for others
NO_PROC, NO_TASK = 1000001, '18446744073709551615'
PROC = re.compile(r'StateTransition Time=\d+ ProcID=(\d+) (Running->Idle|Idle->Running)')


class Line:
    """An event of a dump: where it happened, and the rest with its time from the begin."""

    def __init__(self, text, begin):
        head = re.match(r'M=(-?\d+) P=(-?\d+) G=(-?\d+) (.*)$', text, re.S)
        self.m, self.p, self.g = (int(number) for number in head.group(1, 2, 3))
        self.time = int(re.search(r' Time=(\d+)', text).group(1)) - begin
        self.text = re.sub(r' Time=\d+', f' Time={self.time}', head.group(4), count=1)
        if self.text.startswith('TaskEnd '):  # v1 has 0 for a parent that there is not
            self.text = self.text.replace(' Parent=0 ', f' Parent={NO_TASK} ', 1)


def lines(dump):
    found = [event for event in events(dump) if ' Sync ' not in event.head]
    return [Line(event.text, found[0].time) for event in found]


def without_homeless(old):
    """The events without those that v2 has no place for: what a goroutine does that is none, and the end of what did not
    begin, which Go before 1.10 wrote."""
    assists, kept = set(), []
    for line in old:
        if line.text.startswith('RangeBegin') and '"GC mark assist"' in line.text:
            assists.add(line.g)
        ends_nothing = line.text.startswith('RangeEnd') and '"GC mark assist"' in line.text and line.g not in assists
        if 'Scope=Goroutine(-1)' not in line.text and not ends_nothing:
            kept.append(line)
    return kept


def context_differs(old, new):
    """Whether an event of a goroutine's is elsewhere. Changes of state are where v2 has them."""
    if 'Transition' in old.text or old.p < 0 or old.p >= NO_PROC or old.g < 0:
        return False
    return (old.p, old.g) != (new.p, new.g) or (old.m != new.m and new.m < STAND_IN)


def compare(old, new):
    """What differs, or None. A processor that a system call lost and got back leaves and comes back in v2."""
    at, away = 0, []
    for line in old:
        while at < len(new) and new[at].text != line.text:
            change = PROC.match(new[at].text)
            if not change:
                return f'has\n {new[at].text}\nnot\n {line.text}'
            away.append(change.groups())
            at += 1
        if at == len(new):
            return f'lacks\n {line.text}'
        if context_differs(line, new[at]):
            return f'M={new[at].m} P={new[at].p} G={new[at].g}, not M={line.m} P={line.p} G={line.g}:\n {line.text}'
        at += 1
    left = sorted(proc for proc, change in away if change == 'Running->Idle')
    came = sorted(proc for proc, change in away if change == 'Idle->Running')
    if len(left) + len(came) + len(new) - at > len(new) / 20 or left != came:
        return f'{len(left)} processors leave, {len(came)} come back'
    return None if at == len(new) else f'has behind the end\n {new[at].text}'


def check(sonde, go_trace, path, directory, ranges):
    rng, made = random.Random(f'{SEED} {path.name}'), pathlib.Path(directory) / path.name
    result = run(sonde, 'trace', '-format=go', '-o', made, path)
    if any(word in path.name for word in REFUSED):
        return [] if result.returncode == 1 else [f'status {result.returncode}: {result.stderr}']
    theirs, ours = run(go_trace, '-d=parsed', made), run(sonde, 'trace', '-d=parsed', made)
    if result.returncode or theirs.returncode:
        return [f'{result.stderr} {theirs.stderr}']
    if ours.stdout != theirs.stdout:
        return ['Go prints something else of it']
    old = without_homeless(lines(run(sonde, 'trace', '-d=parsed', path).stdout))
    wrong = [compare(old, lines(theirs.stdout))]
    whole = events(ours.stdout)
    length = whole[-1].time - whole[0].time
    for start, end in [sorted((rng.randrange(length), rng.randrange(length))) for _ in range(ranges)]:
        wrong.append(check_range(sonde, go_trace, path, directory, whole, start, end))
    seen = sorted({int(found.group(1)) for event in whole if (found := re.search(r' GoID=(\d+) ', event.head))})
    for goroutine in rng.sample(seen, min(2, len(seen))):
        wrong.append(check_goroutine(sonde, go_trace, path, directory, whole, goroutine, []))
    return [why for why in wrong if why]


def main():
    sonde, quick = sys.argv[1], 'quick' in sys.argv[2:]
    go_trace = find_go_trace()
    traces = [path for path in corpus('go119*.trace', 'go121*.trace', 'v1/*')
              if path.stat().st_size < (50_000 if quick else 1_000_000) and path.name not in ALIKE]
    if not go_trace or not traces:
        tap.skip('old traces become traces of Go 1.22', 'no Go' if not go_trace else 'no corpus')
        tap.done()
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(path, 1 if path.stat().st_size > 300_000 else 3) for path in traces]
        found = pool.map(lambda job: check(sonde, go_trace, job[0], directory, job[1]), jobs)
        for (path, _), wrong in zip(jobs, found):
            tap.ok(not wrong, f'{path.name}, seed {SEED}', '\n'.join(wrong)[:2000])
    tap.done()


if __name__ == '__main__':
    main()
