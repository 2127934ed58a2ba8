"""Programs that serve their profiles, for the tests: start one, ask it, read what it says."""
import gzip
import socket
import subprocess
import threading
import time


class Guest:
    """A program that prints where it serves, as the first word of a line on stdout (or, under sonde run, in sonde's own
    line on stderr), and ends when its stdin does."""

    def __init__(self, command, where='stdout', **options):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, **options)
        self.watchdog = threading.Timer(240, self.process.kill)
        self.watchdog.daemon = True
        self.watchdog.start()
        self.line = (self.process.stdout if where == 'stdout' else self.process.stderr).readline()
        word = self.line.split()[0] if where == 'stdout' else self.line.split('http://')[1].split('/')[0]
        self.host, port = word.rsplit(':', 1)
        self.host = self.host.strip('[]')
        self.port = int(port)
        self.address = word

    def stop(self):
        """Ends it; its exit status, and what it still printed."""
        try:
            out, err = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        self.watchdog.cancel()
        return self.process.returncode, out, err

    def connect(self, timeout=60):
        return socket.create_connection((self.host, self.port), timeout=timeout)

    def raw(self, request, timeout=60):
        """All bytes that come in answer to these, up to the end of the connection."""
        with self.connect(timeout) as client:
            client.sendall(request)
            return read_all(client)

    def get(self, path, method='GET', body=b'', headers=()):
        lines = [f'{method} {path} HTTP/1.1', 'Host: test', 'Connection: close', *headers]
        if body:
            lines.append(f'Content-Length: {len(body)}')
        return Response(self.raw('\r\n'.join(lines).encode('latin-1') + b'\r\n\r\n' + body))


def read_all(client):
    data = b''
    try:
        while piece := client.recv(65536):
            data += piece
    except (ConnectionError, TimeoutError):
        pass
    return data


class Response:
    """An answer, taken apart: status line, headers in order, body (chunks joined)."""

    def __init__(self, data):
        head, _, self.body = data.partition(b'\r\n\r\n')
        lines = head.decode('latin-1').split('\r\n')
        self.line = lines[0]
        self.status = int(lines[0].split()[1]) if len(lines[0].split()) > 1 else 0
        self.headers = [tuple(line.split(': ', 1)) for line in lines[1:]]
        if self.header('Transfer-Encoding') == 'chunked':
            self.body = unchunk(self.body)

    def header(self, name):
        return dict(self.headers).get(name)

    @property
    def text(self):
        return self.body.decode('utf-8', 'replace')


def unchunk(data):
    joined = b''
    while data:
        size, _, data = data.partition(b'\r\n')
        joined += data[:int(size, 16)]
        data = data[int(size, 16) + 2:]
    return joined


def fields(data):
    """The fields of a protobuf message: (number, int or bytes)."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        tag = varint()
        value = varint()
        if tag & 7 == 2:
            at += value
            value = data[at - value:at]
        yield tag >> 3, value


def numbers(data):
    """Packed varints, or the one that was not packed."""
    return [data] if isinstance(data, int) else [value for value in _varints(data)]


def _varints(data):
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value - (1 << 64) if value >> 63 else value
            value = shift = 0


class Profile:
    """As much of profile.proto as the tests ask for."""

    def __init__(self, data):
        self.gzip_header = data[:10]
        self.raw = gzip.decompress(data)
        top = list(fields(self.raw))
        self.strings = [value.decode() for number, value in top if number == 6]
        self.types = [self._type(value) for number, value in top if number == 1]
        self.period_type = next((self._type(value) for number, value in top if number == 11), None)
        only = {number: value for number, value in top if number in (9, 10, 12, 14)}
        self.time, self.duration, self.period = only.get(9, 0), only.get(10, 0), only.get(12, 0)
        self.default_type = self.strings[only.get(14, 0)]
        self.mappings = [self._mapping(dict(fields(value))) for number, value in top if number == 3]
        names = {}
        for number, value in top:
            if number == 5:
                function = dict(fields(value))
                names[function[1]] = self.strings[function.get(2, 0)]
        self.locations = {}
        for number, value in top:
            if number == 4:
                location = dict(fields(value))
                line = dict(fields(location[4])) if 4 in location else {}
                self.locations[location[1]] = (location.get(3, 0), names.get(line.get(1)), location.get(2, 0))
        self.samples = [self._sample(list(fields(value))) for number, value in top if number == 2]

    def _type(self, data):
        both = dict(fields(data))
        return f'{self.strings[both[1]]}/{self.strings[both[2]]}'

    def _mapping(self, m):
        return {'start': m.get(2, 0), 'limit': m.get(3, 0), 'offset': m.get(4, 0), 'file': self.strings[m.get(5, 0)],
                'build_id': self.strings[m.get(6, 0)], 'has_functions': m.get(7, 0)}

    def _sample(self, parts):
        values = [_signed(v) for number, value in parts if number == 2 for v in numbers(value)]
        stack = [self.locations[v][1] for number, value in parts if number == 1 for v in numbers(value)]
        labels = {}
        for number, value in parts:
            if number == 3:
                label = dict(fields(value))
                labels[self.strings[label[1]]] = label.get(3) or self.strings[label.get(2, 0)]
        return values, stack, labels

    def total(self, index=0, name=None):
        return sum(values[index] for values, stack, _ in self.samples if name is None or name in stack)


def _signed(value):
    return value - (1 << 64) if value >> 63 else value


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()
