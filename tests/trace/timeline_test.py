#!/usr/bin/env python3
"""`sonde trace -timeline` draws what the columns hold: each pixel of its JSON is counted again from their items, the
terminal's picture has the width that was asked for, and wrong words are refused in one line.

    timeline_test.py SONDE COLUMNS_JUDGE [quick]
"""
import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from go_tool import corpus, run

MOST_GOROUTINES = 60
STATES = {'detached': 'syscall without processor'}


def items(judge, path):
    """{row: [(begin, end, state)]} of processors, threads and goroutines."""
    rows = collections.defaultdict(list)
    for line in run(judge, path).stdout.decode(errors='replace').split('\n'):
        words = line.split(' ')
        if words[0] != 'slice' or words[1] not in ('proc', 'thread', 'goroutine'):
            continue
        begin, length, name = int(words[3]), int(words[4]), words[5]
        is_goroutine = words[1] == 'goroutine'
        if is_goroutine or (name[0] == 'G' and name[1:].isdigit()):
            label = {'proc': 'P', 'thread': 'M', 'goroutine': 'G'}[words[1]] + words[2]
            rows[label].append((begin, begin + length, STATES.get(name, name) if is_goroutine else 'running'))
    return rows


def recount(spans, begin, end, width):
    """Nanoseconds by state and pixel."""
    edges = [begin + (end - begin) * i // width for i in range(width + 1)]
    out = collections.defaultdict(lambda: [0] * width)
    for i in range(width):
        for first, last, state in spans:
            covered = min(last, edges[i + 1]) - max(first, edges[i])
            if covered > 0:
                out[state][i] += covered
    return dict(out)


def wrong_rows(picture, rows):
    """What is wrong with one, or None. Goroutines that had the same number, one after the other, have a row each."""
    drawn = collections.defaultdict(lambda: collections.defaultdict(lambda: [0] * picture['width']))
    for row in picture['rows']:
        for state, ns in row.get('ns', {}).items():
            if state != 'idle':
                sums = drawn[row['row'].split(' ')[0]][state]
                sums[:] = map(sum, zip(sums, ns))
    for name, found in drawn.items():
        want = recount(rows[name], picture['begin'], picture['end'], picture['width'])
        if found != want:
            return f'{name}: {dict(found)} is not {want}'
    return None


def check_pixels(sonde, judge, path):
    rows, checked = items(judge, path), 0
    some = ','.join(['counters,procs,threads'] + [name.lower() for name in rows if name[0] == 'G'][:MOST_GOROUTINES])
    for flags in (('-width=7',), ('-width=1',), ('-range=1ms-2.5ms', '-width=40'), ('-range=700us-', '-width=13')):
        made = run(sonde, 'trace', '-timeline', '-json', f'-rows={some}', *flags, path)
        picture = json.loads(made.stdout)
        wrong = wrong_rows(picture, rows)
        checked += len(picture['rows'])
        if wrong or any(len(values) != picture['width'] for row in picture['rows'] for values in row.values()
                        if isinstance(values, list)):
            return wrong or 'an array is not as wide as the picture'
    return None if checked > 20 else 'nothing was drawn'


def check_text(sonde, path):
    made = run(sonde, 'trace', '-timeline', '-rows=procs,goroutines', '-width=50', path)
    lines = made.stdout.decode().split('\n')
    drawn = [line for line in lines if line.startswith(('P', 'G')) and '%' in line]
    widths = {len(line) for line in drawn}
    if made.returncode != 0 or len(drawn) < 3 or len(widths) != 1:
        return f'status {made.returncode}, {len(drawn)} rows of widths {widths}'
    return None


def main():
    sonde, judge, quick = sys.argv[1], sys.argv[2], 'quick' in sys.argv[3:]
    traces = [path for path in corpus('go12[2-6]-*.trace') if path.stat().st_size < (50_000 if quick else 110_000)
              and 'cut' not in path.name]
    if not traces:
        tap.skip('timelines are what the columns hold', 'no corpus')
        tap.done()
    for path in traces:
        wrong = check_pixels(sonde, judge, path)
        tap.ok(wrong is None, f'pixels of {path.name}', wrong)
    wrong = check_text(sonde, traces[-1])
    tap.ok(wrong is None, 'rows are as wide as was asked for', wrong)
    for flag in ('-rows=x', '-rows=g999999999', '-rows=', '-rows=procs,', '-width=0', '-width=x', '-range=3s-1s'):
        made = run(sonde, 'trace', '-timeline', flag, traces[0])
        # A row that could be there is not wrong usage.
        status = 1 if flag == '-rows=g999999999' else 2
        tap.ok(made.returncode == status and not made.stdout and made.stderr.count(b'\n') == 1, f'{flag} is refused',
               f'status {made.returncode}: {made.stderr}')
    made = run('/bin/sh', '-c', '"$0" trace -timeline "$1" > /dev/full', sonde, traces[0])
    tap.ok(made.returncode == 1 and made.stderr.count(b'\n') == 1, 'a full disk is told', made.stderr)
    tap.done()


main()
