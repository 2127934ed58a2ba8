#!/usr/bin/env python3
"""Traces of Go programs made at the time of the test: what sonde trace answers about them are the numbers of the pages of
`go tool trace`, and those that a second way computes from the events.

    answers_test.py SONDE [quick]
"""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import findings_test
import goroutines_test
import mmu_test
import parts_test
import tap
import tasks_test
from go_tool import Viewer, find_go_trace
from programs_test import PROGRAMS, build, make


def compare_mmu(sonde, viewer, path):
    return next(filter(None, (mmu_test.compare_choice(sonde, viewer, path, flags)
                              for flags in ('stw|background|assist', 'perProc|stw|background|assist|sweep'))), None)


def check(sonde, go_trace, kind, path):
    for name, compare in (('findings', findings_test.compare), ('chains of tasks', findings_test.compare_tasks)):
        wrong = compare(sonde, path)
        tap.ok(wrong is None, f'{name} of {kind}', wrong)
    viewer = Viewer(go_trace, path)
    try:
        for name, compare in (('goroutines', goroutines_test.compare), ('tasks and regions', tasks_test.compare),
                              ('profiles of parts', parts_test.compare), ('mutator utilization', compare_mmu)):
            wrong = compare(sonde, viewer, path) if viewer.url else 'go tool trace serves nothing'
            tap.ok(wrong is None, f'{name} of {kind}', wrong)
    finally:
        viewer.close()


def main():
    sonde, quick, go_trace = sys.argv[1], 'quick' in sys.argv[2:], find_go_trace()
    if not go_trace:
        tap.skip('answers about traces of programs are those of Go', 'no Go')
        tap.done()
    with tempfile.TemporaryDirectory() as directory:
        program = build(directory, None, True)
        for kind in (PROGRAMS[:2] if quick else PROGRAMS) if program else ():
            path = pathlib.Path(directory) / f'{kind}.trace'
            if make(program, kind, path):
                check(sonde, go_trace, kind, path)
            else:
                tap.skip(kind, 'it made no trace')
    tap.done()


main()
