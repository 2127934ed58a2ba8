#!/usr/bin/env python3
"""Names of D and Rust as src/symbol/demangle.c has them, against those of c++filt and llvm-cxxfilt: over all of D's run-time
library and all symbols of a Rust program (tests/symbol/names.rs with what it takes from its library), in the old and the
new way of mangling.

    names_test.py NAMES      NAMES is the program built from names.c
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import programs
import tap  # noqa: E402

NAMES = os.path.abspath(sys.argv[1])


def run(*command, text=''):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
    return done.stdout.split('\n')[:-1]


def symbols(path, pattern, *flags):
    """The symbols of a file that match, without their versions."""
    found = (line.split(' ')[-1].split('@')[0] for line in run('nm', '--defined-only', *flags, path))
    return sorted({name for name in found if re.match(pattern, name)})


def printed(mode, listed):
    return run(NAMES, mode, text='\n'.join(listed) + '\n')


def check(what, listed, ours, theirs, same):
    wrong = [(name, a, b) for name, a, b in zip(listed, ours, theirs) if not same(name, a, b)]
    why = ''.join(f'{name}\n  ours:   {a}\n  theirs: {b}\n' for name, a, b in wrong[:5])
    tap.ok(not wrong and len(ours) == len(theirs) == len(listed) > 100, f'{what}: {len(listed)} names',
           f'{len(wrong)} differ, {len(ours)} and {len(theirs)} lines\n{why}')


def without_lists(name):
    while True:
        shorter = re.sub(r'\([^()]*\)', '', name)
        if shorter == name:
            return name
        name = shorter


def same_in_d(symbol, ours, theirs):
    """c++filt (2.40) does not know "return scope" parameters and thunks, and leaves out the parameters of a function whose
    type is a reference to that of another."""
    if theirs == symbol:
        return ours != symbol or symbol == '_D4core6memory10initialize' or 'Nk' not in symbol
    return ours == theirs or without_lists(ours) == without_lists(theirs)


def test_d():
    libraries = glob.glob('/usr/lib/*/libgphobos.so.*') + glob.glob('/usr/lib/*/libgdruntime.so.*')
    if not libraries:
        tap.skip('names of D', "no libgphobos3 (GCC's D library)")
        return
    for library in sorted({os.path.realpath(path) for path in libraries}):
        listed = symbols(library, r'_D', '-D')
        what = os.path.basename(library)
        ours = printed('full', listed)
        check(what, listed, ours, run('c++filt', '-s', 'dlang', text='\n'.join(listed) + '\n'), same_in_d)
        mangled = [name for name in ours if re.match(r'_D\d', name)]
        tap.ok(len(mangled) * 1000 < len(listed), f'{what}: hardly any is not understood', mangled)
        bare = printed('default', listed)
        wrong = [name for name in bare if re.search(r'[!()]', name.replace('this(this)', '')) and name not in mangled]
        tap.ok(not wrong, f'{what}: bare names have neither arguments nor parameters', wrong[:5])


def plain_rust(name):
    """c++filt adds which build of a crate it is, the types of constants, and the hash of an old symbol; both add suffixes."""
    name = re.sub(r'(\w)\[[0-9a-f]{8,16}\]', r'\1', re.sub(r' [(\[][^()\[\]]*\.[^()\[\]]*[)\]]$', '', name))
    name = re.sub(r'::h[0-9a-f]{16}$', '', name)
    name = programs.with_letters(name)
    # Go's tool takes an underscore off each part of an old symbol, and so do we.
    return re.sub(r'(^|::)_(_\w)', r'\1\2', re.sub(r"(\d+|true|false|'[^']*'): \w+", r'\1', name))


def test_rust(folder):
    if not programs.compiler('rustc'):
        tap.skip('names of Rust', 'no rustc')
        return
    for mangling in ('v0', 'legacy'):
        path = os.path.join(folder, mangling)
        why = programs.build_rust(path, 'names.rs', '-Copt-level=1', '-Zunstable-options', f'-Csymbol-mangling-version={mangling}')
        if not tap.ok(not why, f'names.rs is built ({mangling})', why):
            continue
        listed = symbols(path, '_R|_ZN.*17h')
        ours, text = printed('full', listed), '\n'.join(listed) + '\n'
        for tool in ('c++filt', 'llvm-cxxfilt'):
            if tool == 'llvm-cxxfilt' and (mangling == 'legacy' or not shutil.which(tool)):
                continue  # takes old symbols for C++
            check(f'{mangling} by {tool}', listed, ours, run(tool, text=text),
                  lambda _, a, b: plain_rust(a) == plain_rust(b))
        wanted = {'v0': ['straße::größe::länge', '<names::Ring<u8, 3> as names::Shape>::area',
                         "names::constant::<'\\u{e9}', true, -5>", '<names::Late<names::made::{closure#0}>>::run', 'names::foreign'],
                  'legacy': ['straße::größe::länge', '<names::Ring<T,_> as names::Shape>::area', 'names::Late<F>::run',
                             'names::foreign']}
        for name in wanted[mangling]:
            tap.ok(any(name in one for one in ours), f'{mangling}: {name}', [one for one in ours if 'names' in one])


def main():
    if not shutil.which('c++filt') or not shutil.which('nm'):
        tap.skip('names of D and Rust', 'no binutils')
        tap.done()
    test_d()
    with tempfile.TemporaryDirectory() as folder:
        test_rust(folder)
    tap.done()


main()
