#!/usr/bin/env python3
"""Reading execution traces: sonde trace beside go tool trace and its reader (golang.org/x/exp/trace is a copy of that), on
a synthetic trace of 40 million events and the largest of the corpus. Seconds, the most memory resident, and how many
times less than Go.

    trace_bench.py [EVENTS]
    trace_bench.py table [EVENTS]      what reading in order costs from 1 million events to 400 million
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / 'build'
sys.path.insert(0, str(ROOT / 'tests' / 'trace'))
from go_tool import corpus, find_go_trace

GO_READER = '''package main
import ("bufio"; "fmt"; "internal/trace"; "io"; "os"; "time")
func main() {
	f, _ := os.Open(os.Args[1])
	start := time.Now()
	r, err := trace.NewReader(bufio.NewReaderSize(f, 1<<20))
	n := 0
	for err == nil {
		_, err = r.ReadEvent()
		n++
	}
	if err != io.EOF { panic(err) }
	fmt.Printf("%d %.3f\\n", n-1, time.Since(start).Seconds())
}
'''


def build_go_reader(directory):
    """Go's reader as a program of its own, built as a command of the standard library by an overlay."""
    source, overlay, program = directory / 'main.go', directory / 'overlay.json', directory / 'go_reader'
    source.write_text(GO_READER)
    root = subprocess.run(['go', 'env', 'GOROOT'], capture_output=True, text=True).stdout.strip()
    overlay.write_text(json.dumps({'Replace': {f'{root}/src/cmd/sonderead/main.go': str(source)}}))
    subprocess.run(['go', 'build', '-overlay', overlay, '-o', program, 'cmd/sonderead'], check=True, cwd='/')
    return program


def measure(*command):
    """Runs a command with its output thrown away: seconds and MB."""
    start = time.monotonic()
    pid = os.spawnve(os.P_NOWAIT, command[0], [str(word) for word in command], dict(os.environ))
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f'{command} failed')
    return time.monotonic() - start, usage.ru_maxrss / 1024


def quiet(program, *args):
    return measure('/bin/sh', '-c', 'exec "$0" "$@" > /dev/null 2>&1', program, *args)


def row(what, ours, theirs):
    text = f'{what:44} {ours[0]:8.2f} s {ours[1]:7.0f} MB'
    if theirs:
        text += f'   Go {theirs[0]:8.2f} s {theirs[1]:7.0f} MB   {theirs[0] / ours[0]:5.1f}x {theirs[1] / ours[1]:5.1f}x'
    print(text, flush=True)


def make_trace(path, events):
    with open(path, 'wb') as out:
        subprocess.run([BUILD / 'bench' / 'make_trace', str(events)], stdout=out, check=True)


def table(most):
    """One line a size, of traces that are made and deleted again (the largest is 2.3 GB), without Go, which could not hold
    them; the better of two runs."""
    print('| events | file | in order | a second | memory | alone | -pprof=sched | memory |')
    print('|---:|---:|---:|---:|---:|---:|---:|---:|')
    for events in (1_000_000, 4_000_000, 10_000_000, 40_000_000, 100_000_000, 400_000_000):
        if events > most:
            break
        with tempfile.NamedTemporaryFile() as file:
            make_trace(file.name, events)
            size = os.path.getsize(file.name)
            reader = BUILD / 'bench' / 'read_trace'
            seconds, memory = min(quiet(reader, file.name) for _ in range(2))
            alone, _ = min(quiet(reader, file.name, 'alone') for _ in range(2))
            sched, sched_memory = min(quiet(BUILD / 'sonde', 'trace', '-pprof=sched', file.name) for _ in range(2))
        print(f'| {events // 1_000_000} M | {size / 1e6:.0f} MB | {seconds:.2f} s | {events / seconds / 1e6:.1f} M '
              f'| {memory:.0f} MB | {alone:.2f} s | {sched:.2f} s | {sched_memory:.0f} MB |', flush=True)


def main():
    if sys.argv[1:2] == ['table']:
        table(int(sys.argv[2]) if len(sys.argv) > 2 else 400_000_000)
        return
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000_000
    go_trace = find_go_trace()
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        synthetic = directory / 'synthetic.trace'
        make_trace(synthetic, events)
        go_reader = build_go_reader(directory) if go_trace else None
        print(f'{events} events, {synthetic.stat().st_size / 1e6:.0f} MB')
        for name, path in [('synthetic', synthetic)] + [(path.stem, path) for path in corpus('*large*.trace')]:
            reader, go = BUILD / 'bench' / 'read_trace', go_reader and quiet(go_reader, path)
            row(f'{name}: in order', quiet(reader, path), go)
            row(f'{name}: in order, without a second thread', quiet(reader, path, 'alone'), go)
            for flag in ('-pprof=sched', '-d=parsed'):
                row(f'{name}: {flag}', quiet(BUILD / 'sonde', 'trace', flag, path),
                    go_trace and quiet(go_trace, flag, path))
            for flag in ('-summary', '-goroutines'):
                row(f'{name}: {flag}', quiet(BUILD / 'sonde', 'trace', flag, path), None)


main()
