#!/usr/bin/env python3
"""The columns of a trace hold what the pages of go tool trace draw: every slice of processors, threads, regions and
tasks (row, begin, length, name), every arrow, log, CPU sample and counter.

    columns_test.py COLUMNS_JUDGE [quick]
"""
import collections
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from go_tool import Viewer, corpus, find_go_trace, run

PROCS, STATS, TASKS = range(3)
NOWHERE, NETWORK, SYSCALLS, COLLECTOR = -1, 1000002, 1000003, 1000004
ROWS = {-2: NETWORK, -3: SYSCALLS, -4: COLLECTOR}
MOST_TASKS = 12


def ns(event, key='ts'):
    return round(event.get(key, 0) * 1000)


def short(name):
    """Goroutines by their numbers alone: Go's slices may be older than the name."""
    found = re.match(r'G\d+\b', name)
    return found.group() if found else name.replace('\n', ' ')


class Page:
    """What a page of go tool trace draws."""

    def __init__(self, viewer, query):
        self.events = json.loads(viewer.get('/jsontrace' + query))['traceEvents']

    def slices(self, group=PROCS):
        return collections.Counter((e['tid'], ns(e), ns(e, 'dur'), short(e.get('name', ''))) for e in self.events
                                   if e['ph'] == 'X' and e['pid'] == group)

    def points(self):
        return collections.Counter((e['tid'], ns(e), e.get('name', '').replace('\n', ' ')) for e in self.events
                                   if e['ph'] == 'I' and (e.get('cat') == 'user event' or 'sample' in e.get('name', '')))

    def arrows(self):
        """Without those from processor 0, of which Go draws none but of go statements, and from nowhere."""
        ends = {e['id']: (e['tid'], ns(e)) for e in self.events if e['ph'] == 't' and e['pid'] == PROCS}
        return collections.Counter((e['tid'], ns(e), e['name']) + ends[e['id']] for e in self.events
                                   if e['ph'] == 's' and e['pid'] == PROCS and 0 < e['tid'] < 2**63)

    def regions(self):
        begun, out = {}, collections.Counter()
        for e in self.events:
            if e.get('cat') == 'Region' and e['ph'] == 'b':
                begun[e['id']] = e
            elif e.get('cat') == 'Region' and e['ph'] == 'e':
                start = begun.pop(e['id'])
                out[e['tid'], ns(start), ns(e) - ns(start), e.get('name', '').replace('\n', ' ')] += 1
        return out

    def counter(self, name, *keys):
        """What the counter changes to, and when."""
        out = [(None, (0,) * len(keys))]
        for e in self.events:
            if e['ph'] == 'C' and e['name'] == name:
                values = tuple(e['args'][key] for key in keys)
                if values != out[-1][1]:
                    out.append((ns(e), values))
        return out[1:]


class Columns:
    """What the judge prints."""

    def __init__(self, text):
        self.slices, self.arrows = collections.defaultdict(collections.Counter), {}
        self.points, self.values = collections.defaultdict(collections.Counter), collections.defaultdict(list)
        self.arrows = collections.defaultdict(collections.Counter)
        for line in text.split('\n')[:-1]:
            kind, rest = line.split(' ', 1)
            if kind == 'slice':
                view, row, begin, length, name = rest.split(' ', 4)
                self.slices[view][ROWS.get(int(row), int(row)), int(begin), int(length), name] += 1
            elif kind == 'arrow':
                view, source, row, begin, end, name = rest.split(' ', 5)
                source = ROWS.get(int(source), int(source))
                if source > 0:
                    self.arrows[view][source, int(begin), name, int(row), int(end)] += 1
            elif kind == 'point':
                view, row, time, name = rest.split(' ', 3)
                self.points[view][int(row), int(time), name] += 1
            else:
                name, time, *values = rest.split(' ')
                self.values[name].append((int(time), tuple(map(int, values))))

    def counter(self, name):
        """Without what repeats what was before."""
        out = [(None, (0, 0, 0)[:len(self.values[name][0][1])] if self.values[name] else ())]
        for time, values in self.values[name]:
            if values != out[-1][1]:
                out.append((time, values))
        return out[1:]

    def heap(self):
        """The two values as the page has them: how much is allocated, and how much more may be."""
        changes = sorted([(time, 'heap', v) for time, (v,) in self.values['heap']] +
                         [(time, 'goal', v) for time, (v,) in self.values['goal']])
        heap = goal = 0
        out = [(None, (0, 0))]
        for time, which, value in changes:
            heap, goal = (value, goal) if which == 'heap' else (heap, value)
            if (heap, max(goal - heap, 0)) != out[-1][1]:
                out.append((time, (heap, max(goal - heap, 0))))
        return out[1:]


def difference(ours, theirs):
    """What differs, or None."""
    if ours == theirs:
        return None
    if isinstance(ours, list):
        return next(f'ours {a}, Go {b}' for a, b in zip(ours + [None], theirs + [None]) if a != b)
    more, less = sorted((ours - theirs).elements(), key=str), sorted((theirs - ours).elements(), key=str)
    return f'{len(more)} more {more[:3]}, {len(less)} less {less[:3]}'


def same_times(ours, theirs):
    """As difference, where Go's counter may tell of the trace's begin later on."""
    if [v for _, v in ours] != [v for _, v in theirs]:
        return difference(ours, theirs)
    last = 0
    for (our_time, value), (time, _) in zip(ours, theirs):
        last = max(last, time)
        if our_time != last:
            return f'{value}: ours at {our_time}, Go at {time}'
    return None


def not_invented(ours, theirs):
    """Traces of Go 1.21 and before do not say when a system call loses its processor or thread: Go lets its slice last on
    while others run there, or forgets it; ours ends where the next begins. What ours has not, must begin where one of
    ours does, and last longer."""
    begins = {(row, begin, name): length for row, begin, length, name in ours}
    bad = [key for key in theirs - ours if key[2] <= begins.get((key[0], key[1], key[3]), key[2])]
    rows = collections.defaultdict(list)
    for row, begin, length, name in ours:
        if name.startswith('G') and name[1:].isdigit():
            rows[row].append((begin, begin + length))
    overlaps = [row for row, runs in rows.items()
                if any(a[1] > b[0] for a, b in zip(sorted(runs), sorted(runs)[1:]))]
    return f'{len(bad)} less {bad[:3]} {overlaps}' if bad or overlaps else None


def compare_calls(ours, theirs):
    """Go draws a system call that blocked on the thread that its goroutine runs on next, or not at all when there is
    none; ours is where it happened. So only when, not where, is the same."""
    when = [collections.Counter() for _ in (ours, theirs)]
    for out, slices in zip(when, (ours, theirs)):
        for (_, begin, length, name), n in slices.items():
            if name == 'syscall':
                out[begin, length] += n
    less = when[1] - when[0]
    return f'{len(less)} less {list(less)[:3]}' if less else None


def pages_of_tasks(viewer, ours):
    """Regions and tasks have pages of their own; some of them."""
    tasks = sorted({row for row, *_ in ours.slices['task']})
    for task in tasks[:: max(1, len(tasks) // MOST_TASKS)]:
        text = viewer.get(f'/jsontrace?taskid={task}')
        if text.startswith('{'):
            yield task, Page.__new__(Page), json.loads(text)['traceEvents']


def compare_tasks(viewer, ours):
    """Every slice of the pages must be among ours."""
    for task, page, events in pages_of_tasks(viewer, ours):
        page.events = events
        missing = page.slices(TASKS) - ours.slices['task']
        if missing:
            return f'task {task}: {list(missing)[:3]}'
        missing = page.regions() - ours.slices['region']
        if missing:
            return f'regions of task {task}: {list(missing)[:3]}'
    return None


def compare(viewer, ours, is_old):
    """Pairs of what was compared and what differs."""
    for view in ('proc', 'thread'):
        page = Page(viewer, f'?view={view}')
        theirs = page.slices()
        mine = ours.slices[view]
        if view == 'thread':
            if not is_old:
                yield 'system calls by thread', compare_calls(mine, theirs)
            # the collector's row is the same there
            theirs, mine = (collections.Counter({key: n for key, n in slices.items()
                                                 if key[0] != COLLECTOR and key[3] != 'syscall'})
                            for slices in (theirs, mine))
        yield f'slices by {view}', (not_invented if is_old else difference)(mine, theirs)
        yield f'points by {view}', difference(ours.points[view], page.points())
        yield f'arrows by {view}', difference(ours.arrows[view], page.arrows())
    yield 'goroutines', difference(ours.counter('goroutines'),
                                   page.counter('Goroutines', 'Running', 'Runnable', 'GCWaiting'))
    yield 'heap', difference(ours.heap(), page.counter('Heap', 'Allocated', 'NextGC'))
    yield 'threads', same_times(ours.counter('threads'), page.counter('Threads', 'Running'))
    yield 'tasks', compare_tasks(viewer, ours)


def main():
    judge, quick, go_trace = sys.argv[1], 'quick' in sys.argv[2:], find_go_trace()
    traces = [path for path in corpus('go12[2-6]-*.trace', 'go119-*.trace', 'go121-*.trace')
              if path.stat().st_size < (60_000 if quick else 260_000) and 'cut' not in path.name]
    if not go_trace or not traces:
        tap.skip('columns are what go tool trace draws', 'no Go' if not go_trace else 'no corpus')
        tap.done()
    for path in traces:
        made = run(judge, path)
        if made.returncode != 0:
            continue # Go's own reader refuses it too: dump_test.py
        ours = Columns(made.stdout.decode(errors='replace'))
        viewer = Viewer(go_trace, path)
        try:
            wrong = [f'{what}: {found}' for what, found in compare(viewer, ours, path.name < 'go122') if found]
        finally:
            viewer.close()
        tap.ok(not wrong, path.name, '\n'.join(wrong))
    tap.done()


main()
