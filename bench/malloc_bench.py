#!/usr/bin/env python3
"""A free and malloc pair under the heap profilers that can be preloaded, each against its own allocator without: glibc
with libsonde off and on, gperftools' tcmalloc and jemalloc with their own sampling off and on, all at one sample for
512 KiB. Runs are interleaved, and each row's figure is the median over the rounds.

    bench/malloc_bench.py [ROUNDS]
"""
import glob
import os
import statistics
import subprocess
import sys

import timing

PROGRAM = os.path.join(timing.BUILD, "bench", "malloc_pairs")
SONDE = os.path.join(timing.BUILD, "libsonde.so")

# threads, blocks in use, sizes, pairs
WORKLOADS = [(1, 1000, "mixed", 3000000), (2, 1000, "mixed", 3000000), (1, 100000, "mixed", 1500000),
             (2, 100000, "mixed", 1500000), (1, 1, "64", 10000000)]


def library(name):
    found = sorted(glob.glob(f"/usr/lib/*/{name}") + glob.glob(f"/usr/local/lib/{name}"))
    return found[0] if found else None


def variants():
    """Name, the name of the variant to compare with, what to preload, environment."""
    yield "glibc", None, [], {}
    yield "libsonde, off", "glibc", [SONDE], {"SONDE_MEMPROFILERATE": "0"}
    yield "libsonde, 512 KiB", "glibc", [SONDE], {"SONDE_MEMPROFILERATE": "524288"}
    tcmalloc, jemalloc = library("libtcmalloc.so.4"), library("libjemalloc.so.2")
    if tcmalloc:
        yield "tcmalloc", None, [tcmalloc], {}
        yield "tcmalloc, its own 512 KiB", "tcmalloc", [tcmalloc], {"TCMALLOC_SAMPLE_PARAMETER": "524288"}
        yield "tcmalloc + libsonde, 512 KiB", "tcmalloc", [SONDE, tcmalloc], {}
    if jemalloc:
        yield "jemalloc", None, [jemalloc], {}
        if measure((1, 10, "64", 10000), [jemalloc], {"MALLOC_CONF": "prof:true"}) is not None:
            yield "jemalloc, its own 512 KiB", "jemalloc", [jemalloc], {"MALLOC_CONF": "prof:true,lg_prof_sample:19"}
        yield "jemalloc + libsonde, 512 KiB", "jemalloc", [SONDE, jemalloc], {}


def measure(workload, preload, extra):
    """Nanoseconds for a pair; None where what is preloaded complains (of an option that it was built without)."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SONDE_", "LD_PRELOAD"))}
    env.update(extra)
    if preload:
        env["LD_PRELOAD"] = " ".join(preload)
    done = subprocess.run([PROGRAM, *map(str, workload)], env=env, capture_output=True, text=True, check=True)
    return None if done.stderr else float(done.stdout)


def compare(workload, rounds):
    all_variants = list(variants())
    times = {name: [] for name, *_ in all_variants}
    for _ in range(rounds):
        for name, _, preload, extra in all_variants:
            times[name].append(measure(workload, preload, extra))
    rows = []
    for name, base, _, _ in all_variants:
        # pairs of neighbours in time, so that a slow minute slows both down
        ratio = statistics.median(a / b for a, b in zip(times[name], times[base])) if base else None
        rows.append([name, f"{statistics.median(times[name]):.1f}", f"{min(times[name]):.1f}",
                     f"{(ratio - 1) * 100:+.1f} %" if ratio else "",
                     f"{(min(times[name]) / min(times[base]) - 1) * 100:+.1f} %" if base else ""])
    return rows


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    for workload in WORKLOADS:
        threads, live, sizes, _ = workload
        print(f"free + malloc, {threads} thread{'s' if threads > 1 else ''}, {live} live, "
              f"{sizes} bytes; {rounds} rounds\n")
        timing.table(["", "ns, median", "ns, least", "against off, median", "least"], compare(workload, rounds))


main()
