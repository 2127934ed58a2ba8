#!/usr/bin/env python3
"""Every answer and conversion of `sonde trace` on traces that are cut or changed: it ends soon, with status 0, or with 1
and one line that says what is wrong; it tells what was lost; and a full disk is told.

    bad_input_test.py SONDE [quick]        environment: SEED, VARIANTS (of each trace)
"""
import concurrent.futures
import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from go_tool import corpus

SEED = int(os.environ.get('SEED', '1'))
NAMES = ('go126-idle.trace', 'go126-maxprocs.trace', 'go123-allocfree.trace', 'go122-cgo.trace', 'go126-syscalls.trace',
         'go121-cpu.trace', 'go119-midstart.trace', 'v1/user_task_region_1_11_good', 'v1/stress_start_stop_1_19_good',
         'v1/stress_start_stop_1_7_good', 'v1/http_1_5_good')
MODES = (['-summary'], ['-gc'], ['-latency'], ['-procs'], ['-wakeups'], ['-leaks'], ['-goroutines'],
         ['-goroutine=main.main'], ['-tasks'], ['-usertask='], ['-logtext=a'], ['-regions'], ['-region='], ['-task=1'],
         ['-mmu'], ['-mmu=perProc|stw|mut', '-window=1ms'], ['-timeline'],
         ['-timeline', '-rows=counters,procs,threads,goroutines', '-json', '-width=300'], ['-format=chrome'],
         ['-format=perfetto'], ['-format=go', '-range=1us-'], ['-format=go', '-goroutine=1'], ['-format=text'],
         ['-pprof=net'], ['-pprof=sched', '-goroutine=main.main'], ['-pprof=sync', '-latmax=1s'], ['-pprof=cpu'],
         ['-pprof=run'], ['-flame=svg'], ['-summary', '-range=100us-2ms'], ['-goroutines', '-range=-1ms'], ['-d=parsed'],
         ['-d=wire'], ['-d=footprint'])
LIMIT = 60  # seconds, for builds with sanitizers on a machine that has much else to do


def variant(data, rng):
    """A prefix of a trace, or one with some bytes changed."""
    if rng.random() < 0.4:
        return data[:rng.randrange(len(data))]
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        changed[rng.randrange(16, len(changed))] = rng.choice((0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)))
    return bytes(changed)


def run(sonde, flags, path, out=subprocess.DEVNULL):
    """The status and the lines that are said."""
    done = subprocess.run([sonde, 'trace', *flags, path], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE,
                          timeout=LIMIT)
    return done.returncode, done.stderr.decode('utf-8', 'replace').splitlines()


def judge(sonde, flags, path):
    """What is wrong with how an answer ends, or None."""
    try:
        status, said = run(sonde, flags, path)
    except subprocess.TimeoutExpired:
        return f'{flags}: does not end'
    told = all(line.startswith('sonde trace: ') for line in said)
    lost = len(said) >= 2 and said[-1].endswith('what comes before is used')
    if told and ((status == 0 and (not said or lost or 'left out' in said[-1])) or
                 (status == 1 and (len(said) == 1 or lost or said[-2:][0].endswith('what comes before is used')))):
        return None
    return f'{flags}: status {status}: ' + ' | '.join(said)[:1500]


def check(sonde, path, directory, number, modes):
    """What is wrong with how the answers about one variant of a trace end."""
    rng = random.Random(f'{SEED} {path.name} {number}')
    bad = pathlib.Path(directory) / f'{path.name}.{number}'
    bad.write_bytes(variant(path.read_bytes(), rng))
    wrong = [why for flags in (rng.sample(MODES, modes) if modes < len(MODES) else MODES)
             if (why := judge(sonde, flags, bad))]
    if not wrong:
        bad.unlink()
    return [f'variant {number}: {why}' for why in wrong]


def main():
    sonde, quick = sys.argv[1], 'quick' in sys.argv[2:]
    variants, paths = int(os.environ.get('VARIANTS', '4' if quick else '12')), corpus(*NAMES)
    if not paths:
        tap.skip('bad input is told', 'no corpus')
        tap.done()
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path in paths:
            found = pool.map(lambda n, path=path: check(sonde, path, directory, n, 8), range(variants))
            wrong = [why for some in found for why in some]
            tap.ok(not wrong, f'{variants} variants of {path.name}, seed {SEED}', '\n'.join(wrong))
        with open('/dev/full', 'wb') as full:
            for flags in MODES:
                status, said = run(sonde, flags, next(path for path in paths if 'syscalls' in path.name), full)
                asked = flags[0] in ('-task=1', '-usertask=', '-logtext=a', '-region=', '-flame=svg')
                tap.ok(status == 1 and len(said) == 1 and (asked or 'No space left' in said[0]),
                       f'{" ".join(flags)} tells of a full disk', f'status {status}: {said}')
    tap.done()


if __name__ == '__main__':
    main()
