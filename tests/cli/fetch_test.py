#!/usr/bin/env python3
"""Fetching over HTTP from a server on the loopback: what is asked for, what is said, what is kept, and what happens when
the server is slow, fails, lies about lengths or answers without end.

    fetch_test.py SONDE
"""
import gzip
import http.server
import os
import pty
import re
import shutil
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import made_profile  # noqa: E402
import oracle  # noqa: E402
import tap  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])
PROFILE = made_profile.small().gzipped()


def unnamed():
    """A profile whose locations have addresses and no names."""
    profile = made_profile.Profile()
    mapping = profile.mapping('/nowhere/server', '', 0x1000, 0x2000)
    profile.sample([profile.location(0x1010, mapping), profile.location(0x1020, mapping)], [3, 30_000_000])
    return profile.gzipped()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, data, status=200, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace('_', '-'), value)
        if 'Content_Length' not in headers:
            self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        asked = self.rfile.read(int(self.headers['Content-Length'])).decode()
        self.server.asked.append(('POST', self.path, asked))
        names = {'0x1010': 'leaf_function', '0x1020': 'root_function'}
        text = ''.join(f'{address}\t{names.get(address, "?")}\n' for address in asked.split('+'))
        self.answer(b'num_symbols: 1\n' + text.encode())

    def do_GET(self):
        self.server.asked.append(('GET', self.path, ''))
        path = self.path.split('?')[0]
        if path == '/refused':
            self.answer(b'profiling is already\nin use\n', 503, X_Go_Pprof='1', Content_Type='text/plain; charset=utf-8')
        elif path == '/missing':
            self.answer(b'<html>', 404, Content_Type='text/html')
        elif path == '/moved':
            self.answer(b'', 302, Location='/debug/pprof/heap')
        elif path == '/circle':
            self.answer(b'', 302, Location='/circle')
        elif path == '/cut':
            self.answer(PROFILE[:-9], Content_Length=str(len(PROFILE)))
        elif path == '/junk':
            self.answer(b'<!doctype html>' * 1000)
        elif path == '/bomb':
            self.answer(gzip.compress(bytes(200 << 20), 9))
        elif path == '/packed':
            self.answer(gzip.compress(PROFILE), Content_Encoding='gzip')
        elif path == '/silent':
            self.server.stop.wait(60)
        elif path == '/slow':
            time.sleep(1)
            self.answer(PROFILE)
        elif path == '/debug/pprof/unnamed':
            self.answer(unnamed())
        elif path == '/closed':
            self.close_connection = True
        else:
            self.answer(PROFILE)


class ManyAtOnce(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


class Server:
    def __enter__(self):
        self.http = ManyAtOnce(('127.0.0.1', 0), Handler)
        self.http.asked, self.http.stop = [], threading.Event()
        self.address = f'127.0.0.1:{self.http.server_port}'
        self.url = 'http://' + self.address
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.stop.set()
        self.http.shutdown()
        self.http.server_close()

    def take_asked(self):
        asked, self.http.asked[:] = list(self.http.asked), []
        return asked


def run(*arguments, timeout=60, **environment):
    done = subprocess.run([SONDE, 'pprof', *arguments], capture_output=True, timeout=timeout,
                          env={**os.environ, **environment})
    return done.returncode, done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace')


def test_saying_and_keeping(server, folder):
    kept = os.path.join(folder, 'pprof', 'pprof.server.samples.cpu.001.pb.gz')
    status, out, err = run('-top', server.url + '/debug/pprof/heap')
    expected = (f'Fetching profile over HTTP from {server.url}/debug/pprof/heap\n'
                f'Saved profile in {kept}\n')
    tap.ok(status == 0 and 'work' in out and err == expected, 'a fetch is told and kept', f'{status} {out} {err}')
    tap.ok(run('-raw', kept)[1] == run('-raw', server.url + '/x')[1], 'what was kept is what was fetched')
    tap.ok(os.path.exists(kept.replace('001', '002')), 'the next gets the next number')
    elsewhere = os.path.join(folder, 'a', 'b')
    status, _, err = run('-top', server.url, PPROF_TMPDIR=elsewhere)
    tap.ok(os.listdir(elsewhere) == ['pprof.server.samples.cpu.001.pb.gz'], 'PPROF_TMPDIR is made and used', err)
    status, out, err = run('-top', server.url, PPROF_TMPDIR='/proc/none')
    tap.ok(status == 0 and 'Could not use temp dir /proc/none' in err and 'Saved profile in ' + folder in err,
           'a folder that cannot be made is passed over', err)
    status, out, err = run('-top', kept)
    tap.ok('Saved' not in err and 'Fetching' not in err, 'a file is not kept again', err)


def test_asking(server):
    server.take_asked()
    cases = [
        ([server.address], '/debug/pprof/profile'),
        ([server.url + '/'], '/debug/pprof/profile'),
        (['-seconds=2', server.address + '/debug/pprof/profile'], '/debug/pprof/profile?seconds=2'),
        ([server.url + '/p?z=1&a=2'], '/p?a=2&z=1'),
        (['-seconds', '3', server.url + '/p?seconds=1&gc=1'], '/p?gc=1&seconds=3'),
    ]
    for arguments, path in cases:
        status, _, err = run('-top', *arguments)
        asked = server.take_asked()
        tap.ok(status == 0 and asked == [('GET', path, '')], f'{arguments[-1].split("/")[-1]!r} asks for {path}',
               f'{asked} {err}')
    tap.ok('Please wait... (3s)' in err, 'the seconds are told', err)
    status, out, err = run('-top', server.url + '/moved')
    tap.ok(status == 0 and 'work' in out, 'a redirect is followed', err)
    status, out, err = run('-top', server.url + '/packed')
    tap.ok(status == 0 and 'work' in out, 'a content encoding is undone', err)


def test_failures(server):
    cases = [
        ('/refused', '503 Service Unavailable - profiling is already in use'),
        ('/missing', 'server response: 404 Not Found'),
        ('/circle', 'redirect'),
        ('/cut', 'GET'),
        ('/junk', 'expected'),
        ('/closed', 'Empty reply'),
        ('/bomb', 'expected'),
    ]
    for path, reason in cases:
        began = time.monotonic()
        status, out, err = run('-top', server.url + path)
        tap.ok(status == 1 and reason in err and server.address + path in err and not out and
               err.count('\n') == 2 and time.monotonic() - began < 30, f'{path} fails and says why in a line', f'{status} {out[:200]} {err[:500]}')
    began = time.monotonic()
    status, _, err = run('-top', '-timeout=1', server.url + '/silent')
    tap.ok(status == 1 and 'nothing came for 6 seconds' in err and 5 < time.monotonic() - began < 25,
           'a silent server is given up', err)
    status, out, err = run('-top', server.url + '/missing', server.url + '/x')
    tap.ok(status == 0 and 'work' in out and 'Fetched 1 source profiles out of 2' in err, 'one of two is enough', err)
    status, _, err = run('-top', '-base', server.url + '/missing', server.url + '/x')
    tap.ok(status == 1 and '404' in err, 'a base that fails ends it', err)
    status, _, err = run('-top', server.url + '/missing', server.url + '/cut')
    tap.ok(status == 1 and err.endswith('failed to fetch any source profiles\n'), 'none of two is told', err)
    status, _, err = run('-top', 'http://127.0.0.1:1/x')
    tap.ok(status == 1 and 'Connection refused' in err, 'nobody there', err)
    status, _, err = run('-top', 'http://nosuchhost.invalid/x')
    tap.ok(status == 1 and 'nosuchhost.invalid' in err, 'no such host', err)
    status, _, err = run('-top', 'ftp://127.0.0.1/x')
    tap.ok(status == 1 and 'ftp' in err, 'only http and https', err)


def test_many(server):
    began = time.monotonic()
    status, out, err = run('-top', *[server.url + '/slow'] * 4)
    took = time.monotonic() - began
    tap.ok(status == 0 and '160ms' in out and took < 3.5, 'several sources are fetched at the same time',
           f'{took} {out} {err}')
    began = time.monotonic()
    status, out, err = run('-top', '-diff_base', server.url + '/slow', server.url + '/slow')
    took = time.monotonic() - began
    tap.ok(status == 0 and took < 1.9, 'and so is the base', f'{took} {out} {err}')
    status, out, err = run('-top', *[server.url + '/x'] * 200)
    tap.ok(status == 0 and '8s' in out, 'two hundred sources', f'{out[:300]} {err[-300:]}')


def test_progress(server):
    ours, theirs = pty.openpty()
    with subprocess.Popen([SONDE, 'pprof', '-top', server.url + '/slow'], stdout=subprocess.PIPE, stderr=theirs) as child:
        out = child.communicate(timeout=60)[0].decode()
    os.close(theirs)
    said = b''
    try:
        while chunk := os.read(ours, 65536):
            said += chunk
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    said = said.decode()
    tap.ok('work' in out and re.search(r'\r\x1b\[K1 s, 0\.0 kB: waiting for ' + re.escape(server.url), said) and
           said.index('waiting for') < said.index('Saved profile'), 'a terminal is told how long it takes', said)


def test_names_from_the_source(server):
    server.take_asked()
    status, out, err = run('-top', server.url + '/debug/pprof/unnamed')
    posts = [asked for asked in server.take_asked() if asked[0] == 'POST']
    tap.ok('leaf_function' in out and 'root_function' in out, 'the source names its functions', f'{out} {err}')
    tap.ok(posts == [('POST', '/debug/pprof/symbol', '0x1010+0x1020')], 'by one request', str(posts))
    status, out, err = run('-top', '-symbolize=local', server.url + '/debug/pprof/unnamed')
    tap.ok(status == 0 and 'leaf_function' not in out and not [a for a in server.take_asked() if a[0] == 'POST'],
           'local symbolization asks nobody', out)


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        request, _ = super().get_request()
        return request, ('local', 0)


def test_unix_socket(folder):
    path = os.path.join(folder, 'app.sock')
    server = UnixServer(path, Handler)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    status, out, err = run('-top', f'unix:{path}:/debug/pprof/heap')
    tap.ok(status == 0 and 'work' in out and server.asked == [('GET', '/debug/pprof/heap', '')], 'a unix socket', err)
    status, out, err = run('-top', f'unix:{path}:/debug/pprof/unnamed')
    tap.ok(status == 0 and 'leaf_function' in out, 'names come through it too', err)
    server.shutdown()
    server.server_close()
    status, _, err = run('-top', f'unix:{path}:/debug/pprof/heap')
    tap.ok(status == 1 and 'GET' in err, 'a socket on which nobody listens', err)


def test_as_go(server):
    go = os.environ.get('GO_PPROF')
    if not go:
        tap.skip('reports and what is said as in go tool pprof', 'no go')
        return
    for arguments in (['-top', server.url + '/debug/pprof/heap'], ['-top', '-seconds=1', server.address],
                      ['-top', server.url + '/debug/pprof/unnamed'],
                      ['-peek', 'work', server.url + '/x', server.url + '/y?b=1&a'],
                      ['-top', '-diff_base', server.url + '/x', server.url + '/slow']):
        theirs = subprocess.run([go, *arguments], capture_output=True, text=True, timeout=120)
        ours = run(*arguments)
        lines = [sorted(re.sub(r'\.\d+\.pb', '.N.pb', line) for line in err.splitlines()
                        if 'symbolization' not in line and 'PPROF_BINARY_PATH' not in line)
                 for err in (ours[2], theirs.stderr)]
        tap.ok(ours[1] == theirs.stdout and lines[0] == lines[1], f'{arguments} as in go tool pprof',
               f'{ours}\n{theirs}')


def test_tls(folder):
    certificate, key = os.path.join(folder, 'cert.pem'), os.path.join(folder, 'key.pem')
    command = ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days',
               '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    if not shutil.which('openssl') or subprocess.run(command, capture_output=True).returncode:
        tap.skip('https', 'no openssl')
        return
    with Server() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(certificate)
        context.verify_mode = ssl.CERT_OPTIONAL
        server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
        host = f'localhost:{server.http.server_port}/x'
        status, out, err = run('-top', 'https+insecure://' + host)
        tap.ok(status == 0 and 'work' in out and 'https+insecure://' in err, 'https+insecure checks nothing', err)
        status, out, err = run('-top', 'https://' + host)
        tap.ok(status == 1 and 'certificate' in err, 'an unknown certificate is refused', err)
        status, out, err = run('-top', '-tls_ca', certificate, 'https://' + host)
        tap.ok(status == 0 and 'work' in out, '-tls_ca trusts it', err)
        status, out, err = run('-top', '-tls_ca', certificate, '-tls_cert', certificate, '-tls_key', key,
                               'https://' + host)
        tap.ok(status == 0 and 'work' in out, '-tls_cert and -tls_key identify the client', err)
        status, out, err = run('-top', '-tls_cert', certificate, 'https://' + host)
        tap.ok(status == 2 and '-tls_key' in err, 'a certificate needs its key', err)


def main():
    if 'GO_PPROF' not in os.environ:
        os.environ['GO_PPROF'] = oracle.go_pprof() or ''
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        os.environ['HOME'] = folder
        for name in ('PPROF_TMPDIR', 'PPROF_BINARY_PATH', 'http_proxy', 'HTTP_PROXY', 'https_proxy', 'all_proxy'):
            os.environ.pop(name, None)
        test_saying_and_keeping(server, folder)
        test_asking(server)
        test_failures(server)
        test_many(server)
        test_progress(server)
        test_names_from_the_source(server)
        test_unix_socket(folder)
        test_as_go(server)
        test_tls(folder)
    tap.done()


main()
