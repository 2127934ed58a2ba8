#!/usr/bin/env python3
"""The traces that Go's reader is tested with, small ones in text form and inputs that its fuzzer found: sonde trace makes them
binary, and reads or refuses them as `go tool trace` does.

    go_cases_test.py SONDE
"""
import ast
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
from dump_test import MODES, compare
from go_tool import find_go_root, find_go_trace, run

TRACE = b'-- trace --\n'


def found_bytes(text):
    """The bytes in a file of Go's fuzzer, which has them as a string of Go's."""
    literal = re.search(r'\[\]byte\((".*")\)', text, re.S).group(1)
    escaped = re.sub(r'[^\x00-\x7f]', lambda match: ''.join(f'\\x{byte:02x}' for byte in match.group().encode()), literal)
    return ast.literal_eval('b' + escaped)


def check(sonde, go_trace, name, path):
    wrong = [f'-d={mode}: {difference}' for mode in MODES
             for difference in [compare(sonde, go_trace, mode, path)] if difference]
    tap.ok(not wrong, name, '\n'.join(wrong))


def main():
    sonde, go_trace, root = sys.argv[1], find_go_trace(), find_go_root()
    cases = pathlib.Path(root or '/nowhere', 'src', 'internal', 'trace', 'testdata')
    texts, inputs = sorted(cases.glob('tests/*.test')), sorted(cases.glob('fuzz/*/*'))
    if not go_trace or not texts:
        tap.skip("Go's test cases are read as Go reads them", 'no Go' if not go_trace else "no sources of Go's tests")
        tap.done()
    with tempfile.TemporaryDirectory() as directory:
        binary, text = pathlib.Path(directory, 'binary'), pathlib.Path(directory, 'text')
        for path in texts:
            text.write_bytes(path.read_bytes().split(TRACE, 1)[1])
            made = run(sonde, 'trace', '-format=go', '-o', binary, text)
            if made.returncode:
                tap.ok(False, path.name, made.stderr)
            else:
                check(sonde, go_trace, path.name, binary)
        for path in inputs:
            binary.write_bytes(found_bytes(path.read_text()))
            check(sonde, go_trace, f'found by fuzzing: {path.name}', binary)
    tap.done()


main()
