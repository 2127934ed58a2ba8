"""The tests that compare what sonde trace prints with the pages of go tool trace, trace by trace."""
import pathlib
import sys
import tempfile

import tap
from go_tool import Viewer, corpus, find_go_trace_in_order

# Every trace of the corpus that Go's tool serves pages of, but for the largest.
ALL = ('go1*.trace', 'v1/*_1_11_*', 'v1/*_1_19_*')
UNSERVED = {'go119-cgo.trace', 'go119-tasks-cut20000.trace', 'go121-cgo.trace', 'go121-mix-cut300000.trace',
            'go126-idle-cut0.trace', 'go126-tasks-cut7.trace'}


def served(most):
    """The traces of ALL that have less than so many bytes, by their names below the corpus."""
    return [path.name if path.parent.name != 'v1' else f'v1/{path.name}' for path in corpus(*ALL)
            if path.stat().st_size < most and path.name not in UNSERVED]


def compare_pages(what, traces, quick, compare):
    """Runs compare(sonde, viewer, path), which returns what is wrong or None, for each named trace of the corpus (the first
    `quick` of them where the program's second argument says so), prints TAP and ends the program."""
    sonde, paths = sys.argv[1], corpus(*traces)
    if 'quick' in sys.argv[2:]:
        paths = paths[:quick]
    with tempfile.TemporaryDirectory() as directory:
        go_trace = find_go_trace_in_order(pathlib.Path(directory)) if paths else None
        for path in paths if go_trace else ():
            viewer = Viewer(go_trace, path)
            try:
                wrong = compare(sonde, viewer, path) if viewer.url else 'go tool trace serves nothing'
            finally:
                viewer.close()
            tap.ok(wrong is None, f'{what} of {path.name}', wrong)
    if not go_trace:
        tap.skip(f'{what} equal those of go tool trace',
                 'no corpus' if not paths else 'no Go whose reader can be made to keep the order of the file')
    tap.done()
