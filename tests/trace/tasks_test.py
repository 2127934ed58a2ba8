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
from goroutines_test import cells, text_rows, without_empty
from pages import compare_pages, served
from parts_test import nanoseconds


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
    for block in text.strip('\n').split('\n\n') if not text.startswith('no ') else []:
        lines = block.split('\n')
        name, count = re.match(r'(".*"): (\d+) (?:task|region)', lines[0]).groups()
        rows = lines[4:] if is_region else lines[2:]
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
    return compare_times(sonde, viewer, path) or compare_usertasks(sonde, viewer, path)


def page_times(page):
    """The tables of what goroutines did within regions: header, and rows in any order. The bar's column is dropped, and
    that there is no task is a dash."""
    tables = []
    for table in re.findall(r'<table class="details">(.*?)</table>', page, re.S):
        rows = re.findall(r'<tr>(.*?)</tr>', table, re.S)
        header = [cell for cell in cells(rows[0], 'th') if cell]
        body = [cells(row, 'td') for row in rows[1:]]
        body = [row[:3] + row[4:] if len(row) == len(header) + 1 else row for row in body]
        tables.append(without_empty(header, [[row[0], row[1] or '-'] + row[2:] for row in body]))
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


def our_word(what):
    """What the page says of an event, as ours says it. The page has the two forms of logs the wrong way round, and so the
    category of none; and numbers the parents that there are not."""
    if found := re.fullmatch(r'task (".*") \(D \d+, parent (\d+)\) begin', what, re.S):
        parent = int(found.group(2))
        return f'task {found.group(1)} begin' + (f', of task {parent}' if parent not in (0, 2**64 - 1) else '')
    return re.sub(r'^log \(category: .*?\): (?=")', 'log ', what)


def page_usertasks(page):
    """{task: (when, length, completeness, events)}; events are (when, elapsed, goroutine, what)."""
    tasks = {}
    for first, row in re.findall(r'<tr( class="first")?>(.*?)</tr>', page, re.S):
        cells = [plain(cell) for cell in re.findall(r'<td\b[^>]*>(.*?)</td>', row, re.S)]
        if not cells:
            continue
        if first:
            number, complete = re.match(r'Task (\d+)\s.*\((\w+)\)', cells[3], re.S).groups()
            events = []
            tasks[int(number)] = (cells[0], cells[1], complete, events)
        else:
            events.append((cells[0] + 's', float(re.sub(r'\s', '0', '0' + cells[1])), cells[2].replace('18446744073709551615', '-'),
                           our_word(cells[3])))
    return tasks


def our_usertasks(text):
    tasks = {}
    for line in text.split('\n\n', 1)[1].splitlines()[1:]:
        if not line:
            continue
        words = line.split(maxsplit=3)
        if found := re.match(r'(\S+) +(\S+) +(?:Task (\d+) \((\w+)\)|No task)$', line.strip()):
            events = []
            tasks[int(found.group(3) or 0)] = (found.group(1), found.group(2), found.group(4) or 'incomplete', events)
        else:
            # That a region ended with its goroutine is how the goroutine's state changed there, and logs have categories.
            what = re.sub(r'^log "(?:[^"\\]|\\.)*": (?=")', 'log ', words[3])
            what = re.sub(r'^region ".*" ends with its goroutine$', 'Running -> NotExist', what)
            events.append((words[0], nanoseconds(words[1]) / 1e9, words[2], what))
    return tasks


def compare_usertasks(sonde, viewer, path):
    types = [plain(cell) for cell in re.findall(r'<td><a href="/usertask\?type=([^"]*)">\d', viewer.get('/usertasks'))]
    types = [urllib.parse.unquote_plus(one) for one in types]
    asked = [{'type': one} for one in types if not one.isdigit()]
    asked += [{'complete': '1'}, {'complete': '0'}, {'logtext': 'e'}, {'logtext': 'no such text'}]
    asked += [{'type': types[-1], 'latmin': '100us', 'latmax': '2ms'}] if types else []
    for params in asked:
        theirs = page_usertasks(viewer.get('/usertask?' + urllib.parse.urlencode(params)))
        flags = [f'-{"usertask" if key == "type" else key}={value}' for key, value in params.items()]
        result = run(sonde, 'trace', *flags, path)
        ours = our_usertasks(result.stdout.decode()) if result.returncode == 0 else {}
        if ours != theirs:
            number = next((n for n in sorted({*ours, *theirs}) if ours.get(n) != theirs.get(n)), None)
            return f'{params}: task {number}:\nours {ours.get(number)}\nGo   {theirs.get(number)}'
    return None


if __name__ == '__main__':
    compare_pages('tasks and regions', served(1_000_000), 5, compare)
