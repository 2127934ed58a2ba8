#!/usr/bin/env python3
"""Compares `sonde trace -tasks` and `-regions` with the pages of `go tool trace`, fetched over the loopback.

    tasks_test.py SONDE [quick]
"""
import html
import pathlib
import re
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from go_tool import run
from goroutines_test import cells, text_rows
from pages import compare_pages, served


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
        groups[tuple(part.strip() for part in key.split('\n')) if is_region else key] = (int(row[1]), lengths)
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
    return compare_times(sonde, viewer, path)


def page_times(page):
    """The tables of what goroutines did within regions: header, and rows in any order. The bar's column is dropped, and
    that there is no task is a dash."""
    tables = []
    for table in re.findall(r'<table class="details">(.*?)</table>', page, re.S):
        rows = re.findall(r'<tr>(.*?)</tr>', table, re.S)
        header = [cell for cell in cells(rows[0], 'th') if cell]
        body = [cells(row, 'td') for row in rows[1:]]
        body = [row[:3] + row[4:] if len(row) == len(header) + 1 else row for row in body]
        tables.append((header, sorted([row[0], row[1] or '-'] + row[2:] for row in body)))
    return tables


def our_times(text):
    blocks = text.split('\n\n')
    tables = [text_rows(blocks[1]), text_rows(blocks[3]) if len(blocks) > 3 else [['Goroutine', 'Task', 'Total']]]
    return [(table[0], sorted(table[1:])) for table in tables]


def compare_times(sonde, viewer, path):
    links = re.findall(r'href="/userregion\?([^"]*)">\d', viewer.get('/userregions'))
    for link in links:
        params = {key: value[0] for key, value in urllib.parse.parse_qs(html.unescape(link), True).items()}
        theirs = page_times(viewer.get('/userregion?' + urllib.parse.urlencode(params)))
        result = run(sonde, 'trace', f'-region={params["type"]}', f'-pc={params["pc"]}', path)
        ours = our_times(result.stdout.decode()) if result.returncode == 0 else result.stderr
        if ours != theirs:
            return f'{params}:\nours {ours}\nGo   {theirs}'
    return None


if __name__ == '__main__':
    compare_pages('tasks and regions', served(1_000_000), 5, compare)
