#!/usr/bin/env python3
"""`sonde pprof` against `go tool pprof`: whole processes, the same arguments, in turn.

    bench/pprof_bench.py [SAMPLES]      samples of the synthetic profile; 500000 unless told
"""
import os
import subprocess
import sys
import tempfile

import timing

SONDE = os.path.join(timing.BUILD, "sonde")
MAKE_PROFILE = os.path.join(timing.BUILD, "bench", "make_profile")


def make_profile(folder, samples):
    path = os.path.join(folder, f"{samples}.pb.gz")
    with open(path, "wb") as file:
        subprocess.run([MAKE_PROFILE, str(samples)], stdout=file, check=True)
    return path


def compare(label, arguments, path, runs, go_runs, env):
    """A row: sonde's time and memory, Go's, and the ratios."""
    command = ["-symbolize=none", *arguments, path]
    ours = timing.median_run([SONDE, "pprof", *command], runs, env)
    go = timing.go_pprof()
    if not go:
        return [label, f"{ours.wall * 1000:.1f} ms", ours.memory(), "no go", "", "", ""]
    theirs = timing.median_run([go, *command], go_runs, env)
    return [label, f"{ours.wall * 1000:.1f} ms", ours.memory(), f"{theirs.wall * 1000:.1f} ms", theirs.memory(),
            f"{theirs.wall / ours.wall:.1f} x", f"{theirs.megabytes / ours.megabytes:.1f} x"]


def main():
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 500000
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "HOME": folder, "PPROF_TMPDIR": folder}
        large, small = make_profile(folder, samples), make_profile(folder, 8)
        print(f"{samples} samples, {os.path.getsize(large) / 1e6:.1f} MB gzipped; "
              f"8 samples, {os.path.getsize(small)} bytes\n")
        rows = [compare(f"-top, {samples} samples", ["-top"], large, 5, 1, env),
                compare("-top, 8 samples", ["-top"], small, 41, 11, env)]
        timing.table(["", "sonde", "memory", "go tool pprof", "memory", "faster", "smaller"], rows)


main()
