#!/usr/bin/env python3
"""Names and lines for a profile over a C++ program with 100 MB of debug information: `sonde pprof` against
github.com/google/pprof with llvm-symbolizer and with addr2line, and for a Go program against `go tool pprof`.

    bench/symbol_bench.py [LOCATIONS]      distinct addresses of the profile; 3000 unless told

The program is made once (build/bench/big, about half a minute), from big_unit.cc.
"""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import timing

sys.path.insert(0, os.path.join(timing.ROOT, "tests", "cli"))
import made_profile  # noqa: E402

SONDE = os.path.join(timing.BUILD, "sonde")
HERE = os.path.join(timing.BUILD, "bench")
BIG = os.path.join(HERE, "big")
UNITS = 118
PEER = "github.com/google/pprof@v0.0.0-20261016150608-1facf8f91b50"
START = 0x555555554000


def make_big():
    """The large program, unless it is there: one object, stamped under other names of the same length."""
    if os.path.exists(BIG):
        return
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        unit = os.path.join(folder, "unit.o")
        subprocess.run(["g++", "-std=c++17", "-O2", "-g", "-ffunction-sections", "-DDEPTH=3", "-c", "-o", unit,
                        os.path.join(timing.ROOT, "bench", "big_unit.cc")], check=True)
        with open(unit, "rb") as file:
            stamp = file.read()
        units = [f"unit_{number:04}" for number in range(UNITS)]
        for name in units:
            with open(os.path.join(folder, name + ".o"), "wb") as file:
                file.write(stamp.replace(b"unit_0000", name.encode()))
        main = os.path.join(folder, "main.cc")
        with open(main, "w") as file:
            file.writelines(f"namespace {name} {{ long run(int); }}\n" for name in units)
            file.write("int main(int argc, char **) { return " + " + ".join(f"{name}::run(argc)" for name in units) +
                       " == 0; }\n")
        subprocess.run(["g++", "-g", "-Wl,--build-id", "-o", BIG + ".new", main,
                        *(os.path.join(folder, name + ".o") for name in units)], check=True)
    os.rename(BIG + ".new", BIG)


def sections(path):
    """From a section's name to its address and size."""
    listing = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True, check=True).stdout
    return {m[1]: (int(m[2], 16), int(m[3], 16))
            for m in re.finditer(r"\] (\S+)\s+\S+\s+([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+)", listing)}


def code_segment(path):
    """Offset, address and size of what holds the code."""
    listing = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True, check=True).stdout
    found = re.search(r"LOAD +0x([0-9a-f]+) 0x([0-9a-f]+) 0x[0-9a-f]+ 0x([0-9a-f]+) 0x[0-9a-f]+ R E", listing)
    return (int(found[i], 16) for i in (1, 2, 3))


def make_profile(binary, folder, count, start):
    """A profile of one sample at each of `count` drawn addresses of the binary's code."""
    offset, address, size = code_segment(binary)
    text, length = sections(binary)[".text"]
    start = start or address & ~0xfff
    draw, profile = random.Random(1), made_profile.Profile()
    slide = start - (address & ~0xfff)
    mapping = profile.mapping(binary, build_id(binary), start, start + size + 0xfff, offset & ~0xfff)
    for at in draw.sample(range(text, text + length), count):
        profile.sample([profile.location(at + slide, mapping)], [1, 10_000_000])
    path = os.path.join(folder, os.path.basename(binary) + ".pb.gz")
    with open(path, "wb") as file:
        file.write(profile.gzipped())
    return path


def build_id(binary):
    notes = subprocess.run(["readelf", "-n", binary], capture_output=True, text=True).stdout
    found = re.search(r"Build ID: ([0-9a-f]+)", notes)
    return found[1] if found else ""


def google_pprof():
    """google/pprof, fetched through the Go module proxy once; None where that fails."""
    path = os.path.join(HERE, "pprof")
    if not os.path.exists(path) and shutil.which("go"):
        subprocess.run(["go", "install", PEER], env={**os.environ, "GOBIN": HERE}, capture_output=True)
    return path if os.path.exists(path) else None


def tools_folder(folder, names):
    """A folder with nothing but these tools, so that pprof uses them."""
    path = os.path.join(folder, "-".join(names))
    os.mkdir(path)
    for name in names:
        if not shutil.which(name):
            return None
        os.symlink(shutil.which(name), os.path.join(path, name))
    return path


def peer_row(what, ours, command, env, path):
    if not command[0] or not path:
        return [what, "not installed", "", "", ""]
    peer = timing.median_run(command, 3, {**env, "PATH": path})
    return row(what, peer, ours)


def row(what, run, ours):
    return [what, f"{run.wall * 1000:.0f} ms", f"{run.cpu * 1000:.0f} ms", run.memory(), f"{run.wall / ours.wall:.1f} x"]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    make_big()
    debug = {name: size for name, (_, size) in sections(BIG).items() if name.startswith(".debug")}
    print(f"{sum(debug.values()) / 1e6:.0f} MB of debug information, {debug['.debug_info'] / 1e6:.0f} MB of them in "
          f".debug_info; {count} addresses\n")
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "HOME": folder, "PPROF_TMPDIR": folder, "XDG_CACHE_HOME": os.path.join(folder, "cache")}
        profile = make_profile(BIG, folder, count, START)
        pprof = google_pprof()
        ours = timing.median_run([SONDE, "pprof", "-top", profile], 5, {**env, "SONDE_SYMBOL_CACHE": "0"})
        timing.Run([SONDE, "pprof", "-top", profile], env)
        again = timing.median_run([SONDE, "pprof", "-top", profile], 11, env)
        rows = [row("sonde pprof", ours, ours),
                row("sonde pprof, second run (symbol cache)", again, ours),
                peer_row("pprof with llvm-symbolizer", ours, [pprof, "-top", profile], env,
                         tools_folder(folder, ["llvm-symbolizer", "nm", "objdump"])),
                peer_row("pprof with addr2line", ours, [pprof, "-top", profile], env,
                         tools_folder(folder, ["addr2line", "nm", "objdump"]))]
        timing.table(["C++", "wall", "CPU", "memory", "against sonde"], rows)
        go = timing.go_pprof()
        if go and pprof:  # itself a Go program with debug information
            profile = make_profile(pprof, folder, count, 0)
            ours = timing.median_run([SONDE, "pprof", "-top", profile], 5, env)
            timing.table(["Go", "wall", "CPU", "memory", "against sonde"],
                         [row("sonde pprof", ours, ours),
                          peer_row("go tool pprof", ours, [go, "-top", profile], env, os.environ["PATH"])])


main()
