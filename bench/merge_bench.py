#!/usr/bin/env python3
"""Merging: `sonde pprof -merge` against `go tool pprof -proto` on the same 256 profiles.

    bench/merge_bench.py [PROFILES]

Those of one build have 1 to 5 MB and their stacks out of the same 400,000. Of those of many builds two thirds are of a
program of another size, whose stacks and locations no other profile has, and the sum grows with each.
"""
import os
import random
import subprocess
import sys
import tempfile

import timing

SONDE = os.path.join(timing.BUILD, "sonde")
MAKE_PROFILE = os.path.join(timing.BUILD, "bench", "make_profile")
POOL = 400000


def make_profiles(folder, count, many_builds):
    rng = random.Random(1)
    paths = []
    for number in range(1, count + 1):
        paths.append(os.path.join(folder, f"{number}.pb.gz"))
        # A profile of 4,000 samples has 1 MB, most of which is names; one of 52,000 has 5 MB. Most are small.
        samples = int(4000 + 48000 * rng.random() ** 3)
        with open(paths[-1], "wb") as file:
            program = [str(samples)] if many_builds else []  # functions; at most 20,000
            subprocess.run([MAKE_PROFILE, str(samples), str(number), str(POOL), *program], stdout=file, check=True)
    return paths


def compare(count, many_builds):
    """A row: sonde's time, CPU time and memory, Go's, and the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "HOME": folder, "PPROF_TMPDIR": folder}
        paths = make_profiles(folder, count, many_builds)
        out = "-output=" + os.path.join(folder, "out")
        ours = timing.median_run([SONDE, "pprof", "-symbolize=none", "-merge", out, *paths], 3, env)
        row = [f"{count} of {'many builds' if many_builds else 'one build'}, "
               f"{sum(os.path.getsize(path) for path in paths) / 1e6:.0f} MB",
               f"{ours.wall:.2f} s", f"{ours.cpu:.2f} s", ours.memory()]
        go = timing.go_pprof()
        if not go:
            return [*row, "no go", "", "", "", ""]
        theirs = timing.median_run([go, "-symbolize=none", "-proto", out, *paths], 1, env)
        return [*row, f"{theirs.wall:.1f} s", f"{theirs.cpu:.1f} s", theirs.memory(),
                f"{theirs.wall / ours.wall:.1f} x", f"{theirs.megabytes / ours.megabytes:.1f} x"]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    timing.table(["", "sonde", "of CPUs", "memory", "go tool pprof", "of CPUs", "memory", "faster", "smaller"],
                 [compare(count, many_builds) for many_builds in (False, True)])


main()
