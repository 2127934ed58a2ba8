#!/usr/bin/env python3
"""Listings of instructions side by side with go tool pprof: over the programs of the corpus, with regular expressions and
options that are drawn from a seed (SEED, printed where it is not set; N draws a program).

    tests/report/listing_test.py SONDE SOURCE_ROOT
"""
import functools
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
import made_profile  # noqa: E402
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


# Programs in C and C++: a profile that sonde gave names and lines says the same to both tools.
NATIVE = ["shapes.cpu.prof", "shapes-500hz-real.cpu.prof", "shapes.0003.heap", "shapes-dwarf.perf.data"]


def check_native(go, sonde, corpus, seed, draws):
    binary, sources = os.path.join(corpus, "bin", "shapes"), os.path.join(corpus, "src")
    own = {line.split(" ", 2)[2] for line in run(["nm"], ["-C", "--defined-only", binary]).stdout.decode().splitlines()}
    native_difference = functools.partial(listing.native_difference, own={name.split("(")[0] for name in own})
    with tempfile.TemporaryDirectory() as folder:
        for profile in NATIVE:
            named = os.path.join(folder, "named.pb.gz")
            run([sonde, "pprof"], ["-proto", f"-output={named}", binary, os.path.join(corpus, "profiles", profile)])
            rng, names = random.Random(f"{seed}.{profile}"), names_of(named)
            for command, difference in (("list", plain_difference), ("disasm", native_difference)):
                wrong = []
                for i in range(draws):
                    # (Go's tool looks for a pattern in what compilers made of a name: few are in both.)
                    pattern = "." if i == 0 or command == "disasm" else draw_pattern(rng, names)
                    arguments = [*(draw_options(rng) if i > 1 else []), f"-source_path={sources}", f"-{command}={pattern}", binary,
                                 named]
                    why = compare(go, sonde, arguments, difference)
                    if why:
                        wrong.append(" ".join(arguments) + "\n" + why)
                tap.ok(not wrong, f"-{command} of shapes with {profile}: {draws} draws", f"SEED={seed}\n" + "\n".join(wrong))


def plain_difference(theirs, ours):
    for a, b in zip(theirs.split(b"\n"), ours.split(b"\n")):
        if a != b:
            return f"  go:    {a}\n  sonde: {b}"
    return None if theirs == ours else f"  go has {len(theirs)} bytes, sonde {len(ours)}"


def drawn_profile(binary, rng):
    """A profile of instructions of a program that is not position-independent. (What has no file Go's tool leaves out.)"""
    header = re.search(r"LOAD +0x([0-9a-f]+) 0x([0-9a-f]+) 0x[0-9a-f]+ 0x([0-9a-f]+) 0x[0-9a-f]+ R E",
                       run(["readelf"], ["-lW", binary]).stdout.decode())
    offset, address, size = (int(number, 16) for number in header.groups())
    code = run(["objdump"], ["-d", "-j", ".text", binary]).stdout.decode()
    own = re.findall(r"^[0-9a-f]+ <(?:main|sum|by_size|outer|add\.\d+|square)[^>]*>:\n((?:.+\n)*)", code, re.M)
    places = [int(number, 16) for number in re.findall(r"^ +([0-9a-f]+):\t", "".join(own), re.M)]
    profile = made_profile.Profile()
    mapping = profile.mapping(binary, "", address & ~0xfff, (address & ~0xfff) + (size | 0xfff) + 1, offset & ~0xfff)
    known = {place: profile.location(place, mapping) for place in places}
    for _ in range(60):
        stack = dict.fromkeys(rng.choice(places) for _ in range(rng.randint(1, 4)))
        profile.sample([known[place] for place in stack], [rng.randint(1, 9), rng.randint(1, 9) * 10 ** 7])
    return profile.gzipped()


def check_c(go, sonde, seed):
    """A small program in C, of which Go's tool can read the lines of each instruction, too."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "symbol", "nested.c")
    if not all(map(shutil.which, ("gcc", "readelf", "objdump"))):
        tap.skip("-weblist of a program in C", "no gcc or binutils")
        return
    with tempfile.TemporaryDirectory() as folder:
        binary, profile = os.path.join(folder, "nested"), os.path.join(folder, "profile.pb.gz")
        subprocess.run(["gcc", "-O1", "-g", "-no-pie", "-fno-inline", "-o", binary, source], check=True, timeout=60)
        with open(profile, "wb") as file:
            file.write(drawn_profile(binary, random.Random(seed)))
        for pattern in (".", "main", "^sum$", "by_"):
            arguments = ["-output=/dev/stdout", f"-weblist={pattern}", binary, profile]
            why = compare(go, sonde, arguments, listing.weblist_difference)
            tap.ok(not why, f"-weblist={pattern} of a program in C", f"SEED={seed}\n{why}")


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
    check_native(go, sonde, corpus, seed, max(2, draws // 3))
    check_c(go, sonde, seed)
    tap.done()


main()
