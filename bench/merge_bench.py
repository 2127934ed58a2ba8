#!/usr/bin/env python3
"""Merging: `sonde pprof -merge` against `go tool pprof -proto` on the same 256 profiles of 1 to 5 MB.

    bench/merge_bench.py [PROFILES]

The profiles have their stacks out of the same 400,000, as those of one service do, and list the same functions.
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


def make_profiles(folder, count):
    rng = random.Random(1)
    paths = []
    for number in range(1, count + 1):
        paths.append(os.path.join(folder, f"{number}.pb.gz"))
        # A profile of 4,000 samples has 1 MB, most of which is names; one of 52,000 has 5 MB. Most are small.
        samples = int(4000 + 48000 * rng.random() ** 3)
        with open(paths[-1], "wb") as file:
            subprocess.run([MAKE_PROFILE, str(samples), str(number), str(POOL)], stdout=file, check=True)
    return paths


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "HOME": folder, "PPROF_TMPDIR": folder}
        paths = make_profiles(folder, count)
        sizes = sorted(os.path.getsize(path) / 1e6 for path in paths)
        print(f"{count} profiles of {sizes[0]:.1f} to {sizes[-1]:.1f} MB, {sum(sizes):.0f} MB in all\n")
        out = "-output=" + os.path.join(folder, "out")
        ours = timing.median_run([SONDE, "pprof", "-symbolize=none", "-merge", out, *paths], 3, env)
        row = [f"{count} profiles", f"{ours.wall:.2f} s", ours.memory()]
        go = timing.go_pprof()
        if go:
            theirs = timing.median_run([go, "-symbolize=none", "-proto", out, *paths], 1, env)
            row += [f"{theirs.wall:.1f} s", theirs.memory(), f"{theirs.wall / ours.wall:.1f} x",
                    f"{theirs.megabytes / ours.megabytes:.1f} x"]
        else:
            row += ["no go", "", "", ""]
        timing.table(["", "sonde", "memory", "go tool pprof", "memory", "faster", "smaller"], [row])


main()
