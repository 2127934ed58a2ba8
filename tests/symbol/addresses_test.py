#!/usr/bin/env python3
"""What src/symbol says of addresses, against addr2line -i -f -C and llvm-symbolizer: names, files, lines and inlined
calls, of programs in C, C++, Rust and Go.

    addresses_test.py ADDRESSES SOURCE_DIR     ADDRESSES is the program built from addresses.c

SEED chooses which addresses are compared (SAMPLE of each binary, or all of them with ALL=1).

Places, and how many frames there are, must be those of both tools, and each name that of at least one, with what is
listed at MISTAKES. Both are given the linker's names to print, so that llvm-symbolizer's own demangler does not matter:
c++filt prints all.
"""
import collections
import functools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import programs
import tap  # noqa: E402

ADDRESSES, SOURCES = sys.argv[1], sys.argv[2]
CORPUS = os.path.join(SOURCES, '..', 'shared', 'corpus', 'bin')
SEED = int(os.environ.get('SEED', '1'))
ALL = bool(os.environ.get('ALL'))
SAMPLE = int(os.environ.get('SAMPLE', '1500'))

# What one tool gets wrong where the other says what we say, and how many in a hundred addresses that may be:
# - addr2line names the function before where there is none: padding, and what has no symbol.
# - addr2line (DWARF 5) takes another file now and then, and misses inlined calls where a unit's ranges are clang's.
# - llvm-symbolizer has no name where debug information has one without the linker's (copies: .constprop, .isra).
# - the linker's name of what debug information only gives a short name: each takes it in other cases. Ours always does.
MISTAKES = {'gcc': 10, 'clang': 100, 'rustc': 4}

# Ways to build the sources: compiler, source, flags.
BUILDS = [
    ('gcc', 'nested.c', ['-O2', '-g']),
    ('gcc', 'nested.c', ['-O1', '-gdwarf-4']),
    ('gcc', 'nested.c', ['-O2', '-g', '-no-pie', '-gz=zlib']),
    ('clang', 'nested.c', ['-O2', '-g']),
    ('g++', 'inlines.cc', ['-O2', '-g']),
    ('g++', 'inlines.cc', ['-O3', '-gdwarf-4']),
    ('g++', 'inlines.cc', ['-O0', '-g', '-no-pie']),
    ('g++', 'inlines.cc', ['-O2', '-g', '-ffunction-sections', '-flto']),
    ('clang++', 'inlines.cc', ['-O2', '-g']),
    ('rustc', 'names.rs', ['-O', '-g', '-Csymbol-mangling-version=v0']),
    ('rustc', 'names.rs', ['-Copt-level=1', '-g', '-Zunstable-options', '-Csymbol-mangling-version=legacy']),
]


def code_addresses(path):
    """Every address of the code that the program's own sources and its start-up files made."""
    for start, size in programs.sections(path, '[.]text|[.]init|[.]fini'):
        yield from range(start, start + size)


def choose(path, most):
    chosen = list(code_addresses(path))
    if len(chosen) > most and not ALL:
        chosen = random.Random(SEED).sample(chosen, most)
    return sorted(chosen)


def parse(text):
    """From address to a list of names and places in turn."""
    answers, current = {}, None
    for line in text.split('\n'):
        if re.fullmatch('0x[0-9a-f]+', line):
            current = answers.setdefault(int(line, 16), [])
        elif line:
            current.append(line)
    return answers


def ours(path, text):
    return parse(programs.output(ADDRESSES, path, text=text))


def by_addr2line(path, text):
    return parse(programs.output('addr2line', '-a', '-i', '-f', '-C', '-e', path, text=text))


def by_llvm(path, text, demangle=True):
    found = programs.output('llvm-symbolizer', '--output-style=GNU', '-a', '-i', '-f', '--no-demangle', '-e', path, text=text)
    return parse(programs.output('c++filt', text=found) if demangle else found)


@functools.cache
def plain_place(place):
    place = re.sub(r' \(discriminator \d+\)$', '', place)
    place = re.sub(r':0$', ':?', place)
    place = re.sub(r'^([^/]+/)\1', r'\1', place)  # with relative paths addr2line doubles the folder
    place = os.path.normpath(place) if '/' in place else place
    place = re.sub(r'^(\./)*<', '<', place)  # what Go's compiler made itself is in no folder
    # Without debug information addr2line names the file that the symbol table speaks of.
    return '??:?' if re.fullmatch(r'[^/]*:\?', place) else place


@functools.cache
def plain_name(name):
    name = re.sub(r' \[clone [^]]*\]', '', name)
    name = re.sub(r'(\w)\[[0-9a-f]{8,16}\]', r'\1', name)  # c++filt's: which build of a crate
    name = programs.with_letters(name)
    # Go's tool takes an underscore off each part of an old symbol of Rust, and so do we.
    return re.sub(r'(^|::)_(_\w)', r'\1\2', re.sub(r'::h[0-9a-f]{16}$', '', name))


def split(answer):
    return [plain_name(n) for n in answer[::2]], [plain_place(p) for p in answer[1::2]]


@functools.cache
def last_part(name):
    """The bare name of a function: without scopes, template arguments and parameters."""
    name = re.sub(r'\(anonymous namespace\)::', '', name)
    for brackets in ('<>', '()', '{}'):
        while True:
            shorter = re.sub(r'\%s[^%s]*\%s' % (brackets[0], re.escape(brackets), brackets[1]), '', name)
            if shorter == name:
                break
            name = shorter
    return re.split(r'::| ', name.strip())[-1]


def judge(own, first, second):
    """Whether what we say is what the tools say, and which of them says otherwise."""
    names, places = split(own)
    others = [split(other) for other in (first, second)]
    right = [other[1] == places for other in others]
    if not any(right):
        return False, 'both'
    if not all(right):
        other = others[right.index(True)]
        return all(a in (b, own[-2]) or last_part(a) == last_part(b) for a, b in zip(names, other[0])), 'places'
    if names == others[0][0] == others[1][0]:
        return True, ''
    # The linker's name stands on the outermost frame; addr2line, where a call was inlined at a function's very start,
    # puts it on the wrong one.
    whole = plain_name(own[-2])
    for a, b, c in zip(names, others[0][0], others[1][0]):
        if a not in (b, c) and not (a == whole and last_part(a) in (last_part(b), last_part(c))):
            return False, 'names'
    return True, 'names'


def compare(path, what, compiler, most=None):
    chosen = choose(path, most or SAMPLE)
    text = ''.join(f'0x{address:x}\n' for address in chosen)
    own, first, second = ours(path, text), by_addr2line(path, text), by_llvm(path, text)
    kinds, wrong = collections.Counter(), []
    for address in chosen:
        fine, kind = judge(own[address], first[address], second[address])
        kinds[kind] += 1
        if not fine:
            wrong.append(address)
    why = f'SEED={SEED}, {len(wrong)} of {len(chosen)} addresses differ; {dict(kinds)}\n'
    for address in wrong[:3]:
        why += f'{address:x}\n  ours:      {own[address]}\n  addr2line: {first[address]}\n  llvm:      {second[address]}\n'
    alone = kinds['places'] * 100 <= MISTAKES[compiler] * len(chosen)
    tap.ok(not wrong and alone and len(chosen) > 50, f'{what}: {len(chosen)} addresses', why)


def go_addr2line(path, text):
    """From address to the function that was compiled and the place of the innermost call: what Go's own table has."""
    lines = programs.output('go', 'tool', 'addr2line', path, text=text).split('\n')
    addresses = [int(line, 16) for line in text.split()]
    return {address: (lines[2 * i], lines[2 * i + 1]) for i, address in enumerate(addresses)}


def plain_go(answer):
    """llvm-symbolizer takes the outermost name from the symbol table, where a suffix tells the calling convention."""
    return [n.replace('·', '.').removesuffix('.abi0') for n in answer[::2]], [plain_place(p) for p in answer[1::2]]


def compare_go(path, what):
    """addr2line cannot read the line tables that Go writes (it says "go.go:?"): here Go's own program stands in."""
    chosen = choose(path, 20 * SAMPLE)
    text = ''.join(f'0x{address:x}\n' for address in chosen)
    own, second = ours(path, text), by_llvm(path, text, demangle=False)
    first = go_addr2line(path, text) if shutil.which('go') else {}
    wrong, inlined = [], 0
    for address in chosen:
        names, places = plain_go(own[address])
        other_names, other_places = plain_go(second[address])
        inlined += len(names) > 1
        # Padding between functions has no debug information, and then Go's table names the function before; what the
        # compiler wrote has no file there, and Go's table calls it <autogenerated>.
        made = ['??:?' if place == '<autogenerated>:1' else place for place in places]
        other_places = [re.sub(r'^go\.go:.$', '??:?', place) for place in other_places]
        same = other_places in (places, made) and (names == other_names or other_names == ['??'])
        if address in first:
            name, place = first[address]
            nowhere = re.search(r':-?\d+$', place) and place.split(':')[0] in ('', '?')
            # The symbol table has a name for the end of the code.
            same = same and (own[address][-2] == name.replace('?', '??') or (name == '?' and names == other_names)) and \
                (places[0] == '??:?' if nowhere else place == own[address][1])
        if not same:
            wrong.append(address)
    why = f'SEED={SEED}, {len(wrong)} of {len(chosen)} addresses differ\n'
    for address in wrong[:3]:
        why += f'{address:x}\n  ours: {own[address]}\n  go:   {first.get(address)}\n  llvm: {second[address]}\n'
    tap.ok(not wrong and inlined * 20 > len(chosen), f'{what}: {len(chosen)} addresses, {inlined} in inlined calls', why)


def build(path, compiler, source, flags):
    """Builds a program; returns why it did not work, or ''."""
    if compiler == 'rustc':
        return programs.build_rust(path, source, *flags)
    done = subprocess.run([compiler, *flags, '-o', path, os.path.join(programs.HERE, source)], capture_output=True, text=True)
    return done.stderr if done.returncode else ''


def compare_build(folder, number, compiler, source, flags):
    what, path = f'names and lines of {source} by {compiler} {" ".join(flags)}', os.path.join(folder, str(number))
    if not programs.compiler(compiler):
        tap.skip(what, f'no {compiler}')
        return
    why = build(path, compiler, source, flags)
    if why:
        tap.ok(False, what, why)
    else:
        compare(path, what, 'rustc' if compiler == 'rustc' else 'clang' if compiler.startswith('clang') else 'gcc')


def main():
    if not all(map(shutil.which, ('addr2line', 'c++filt', 'llvm-symbolizer'))):
        tap.skip('addresses', 'no binutils or no llvm-symbolizer')
        tap.done()
    for name in ('shapes', 'ledger', 'shapes.stripped', 'mini', 'bigbytes'):
        path, what = os.path.join(CORPUS, name), f'names and lines of {name}'
        if not os.path.exists(path):
            tap.skip(what, 'no corpus')
        elif name in ('mini', 'bigbytes'):
            compare_go(path, what)
        else:
            compare(path, what, 'gcc', 10 ** 9)
    with tempfile.TemporaryDirectory() as folder:
        for number, build in enumerate(BUILDS):
            compare_build(folder, number, *build)
    tap.done()


main()
