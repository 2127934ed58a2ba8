#!/usr/bin/env python3
"""Writes tests/fuzz/pclntab/: small Go programs without symbols, one for each layout of Go's table of lines. Each has two
functions, of which the first has a call of the second inlined into it. symbol/pclntab_test.c knows what is in them.

    tests/fuzz/make_pclntab_seeds.py [FOLDER]
"""
import os
import struct
import sys

BASE, TEXT, TABLE_AT = 0x400000, 0x401000, 0x402000
MAIN, ADD, END = 0, 0x40, 0x50  # offsets in the text
VERSIONS = {"go12": 0xfffffffb, "go116": 0xfffffffa, "go118": 0xfffffff0, "go120": 0xfffffff1}
CODE = bytes.fromhex("e83b000000" "488d05f40f0000" "90909090" "c3").ljust(0x40, b"\x90") + b"\x01\xd8\xc3".ljust(0x10, b"\xcc")


def u32(*values):
    return b"".join(struct.pack("<I", value & 0xffffffff) for value in values)


def u64(*values):
    return b"".join(struct.pack("<Q", value) for value in values)


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def steps(*pairs):
    """A table of values along the code: (value, where it ends, from the function's entry on)."""
    out, last, at = b"", -1, 0
    for value, end in pairs:
        delta = value - last
        out += varint(delta * 2 if delta >= 0 else -delta * 2 - 1) + varint(end - at)
        last, at = value, end
    return out + b"\0"


def blob(*texts):
    """Texts, each ended by NUL, and where each begins."""
    offsets, out = [], b""
    for text in texts:
        offsets.append(len(out))
        out += text.encode() + b"\0"
    return out, offsets


def tree(version, names):
    """What the one inlined call says, called at the first byte of the main function."""
    if version == "go120":
        return u32(0, names[1], 0, 20)
    return struct.pack("<hBx", -1, 0) + u32(0, 10, names[1], 0)


def table(version, tree_at):
    """The bytes of the table. tree_at: what FUNCDATA says of the inline tree."""
    newer, old = version in ("go118", "go120"), version == "go12"
    files, file_at = blob("/src/main.go", "/src/add.go")
    names, name_at = blob("main.main", "main.add")
    first_file = 1 if old else 0  # go12's file numbers begin with 1
    values, value_at = b"\0", []
    for run in (steps((first_file, 0x10), (first_file + 1, 0x20), (first_file, 0x40)), steps((10, 0x10), (21, 0x20), (11, 0x40)),
                steps((-1, 0x10), (0, 0x20), (-1, 0x40)), steps((first_file + 1, 0x10)), steps((20, 8), (21, 0x10))):
        value_at.append(len(values))
        values += run
    pad = -len(values) % 8
    values += bytes(pad)

    def parts(base):
        """functab and functions, when strings and values are at the offsets of base."""
        size = 4 if newer else 8
        number = u32 if newer else u64
        text = 0 if newer else TEXT
        start = (5 * size + 4 + 7) & ~7  # go12 has the files' offset behind functab
        functions, offsets = b"", []
        for entry, name, file, line, pcdata in ((MAIN, 0, 0, 1, (0, 0, value_at[2])), (ADD, 1, 3, 4, ())):
            offsets.append(start + len(functions))
            data = number(text + entry) + u32(base["names"] + name_at[name], 0, 0, 0, base["values"] + value_at[file],
                                              base["values"] + value_at[line], len(pcdata))
            data += b"" if old else u32(0)  # the unit's first file in cutab
            data += u32(20 if name else 9) if version == "go120" else b""
            data += bytes([0, 0, 0, 4 if pcdata else 0])
            data += u32(*(base["values"] + at if at else 0 for at in pcdata))
            if pcdata:
                data += bytes(-len(data) % size) + number(*([0xffffffff if newer else 0] * 3), tree_at)
            functions += data + bytes(-len(data) % 8)
        tab = number(text + MAIN, base["tab"] + offsets[0], text + ADD, base["tab"] + offsets[1], text + END)
        return tab.ljust(start, b"\0") + functions

    head = u32(VERSIONS[version]) + bytes([0, 0, 1, 8])
    if old:
        head += u64(2)
        size = len(parts({"names": 0, "values": 0, "tab": 0}))
        # The files' offset stands behind functab.
        at = {"tab": 16}
        at["names"] = 16 + size
        at["values"] = at["names"] + len(names)
        file_list = at["values"] + len(values)
        strings = file_list + 12
        body = bytearray(parts(at))
        body[5 * 8:5 * 8 + 4] = u32(file_list)
        return head + bytes(body) + names + values + u32(3, strings + file_at[0], strings + file_at[1]) + files
    count = 8 if newer else 7
    names += bytes(-len(names) % 8)
    files += bytes(-len(files) % 8)
    cutab = u32(file_at[0], file_at[1])
    places, at = [], 8 + 8 * count
    for part in (names, cutab, files, values):
        places.append(at)
        at += len(part)
    words = [2, 2] + ([0] if newer else []) + places + [at]
    return head + u64(*words) + names + cutab + files + values + parts({"names": 0, "values": 0, "tab": 0})


def program(version):
    """An ELF file: text, the table, the module's record and the inline tree."""
    names = [0, len("main.main") + 1]
    calls = tree(version, names)
    lines = table(version, 0)
    module_at = (TABLE_AT + len(lines) + 15) & ~15
    words = [0] * 41
    words[0], words[22] = TABLE_AT, TEXT
    calls_at = module_at + 8 * len(words)
    words[38 if version == "go118" else 40] = calls_at
    if version in ("go12", "go116"):
        lines = table(version, calls_at)
    section_names, name_at = blob("", ".text", ".gopclntab", ".go.module", ".shstrtab")
    names_at = calls_at + len(calls)
    headers_at = (names_at + len(section_names) + 7) & ~7
    sections = [(0, 0, 0, 0, 0), (1, 1, 6, TEXT, len(CODE)), (2, 1, 2, TABLE_AT, len(lines)),
                (3, 1, 3, module_at, 8 * len(words)), (4, 3, 0, names_at, len(section_names))]
    size = headers_at - BASE + 64 * len(sections)
    out = bytearray(size)

    def put(address, data):
        out[address - BASE:address - BASE + len(data)] = data

    put(BASE, b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, TEXT, 64, headers_at - BASE, 0, 64, 56, 1,
                                                         64, len(sections), 4))
    put(BASE + 64, struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 0x1000))
    put(TEXT, CODE)
    put(TABLE_AT, lines)
    put(module_at, u64(*words))
    put(calls_at, calls)
    put(names_at, section_names)
    for i, (name, kind, flags, address, length) in enumerate(sections):
        put(headers_at + 64 * i, struct.pack("<IIQQQQIIQQ", name_at[name], kind, flags, address, address - BASE if address else 0,
                                             length, 0, 0, 1, 0))
    return bytes(out)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "pclntab")
    os.makedirs(folder, exist_ok=True)
    for version in VERSIONS:
        with open(os.path.join(folder, version), "wb") as file:
            file.write(program(version))


main()
