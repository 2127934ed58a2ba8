"""Listings of instructions (-disasm, -weblist) of `go tool pprof` and of sonde, compared in all but the text of
instructions. That is cut out by these rules, and nothing else is:

- In -disasm the text stands behind "ADDRESS: "; a place behind it begins with the ";" in column 40 of it, or stands in a
  line of its own (74 spaces and ";") before a text of 40 characters and more. Each row so is (columns, place), with the
  place carried on to the rows that do not repeat it.
- In -weblist the text stands between "ADDRESS: " and the place in <span class=unimportant>.
- Go's disassembler knows neither AVX nor some other instructions: it has rows of its own in their midst. From a row at
  which Go prints "?" or sonde one of UNKNOWN_TO_GO (".byte" is what is no instruction to it), rows are passed over up to
  the next address that both have.
"""
import bisect
import re

UNKNOWN_TO_GO = re.compile(rb"v[a-z]|endbr64|ud[01]|\.byte")
ROW = re.compile(rb"^( *\S+ +\S+ +([0-9a-f]+)): (.*)$", re.S)
PLACE_ALONE = b" " * 74 + b";"


class Row:
    def __init__(self, columns, address, text, place, printed=True):
        self.columns, self.address, self.text, self.place = columns, address, text, place
        self.printed = printed  # the place stands in this row, not in one before

    def same(self, other):
        return self.columns == other.columns and self.place == other.place

    def __str__(self):
        return f"{self.columns.decode()}: {self.text.decode('utf-8', 'replace')} ;{self.place.decode('utf-8', 'replace')}"


def split_disasm(report):
    """[line or [rows]]"""
    parts, rows, place, alone = [], None, b"", None
    for line in report.split(b"\n"):
        if line.startswith(PLACE_ALONE):
            alone = line[75:]
            continue
        match = ROW.match(line)
        if not match:
            parts.append(line)
            rows, place = None, b""
            continue
        text = match[3]
        printed = text[40:41] == b";" or alone is not None
        if text[40:41] == b";" and alone is None:
            place, text = text[41:], text[:40].rstrip(b" ")
        elif alone is not None:
            place, alone = alone, None
        if rows is None:
            rows = []
            parts.append(rows)
        rows.append(Row(match[1], int(match[2], 16), text, place, printed))
    return parts


def first_of_rows(theirs, ours):
    """Why the rows differ, or None."""
    i = j = 0
    while i < len(theirs) and j < len(ours):
        a, b = theirs[i], ours[j]
        if a.address != b.address or not a.same(b) and not may_part(a, b):
            return f"  go:    {a}\n  sonde: {b}"
        i, j = i + 1, j + 1
        if i < len(theirs) and j < len(ours) and theirs[i].address != ours[j].address:
            if not may_part(a, b):
                return f"  one after the other, go:\n    {a}\n    {theirs[i]}\n  sonde:\n    {b}\n    {ours[j]}"
            while i < len(theirs) and j < len(ours) and theirs[i].address != ours[j].address:
                if theirs[i].address < ours[j].address:
                    i += 1
                else:
                    j += 1
            if i < len(theirs) and j < len(ours) and not theirs[i].same(ours[j]):
                i, j = i + 1, j + 1  # begins where the other had gone on in an instruction: has its samples
    rest = theirs[i:] or ours[j:]
    if rest and not (i and j and may_part(theirs[i - 1], ours[j - 1])):
        return f"  only in one: {rest[0]}"
    return None


def may_part(theirs, ours):
    return theirs.text.strip() == b"?" or bool(UNKNOWN_TO_GO.match(ours.text))


def disasm_difference(theirs, ours):
    """Why two -disasm reports differ, or None."""
    left, right = split_disasm(theirs), split_disasm(ours)
    for a, b in zip(left, right):
        if isinstance(a, list) and isinstance(b, list):
            why = first_of_rows(a, b)
            if why:
                return why
        elif a != b:
            return f"  go:    {a if isinstance(a, bytes) else str(a[0])}\n  sonde: {b if isinstance(b, bytes) else str(b[0])}"
    return None if len(left) == len(right) else f"  go has {len(left)} parts, sonde {len(right)}"


def native_difference(theirs, ours, own=()):
    """Why two -disasm reports of a program in C or C++ differ, or None. There Go's tool has places for instructions with
    samples alone, does not demangle what a listing is headed with, which orders them, and sees no functions of stripped
    libraries: functions are known by their first address, a place is compared where Go's tool prints one, and ours alone may
    have functions whose names are not among the program's `own`."""
    sides = []
    for report in (theirs, ours):
        parts = split_disasm(report)
        sides.append({part[0].address: (parts[i - 1], part) for i, part in enumerate(parts) if isinstance(part, list)})
    left, right = sides
    headings = dict(zip(right, re.findall(rb"^ROUTINE =+ (.*)$", ours, re.M)))
    missing = [hex(a) for a in right.keys() - left.keys() if headings[a].decode() in own] + [hex(a) for a in left.keys() - right.keys()]
    if missing:
        return f"  functions in one alone: {missing[:5]}"
    for address, (head, rows) in left.items():
        known = {row.address: row for row in rows}
        for row in right[address][1]:
            if row.address in known and not known[row.address].printed:
                row.place = known[row.address].place
        why = f"  {head} / {right[address][0]}" if head != right[address][0] else first_of_rows(rows, right[address][1])
        if why:
            return f"  function at {address:x}:\n{why}"
    return None


HTML_ROW = re.compile(rb"^(?P<columns> {10} *\S+ +\S+ +(?P<address>[0-9a-f]+)): (?P<text>.*)"
                      rb"(?P<place><span class=unimportant>[^<]*</span>)$")
CODE = b"<span class=asm>"
BLOCK = b" " * 37 + "⋮".encode()


def split_weblist(page):
    """The title and the body, line by line, with rows of instructions as Row."""
    title = re.search(rb"<title>(.*?)</title>", page)
    lines = [title[1] if title else b""]
    for line in page[page.find(b"<body>"):].split(b"\n"):
        at = line.find(CODE) + len(CODE) if CODE in line else 0
        match = HTML_ROW.match(line[at:])
        if at:
            lines.append(line[:at])
        if match:
            lines.append(Row(match["columns"], int(match["address"], 16), match["text"].strip(b" "), match["place"]))
        elif not at or line[at:]:
            lines.append(line[at:])
    return lines


def parted(theirs, ours):
    """The addresses that only one page has, in the midst of instructions that Go's tool does not know; and a reason where
    others are in one alone."""
    left = {row.address: row for row in theirs if isinstance(row, Row)}
    right = {row.address: row for row in ours if isinstance(row, Row)}
    shared = sorted(left.keys() & right.keys())
    single = left.keys() ^ right.keys()
    for address in sorted(single):
        before = [known for known in shared[:bisect.bisect(shared, address)]][-1:]
        if not before or not may_part(left[before[0]], right[before[0]]):
            # The stretch may begin in the midst of an instruction, which each takes for something else.
            row = left.get(address) or right.get(address)
            return single, f"  only in one: {row}"
    return single, None


def weblist_difference(theirs, ours):
    """Why two -weblist pages differ, or None. What stands in front of <body> but for the title is each one's own."""
    left, right = split_weblist(theirs), split_weblist(ours)
    single, why = parted(left, right)
    if why:
        return why
    if single:
        left, right = ([line for line in side if (line.address not in single if isinstance(line, Row) else line != BLOCK)]
                       for side in (left, right))
    for a, b in zip(left, right):
        same = a.same(b) if isinstance(a, Row) and isinstance(b, Row) else a == b
        if not same:
            return f"  go:    {a}\n  sonde: {b}"
    return None if len(left) == len(right) else f"  go has {len(left)} lines, sonde {len(right)}"
