#!/usr/bin/env python3
"""What `sonde trace -format=chrome` draws on rows of processors is what go tool trace's own page fetches: every slice
with its stacks, every instant, every counter, and the arrows. Rows of threads and goroutines have no page of their own
in Go that shows all of them; they are checked against those.

    chrome_test.py SONDE [quick]
"""
import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from go_tool import Viewer, corpus, find_go_trace, run

PROCS, STATS, TASKS, THREADS, GOROUTINES = range(5)


def ns(event, key='ts'):
    return round(event.get(key, 0) * 1000)


class Trace:
    """The events of a JSON text, and the stacks that they name."""

    def __init__(self, text):
        data = json.loads(text)
        self.events, self.frames, self.stacks = data['traceEvents'], data['stackFrames'], {}

    def stack(self, node):
        """The names of a stack's frames, callers first."""
        if not node:
            return ()
        if node not in self.stacks:
            frame = self.frames[str(node)]
            self.stacks[node] = self.stack(frame.get('parent')) + (frame['name'],)
        return self.stacks[node]

    def slices(self, group=PROCS):
        return collections.Counter(
            (e['name'].strip(), e['tid'], ns(e), ns(e, 'dur'), json.dumps(e.get('args')), self.stack(e.get('sf')),
             self.stack(e.get('esf'))) for e in self.events if e['ph'] == 'X' and e['pid'] == group)

    def instants(self, group=PROCS):
        return collections.Counter(
            (e['name'], e['tid'], ns(e), e.get('cat'), self.stack(e.get('sf')))
            for e in self.events if e['ph'] == 'I' and e['pid'] == group)

    def arrows(self, group=PROCS):
        """Without those from processor 0, of which Go draws none, and from nowhere, which ours does not draw."""
        ends = {e['id']: (e['tid'], ns(e)) for e in self.events if e['ph'] == 't' and e['pid'] == group}
        return collections.Counter(
            (e['name'], e['tid'], ns(e), self.stack(e.get('sf'))) + ends[e['id']]
            for e in self.events if e['ph'] == 's' and e['pid'] == group and 0 < e['tid'] < 2**63)

    def counter(self, name):
        """The changes of a counter; Go repeats values, and may begin with zeros."""
        out = [(None, {key: 0 for key in ('Running', 'Runnable', 'GCWaiting')})] if name == 'Goroutines' else []
        for e in self.events:
            if e['ph'] == 'C' and e['name'] == name and (not out or out[-1][1] != e['args']):
                out.append((ns(e), e['args']))
        return out


def first_difference(ours, theirs):
    if ours == theirs:
        return None
    if isinstance(ours, list):
        return next(f'ours {a}, Go {b}' for a, b in zip(ours + [None], theirs + [None]) if a != b)
    more, less = sorted((ours - theirs).elements(), key=str), sorted((theirs - ours).elements(), key=str)
    return f'{len(more)} more, {len(less)} less\n' + '\n'.join(f'more {x}' for x in more[:3]) + '\n' + \
        '\n'.join(f'less {x}' for x in less[:3])


def nested(ours):
    """Whether slices of each row nest, but for ranges of the collector that reach over two of them."""
    rows = collections.defaultdict(list)
    for e in ours.events:
        if e['ph'] == 'X' and e['pid'] in (THREADS, GOROUTINES):
            rows[e['pid'], e['tid']].append((ns(e), -ns(e, 'dur'), e['name']))
    for row, slices in rows.items():
        ends = []
        for start, duration, name in sorted(slices):
            while ends and ends[-1] <= start:
                ends.pop()
            if ends and start - duration > ends[-1]:
                return f'{row}: {name} at {start} reaches out of what it is in'
            ends.append(start - duration)
    return None


def main():
    sonde, quick = sys.argv[1], 'quick' in sys.argv[2:]
    go_trace = find_go_trace()
    traces = [path for path in corpus('go12[2-6]-*.trace', 'go119-*.trace', 'go121-*.trace')
              if path.stat().st_size < (60_000 if quick else 200_000) and 'cut' not in path.name
              and 'cgo' not in path.name]
    if not go_trace or not traces:
        tap.skip('rows are those of go tool trace', 'no Go' if not go_trace else 'no corpus')
        tap.done()
    part = json.loads(run(sonde, 'trace', '-format=chrome', '-range=2ms-5ms', '-view=goroutine,stats', traces[0]).stdout)
    drawn = [e for e in part['traceEvents'] if e['ph'] != 'M']
    tap.ok(drawn and all(2_000_000 <= ns(e) <= ns(e) + ns(e, 'dur') <= 5_000_000 for e in drawn),
           'a range is kept to')
    tap.ok({e['pid'] for e in drawn} <= {STATS, GOROUTINES, PROCS}
           and all(e['tid'] == 1000004 for e in drawn if e['pid'] == PROCS), 'only the rows that are asked for are drawn')
    for path in traces:
        made = run(sonde, 'trace', '-format=chrome', path)
        viewer = Viewer(go_trace, path)
        try:
            theirs = Trace(viewer.get('/jsontrace'))
        finally:
            viewer.close()
        ours = Trace(made.stdout)
        wrong = [f'{what}: {found}' for what, found in (
            ('slices', first_difference(ours.slices(), theirs.slices())),
            ('instants', first_difference(ours.instants(), theirs.instants())),
            ('arrows', first_difference(ours.arrows(), theirs.arrows())),
            ('goroutines', first_difference(ours.counter('Goroutines'), theirs.counter('Goroutines'))),
            ('heap', first_difference(ours.counter('Heap'), theirs.counter('Heap'))),
            # Traces of Go 1.21 and before do not say which thread a system call is on.
            ('rows', None if path.name < 'go122' else nested(ours))) if found]
        tap.ok(not wrong, path.name, '\n'.join(wrong))
    tap.done()


main()
