"""As much of profile.proto as the tests need: the strings, sample types and labels of a file, and its bytes inflated."""
import gzip


def inflate(data):
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def fields(data):
    """The fields of a message: (number, value), where a value is a number or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        tag = varint()
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            yield number, varint()
        elif kind == 2:
            size = varint()
            if at + size > len(data):
                raise ValueError("a field is longer than its message")
            yield number, data[at:at + size]
            at += size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            yield number, data[at:at + size]
            at += size
        else:
            raise ValueError("not a message")


class ProfileFile:
    """What options can be drawn from: texts by what they name."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            message = inflate(file.read())
        strings, functions, mappings, types, samples = [], [], [], [], []
        for number, value in fields(message):
            if number == 6:
                strings.append(value.decode("utf-8", "replace"))
            elif number == 5:
                functions.append(dict(fields(value)))
            elif number == 3:
                mappings.append(dict(fields(value)))
            elif number == 1:
                types.append(dict(fields(value)))
            elif number == 2 and len(samples) < 2000:
                samples.append(value)
        if not types or not strings:
            raise ValueError("no sample types")
        self.size = len(message)
        self.sample_types = [strings[t.get(1, 0)] for t in types]
        self.functions = sorted({strings[f.get(2, 0)] for f in functions} - {""})
        self.files = sorted({strings[f.get(4, 0)] for f in functions} - {""})
        self.mappings = sorted({strings[m.get(5, 0)] for m in mappings} - {""})
        self.labels, self.numbers = self._labels(strings, samples)
        # Whether all of it is named, with files and lines: then nothing looks for more.
        self.symbolized = bool(mappings) and all(m.get(7) and m.get(8) and m.get(9) for m in mappings)

    @staticmethod
    def _labels(strings, samples):
        """Pairs of key and text, and of key and number, that samples carry."""
        texts, numbers = set(), set()
        for sample in samples:
            for number, value in fields(sample):
                if number != 3:
                    continue
                label = dict(fields(value))
                if label.get(2):
                    texts.add((strings[label.get(1, 0)], strings[label[2]]))
                else:
                    numbers.add((strings[label.get(1, 0)], label.get(3, 0)))
        return sorted(texts), sorted(numbers)
