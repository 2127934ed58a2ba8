#!/usr/bin/env python3
"""Compares `sonde trace -goroutines` and `-goroutine` with the pages of `go tool trace`, fetched over the loopback.

    goroutines_test.py SONDE [quick]
"""
import html
import pathlib
import re
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from go_tool import run
from pages import compare_pages, served

INACTIVE = '(Inactive, no stack trace sampled)'
LARGER = ['go126-gc.trace', 'go126-mix.trace', 'go122-mix.trace', 'go126-manygens-cut900000.trace']


def cells(row, tag):
    return [html.unescape(re.sub(r'<[^>]*>', '', cell)).strip()
            for cell in re.findall(rf'<{tag}\b[^>]*>(.*?)</{tag}>', row, re.S)]


def page_groups(page):
    rows = [cells(row, 'td') for row in re.findall(r'<tr>(.*?)</tr>', page, re.S)]
    return sorted(tuple(row) for row in rows if row)


def without_empty(header, rows):
    """A table as ours has it: no time is a dash, and reasons to wait and ranges that no row has have no column."""
    kept = [i for i, name in enumerate(header) if name in ('Goroutine', 'Task', 'Total', 'Execution time', 'Sched wait time',
            'Syscall execution time', 'Unknown time') or any(row[i] != '0s' for row in rows)]
    return [header[i] for i in kept], sorted([row[i] if row[i] != '0s' else '-' for i in kept] for row in rows)


def page_tables(page):
    """The two tables of a group's page: header, and rows in any order. The bar's column is dropped."""
    tables = []
    for table in re.findall(r'<table class="details">(.*?)</table>', page, re.S):
        rows = re.findall(r'<tr>(.*?)</tr>', table, re.S)
        header = [cell for cell in cells(rows[0], 'th') if cell]
        body = [cells(row, 'td') for row in rows[1:]]
        if body and len(body[0]) == len(header) + 1:
            body = [row[:2] + row[3:] for row in body]
        tables.append(without_empty(header, body))
    return tables


def text_rows(text):
    return [re.split(r' {2,}', line.strip()) for line in text.splitlines()]


def our_groups(text):
    return sorted((row[2], row[1], row[0]) for row in text_rows(text)[1:])


def our_tables(text):
    blocks = text.split('\n\n')
    times = text_rows(blocks[1])
    ranges = text_rows(blocks[3]) if len(blocks) > 3 else [['Goroutine', 'Total']]
    return [(table[0], sorted(table[1:])) for table in (times, ranges)]


def compare(sonde, viewer, path):
    """What differs, or None."""
    ours, theirs = our_groups(run(sonde, 'trace', '-goroutines', path).stdout.decode()), page_groups(
        viewer.get('/goroutines'))
    if ours != theirs:
        return '\n'.join(f'ours {a} Go {b}' for a, b in zip(ours, theirs) if a != b) or f'{len(ours)}, Go {len(theirs)}'
    for name in (row[0] for row in theirs):
        start = '' if name == INACTIVE else name
        page = viewer.get('/goroutine?name=' + urllib.parse.quote(start))
        ours = our_tables(run(sonde, 'trace', f'-goroutine={start}', path).stdout.decode())
        if ours != page_tables(page):
            return f'{name}:\nours {ours}\nGo   {page_tables(page)}'
    return None


if __name__ == '__main__':
    compare_pages('goroutines', served(500_000) + LARGER, 6, compare)
