"""Dumps of JIT compilers made for tests, in either byte order."""
import struct


class JitDump:
    def __init__(self, pid, order='<'):
        self.order, self.pid, self.codes = order, pid, 0
        self.bytes = struct.pack(order + '6I2Q', 0x4A695444, 1, 40, 62, 0, pid, 0, 0)

    def record(self, kind, body):
        self.bytes += struct.pack(self.order + '2IQ', kind, 16 + len(body), self.codes) + body

    def load(self, name, address, size):
        code = b'\xc3' * min(size, 16)
        self.record(0, struct.pack(self.order + '2I4Q', self.pid, self.pid, address, address, size, self.codes) + name + b'\0' + code)
        self.codes += 1

    def move(self, number, old, new, size):
        self.record(1, struct.pack(self.order + '2I5Q', self.pid, self.pid, new, old, new, size, number))

    def lines(self, address, entries):
        body = b''.join(struct.pack(self.order + 'Q2I', at, line, 0) + name + b'\0' for at, line, name in entries)
        self.record(2, struct.pack(self.order + '2Q', address, len(entries)) + body)

    def unwinding(self):
        self.record(4, struct.pack(self.order + '3Q', 8, 4, 0) + b'\1\x1b\3;' + bytes(4))

    def close(self):
        self.record(3, b'')
