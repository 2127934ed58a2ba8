#!/usr/bin/env python3
"""Flame graphs: how they are asked for, and that filters, granularity and comparisons reach them.

    flame_test.py SONDE
"""
import json
import os
import pty
import random
import re
import subprocess
import sys
import tempfile
import xml.dom.minidom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import drawn_profile  # noqa: E402
import made_profile  # noqa: E402
import tap  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])
SEED = int(os.environ.get('SEED', '1'))
DRAWN = 12


def run(*arguments, lines='', cwd='.'):
    done = subprocess.run([SONDE, 'pprof', *arguments], input=lines, capture_output=True, text=True, timeout=60, cwd=cwd,
                          errors='surrogateescape')
    return done.returncode, done.stdout, done.stderr


def data_of(page):
    """The data of a page."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))


def boxes(page):
    """(depth, name, value) of a page's boxes."""
    data, depth, found = data_of(page), -1, []
    minus = data.get('minus', [0] * len(data['up']))
    for i, (up, name, plus) in enumerate(zip(data['up'], data['name'], data['plus'])):
        depth += 1 - up
        found.append((depth, 'all' if i == 0 else data['names'][name][0] if name >= 0 else -name, plus - minus[i]))
    return found


def stacks_of(page):
    """What -folded would say: the values of stacks, without those of what they call."""
    path, values = [], {}
    for depth, name, value in boxes(page):
        path[depth:] = [str(name).replace(';', ':').replace('\n', ' ').replace('\r', ' ')]
        if depth > 1:
            values[tuple(path[1:-1])] -= value
        if depth > 0:
            values[tuple(path[1:])] = values.get(tuple(path[1:]), 0) + value
    return {stack: value for stack, value in values.items() if value != 0}


def test_sums(folder):
    """The tree and the folded stacks are made by different code of the same samples."""
    for number in range(DRAWN):
        path = os.path.join(folder, 'drawn.pb')
        drawn_profile.DrawnProfile(random.Random(f'{SEED}.{number}')).write(path)
        flags = random.Random(number).choice([[], ['-lines'], ['-addresses'], ['-noinlines'], ['-focus=a'], ['-files']])
        flags = ['-symbolize=none', *flags]
        page, folded = run('-flame=html', *flags, path), run('-folded', *flags, path)
        if page[0] != 0 or folded[0] != 0:
            tap.ok(page[0] == folded[0], f'drawn profile {number} has neither form', f'{page} {folded}')
            continue
        expected = {}
        for line in folded[1].splitlines():
            stack, _, value = line.rpartition(' ')
            key = tuple(stack.encode(errors='surrogateescape').decode(errors='replace').split(';'))
            expected[key] = expected.get(key, 0) + int(value)
        expected = {stack: value for stack, value in expected.items() if value != 0}
        got = stacks_of(page[1])
        wrong = [(stack, got.get(stack), value) for stack, value in expected.items() if got.get(stack) != value]
        tap.ok(got == expected, f'drawn profile {number} adds up {" ".join(flags[1:])} (SEED={SEED})',
               f'{len(wrong)} of {len(expected)} are wrong, such as {str(wrong[:1])[:300]}; {len(got)}')


def test_forms(path):
    status, page, _ = run('-flame=html', path)
    tap.ok(status == 0 and boxes(page)[:3] == [(0, 'all', 40000000), (1, 'main', 40000000), (2, 'work', 30000000)],
           'a page holds the tree', page[-3000:])
    tap.ok(not re.search(r'(src|href)\s*=|@import|fetch\(|https?://(?!www\.w3\.org)', page), 'a page loads nothing')
    status, picture, _ = run('-flame', 'svg', path)
    titles = [t.firstChild.data.split('\n')[0] for t in xml.dom.minidom.parseString(picture).getElementsByTagName('title')]
    tap.ok(status == 0 and titles == ['all', 'main', 'work'], 'a picture is XML', titles)
    tap.ok(run('-flame=svg', path)[1] == picture and run('-flame=html', path)[1] == page, 'the same each time')
    status, _, err = run('-flame=png', path)
    tap.ok(status == 2 and 'expected html or svg' in err, 'no other forms', err)
    status, _, err = run('-flame=html', '-top', path)
    tap.ok(status == 2 and 'exclude each other' in err, 'one report at a time', err)


def test_options(path):
    page = run('-flame=html', '-focus=work', '-sample_index=samples', path)[1]
    tap.ok(boxes(page)[0] == (0, 'all', 3) and data_of(page)['type'] == 'samples' and
           'focus=work' in data_of(page)['header'], 'filters and values are followed', boxes(page))
    page = run('-flame=html', '-lines', path)[1]
    tap.ok(any(re.search(r'main .*:\d+$', str(box[1])) for box in boxes(page)), 'so is granularity', boxes(page))
    page = run('-flame=html', '-hide=main', '-unit=ms', path)[1]
    tap.ok(boxes(page)[1][1] == 'work' and data_of(page)['units'] == [[1e-6, 'ms']], 'and units', boxes(page))
    page = run('-flame=html', '-diff_base', path, path, path)[1]
    data = data_of(page)
    tap.ok(data['compared'] and data['base'] and data['plus'][0] == 2 * data['minus'][0] == 80000000,
           'a base is compared with', page[-2000:])
    page = run('-flame=html', '-base', path, path, path)[1]
    tap.ok(not data_of(page)['compared'] and boxes(page)[0][2] == 40000000, 'or subtracted', page[-2000:])


def test_prompt(folder, path):
    lines = 'flame html >a.html\nflame=svg work >b.svg\nflame html\nflame svg | wc -c\nflame\nflame png\nflame=x\nhelp flame\n'
    status, out, err = run(path, lines=lines, cwd=folder)
    page = open(os.path.join(folder, 'a.html'), encoding='utf-8').read()
    picture = open(os.path.join(folder, 'b.svg'), encoding='utf-8').read()
    numbered = open(os.path.join(folder, 'profile001.html'), encoding='utf-8').read()
    tap.ok(status == 0 and page == numbered == run('-flame=html', path)[1], 'the prompt writes pages', err)
    tap.ok('focus=work' in picture and re.search(r'\d{4,}', out) is not None, 'and pictures, for some samples', out)
    tap.ok('requires an argument' in err and err.count('expected html or svg') == 2 and 'flame html|svg' in err,
           'and says what it can', err)


def test_terminal(folder, path):
    child, fd = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execv(SONDE, [SONDE, 'pprof', '-flame=svg', path])
    text = b''
    try:
        while chunk := os.read(fd, 4096):
            text += chunk
    except OSError:
        pass
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(fd)
    tap.ok(status == 0 and text.strip() == b'Generating report in profile001.svg', 'a terminal is spared', text)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'small.pb.gz')
        with open(path, 'wb') as file:
            file.write(made_profile.small().gzipped())
        test_sums(folder)
        test_forms(path)
        test_options(path)
        test_prompt(folder, path)
        test_terminal(folder, path)
    tap.done()


main()
