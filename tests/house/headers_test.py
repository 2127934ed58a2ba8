#!/usr/bin/env python3
"""Every header compiles alone; the public ones also as strict C99 and as C++, with nothing but libc included."""
import os
import re
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests"))
import tap  # noqa: E402


def headers(folder):
    for where, _, names in os.walk(os.path.join(ROOT, folder)):
        for name in sorted(names):
            if name.endswith(".h"):
                yield os.path.relpath(os.path.join(where, name), ROOT)


def compiles(header, compiler):
    command = [*compiler, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-Isrc", "-Iinclude", "-include", header, "-"]
    run = subprocess.run(command, cwd=ROOT, input="", capture_output=True, text=True)
    return run.returncode == 0, run.stderr


for header in headers("src"):
    good, why = compiles(header, ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-x", "c"])
    tap.ok(good, f"{header} compiles alone", why)
for header in headers("include"):
    good, why = compiles(header, ["cc", "-std=c99", "-pedantic", "-x", "c"])
    tap.ok(good, f"{header} is valid C99", why)
    good, why = compiles(header, ["c++", "-std=c++11", "-pedantic", "-x", "c++"])
    tap.ok(good, f"{header} is valid C++", why)
    with open(os.path.join(ROOT, header), encoding="utf-8") as file:
        foreign = [i for i in re.findall(r"#\s*include\s*[<\"]([^>\"]+)", file.read())
                   if not i.startswith("sonde/") and i not in ("stddef.h", "stdint.h", "stdbool.h")]
    tap.ok(not foreign, f"{header} includes only libc's headers", foreign)
tap.done()
