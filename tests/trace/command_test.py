#!/usr/bin/env python3
"""The command line of `sonde trace`: flags, where a trace may come from, and what is said when it is not one.

    command_test.py SONDE SEEDS      SEEDS: the folder with the fuzz targets' saved inputs
"""
import gzip
import http.server
import pathlib
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap
import zstd
from go_tool import run


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, *_):
        pass


def serve(directory):
    """A server of a folder on the loopback, in a thread that ends with the program."""
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), lambda *args: Handler(*args, directory=directory))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f'http://127.0.0.1:{server.server_port}'


def main():
    sonde, seeds = sys.argv[1], pathlib.Path(sys.argv[2])
    trace = b'go 1.26 trace\0\0\0' + (seeds / 'trace' / 'all-3').read_bytes()[1:]
    with tempfile.TemporaryDirectory() as directory:
        path, zipped, squeezed, cut = (pathlib.Path(directory) / name
                                       for name in ('trace', 'trace.gz', 'trace.zst', 'cut'))
        path.write_bytes(trace)
        zipped.write_bytes(gzip.compress(trace))
        squeezed.write_bytes(zstd.stored(trace[:99]) + zstd.compress(trace[99:]))
        cut.write_bytes(trace[:-20])
        plain = run(sonde, 'trace', '-d=parsed', path)
        tap.ok(plain.returncode == 0 and plain.stdout.count(b'\nM=') > 30, 'a file is read', plain.stderr)
        url = serve(directory)
        same = {
            'a URL': run(sonde, 'trace', '-d=parsed', url + '/trace?seconds=1'),
            'a gzipped file behind a URL': run(sonde, 'trace', '-d=parsed', url + '/trace.gz'),
            'a file compressed with zstd': run(sonde, 'trace', '-d=parsed', squeezed),
            'such a file behind a URL': run(sonde, 'trace', '-d=parsed', url + '/trace.zst'),
            'a gzipped file': run(sonde, 'trace', '-d=parsed', zipped),
            'two dashes': run(sonde, 'trace', '--d=parsed', path),
            'a value in the next word': run(sonde, 'trace', '-d', 'parsed', path),
            'a program before the file': run(sonde, 'trace', '-d=parsed', '/bin/true', path),
            'standard input': subprocess.run([sonde, 'trace', '-d=parsed', '-'], input=trace, capture_output=True,
                                             timeout=60),
        }
        for name, got in same.items():
            tap.ok(got.stdout == plain.stdout and got.returncode == 0, f'{name} gives the same', got.stderr)
        for name, args, status, words in (
                ('no arguments', [], 2, b'usage:'),
                ('an unknown flag', ['-x', path], 2, b'there is no flag -x'),
                ('too many files', ['-d=wire', path, path, path], 2, b'usage:'),
                ('an unknown form', ['-d=json', path], 2, b'not json'),
                ('an unknown format', ['-format=svg', path], 2, b'not svg'),
                ('a range that is none', ['-format=go', '-range=2s-1s', path], 2, b'-range=2s-1s'),
                ('a range behind the end', ['-format=go', '-range=10h-', path], 1, b'behind the end'),
                ('a goroutine to keep that is not there', ['-format=go', '-goroutine=77', path], 1, b'77'),
                ('a flag that does not belong to a form', ['-format=text', '-range=1s-', path], 2, b'takes no -range'),
                ('a view that is not there', ['-format=chrome', '-view=all', path], 2, b'not all'),
                ('a full disk', ['-format=go', '-o=/dev/full', path], 1, b'No space left'),
                ('a file that is its own output', ['-format=go', '-o', path, path], 1, b'is what is being read'),
                ('an unknown profile', ['-pprof=heap', path], 2, b'not heap'),
                ('an unknown picture', ['-flame=gif', path], 2, b'gif'),
                ('a range of a profile that is none', ['-pprof=net', '-range=x', path], 2, b'-range=x'),
                ('a length that is none', ['-regions', '-latmin=5', path], 2, b'-latmin=5'),
                ('an address that is none', ['-region=x', '-pc=main', path], 2, b'-pc=main'),
                ('a window that is none', ['-mmu', '-window=0s', path], 2, b'-window=0s'),
                ('what does not count for -mmu', ['-mmu=stw|all', path], 2, b'not all'),
                ('neither 1 nor 0', ['-complete=yes', path], 2, b'-complete=yes'),
                ('a row of a kind that there is not', ['-timeline', '-rows=p0,x7', path], 2, b'not "x7"'),
                ('a row that is not there', ['-timeline', '-rows=g123456', path], 1, b'no row g123456'),
                ('a width that is none', ['-timeline', '-width=wide', path], 2, b'-width=wide'),
                ('a value that is not understood, of a file that is not there', ['-d=json', '/none'], 2, b'not json'),
                ('a value that is not understood, of a URL that is not there', ['-pprof=heap', url + '/none'], 2,
                 b'not heap'),
                ('a type of tasks that there is not', ['-usertask=nothing', path], 1, b'no such task'),
                ('a goroutine that is not there', ['-goroutine=nobody', path], 1, b'no goroutine starts in nobody'),
                ('a file that is not there', ['-d=wire', path.with_name('none')], 1, b'No such file'),
                ('a URL without anything', ['-d=wire', url + '/none'], 1, b'404'),
                ('a folder', ['-d=wire', directory], 1, b'directory'),
                ('a file that is no trace', ['-d=parsed', __file__], 1, b'not a Go execution trace')):
            got = run(sonde, 'trace', *args)
            tap.ok(got.returncode == status and words in got.stderr and not got.stdout, f'{name} is told', got.stderr)
        squeezed.write_bytes(squeezed.read_bytes()[:-4])
        torn = run(sonde, 'trace', '-d=parsed', squeezed)
        tap.ok(torn.returncode == 1 and b'broken zstd at byte' in torn.stderr and torn.stderr.count(b'\n') == 1,
               'a broken frame of zstd is told', torn.stderr)
        squeezed.write_bytes(zstd.stored(*[(0, 1 << 17)] * 20000))
        bomb = run(sonde, 'trace', '-d=parsed', squeezed)
        tap.ok(bomb.returncode == 1 and b'limit' in bomb.stderr, 'a bomb ends at a limit', bomb.stderr)
        broken = run(sonde, 'trace', '-d=parsed', cut)
        tap.ok(broken.returncode == 1 and broken.stderr.count(b'\n') == 1 and b'generation 2' in broken.stderr
               and plain.stdout.startswith(broken.stdout[:broken.stdout.rindex(b'M=')]),
               'of a broken trace all that is good is printed, and what is wrong', broken.stderr)
        for flag in ('-pprof=sync', '-goroutines'):
            lost = run(sonde, 'trace', flag, cut)
            tap.ok(lost.returncode == 0 and lost.stdout and b'are lost' in lost.stderr,
                   f'{flag} of a broken trace tells what share was lost', lost.stderr)
        text, copy = path.with_name('text'), path.with_name('copy')
        text.write_bytes(plain_text := run(sonde, 'trace', '-format=text', path).stdout)
        copied = run(sonde, 'trace', '-format=go', f'-o={copy}', text)
        tap.ok(copied.returncode == 0 and not copied.stdout and copy.read_bytes() == trace, 'a text form is made binary',
               copied.stderr)
        read = run(sonde, 'trace', '-d=parsed', text)
        tap.ok(read.stdout == plain.stdout, 'a text form is read', read.stderr)
        text.write_bytes(plain_text.replace(b'g_seq=', b'gseq=', 1))
        wrong = run(sonde, 'trace', '-d=parsed', text)
        tap.ok(wrong.returncode == 1 and b'line ' in wrong.stderr and b'expected g_seq=NUMBER' in wrong.stderr
               and wrong.stderr.count(b'\n') == 1, 'of a wrong text form the line is told', wrong.stderr)
        help_text = run(sonde, 'trace', '--help')
        tap.ok(help_text.returncode == 0 and b'-pprof' in help_text.stdout, 'help is printed')
    tap.done()


main()
