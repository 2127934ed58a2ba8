#!/usr/bin/env python3
"""Writes the profiles of `sonde trace -pprof` and `go tool trace -pprof` of every trace of the corpus and compares what
is in them: the same stacks with the same counts and delays. (Their order in Go's is that of its hash maps.)

    pprof_test.py SONDE [quick]
"""
import collections
import concurrent.futures
import gzip
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from go_tool import corpus, find_go_trace, run

KINDS = ('net', 'sync', 'syscall', 'sched')


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """The fields of a message: number and value, a number or bytes."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        yield tag >> 3, value


def numbers(message, wanted):
    """A repeated number, packed or not."""
    for number, value in fields(message):
        if number == wanted and isinstance(value, bytes):
            at = 0
            while at < len(value):
                item, at = varint(value, at)
                yield item
        elif number == wanted:
            yield value


def read_profile(data):
    """What a profile says: its types and period, and (stack, count, delay) of each sample, sorted."""
    message = gzip.decompress(data)
    parts = collections.defaultdict(list)
    for number, value in fields(message):
        parts[number].append(value)
    strings = [text.decode(errors='replace') for text in parts[6]]
    functions = {}
    for part in parts[5]:
        function = dict(fields(part))
        functions[function[1]] = (strings[function.get(2, 0)], strings[function.get(4, 0)])
    locations = {}
    for part in parts[4]:
        location = dict(fields(part))
        line = dict(fields(location[4]))
        locations[location[1]] = (location.get(3, 0), line.get(2, 0), *functions[line[1]])
    samples = sorted((tuple(locations[i] for i in numbers(part, 1)), *numbers(part, 2)) for part in parts[2])
    types = [tuple(strings[i] for _, i in fields(part)) for part in parts[1] + parts[11]]
    return types, parts[12], samples


def difference(ours, theirs):
    if ours[:2] != theirs[:2]:
        return f'types: ours {ours[:2]}, Go {theirs[:2]}'
    for a, b in zip(ours[2], theirs[2]):
        if a != b:
            return f'ours {a}\nGo   {b}'
    return f'{len(ours[2])} samples, Go has {len(theirs[2])}' if ours != theirs else None


def compare(sonde, go_trace, kind, path):
    """What differs, or None. The refusals must be the same; a broken tail is no refusal, but is told."""
    ours, theirs = run(sonde, 'trace', f'-pprof={kind}', path), run(go_trace, f'-pprof={kind}', path)
    if (ours.returncode != 0) != (theirs.returncode != 0):
        return f'status {ours.returncode}, but Go {theirs.returncode}: {ours.stderr!r} {theirs.stderr!r}'
    if ours.returncode:
        return None if ours.stderr.count(b'\n') == 1 and not ours.stdout else f'not one line: {ours.stderr!r}'
    return difference(read_profile(ours.stdout), read_profile(theirs.stdout))


def main():
    sonde, quick = sys.argv[1], 'quick' in sys.argv[2:]
    go_trace, most = find_go_trace(), 300_000 if quick else 1_700_000
    # Traces with events at equal times are different in Go from run to run.
    traces = [path for path in corpus('go1*.trace', 'v1/user_task_region_1_1*') if path.stat().st_size < most]
    if not go_trace or not traces:
        tap.skip('profiles equal those of go tool trace', 'no Go' if not go_trace else 'no corpus')
        tap.done()
    jobs = [(kind, path) for path in traces for kind in KINDS]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (kind, path), wrong in zip(jobs, pool.map(lambda job: compare(sonde, go_trace, *job), jobs)):
            tap.ok(wrong is None, f'-pprof={kind} {path.name}', wrong)
    profile = run(sonde, 'trace', '-pprof=sched', corpus('go126-mix.trace')[0]).stdout
    with tempfile.NamedTemporaryFile() as file:
        file.write(profile)
        file.flush()
        raw = run('go', 'tool', 'pprof', '-raw', file.name)
    tap.ok(b'contentions/count delay/nanoseconds' in raw.stdout, 'go tool pprof reads the profile', raw.stderr)
    tap.done()


if __name__ == '__main__':
    main()
