#!/usr/bin/env python3
"""Listings of instructions side by side with go tool pprof: over the programs of the corpus, with regular expressions and
options that are drawn from a seed (SEED, printed where it is not set; N draws a program).

    tests/report/listing_test.py SONDE SOURCE_ROOT
"""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

for folder in ("..", "../cli"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), folder))
import listing  # noqa: E402
import oracle  # noqa: E402
import tap  # noqa: E402
import pprof_file  # noqa: E402

# A program, a profile of it, and what both tools must be told: Go's has no names for C++, so none are looked up.
CASES = [("bigbytes", "go126-bigbytes.cpu.pb.gz", []), ("bigbytes", "go126-bigbytes.heap.pb.gz", []),
         ("mini", "go126-mini.cpu.pb.gz", []), ("shapes", "shapes.cpu.prof", ["-symbolize=none"]),
         ("shapes", "shapes-500hz-real.cpu.prof", ["-symbolize=none"]), ("shapes", "shapes.0003.heap", ["-symbolize=none"])]


def names_of(path):
    try:
        return pprof_file.ProfileFile(path).functions or ["."]
    except (ValueError, IndexError, KeyError, UnicodeDecodeError):
        return ["."]


def draw_pattern(rng, names):
    name = rng.choice(names)
    part = rng.choice([p for p in re.split(r"[^A-Za-z0-9_]+", name) if p] or ["."])
    return rng.choice(["^" + re.escape(name).replace("\\-", "-") + "$", part, part[:3], ".", "main", "nothing_like_it"])


def draw_options(rng):
    options = []
    for chance, make in [(0.2, lambda: "-sample_index=0"), (0.2, lambda: "-unit=" + rng.choice(["ms", "us", "s", "kb"])),
                         (0.2, lambda: "-focus=" + rng.choice(["main", "runtime", "work"])), (0.1, lambda: "-mean"),
                         (0.2, lambda: "-ignore=" + rng.choice(["gc", "mallocgc"])), (0.1, lambda: "-divide_by=3"),
                         (0.1, lambda: "-relative_percentages"), (0.1, lambda: "-noinlines"), (0.1, lambda: "-cum"),
                         (0.1, lambda: "-drop_negative"), (0.1, lambda: "-lines"), (0.1, lambda: "-nodecount=3")]:
        if rng.random() < chance:
            options.append(make())
    return options


def run(program, arguments):
    return subprocess.run([*program, *arguments], capture_output=True, stdin=subprocess.DEVNULL, timeout=120)


def compare(go, sonde, arguments, difference):
    theirs, ours = run([go], arguments), run([sonde, "pprof"], arguments)
    if ours.returncode not in (0, 1):
        return f"sonde ended with {ours.returncode}: {ours.stderr.decode()}"
    if (theirs.returncode == 0) != (ours.returncode == 0):
        return f"go ended with {theirs.returncode}, sonde with {ours.returncode}:\n{theirs.stderr.decode()}\n{ours.stderr.decode()}"
    return difference(theirs.stdout, ours.stdout) if theirs.returncode == 0 else None


def check_stripped(sonde, corpus):
    """A Go program without symbols is listed as the same one with them: functions of Go's own table."""
    path, profile = os.path.join(corpus, "bin", "mini"), os.path.join(corpus, "profiles", "go126-mini.cpu.pb.gz")
    if not shutil.which("strip"):
        tap.skip("a stripped Go program is listed", "no strip")
        return
    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, "mini")
        subprocess.run(["strip", "-s", "-o", stripped, path], check=True, timeout=60)
        # (Binaries' paths are matched as well, and one may have main in it, but hardly with a dot.)
        for command in (r"-disasm=main\.", r"-weblist=main\."):
            whole, bare = (run([sonde, "pprof", "-output=/dev/stdout"], [command, program, profile]).stdout
                           for program in (path, stripped))
            difference = listing.disasm_difference if command.startswith("-disasm") else listing.weblist_difference
            why = difference(whole, bare)
            tap.ok(not why and len(whole) > 10000, f"{command} of a stripped Go program is that of the whole one", why)


def main():
    sonde, root = sys.argv[1:3]
    corpus = os.path.join(root, "..", "shared", "corpus")
    go, seed = oracle.go_pprof(), int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    draws = int(os.environ.get("N") or 12)
    if not go or not os.path.isdir(corpus):
        tap.skip("listings are those of go tool pprof", "no go" if not go else "no corpus")
        tap.done()
    print(f"# SEED={seed} N={draws}", flush=True)
    for command, difference in (("disasm", listing.disasm_difference), ("weblist", listing.weblist_difference)):
        for program, profile, fixed in CASES:
            binary, path = os.path.join(corpus, "bin", program), os.path.join(corpus, "profiles", profile)
            rng, names, wrong = random.Random(f"{seed}.{command}.{profile}"), names_of(path), []
            for i in range(draws):
                pattern = "." if i == 0 else draw_pattern(rng, names)
                arguments = [*fixed, *(draw_options(rng) if i > 1 else []), f"-{command}={pattern}", binary, path]
                if command == "weblist":  # which else goes to a browser
                    sources = rng.choice([os.path.join(corpus, "src"), "/usr/local/go/src", "/nowhere"])
                    arguments[:0] = ["-output=/dev/stdout", f"-source_path={sources}"]
                why = compare(go, sonde, arguments, difference)
                if why:
                    wrong.append(" ".join(arguments) + "\n" + why)
            tap.ok(not wrong, f"-{command} of {program} with {profile}: {draws} draws", f"SEED={seed}\n" + "\n".join(wrong))
    check_stripped(sonde, corpus)
    tap.done()


main()
