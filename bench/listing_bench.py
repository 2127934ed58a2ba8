#!/usr/bin/env python3
"""Listings of instructions: `sonde pprof -disasm` and `-weblist` against the program behind `go tool pprof`, over Go's own
compiler and a CPU profile that it writes of itself.

    bench/listing_bench.py [RUNS]
"""
import os
import subprocess
import sys
import tempfile

import timing

SONDE = os.path.join(timing.BUILD, "sonde")
# What is listed: all functions with samples; those of a large package; source and instructions of that package.
LISTINGS = ["-disasm=.", "-disasm=ssa", "-weblist=ssa"]


def make_profile(folder):
    """The compiler at work on a package of a hundred files; its program."""
    profile = os.path.join(folder, "cpu.prof")
    subprocess.run(["go", "build", "-a", f"-gcflags=-cpuprofile={profile}", "-o", os.devnull, "go/types"], check=True,
                   cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    compiler = subprocess.run(["go", "tool", "-n", "compile"], capture_output=True, text=True, check=True).stdout.strip()
    return compiler, profile


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    go = timing.go_pprof()
    if not go:
        print("no go: nothing to compare with")
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        compiler, profile = make_profile(folder)
        for listing in LISTINGS:
            out = os.path.join(folder, "listing")
            arguments = [f"-output={out}", listing, compiler, profile]
            ours = timing.median_run([SONDE, "pprof", *arguments], runs)
            theirs = timing.median_run([go, *arguments], runs)
            rows.append([f"`{listing}`, {os.path.getsize(out) / 1e6:.1f} MB", f"{ours.cpu * 1000:.0f} ms", ours.memory(),
                         f"{theirs.cpu * 1000:.0f} ms", theirs.memory(), f"{theirs.cpu / ours.cpu:.1f} x"])
    timing.table(["CPU time", "sonde", "memory", "go tool pprof", "memory", "faster"], rows)


main()
