#!/usr/bin/env python3
"""Writes the saved inputs of the trace targets: small traces with an event of nearly every type, by hand."""
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
NO_THREAD = 2**64 - 1


def uv(*values):
    out = bytearray()
    for value in values:
        while value >= 0x80:
            out.append(value & 0x7f | 0x80)
            value >>= 7
        out.append(value)
    return bytes(out)


def v2(choice, time=100):
    def batch(generation, m, payload):
        return uv(1, generation, m, time, len(payload)) + payload

    out = bytes([choice])
    for generation in (1, 2):
        if choice >= 2:
            out += batch(generation, NO_THREAD, uv(50, 8, 10**9, 51, 1, 5, 6, 7))
        else:
            out += batch(generation, NO_THREAD, uv(8, 10**9))
        out += batch(generation, NO_THREAD, uv(4, 5, 1, 4) + b'sync' + uv(5, 2, 5) + b'start')
        out += batch(generation, NO_THREAD, uv(2, 3, 1, 2, 4096, 2, 1, 10, 8192, 2, 1, 20, 3, 2, 0))
        out += batch(generation, NO_THREAD, uv(6, 7, time + 5, 1, 0, 1, 1, 7, time + 3, 1, 0, 0, 2))
        events = uv(13, 1, 0, 1, 25, 1, 1, 1, 2)
        if generation == 1:
            events += uv(40, 1, 1, 0, 2, 1, 42, 1, 1, 2, 1, 29, 1, 1, 1)
        else:
            events += uv(28, 1, 2, 43, 1, 1, 2, 1, 41, 1, 1, 1)
        events += uv(9, 1, 4, 1, 32, 1, 1, 33, 1, 64, 0, 26, 1, 1, 1, 27, 1, 35, 1, 1, 36, 1, 37, 1, 5, 38, 1, 9)
        g = generation + 1
        events += uv(14, 1, g, 1, 2, 44, 1, 0, 1, 2, 1, 22, 1, 1, 1, 23, 1, 20, 1, 1, 1, 16, 1, g, 1, 21, 1, 1, 1, 0)
        events += uv(17, 1, 16, 1, 1, 2)
        out += batch(generation, 1, events)
        if choice == 3:
            out += uv(52)
    return out


def v1_event(kind, *args, strings=b''):
    if len(args) <= 3:
        return bytes([kind | (len(args) - 1) << 6]) + uv(*args) + strings
    body = uv(*args)
    return bytes([kind | 3 << 6]) + uv(len(body)) + body + strings


def v1(choice):
    out = bytes([choice]) + v1_event(1, 0, 100)
    out += v1_event(13, 1, 1, 1, 0) + v1_event(13, 1, 2, 1, 0) + v1_event(31, 1, 2)
    out += v1_event(5, 1, 7) + v1_event(14, 1, 1, 1) + v1_event(4, 1, 2, 1)
    out += v1_event(7, 1, 0, 1) + v1_event(8, 1) + v1_event(9, 1, 0) + v1_event(10, 1)
    out += v1_event(11, 1, 1) + v1_event(12, 1, 5, 6) + v1_event(22 + 17, 1, 2, 1) + v1_event(28, 1, 1)
    out += v1_event(45, 1, 1, 0, 3, 1) + v1_event(47, 1, 1, 0, 3, 1) + v1_event(48, 1, 1, 3, 1, strings=uv(2) + b'hi')
    out += v1_event(47, 1, 1, 1, 3, 1) + v1_event(46, 1, 1, 1) + v1_event(22, 1, 1) + v1_event(38, 1, 2)
    if choice >= 6:
        out += v1_event(49, 1, 110, 0, 1, 1)
    out += v1_event(15, 1) + v1_event(6, 1)
    out += bytes([37]) + uv(3, 4) + b'name' + v1_event(3, 1, 1, 4096, 3, 3, 9) + v1_event(2, 10**9)
    return out


for i in range(4):
    (HERE / 'trace' / f'all-{i}').write_bytes(v2(i))
    # The second byte chooses a part; times are those of a clock that has run for a while.
    (HERE / 'trace_convert').mkdir(exist_ok=True)
    (HERE / 'trace_convert' / f'all-{i}').write_bytes(bytes([i, 8 * i + 20]) + v2(i, 2000000)[1:])
for i in range(5, 8):
    (HERE / 'trace_v1' / f'all-{i}').write_bytes(v1(i))

TEXTS = {
    'header': 'Trace Go1.26\nEventBatch gen=1 m=18446744073709551615 time=1 size=9\nSync\nFrequency freq=1000000000\n'
              'ClockSnapshot dt=1 mono=2 sec=3 nsec=4\nEndOfGeneration\n',
    'tables': 'EventBatch gen=1 m=2 time=1 size=40\nStrings\nString id=1\n\tdata="a\\x00\\u00fc"\nString id=2\n'
              '\tdata=`b`\nEventBatch gen=1 m=2 time=1 size=40\nStacks\nStack id=1 nframes=2\n'
              '\tpc=4096 func=1 file=2 line=3\n\tpc=4097 func=1 file=2 line=4\n',
    'events': '# by hand\nTrace Go1.23\n\nEventBatch gen=1 m=2 time=1 size=40\nProcStatus dt=1 p=0 pstatus=1\n'
              'GoStatus dt=1 g=1 m=2 gstatus=2\nGoStop dt=1 reason_string=1 stack=1\n'
              'ExperimentalBatch exp=1 gen=1 m=2 time=3\n\tdata="\\x01\\x02"\n',
}
(HERE / 'trace_text').mkdir(exist_ok=True)
for name, text in TEXTS.items():
    (HERE / 'trace_text' / name).write_text(text)
