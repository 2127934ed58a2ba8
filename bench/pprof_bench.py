#!/usr/bin/env python3
"""`sonde pprof` against `go tool pprof`: whole processes, the same arguments, in turn.

    bench/pprof_bench.py [--quick]

Three tables: every command on a synthetic profile of 500,000 different samples (--quick: 50,000), the start on one of 8
samples, and how time and memory grow with the number of samples, from 5,000 to 5,000,000 (--quick: to 50,000), where Go's
tool is left out beyond 500,000. All of it takes some ten minutes, nearly all of them Go's.
"""
import os
import subprocess
import sys
import tempfile

import timing

SONDE = os.path.join(timing.BUILD, "sonde")
MAKE_PROFILE = os.path.join(timing.BUILD, "bench", "make_profile")
COMMANDS = ["-top", "-dot", "-tree", "-peek=Method123$", "-traces", "-raw", "-proto", "-tags"]
GROWING = ["-top", "-tree", "-raw", "-proto"]
SONDE_RUNS, GO_RUNS = 5, 1
GO_MOST = 500000  # samples


def make_profile(folder, samples):
    path = os.path.join(folder, f"{samples}.pb.gz")
    if not os.path.exists(path):
        with open(path, "wb") as file:
            subprocess.run([MAKE_PROFILE, str(samples)], stdout=file, check=True)
    return path


def milliseconds(run):
    return f"{run.wall * 1000:.1f} ms" if run.wall < 0.1 else f"{run.wall * 1000:.0f} ms"


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.go = timing.go_pprof()
        self.env = {**os.environ, "HOME": folder, "PPROF_TMPDIR": folder}

    def sonde_run(self, command, path, runs=SONDE_RUNS):
        return timing.median_run([SONDE, "pprof", "-symbolize=none", command, path], runs, self.env)

    def go_run(self, command, path, runs=GO_RUNS):
        return timing.median_run([self.go, "-symbolize=none", command, path], runs, self.env)

    def compare(self, command, path, runs=SONDE_RUNS, go_runs=GO_RUNS):
        """A row: sonde's time, memory and CPU time, Go's, and the ratios."""
        ours = self.sonde_run(command, path, runs)
        row = [command, milliseconds(ours), f"{ours.cpu * 1000:.0f} ms", ours.memory()]
        if not self.go:
            return [*row, "no go", "", "", ""]
        theirs = self.go_run(command, path, go_runs)
        return [*row, milliseconds(theirs), theirs.memory(), f"{theirs.wall / ours.wall:.1f} x",
                f"{theirs.megabytes / ours.megabytes:.1f} x"]

    def commands(self, samples):
        path = make_profile(self.folder, samples)
        print(f"{samples} samples, {os.path.getsize(path) / 1e6:.1f} MB gzipped\n")
        rows = [self.compare(command, path) for command in COMMANDS]
        timing.table(["", "sonde", "of CPUs", "memory", "go tool pprof", "memory", "faster", "smaller"], rows)

    def start(self):
        path = make_profile(self.folder, 8)
        print(f"8 samples, {os.path.getsize(path)} bytes\n")
        timing.table(["", "sonde", "of CPUs", "memory", "go tool pprof", "memory", "faster", "smaller"],
                     [self.compare("-top", path, 41, 11)])

    def growth(self, most):
        """A row for each number of samples, ten times the one before; microseconds a sample show whether it is linear."""
        rows, samples = [], 5000
        while samples <= most:
            path = make_profile(self.folder, samples)
            for command in GROWING:
                run = self.sonde_run(command, path, 3)
                row = [f"{command}, {samples}", milliseconds(run), f"{run.wall / samples * 1e6:.2f} us", run.memory()]
                theirs = self.go_run(command, path) if self.go and samples <= GO_MOST else None
                rows.append(row + ([milliseconds(theirs), theirs.memory()] if theirs else ["", ""]))
            samples *= 10
        timing.table(["samples", "sonde", "a sample", "memory", "go tool pprof", "memory"], rows)


def main():
    quick = "--quick" in sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        bench.commands(50000 if quick else 500000)
        bench.start()
        bench.growth(50000 if quick else 5000000)


main()
