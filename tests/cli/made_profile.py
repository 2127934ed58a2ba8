"""Profiles made for tests: a writer of profile.proto that knows no more than they need."""
import gzip


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


class Profile:
    """Collects mappings, locations and samples; bytes() is the file."""

    def __init__(self, types=(('samples', 'count'), ('cpu', 'nanoseconds'))):
        self.strings = {'': 0}
        self.body = b''
        self.functions = {}
        self.nlocations = self.nmappings = 0
        for kind, unit in types:
            self.body += message(1, number(1, self.string(kind)) + number(2, self.string(unit)))

    def string(self, text):
        return self.strings.setdefault(text, len(self.strings))

    def mapping(self, file='', build_id='', start=0, limit=0, offset=0, functions=False, lines=False):
        self.nmappings += 1
        self.body += message(3, number(1, self.nmappings) + number(2, start) + number(3, limit) + number(4, offset) +
                             number(5, self.string(file)) + number(6, self.string(build_id)) +
                             number(7, functions) +
                             number(8, lines) + number(9, lines))
        return self.nmappings

    def function(self, name, file=''):
        if (name, file) not in self.functions:
            self.functions[name, file] = len(self.functions) + 1
            self.body += message(5, number(1, len(self.functions)) + number(2, self.string(name)) +
                                 number(3, self.string(name)) + number(4, self.string(file)))
        return self.functions[name, file]

    def location(self, address=0, mapping=0, name=None, file='', line=0):
        self.nlocations += 1
        body = number(1, self.nlocations) + number(2, mapping) + number(3, address)
        if name is not None:
            body += message(4, number(1, self.function(name, file)) + number(2, line))
        self.body += message(4, body)
        return self.nlocations

    def sample(self, locations, values, labels=()):
        body = b''.join(number(1, location) for location in locations)
        body += b''.join(number(2, value) for value in values)
        for key, value in labels:
            text = number(2, self.string(value)) if isinstance(value, str) else number(3, value)
            body += message(3, number(1, self.string(key)) + text)
        self.body += message(2, body)

    def bytes(self):
        return self.body + b''.join(message(6, text.encode()) for text in self.strings)

    def gzipped(self):
        return gzip.compress(self.bytes(), mtime=0)


def small():
    """Two functions in a mapping that says it has names."""
    profile = Profile()
    mapping = profile.mapping('/usr/bin/server', 'abcd', 0x1000, 0x2000, functions=True)
    leaf = profile.location(0x1010, mapping, 'work', 'work.c', 12)
    root = profile.location(0x1020, mapping, 'main', 'main.c', 3)
    profile.sample([leaf, root], [3, 30_000_000], [('kind', 'slow')])
    profile.sample([root], [1, 10_000_000])
    return profile
