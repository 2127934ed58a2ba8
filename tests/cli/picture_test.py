#!/usr/bin/env python3
"""Pictures of the call graph: the bytes that go tool pprof writes, but for the script in SVG and the date in PDF.

    picture_test.py SONDE SOURCE_DIR
"""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import drawn_profile  # noqa: E402
import made_profile  # noqa: E402
import oracle  # noqa: E402
import tap  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])
PROFILES = os.path.join(sys.argv[2], '..', 'shared', 'corpus', 'profiles')
SEED = int(os.environ.get('SEED', '1'))
REPEATS = 8
FORMATS = ['svg', 'png', 'gif', 'ps', 'pdf']
CASES = [  # of the corpus, with options
    ('go126-mini.cpu.pb.gz', []),
    ('go126-luafarm-labels.cpu.pb.gz', ['-nodecount=25', '-tagfocus=pool']),
    ('go126-kvload-v2.heap.pb.gz', ['-lines', '-sample_index=alloc_space']),
    ('go126-kvload-v1.mutex.pb.gz', ['-call_tree', '-nodecount=30']),
    ('go119-texts.heap.pb.gz', ['-focus=json', '-unit=kb']),
    ('go126-mdsite-v2.cpu.pb.gz', ['-diff_base={v1}', '-nodecount=20']),
]


def run(command, *flags):
    done = subprocess.run([*command, '-symbolize=none', *flags], capture_output=True, timeout=120)
    return done.returncode, done.stdout, done.stderr.decode(errors='replace')


def comparable(kind, picture):
    if kind == 'svg':
        return re.sub(rb'<!\[CDATA\[.*\]\]>', b'', picture, flags=re.S)
    if kind == 'pdf':
        return re.sub(rb'/CreationDate \([^)]*\)', b'', picture)
    return picture


def compare(go, kind, flags, what):
    """One picture; where Go's changes from run to run, one of several must be ours."""
    ours = run([SONDE, 'pprof'], f'-{kind}', *flags)
    seen = set()
    for _ in range(REPEATS):
        theirs = run([go], f'-{kind}', *flags)
        seen.add(comparable(kind, theirs[1]))
        if ours[0] == theirs[0] == 0 and comparable(kind, ours[1]) == comparable(kind, theirs[1]):
            tap.ok(True, what)
            return
    if len(seen) > 2:
        tap.skip(what, "Go's own picture changes from run to run")
        return
    tap.ok(False, what, f'{flags}: ours {ours[0]}, {len(ours[1])} bytes, {ours[2]}; Go {theirs[0]}, '
           f'{len(theirs[1])} bytes, {theirs[2]}')


def compare_with_go(folder, go):
    small, drawn = os.path.join(folder, 'small.pb.gz'), os.path.join(folder, 'drawn.pb')
    drawn_profile.DrawnProfile(random.Random(SEED)).write(drawn)
    for kind in FORMATS:
        compare(go, kind, [small], f'{kind} of a made profile')
        compare(go, kind, [drawn], f'{kind} of a drawn profile (SEED={SEED})')
    for name, flags in CASES:
        path = os.path.join(PROFILES, name)
        if not os.path.exists(path):
            tap.skip(name, 'no corpus')
            continue
        flags = [flag.format(v1=path.replace('-v2', '-v1')) for flag in flags]
        compare(go, 'svg', [*flags, path], f'svg of {name} {" ".join(flags[:2])[-60:]}')


def test_own(folder):
    small = os.path.join(folder, 'small.pb.gz')
    status, picture, _ = run([SONDE, 'pprof'], '-svg', small)
    tap.ok(status == 0 and b'id="viewport"' in picture and b'</script>' in picture, 'svg has its script')
    output = os.path.join(folder, 'picture.png')
    status, out, err = run([SONDE, 'pprof'], '-png', f'-output={output}', small)
    with open(output, 'rb') as file:
        tap.ok(status == 0 and not out and 'Generating report in ' + output in err and
               file.read(8) == b'\x89PNG\r\n\x1a\n', 'a picture goes into a file', err)
    prompt = subprocess.run([SONDE, 'pprof', small], input='svg >a.svg\npng\ngif main\nps 2\nweb >b.svg\nsvg | wc -c\n',
                            capture_output=True, text=True, timeout=60, cwd=folder)
    made = [name for name in ('a.svg', 'profile001.png', 'profile001.gif', 'profile001.ps', 'b.svg')
            if os.path.getsize(os.path.join(folder, name)) > 500]
    tap.ok(prompt.returncode == 0 and len(made) == 5 and len(prompt.stdout.split()) > 1,
           'the prompt writes them into files', f'{made} {prompt}')
    status, _, err = run([SONDE, 'pprof'], '-svg', '-output=/dev/full', small)
    tap.ok(status == 1 and 'No space left' in err, 'a full disk', err)
    os.environ['GVBINDIR'] = '/nonexistent'
    status, _, err = run([SONDE, 'pprof'], '-svg', small)
    tap.ok(status == 1 and 'graphviz does not write svg here' in err, 'graphviz without its plugins', err)
    del os.environ['GVBINDIR']


def go_tool():
    """The program behind `go tool pprof`, where it can draw."""
    return oracle.go_pprof() if shutil.which('dot') else None


def main():
    with tempfile.TemporaryDirectory() as folder:
        go = go_tool()
        os.environ['HOME'] = folder
        with open(os.path.join(folder, 'small.pb.gz'), 'wb') as file:
            file.write(made_profile.small().gzipped())
        test_own(folder)
        if go:
            compare_with_go(folder, go)
        else:
            tap.skip('pictures as in go tool pprof', 'no go, or no dot')
    tap.done()


main()
