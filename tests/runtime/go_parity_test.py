"""The same bytes to our server and to Go's net/http/pprof: status line, headers and, where it does not depend on the
program, the body of the answers are the same. usage: go_parity_test.py GUEST SANITIZED"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
import tap
from guest import Guest, Profile, Response

binary = sys.argv[1]
HEAD = 'Host: x\r\nConnection: close\r\n\r\n'
PREFIX = '/debug/pprof/'

# Requests, and whether the body is the same too.
REQUESTS = []


def both(target, method='GET', body=True, version='HTTP/1.1', rest=HEAD):
    REQUESTS.append((f'{method} {target} {version}\r\n{rest}', body))


for target in ('/', '/x', '/debug', '/debug/pprof', '/debug/pprof?a=b&c', '//debug/pprof/heap', '/debug/./pprof/../pprof/x',
               '/debug/pprof/../../etc', '/debug/pprof//', '/debug%2fpprof/', '/%64ebug/pprof/nope', 'http://h/debug/pprof/nope',
               'http://h/debug/pprof', '/debug/pprof/%zz', '/debug/pprof/nope?%zz', 'nope', '/a#b', '*', '/debug/pprofx',
               '/debug/pprof/symbol/', '/debug/pprof/cmdline/', '/debug/pprof/Heap'):
    both(target)
for name in ('heap', 'allocs', 'goroutine', 'threadcreate', 'block', 'mutex'):
    both(PREFIX + name, body=False)
    both(PREFIX + name + '?debug=1', body=False)
    both(PREFIX + name + '?debug=1', method='HEAD', body=False)
    both(PREFIX + name + '?seconds=1', body=False)
    for query in ('seconds=x', 'seconds=0', 'seconds=-7', 'seconds=1&debug=1', 'seconds=+1&debug=2', 'seconds=1&debug=x&debug=1',
                  'seconds=99999999999999999999', 'debug=99999999999999999999&seconds=1', 'seconds=%31&debug=%32', 'seconds=1_0',
                  'seconds=0x1', 'seconds=%zz&seconds=a', 'a;b&seconds=q', 'seconds=%', '&&seconds=r', 'seconds=1%20'):
        if name in ('heap', 'block'):
            both(PREFIX + name + '?' + query, body=False)
both(PREFIX + 'goroutine?debug=2', body=False)
both(PREFIX, body=False)
both(PREFIX, method='HEAD', body=False)
both(PREFIX + 'profile?seconds=1', body=False)
both(PREFIX + 'profile?seconds=1', method='HEAD', body=False)
both(PREFIX + 'symbol')
both(PREFIX + 'symbol?0x1+zz+0b1+%31')
both(PREFIX + 'symbol?' + 'a' * 4095 + '+1')
both(PREFIX + 'symbol?' + 'a' * 4096 + '+1')
for method in ('POST', 'PUT', 'DELETE', 'OPTIONS', 'get', 'PROPFIND'):
    both(PREFIX, method=method)
    both(PREFIX + 'heap', method=method)
    both('/x', method=method)
    both('//x', method=method)
both('*', method='OPTIONS')
for version in ('HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/3.1', 'HTTP/0.9', 'http/1.1', 'HTTP/1', 'HTTP/11', 'XTTP/1.1'):
    both(PREFIX + 'nope', version=version)
for rest in ('\r\n', 'Host: a\r\nHost: b\r\n\r\n', 'Host: x\r\nA\r\n\r\n', 'Host: x\r\nA(: b\r\n\r\n', 'Host: x\r\nA : b\r\nConnection: close\r\n\r\n',
             'Host: x\r\nContent-Length: x\r\n\r\n', 'Host: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
             'Host: x\r\nTransfer-Encoding: gzip\r\n\r\n', 'Host: x\r\nA: \x01\r\n\r\n', 'Host: x\nConnection: close\n\n',
             'Host: x\r\nExpect: y\r\nConnection: close\r\n\r\n', 'Host: x\r\nConnection: a, close\r\n\r\n',
             'Host: x\r\nCONNECTION: CLOSE\r\n\r\n'):
    both(PREFIX + 'nope', rest=rest)
both(PREFIX + 'nope', version='HTTP/1.0', rest='Connection: close\r\n\r\n')
both(PREFIX + 'nope', method='G@T')
both(PREFIX + 'nope', method='')


def judged(response, body):
    """What has to be the same. How a body is delimited is not the handlers' affair."""
    headers = sorted((name, value) for name, value in response.headers
                     if name not in ('Date', 'Content-Length', 'Transfer-Encoding'))
    return response.line, headers, response.body[:300] if body or response.status >= 400 else None


try:
    folder = tempfile.TemporaryDirectory()
    program = os.path.join(folder.name, 'go_server')
    shutil.copy(os.path.join(os.path.dirname(__file__), 'go_server.go'), folder.name)
    with open(os.path.join(folder.name, 'go.mod'), 'w', encoding='utf-8') as file:
        file.write('module server\n\ngo 1.26\n')
    subprocess.run(['go', 'build', '-o', program, '.'], check=True, capture_output=True, cwd=folder.name, timeout=200)
except (OSError, subprocess.SubprocessError) as error:
    tap.skip('answers are the same as from net/http/pprof', f'Go is not installed: {error}')
    tap.done()

ours, theirs = Guest([binary]), Guest([program])
for request, body in REQUESTS:
    # Go's own router takes no POST for symbol, programs that register pprof.Symbol do
    if request.startswith('POST /debug/pprof/symbol'):
        continue
    a, b = (Response(server.raw(request.encode('latin-1'), 20)) for server in (ours, theirs))
    a, b = judged(a, body), judged(b, body)
    tap.ok(a == b, repr(request.replace(HEAD, ''))[:100].replace('#', 'hash'), f'ours   {a}\ntheirs {b}')

# The same types, periods and labels as a profile of Go's.
for name in ('heap', 'allocs', 'goroutine', 'threadcreate', 'block', 'mutex', 'profile?seconds=1', 'allocs?seconds=1'):
    a, b = (Profile(server.get(PREFIX + name).body) for server in (ours, theirs))
    for what in ('types', 'period_type', 'period', 'default_type'):
        tap.ok(getattr(a, what) == getattr(b, what), f'{name}: {what}', (getattr(a, what), getattr(b, what)))
    tap.ok(bool(a.duration) == bool(b.duration), f'{name}: duration', (a.duration, b.duration))
    tap.ok(a.gzip_header[:9] == b.gzip_header[:9] or 'seconds' in name, f'{name}: gzip level', (a.gzip_header, b.gzip_header))

# The lines of the statistics in a heap profile's text.
stats = [[line.split(' = ')[0] for line in server.get(PREFIX + 'heap?debug=1').text.splitlines() if line.startswith('# ')]
         for server in (ours, theirs)]
tap.ok(stats[0] == stats[1], 'heap, debug=1: the same statistics', stats)
heads = [server.get(PREFIX + 'mutex?debug=1').text for server in (ours, theirs)]
tap.ok([line.split('=')[0] for line in heads[0].splitlines()] == [line.split('=')[0] for line in heads[1].splitlines()],
       'mutex, debug=1: the same head', heads)
ours.stop()
theirs.stop()
tap.done()
