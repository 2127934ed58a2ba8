"""The tests that compare what sonde trace prints with the pages of go tool trace, trace by trace."""
import sys

import tap
from go_tool import Viewer, corpus, find_go_trace


def compare_pages(what, traces, quick, compare):
    """Runs compare(sonde, viewer, path), which returns what is wrong or None, for each named trace of the corpus (the first
    `quick` of them where the program's second argument says so), prints TAP and ends the program."""
    sonde, go_trace, paths = sys.argv[1], find_go_trace(), corpus(*traces)
    if 'quick' in sys.argv[2:]:
        paths = paths[:quick]
    if not go_trace or not paths:
        tap.skip(f'{what} equal those of go tool trace', 'no Go' if not go_trace else 'no corpus')
        tap.done()
    for path in paths:
        viewer = Viewer(go_trace, path)
        try:
            wrong = compare(sonde, viewer, path) if viewer.url else 'go tool trace serves nothing'
        finally:
            viewer.close()
        tap.ok(wrong is None, f'{what} of {path.name}', wrong)
    tap.done()
