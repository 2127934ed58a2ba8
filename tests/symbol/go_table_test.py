#!/usr/bin/env python3
"""Go's own table of lines, as debug/gosym of Go reads it, place by place: over the Go programs of the corpus and one that is
built here, stripped and not, position-independent and not. And inlined calls, as the debug information of the same program
tells them. GO_TOOLCHAINS may name further releases to build with (go1.18.10 go1.22.12, ...), which `go` can get.

    tests/symbol/go_table_test.py GO_LINES ADDRESSES SOURCE_ROOT
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
STEP = "7"
PROGRAM = """package main

import (
	"fmt"
	"sort"
	"strings"
)

type shape interface{ area() float64 }
type square struct{ side float64 }

func (s square) area() float64 { return mul(s.side, s.side) }
func mul(a, b float64) float64 { return add(a*b, 0) }
func add(a, b float64) float64 { return a + b }

//go:noinline
func work(n int) (total float64) {
	for i := 0; i < n; i++ {
		total += mul(float64(i), 3)
	}
	return total
}

func main() {
	s := []string{"b", "a"}
	sort.Slice(s, func(i, j int) bool { return s[i] < s[j] })
	fmt.Println(strings.Join(s, ","), work(1000), shape(square{2}).area())
}
"""


def run(arguments, **more):
    done = subprocess.run(arguments, stdin=more.pop("stdin", subprocess.DEVNULL), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=200, **more)
    if done.returncode != 0:
        raise RuntimeError(" ".join(arguments) + ": " + done.stderr.decode("utf-8", "replace"))
    return done.stdout


def first_difference(theirs, ours):
    for a, b in zip(theirs.split(b"\n"), ours.split(b"\n")):
        if a != b:
            return f"gosym: {a.decode('utf-8', 'replace')}\nsonde: {b.decode('utf-8', 'replace')}"
    return f"gosym has {len(theirs)} bytes, sonde {len(ours)}"


def compare_lines(gosym, go_lines, program, name):
    theirs, ours = run([gosym, program, STEP]), run([go_lines, program, STEP])
    tap.ok(theirs == ours and theirs, f"{name}: {theirs.count(bytes([10]))} places are those of gosym",
           first_difference(theirs, ours))
    return ours


def frames_of(addresses, program, places):
    """Per address the names and places of its frames."""
    listed = b"".join(line.split(b" ")[0] + b"\n" for line in places.split(b"\n") if line)
    done = subprocess.run([addresses, program], input=listed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=200)
    found, at = {}, None
    for line in done.stdout.split(b"\n"):
        if line.startswith(b"0x") and b" " not in line:
            at = found.setdefault(line, [])
        elif at is not None:
            at.append(line)
    return found


def plain(names):
    """Without type arguments; Go 1.18 and 1.19 also leave out of Go's table what only looks like them: [15]option."""
    return [re.sub(rb"\[[^]]*\]", b"[...]", name) for name in names]


def compare_frames(addresses, stripped, whole, places, name):
    """Names and lines are equal."""
    theirs, ours = frames_of(addresses, whole, places), frames_of(addresses, stripped, places)
    inlined = sum(len(lines) > 2 for lines in ours.values())
    wrong = []
    for address, lines in theirs.items():
        got = ours.get(address, [])
        if plain(lines[0::2]) != plain(got[0::2]) or lines[1::2] != got[1::2]:
            wrong.append(f"{address}: {lines} {got}")
    tap.ok(not wrong and inlined > 1000, f"{name}: {len(theirs)} stacks are those of debug information, {inlined} with inlined calls",
           f"{len(wrong)} differ\n" + "\n".join(wrong[:5]))


def build(folder, go, name, flags, toolchain):
    path = os.path.join(folder, name)
    env = {**os.environ, "GOTOOLCHAIN": toolchain, "GOFLAGS": "", "CGO_ENABLED": "0"}
    run([go, "build", "-trimpath", *flags, "-o", path, "main.go"], cwd=folder, env=env)
    return path


def check_builds(folder, go, gosym, go_lines, addresses, toolchain):
    for kind in ("exe", "pie"):
        name = f"{kind} of {toolchain}"
        whole = build(folder, go, kind, [f"-buildmode={kind}"], toolchain)
        stripped = build(folder, go, kind + "-stripped", [f"-buildmode={kind}", "-ldflags=-s -w"], toolchain)
        compare_lines(gosym, go_lines, whole, name)
        places = compare_lines(gosym, go_lines, stripped, name + ", stripped")
        compare_frames(addresses, stripped, whole, places, name)


def main():
    go_lines, addresses, root = sys.argv[1:4]
    go = shutil.which("go")
    if not go:
        tap.skip("Go's table of lines is read as Go does", "no go")
        tap.done()
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "main.go"), "w", encoding="ascii") as file:
            file.write(PROGRAM)
        gosym = os.path.join(folder, "gosym")
        run([go, "build", "-o", gosym, os.path.join(HERE, "go_lines.go")], cwd=folder)
        for program in ("mini", "bigbytes"):
            path = os.path.join(root, "..", "shared", "corpus", "bin", program)
            if os.path.exists(path):
                compare_lines(gosym, go_lines, path, program)
        for toolchain in ["local", *os.environ.get("GO_TOOLCHAINS", "").split()]:
            check_builds(folder, go, gosym, go_lines, addresses, toolchain)
    tap.done()


main()
