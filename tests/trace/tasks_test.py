#!/usr/bin/env python3
"""Compares `sonde trace -tasks` and `-regions` with the pages of `go tool trace`, fetched over the loopback.

    tasks_test.py SONDE [quick]
"""
import html
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from go_tool import run
from pages import compare_pages

TRACES = ('go126-tasks.trace', 'go123-tasks.trace', 'go121-tasks.trace', 'go119-tasks.trace', 'go126-midstart.trace',
          'go122-midstart.trace', 'go119-midstart.trace', 'go126-mix.trace', 'go126-idle.trace')


def plain(text):
    return html.unescape(re.sub(r'<[^>]*>', '', text.replace('<br>', '\n'))).strip()


def page_groups(page, is_region):
    """{(type, place): (count, histogram)}: classes from the first to the last that has any."""
    groups = {}
    for row in re.findall(r'<tr>\s*<td>(.*?)</td>\s*<td><a href="/user\w+\?[^"]*">(\d+)</a></td>\s*<td>(.*?)</td>\s*'
                          r'</tr>\s*(?=<tr>\s*<td>(?!<div)|</table>)', page, re.S):
        lengths = [(plain(start), int(plain(count))) for start, count in
                   re.findall(r'<td class="histoTime" align="right">(.*?)</td>.*?<td align="right">(.*?)</td>', row[2],
                              re.S)]
        key = plain(row[0]) if is_region else (plain(row[0]),)
        groups[tuple(key.split('\n')) if is_region else key] = (int(row[1]), lengths)
    return groups


def our_groups(text, is_region):
    groups = {}
    for block in text.strip('\n').split('\n\n') if text.strip() else []:
        lines = block.split('\n')
        name, count = re.match(r'(".*"): (\d+) (?:tasks|regions)', lines[0]).groups()
        rows = lines[3:] if is_region else lines[1:]
        lengths = [(words[0], int(words[1])) for words in (row.split() for row in rows)]
        key = (name, lines[1].strip(), lines[2].strip()) if is_region else (name[1:-1],)
        groups[key] = (int(count), lengths)
    return groups


def compare(sonde, viewer, path):
    """What differs, or None."""
    for flag, page, is_region in (('-tasks', '/usertasks', False), ('-regions', '/userregions', True)):
        ours = our_groups(run(sonde, 'trace', flag, path).stdout.decode(), is_region)
        theirs = page_groups(viewer.get(page), is_region)
        if ours != theirs:
            return '\n'.join(f'{key}: ours {ours.get(key)} Go {theirs.get(key)}' for key in sorted({*ours, *theirs})
                             if ours.get(key) != theirs.get(key))
    return None


compare_pages('tasks and regions', TRACES, 5, compare)
