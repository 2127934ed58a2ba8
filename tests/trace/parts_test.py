#!/usr/bin/env python3
"""Compares `sonde trace -pprof` of parts of a trace with the profiles that the pages of `go tool trace` link to: by the
function that goroutines start in, by type and place of regions, by their length. What has no page (single goroutines,
ranges of time) must add up to what has.

    parts_test.py SONDE [quick]
"""
import collections
import html
import pathlib
import re
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from go_tool import run
from goroutines_test import INACTIVE, page_groups
from pages import compare_pages
from pprof_test import difference, read_profile

TRACES = ('go126-idle.trace', 'go126-tasks.trace', 'go121-tasks.trace', 'go119-tasks.trace', 'go126-midstart.trace',
          'go126-net.trace', 'go126-syscalls.trace', 'go122-mix.trace', 'go126-waits.trace',
          'go126-manygens-cut900000.trace', 'go119-midstart.trace')
KINDS = {'net': 'io', 'sync': 'block', 'syscall': 'syscall', 'sched': 'sched'}


def ours(sonde, path, *flags):
    result = run(sonde, 'trace', *flags, path)
    return read_profile(result.stdout) if result.returncode == 0 else result.stderr.decode()


def theirs(viewer, page):
    with urllib.request.urlopen(viewer.url + page, timeout=60) as answer:
        return read_profile(answer.read())


def total(profiles):
    """Delays by stack, summed; counts have no meaning where a delay is cut in two. Go takes stacks as equal that differ
    by frames without an address at their ends."""
    sums = collections.Counter()
    for profile in profiles:
        for stack, _, delay in profile[2]:
            while stack and stack[-1][0] == 0:
                stack = stack[:-1]
            sums[stack] += delay
    return +sums


def check(got, expected, what):
    return f'{what}: {got}' if isinstance(got, str) else (lambda d: d and f'{what}:\n{d}')(difference(got, expected))


def compare_goroutines(sonde, viewer, path):
    for row in page_groups(viewer.get('/goroutines')):
        if row[0] == INACTIVE:
            continue
        for kind, page in KINDS.items():
            expected = theirs(viewer, f'/{page}?raw=1&name=' + urllib.parse.quote(row[0]))
            group = ours(sonde, path, f'-pprof={kind}', f'-goroutine={row[0]}')
            wrong = check(group, expected, f'{kind} of {row[0]}')
            if wrong:
                return wrong
        table = run(sonde, 'trace', f'-goroutine={row[0]}', path).stdout.decode().split('\n\n')[1]
        ids = [line.split()[0] for line in table.splitlines()[1:]]
        if len(ids) < 20:
            single = total(ours(sonde, path, '-pprof=sched', f'-goroutine={number}') for number in ids)
            if single != total([group]):
                return f'{row[0]}: its goroutines have {single}, together {total([group])}'
    return None


def compare_regions(sonde, viewer, path):
    links = re.findall(r'href="/userregion\?([^"]*)">\d', viewer.get('/userregions'))
    places = [{key: value[0] for key, value in urllib.parse.parse_qs(html.unescape(link), True).items()}
              for link in links]
    types = [{'type': name} for name in {place['type'] for place in places}]
    lengths = [{'latmin': '200us'}, {'latmax': '2ms'}, {**(places or [{}])[0], 'latmin': '50us', 'latmax': '20ms'}]
    for params in places + types + lengths:
        flags = [f'-{"region" if key == "type" else key}={value}' for key, value in params.items()]
        for kind, page in KINDS.items():
            expected = theirs(viewer, f'/region{page}?raw=1&' + urllib.parse.urlencode(params))
            wrong = check(ours(sonde, path, f'-pprof={kind}', *flags), expected, f'{kind} of {params}')
            if wrong:
                return wrong
    return None


def nanoseconds(text):
    """A duration as Go prints it."""
    units = {'h': 3600e9, 'm': 60e9, 's': 1e9, 'ms': 1e6, 'µs': 1e3, 'ns': 1}
    return sum(round(float(number) * units[unit]) for number, unit in re.findall(r'([\d.]+)(ms|µs|ns|h|m|s)', text))


def execution(sonde, path, *flags):
    """How long the goroutines of each function executed."""
    lines = run(sonde, 'trace', '-goroutines', *flags, path).stdout.decode().splitlines()[1:]
    sums = {row[2]: nanoseconds(row[0]) for row in (re.split(r' {2,}', line.strip()) for line in lines)}
    return +collections.Counter(sums)


def compare_ranges(sonde, path):
    parts = [execution(sonde, path, f'-range={part}') for part in ('-300us', '300us-1.7ms', '1700us-0.05s', '50ms-')]
    if sum(parts, collections.Counter()) != execution(sonde, path):
        return f'execution: parts {parts}\nwhole {execution(sonde, path)}'
    for kind in KINDS:
        whole = ours(sonde, path, f'-pprof={kind}')
        parts = [ours(sonde, path, f'-pprof={kind}', f'-range={part}')
                 for part in ('-300us', '300us-1.7ms', '1700us-0.05s', '50ms-')]
        if total(parts) != total([whole]):
            return f'{kind}: parts {total(parts)}\nwhole {total([whole])}'
    return None


def compare(sonde, viewer, path):
    """What differs, or None."""
    return (compare_goroutines(sonde, viewer, path) or compare_regions(sonde, viewer, path) or
            compare_ranges(sonde, path))


if __name__ == '__main__':
    compare_pages('profiles of parts', TRACES, 3, compare)
