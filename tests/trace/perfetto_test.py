#!/usr/bin/env python3
"""`sonde trace -format=perfetto` says in protobuf what -format=chrome says in JSON: the same slices, instants, counters
and arrows, on tracks of the same names, with everything that a packet names interned before it.

    perfetto_test.py SONDE [quick]
"""
import collections
import json
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from go_tool import corpus, run

GROUPS = {0: 'PROCS', 1: 'STATS', 2: 'TASKS', 3: 'OS THREADS', 4: 'GOROUTINES'}
BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def message(data):
    """The fields of a message: lists of values by number."""
    out, at = collections.defaultdict(list), 0
    while at < len(data):
        tag, at = varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = struct.unpack_from('<Q', data, at)[0], at + 8
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            assert len(value) == size
        else:
            raise ValueError(f'wire type {kind}')
        out[number].append(value)
    return out


class Perfetto:
    """Slices, instants, values and flows by the names of their tracks."""

    def __init__(self, data):
        self.tracks, self.wrong = {}, []
        self.interned = collections.defaultdict(dict)
        self.slices, self.instants, self.values = collections.Counter(), collections.Counter(), {}
        self.flows, self.ends = {}, {}
        events = []
        for place, packet in enumerate(message(data)[1]):
            packet = message(packet)
            assert packet[10] == [1] and packet[13] == [1 if place == 0 else 2]
            for field in packet[12]:
                for kind, entries in message(field).items():
                    for entry in map(message, entries):
                        number = entry[1][0]
                        if number in self.interned[kind]:
                            self.wrong.append(f'{kind}: {number} is interned twice')
                        self.interned[kind][number] = entry
            for track in map(message, packet[60]):
                self.tracks.setdefault(track[1][0], track)  # the first word holds
            for event in map(message, packet[11]):
                events.append((packet[8][0], place, event, self.named(event)))
        self.play(sorted(events, key=lambda e: e[:2]))

    def text(self, kind, number):
        return self.interned[kind][number][2][0].decode()

    def named(self, event):
        """The event's name; what it names must be there already."""
        for category in event[3]:
            self.text(1, category)
        for annotation in map(message, event[4]):
            self.text(3, annotation[1][0])
            for string in annotation[17]:
                self.text(29, string)
        for stack in event[56]:
            for frame in self.interned[7][stack][2]:
                self.text(5, self.interned[6][frame][2][0])
                assert self.interned[6][frame][3][0] in self.interned[19]
        return event[23][0].decode() if event[23] else self.text(2, event[10][0]) if event[10] else ''

    def path(self, uuid):
        track = self.tracks[uuid]
        return (self.path(track[5][0]) if track[5] else ()) + (track[2][0].decode(),)

    def play(self, events):
        open_slices = collections.defaultdict(list)
        for time, _, event, name in events:
            kind, track = event[9][0], event[11][0]
            path = self.path(track)
            if kind == BEGIN:
                open_slices[track].append((time, name))
                for flow in event[48]:
                    self.ends[flow] = (path, time)
            elif kind == END:
                if not open_slices[track]:
                    self.wrong.append(f'{path}: an end without a begin at {time}')
                    continue
                start, begun = open_slices[track].pop()
                self.slices[path, begun, start, time] += 1
            elif kind == INSTANT and event[47]:
                self.flows[event[47][0]] = (path, time, name)
            elif kind == INSTANT:
                self.instants[path, name, time] += 1
            else:
                self.values.setdefault(path[-1], []).append((time, event[30][0]))
        if any(open_slices.values()):
            self.wrong.append('slices that do not end')


class Chrome:
    """The same of the JSON."""

    def __init__(self, text, begin):
        self.slices, self.instants, self.values = collections.Counter(), collections.Counter(), {}
        self.arrows, rows, spans, starts = collections.Counter(), {}, {}, {}
        events = json.loads(text)['traceEvents']
        for e in events:
            if e['name'] == 'thread_name':
                rows[e['pid'], e['tid']] = e['args']['name']
        for e in events:
            time = max(0, round(e.get('ts', 0) * 1000) + begin)
            path = (GROUPS[e['pid']], rows.get((e['pid'], e['tid'])))
            if e['ph'] == 'X':
                self.slices[path, e['name'], time, max(0, round((e['ts'] + e['dur']) * 1000) + begin)] += 1
            elif e['ph'] == 'b':
                spans[e['id']] = time
            elif e['ph'] == 'e':
                path = path + ('regions',) if e['cat'] == 'Region' else ('TASKS', e['name'])
                self.slices[path, e['name'], spans.pop(e['id']), time] += 1
            elif e['ph'] == 'I':
                self.instants[path, e['name'], time] += 1
            elif e['ph'] == 's':
                starts[e['id']] = (path, time, e['name'])
            elif e['ph'] == 't':
                self.arrows[starts.pop(e['id']) + (path, time)] += 1
            elif e['ph'] == 'C':
                for key, value in e['args'].items():
                    self.values.setdefault(f"{e['name']}: {key}", []).append((time, value))


def differences(ours, theirs, what):
    more, less = list((ours - theirs).elements())[:2], list((theirs - ours).elements())[:2]
    return [f'{what}: only in Perfetto {more}, only in Chrome {less}'] if more or less else []


def compare(sonde, path):
    data, text = (run(sonde, 'trace', f'-format={form}', path) for form in ('perfetto', 'chrome'))
    if data.returncode and text.returncode:
        return []
    if data.returncode or text.returncode:
        return [str(data.stderr + text.stderr)]
    parsed = run(sonde, 'trace', '-d=parsed', path).stdout
    begin = int(parsed.split(b' Time=', 1)[1].split(b' ', 1)[0])
    ours, theirs = Perfetto(data.stdout), Chrome(text.stdout, begin)
    wrong = ours.wrong + differences(ours.slices, theirs.slices, 'slices')
    wrong += differences(ours.instants, theirs.instants, 'instants')
    flows = collections.Counter(start + ours.ends[flow] for flow, start in ours.flows.items() if flow in ours.ends)
    wrong += differences(flows, theirs.arrows, 'arrows')
    for name, values in theirs.values.items():
        if name != 'Heap: NextGC' and sorted(ours.values[name]) != sorted(values):
            wrong.append(f'{name} differs')
    return wrong


def main():
    sonde, quick = sys.argv[1], 'quick' in sys.argv[2:]
    traces = [path for path in corpus('go12[2-6]-*.trace', 'go121-gc.trace')
              if path.stat().st_size < (60_000 if quick else 100_000) and 'cut' not in path.name]
    if not traces:
        tap.skip('Perfetto has what Chrome has', 'no corpus')
        tap.done()
    for path in traces:
        wrong = compare(sonde, path)
        tap.ok(not wrong, path.name, '\n'.join(wrong))
    again = [run(sonde, 'trace', '-format=perfetto', traces[-1]).stdout for _ in range(2)]
    tap.ok(again[0] == again[1], 'the same trace gives the same bytes')
    tap.done()


main()
