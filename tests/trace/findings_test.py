#!/usr/bin/env python3
"""Computes from the events that `sonde trace -d=parsed` prints (which are Go's own, byte for byte) what -summary, -gc,
-latency, -procs, -wakeups and -leaks should say, by a second way, and compares.

    findings_test.py SONDE [quick]
"""
import collections
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from go_tool import corpus, run

TRACES = ('go126-idle.trace', 'go126-tasks.trace', 'go126-gc.trace', 'go122-gc.trace', 'go119-gc.trace', 'go126-cgo.trace',
          'go126-syscalls.trace', 'go121-waits.trace', 'go126-storm.trace', 'go126-maxprocs.trace', 'go126-mix.trace',
          'go125-flight.trace', 'go126-lockthread.trace', 'go126-midstart.trace', 'go123-net.trace')
FLAGS = ('-summary', '-gc', '-latency', '-procs', '-wakeups', '-leaks', '-mmu')
STATES = {'Running': 'run', 'Runnable': 'ready', 'Waiting': 'wait', 'Syscall': 'call'}


def brief(ns):
    """A duration as the tables have it."""
    if ns == 0:
        return '0'
    for size, unit in ((1e9, 's'), (1e6, 'ms'), (1e3, 'µs')):
        scaled = ns / size
        if scaled >= 0.9995:
            return f'{scaled:.{2 if scaled < 9.995 else 1 if scaled < 99.95 else 0}f}{unit}'
    return f'{ns}ns'


class Facts:
    """What the events say."""

    def __init__(self, text):
        self.created = self.ended = self.cycles = self.late = 0
        self.latencies, self.pauses, self.heap = [], [], []
        self.wakeups = 0
        since, state, stops, alive = {}, {}, {}, set()
        self.begin = None
        self.run = collections.Counter()
        for line in text.splitlines():
            found = re.match(r'M=\S+ P=(\S+) G=(\S+) (\w+) Time=(-?\d+)(.*)', line)
            if not found:
                continue
            time, kind, rest = int(found[4]), found[3], found[5]
            self.begin = time if self.begin is None else self.begin
            self.end = time
            change = re.match(r' (?:Resource|GoID|ProcID)=(?:Goroutine\()?(\d+)\)? (\w+)->(\w+)', rest)
            if kind == 'StateTransition' and change and ('GoID' in rest or 'Goroutine(' in rest):
                self.change(change[1], change[2], change[3], time, since, state, alive, rest)
            elif kind == 'RangeBegin' and 'stop-the-world' in rest:
                stops[found[2]] = time
            elif kind == 'RangeEnd' and 'stop-the-world' in rest and found[2] in stops:
                self.pauses.append(('GC' in rest, time - stops.pop(found[2])))
            elif kind in ('RangeBegin', 'RangeActive') and 'concurrent mark' in rest:
                self.cycles += kind == 'RangeBegin' or self.cycles == 0
            elif kind == 'Metric' and 'heap/objects' in rest:
                self.heap.append(int(re.search(r'Uint64\((\d+)\)', rest)[1]))
        for g, name in state.items():
            if name == 'Running':
                self.run['all'] += self.end - since[g][0]
        self.alive = len(alive)

    def change(self, g, old, new, time, since, state, alive, rest):
        if old == new:
            return
        if old in ('Undetermined', 'NotExist'):
            self.created += old == 'NotExist'
            alive.add(g)
        else:
            if old == 'Runnable' and new == 'Running' and since[g][1]:
                self.latencies.append(time - since[g][0])
            if old == 'Running':
                self.run['all'] += time - since[g][0]
            self.wakeups += old == 'Waiting' and new == 'Runnable'
        state[g] = new
        since[g] = (time, True) if old != 'Undetermined' else (self.begin, False)
        if new == 'NotExist':
            self.ended += 1
            alive.discard(g)


def line_of(text, subject):
    return next((line for line in text.splitlines() if line.startswith(subject)), '')


def commas(n):
    return f'{n:,}'


def compare(sonde, path):
    """What differs, or None."""
    facts = Facts(run(sonde, 'trace', '-d=parsed', path).stdout.decode(errors='replace'))
    page = run(sonde, 'trace', '-summary', path).stdout.decode()
    expected = {
        'Goroutines': f'{commas(facts.created)} created, {commas(facts.ended)} ended',
        'Goroutines ': f'{commas(facts.alive)} at the end',
        'Processors': f'of which {facts.run["all"] / (facts.end - facts.begin):.2f} were busy',
    }
    if facts.latencies:
        expected['Scheduling'] = (f'longest {brief(max(facts.latencies))} from runnable to running '
                                  f'({commas(len(facts.latencies))} times)')
    gc = [length for is_gc, length in facts.pauses if is_gc]
    if gc:
        expected['Stops'] = f'{commas(len(gc))} of the world for the collector: '
        expected['Stops '] = f'longest {brief(max(gc))}'
    expected['Collector'] = f'{facts.cycles} cycle' if facts.cycles else 'did not run'
    for subject, words in expected.items():
        if words not in line_of(page, subject.strip()):
            return f'{subject}: expected {words}, got {line_of(page, subject.strip())}'
    if facts.latencies:
        half = sorted(facts.latencies)[(len(facts.latencies) - 1) // 2]
        table = run(sonde, 'trace', '-latency', path).stdout.decode()
        row = next(line.split() for line in table.splitlines() if line.endswith('(all)'))
        if row[0] != brief(sum(facts.latencies)) or row[1] != commas(len(facts.latencies)):
            return f'latency: {row}, expected {brief(sum(facts.latencies))} of {len(facts.latencies)}'
        number, unit = re.match(r'([\d.]+)(\D+)', row[2]).groups()
        got = float(number) * {'ns': 1, 'µs': 1e3, 'ms': 1e6, 's': 1e9}[unit]
        if not half * 0.9 - 2 <= got <= half * 1.1 + 2:
            return f'latency: half are below {row[2]}, expected {half} ns'
    return None


def nanoseconds(text):
    """A duration as Go prints it."""
    units = {'h': 3600e9, 'm': 60e9, 's': 1e9, 'ms': 1e6, 'µs': 1e3, 'ns': 1}
    return sum(round(float(number) * units[unit]) for number, unit in re.findall(r'([\d.]+)(ms|µs|ns|h|m|s)', text))


def compare_tasks(sonde, path):
    """Whether the steps of tasks' chains add up, each where the one before ended; what is wrong, or None."""
    text = run(sonde, 'trace', '-d=parsed', path).stdout.decode(errors='replace')
    begins = {int(g): int(time) for time, g in re.findall(r' TaskBegin Time=(\d+) ID=(\d+)', text)}
    ends = {int(g): int(time) for time, g in re.findall(r' TaskEnd Time=(\d+) ID=(\d+)', text)}
    for task in sorted(begins)[::max(1, len(begins) // 25)]:
        result = run(sonde, 'trace', f'-task={task}', path)
        page = result.stdout.decode()
        head = re.match(r'Task \d+ .*: (\S+), from', page)
        blocks = page.split('\n\n')
        steps = [nanoseconds(line.split()[1]) for line in blocks[2].splitlines()[1:]] if len(blocks) > 2 else []
        if not head or sum(steps) != nanoseconds(head[1]):
            return f'task {task}: {sum(steps)} ns of {head and head[1]}: {page[:2000]} {result.stderr}'
        if task in ends and ends[task] - begins[task] != nanoseconds(head[1]):
            return f'task {task}: {head[1]}, expected {ends[task] - begins[task]}'
    return None


def main():
    sonde, paths = sys.argv[1], corpus(*TRACES)
    if 'quick' in sys.argv[2:]:
        paths = paths[:6]
    if not paths:
        tap.skip('findings are those of the events', 'no corpus')
    for path in paths:
        wrong = compare(sonde, path)
        tap.ok(wrong is None, f'findings of {path.name}', wrong)
    for path in corpus('go1*-tasks.trace', 'go1*-midstart.trace', 'go126-mix.trace')[::1 if 'quick' not in sys.argv[2:] else 4]:
        wrong = compare_tasks(sonde, path)
        tap.ok(wrong is None, f'chains of tasks of {path.name}', wrong)
    for path in corpus('go1*.trace', 'v1/*')[::1 if 'quick' not in sys.argv[2:] else 9]:
        for flag in FLAGS if path.stat().st_size < 2_000_000 else FLAGS[:1]:
            first, second = (run(sonde, 'trace', flag, path) for _ in range(2))
            lines = first.stderr.count(b'\n')
            good = first.returncode in (0, 1) and lines <= 3 and (first.returncode == 0) == (len(first.stdout) > 0)
            if not good or first.stdout != second.stdout:
                tap.ok(False, f'{flag} {path.name}', f'{first.returncode} {first.stderr} {first.stdout[:300]}')
                break
    tap.ok(True, 'every trace has an answer or a reason, the same each time')
    tap.done()


if __name__ == '__main__':
    main()
