#!/usr/bin/env python3
"""Debug information, executables and sources from a server on loopback; and servers that have nothing, answer rubbish,
or do not answer.

    debuginfod_test.py SONDE
"""
import ctypes.util
import http.server
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import programs
import made_profile  # noqa: E402
import tap  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        if server.hang:
            server.released.wait(30)
            return
        body = server.files.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header('Content-Length', str(len(body or b'')))
        self.end_headers()
        self.wfile.write(body or b'')

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.files, self.asked, self.hang = {}, [], False
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f'http://127.0.0.1:{self.server_address[1]}/'


class Program:
    """A program whose sources and debug information are taken away."""

    def __init__(self, folder):
        self.source = os.path.join(folder, 'inlines.cc')
        shutil.copy(os.path.join(programs.HERE, 'inlines.cc'), self.source)
        whole = os.path.join(folder, 'whole')
        subprocess.run(['g++', '-O1', '-g', '-no-pie', '-Wl,--build-id', '-o', whole, self.source], check=True)
        self.debug, self.stripped = whole + '.debug', os.path.join(folder, 'shop')
        subprocess.run(['objcopy', '--only-keep-debug', whole, self.debug], check=True)
        subprocess.run(['strip', '-o', self.stripped, whole], check=True)
        self.build_id = programs.build_id(whole)
        self.total = programs.functions(whole)['shop::basket::total() const']
        with open(self.source, 'rb') as file:
            self.text = file.read()
        os.remove(self.source)
        os.remove(whole)

    def profile(self, folder, file):
        made = made_profile.Profile()
        made.sample([made.location(self.total + 4, made.mapping(file, self.build_id))], [1, 10])
        return programs.write(made, os.path.join(folder, 'profile.pb.gz'))


def run(folder, server, *arguments, **more):
    cache = tempfile.mkdtemp(dir=folder)
    env = {**os.environ, 'HOME': cache, 'DEBUGINFOD_CACHE_PATH': os.path.join(cache, 'fetched'), **more}
    if server:
        env['DEBUGINFOD_URLS'] = server.url()
    begun = time.monotonic()
    done = subprocess.run([SONDE, 'pprof', *arguments], capture_output=True, text=True, timeout=60, env=env)
    return done.stdout, done.stderr, time.monotonic() - begun


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def test_instructions(folder, server, program, gone, base):
    server.files = {base + 'debuginfo': read(program.debug), base + 'executable': read(program.stripped),
                    f'{base}source{program.source}': program.text}
    server.asked.clear()
    out, err, _ = run(folder, server, '-disasm', 'basket::total', gone)
    rows = re.findall(r'^ +\S+ +\S+ +([0-9a-f]+): (.*)$', out, re.M)
    tap.ok('ROUTINE ======================== shop::basket::total' in out and len(rows) > 5 and
           int(rows[0][0], 16) == program.total and 'inlines.cc:' in out and base + 'executable' in server.asked,
           '-disasm of an executable that is not here', out + err)
    out, err, _ = run(folder, server, '-weblist', 'basket::total', '-output', os.path.join(folder, 'page.html'), gone)
    page = read(os.path.join(folder, 'page.html')).decode()
    tap.ok(f'{program.total:x}:' in page and 'four_times' in page, '-weblist of it', page[-3000:] + err)

    path = os.path.join(folder, 'other', 'shop')
    os.makedirs(os.path.dirname(path))
    shutil.copy('/bin/true', path)
    elsewhere = program.profile(folder, path)
    out, err, _ = run(folder, server, '-disasm', 'basket::total', elsewhere)
    tap.ok(f'{program.total:x}:' in out, 'or where another program stands in its place', out + err)
    server.files[base + 'executable'] = read('/bin/true')
    out, err, _ = run(folder, server, '-disasm', 'basket::total', gone)
    tap.ok(f'{program.total:x}:' not in out, 'what a server has under its build id must have that', out + err)
    server.files = {}
    out, err, _ = run(folder, server, '-disasm', 'basket::total', gone)
    tap.ok('no such file' in out + err or 'no matches' in out + err, 'nobody has it: what is told is told as ever', out + err)


def main():
    if not all(map(shutil.which, ('g++', 'objcopy', 'strip', 'readelf', 'nm'))):
        tap.skip('debuginfod', 'no g++ or binutils')
        tap.done()
    if not ctypes.util.find_library('debuginfod'):
        tap.skip('debuginfod', 'no libdebuginfod')
        tap.done()
    os.environ.pop('DEBUGINFOD_URLS', None)
    os.environ.pop('PPROF_BINARY_PATH', None)
    for name in ('http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        program, server = Program(folder), Server()
        here, gone = program.profile(folder, program.stripped), os.path.join(folder, 'gone.pb.gz')
        os.rename(program.profile(folder, '/gone/shop'), gone)
        here = program.profile(folder, program.stripped)
        base = f'/buildid/{program.build_id}/'

        out, err, _ = run(folder, None, '-top', here)
        tap.ok('basket' not in out and not server.asked, 'nobody is asked where no server is named', out + err)
        out, err, _ = run(folder, server, '-top', here)
        tap.ok('basket' not in out and server.asked == [base + 'debuginfo'] and not err,
               'a server that has nothing is no trouble', (out, err, server.asked))
        server.asked.clear()
        run(folder, server, '-top', '-symbolize=fastlocal', here)
        run(folder, server, '-top', '-symbolize=none', here)
        tap.ok(not server.asked, 'nor is one asked for names alone, or for nothing', server.asked)

        server.files[base + 'debuginfo'] = read(program.debug)
        out, err, _ = run(folder, server, '-raw', here)
        tap.ok('shop::basket::total' in out and 'inlines.cc:' in out and not err,
               'debug information for a stripped binary', out + err)
        out, err, _ = run(folder, server, '-raw', gone)
        tap.ok('inlines.cc:' in out, 'and for one that is not here', out + err)

        out, err, _ = run(folder, server, '-list', 'basket::total', here)
        tap.ok('no such file' in out or 'no such file' in err, 'a source that nobody has', out + err)
        server.files[f'{base}source{program.source}'] = program.text
        out, err, _ = run(folder, server, '-list', 'basket::total', here)
        line = next(l for l in program.text.decode().split('\n') if 'four_times(i.price)' in l or 'total() const' in l)
        tap.ok(line.strip() in out, 'sources', out + err + str(server.asked[-3:]))

        server.files = {base + 'executable': read(program.stripped)}
        server.asked.clear()
        run(folder, server, '-top', gone)
        tap.ok(server.asked[:2] == [base + 'debuginfo', base + 'executable'],
               'an executable where there is no debug information', server.asked)

        test_instructions(folder, server, program, gone, base)

        for what, body in (('rubbish', b'not an ELF file' * 100), ('nothing at all', b''),
                           ('half a file', read(program.debug)[:3000]),
                           ('another program', read('/proc/self/exe'))):
            server.files = {base + 'debuginfo': body}
            out, err, _ = run(folder, server, '-top', here)
            tap.ok('File: shop' in out and 'basket' not in out, f'{what} is passed over', out + err)

        server.hang = True
        out, err, seconds = run(folder, server, '-top', here, DEBUGINFOD_TIMEOUT='1', DEBUGINFOD_RETRY_LIMIT='1')
        tap.ok('File: shop' in out and 'no more is asked for' in err and seconds < 20,
               'a server that does not answer is given up', (out, err, seconds))
        server.released.set()
        server.shutdown()
        server.server_close()
        out, err, _ = run(folder, server, '-top', here)
        tap.ok('File: shop' in out and 'no more is asked for' in err, 'and one that is not there', out + err)
    tap.done()


main()
