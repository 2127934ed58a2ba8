"""How the server treats its clients, many, slow, silent and rude ones, and its program.
usage: server_test.py GUEST SANITIZED"""
import os
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
import tap
from guest import Guest, Profile, Response, read_all, wait_until

binary, sanitized = sys.argv[1], sys.argv[2] == 'true'
guest = Guest([binary])
HOST = 'Host: x\r\n'
CMDLINE = f'GET /debug/pprof/cmdline HTTP/1.1\r\n{HOST}\r\n'.encode()


received = {}


def read_response(client):
    """One answer from a connection that stays open; what follows it is kept."""
    data = received.pop(client, b'')
    while b'\r\n\r\n' not in data:
        piece = client.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b'\r\n\r\n')
    size = int(Response(head + b'\r\n\r\n').header('Content-Length'))
    while len(body) < size:
        body += client.recv(65536)
    received[client] = body[size:]
    return Response(head + b'\r\n\r\n' + body[:size])


# --- Silent and slow clients: opened first, looked at last.

started = time.monotonic()
silent = [guest.connect() for _ in range(10)]
half = guest.connect()
half.sendall(b'GET /debug/pprof/ HTTP/1.1\r\nHos')
half_body = guest.connect()
half_body.sendall(f'POST /debug/pprof/symbol HTTP/1.1\r\n{HOST}Content-Length: 10\r\n\r\n0x1'.encode())
begun = time.monotonic()
tap.ok(guest.get('/debug/pprof/cmdline').status == 200 and time.monotonic() - begun < 5,
       'silent clients hold nobody up', time.monotonic() - begun)

# --- Many at once

results = []


def one_client(number):
    path = ('heap', 'goroutine?debug=1', 'threadcreate', '', 'heap?seconds=2')[number % 5]
    response = guest.get(f'/debug/pprof/{path}')
    results.append(response.status == 200 and len(response.body) > 0)


clients = [threading.Thread(target=one_client, args=(i,)) for i in range(50)]
for client in clients:
    client.start()
for client in clients:
    client.join()
tap.ok(len(results) == 50 and all(results), '50 clients at once', results)

# --- One connection, several requests

with guest.connect() as client:
    client.sendall(CMDLINE * 3)
    responses = [read_response(client) for _ in range(3)]
    tap.ok(all(r and r.status == 200 for r in responses), 'pipelined requests are answered one by one', responses)
    for byte in CMDLINE:
        client.sendall(bytes([byte]))
    tap.ok(read_response(client).status == 200, 'a request may come byte by byte')
    client.sendall(f'POST /debug/pprof/symbol HTTP/1.1\r\n{HOST}Content-Length: 3\r\n\r\n0x1'.encode() + CMDLINE)
    tap.ok(read_response(client).text == 'num_symbols: 1\n' and read_response(client).status == 200,
           'what follows a body is the next request')
    client.sendall(f'POST /debug/pprof/symbol HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n'
                   '2\r\n0x\r\n1\r\n1\r\n0\r\n\r\n'.encode() + CMDLINE)
    tap.ok(read_response(client).text == 'num_symbols: 1\n' and read_response(client).status == 200,
           'a body may come in chunks')
    client.sendall(f'GET /debug/pprof/nope HTTP/1.1\r\n{HOST}\r\n'.encode())
    tap.ok(read_response(client).status == 404, 'an error does not end the connection')
    client.sendall(f'HEAD /debug/pprof/heap HTTP/1.1\r\n{HOST}\r\n'.encode())
    head = Response(client.recv(65536))
    tap.ok(head.status == 200 and head.body == b'' and int(head.header('Content-Length')) > 0, 'HEAD has no body',
           head.headers)
    client.sendall(CMDLINE.replace(b'\r\n\r\n', b'\r\nConnection: close\r\n\r\n') + CMDLINE)
    last = Response(read_all(client))
    tap.ok(last.status == 200 and last.header('Connection') == 'close', 'a connection ends when it is asked to',
           last.headers)

old = guest.raw(b'GET /debug/pprof/cmdline HTTP/1.0\r\n\r\n')
tap.ok(old.startswith(b'HTTP/1.0 200 OK\r\n') and b'Connection' not in old, 'HTTP/1.0 is answered in kind', old)

with guest.connect() as client:
    client.sendall(f'POST /debug/pprof/symbol HTTP/1.1\r\n{HOST}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n'.encode())
    tap.ok(client.recv(100) == b'HTTP/1.1 100 Continue\r\n\r\n', 'a client that waits is told to go on')
    client.sendall(b'0x1')
    tap.ok(read_response(client).text == 'num_symbols: 1\n', 'and then answered')

# --- Rude clients

for name, request, line in (
        ('not HTTP', b'hello\r\n\r\n', b'HTTP/1.1 400 Bad Request\r\n'),
        ('a TLS client', b'\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n\n', b'HTTP/1.1 400 Bad Request\r\n'),
        ('no host', b'GET / HTTP/1.1\r\n\r\n', b'HTTP/1.1 400 Bad Request: missing required Host header\r\n'),
        ('a head without end', b'GET / HTTP/1.1\r\nA: ' + b'a' * 40000,
         b'HTTP/1.1 431 Request Header Fields Too Large\r\n'),
        ('a body that is too large', f'POST /debug/pprof/symbol HTTP/1.1\r\n{HOST}Content-Length: 99999999\r\n\r\n'.encode(),
         b'HTTP/1.1 413 Request Entity Too Large\r\n'),
        ('broken chunks', f'POST /debug/pprof/symbol HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\nx'.encode(),
         b'HTTP/1.1 400 Bad Request\r\n'),
        ('an expectation', f'GET / HTTP/1.1\r\n{HOST}Expect: miracles\r\n\r\n'.encode(),
         b'HTTP/1.1 417 Expectation Failed\r\n')):
    answer = guest.raw(request)
    tap.ok(answer.startswith(line) and b'\r\nConnection: close\r\n' in answer, name, answer[:200])

for _ in range(20):  # gone before the answer, with a reset
    client = guest.connect()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    client.sendall(b'GET /debug/pprof/heap HTTP/1.1\r\nHost: x\r\n\r\n')
    client.close()
tap.ok(guest.get('/debug/pprof/cmdline').status == 200, 'clients that go away leave no trace')

client = guest.connect()
client.sendall(b'GET /debug/pprof/profile?seconds=600 HTTP/1.1\r\nHost: x\r\n\r\n')
time.sleep(0.3)
tap.ok(guest.get('/debug/pprof/profile?seconds=1').status == 500, 'a CPU profile is being taken')
client.close()
tap.ok(wait_until(lambda: guest.get('/debug/pprof/profile?seconds=1').status == 200),
       'a client that goes away gives the CPU profile up')

with guest.connect() as client:  # it has said all it wants to: what there is is sent
    client.sendall(b'GET /debug/pprof/profile?seconds=600 HTTP/1.1\r\nHost: x\r\n\r\n')
    time.sleep(0.5)
    client.shutdown(socket.SHUT_WR)
    response = read_response(client)
    tap.ok(response.status == 200 and Profile(response.body).types[0] == 'samples/count',
           'a client that half-closes gets what there is')
with guest.connect() as client:
    client.sendall(b'GET /debug/pprof/heap?seconds=600 HTTP/1.1\r\nHost: x\r\n\r\n')
    time.sleep(0.2)
    client.shutdown(socket.SHUT_WR)
    response = read_response(client)
    tap.ok((response.status, response.text) == (500, 'context canceled\n'), 'and no difference', response.line)

# --- The program is not disturbed

descriptors = os.listdir(f'/proc/{guest.process.pid}/fd')
if not sanitized:
    tap.ok(sorted(map(int, descriptors)) == [0, 1, 2] or len(descriptors) <= 5 and
           not any(os.readlink(f'/proc/{guest.process.pid}/fd/{fd}').startswith('socket:') and int(fd) > 2
                   for fd in descriptors), 'the program has none of our sockets', descriptors)
names = []
for task in os.listdir(f'/proc/{guest.process.pid}/task'):
    with open(f'/proc/{guest.process.pid}/task/{task}/comm', encoding='utf-8') as file:
        names.append(file.read().strip())
    if names[-1] == 'sonde-http':
        with open(f'/proc/{guest.process.pid}/task/{task}/status', encoding='utf-8') as file:
            blocked = next(int(line.split()[1], 16) for line in file if line.startswith('SigBlk'))
        tap.ok(all(blocked >> signal - 1 & 1 for signal in (1, 2, 3, 10, 12, 13, 14, 15, 17)),
               'our thread takes no signals', hex(blocked))
tap.ok(names.count('sonde-http') == 1, 'one thread serves', names)
text = guest.get('/debug/pprof/goroutine?debug=2').text
tap.ok('sonde-http' not in text and 'connection_step' not in text, 'our thread shows in no profile', text)

closer = Guest([binary, 'closefrom'])
tap.ok(closer.get('/debug/pprof/cmdline').status == 200, 'a program may close all its descriptors', closer.line)
tap.ok(closer.stop()[0] == 0, 'and ends as ever')

# --- Whoever said nothing is gone by now, or soon

silent[0].settimeout(30)
tap.ok(silent[0].recv(10) == b'', 'a silent client is dropped', '')
tap.ok(time.monotonic() - started > 9, 'but not at once', time.monotonic() - started)
half.settimeout(30)
tap.ok(half.recv(10) == b'', 'a client that stops within a request is dropped')
half_body.settimeout(60)
tap.ok(half_body.recv(10) == b'', 'a client that stops within a body is dropped')

crowd = [guest.connect() for _ in range(80)]
begun = time.monotonic()
tap.ok(guest.get('/debug/pprof/cmdline').status == 200 and time.monotonic() - begun < 8,
       'a crowd of silent clients makes room', time.monotonic() - begun)
for client in crowd + silent + [half, half_body]:
    client.close()

code, out, err = guest.stop()
tap.ok((code, err) == (0, ''), 'the program ends as ever', (code, out, err))
tap.done()
