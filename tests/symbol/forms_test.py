#!/usr/bin/env python3
"""The forms in which debug information comes: whole, compressed, split, packed, apart. Whatever the form, what is said of
an address must be what is said with the plain form of the same code.

    forms_test.py ADDRESSES      ADDRESSES is the program built from addresses.c
"""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import programs
import tap  # noqa: E402

ADDRESSES = os.path.abspath(sys.argv[1])
SOURCE = os.path.join(programs.HERE, 'inlines.cc')
SEED = int(os.environ.get('SEED', '1'))
SAMPLE = 10 ** 9 if os.environ.get('ALL') else 1000


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def addresses(path):
    (start, size), = programs.sections(path, '[.]text')
    chosen = random.Random(SEED).sample(range(start, start + size), min(SAMPLE, size))
    return ''.join(f'0x{address:x}\n' for address in sorted(chosen))


def answers(path, text):
    done = run(ADDRESSES, path, input=text)
    return done.stdout if done.returncode == 0 else done.stderr


def first_difference(a, b):
    for left, right in zip(a.split('\n'), b.split('\n')):
        if left != right:
            return f'SEED={SEED}: {left!r}, plain: {right!r}'
    return f'SEED={SEED}: {len(a)} bytes, plain: {len(b)}'


class Form:
    """A folder of its own with the plain program, in which a form of it is made."""

    def __init__(self, root, compiler, version):
        self.folder = tempfile.mkdtemp(dir=root)
        self.compiler, self.flags = compiler, ['-O2', f'-gdwarf-{version}', '-Wl,--build-id']
        self.path = self.build('plain')
        self.text = addresses(self.path)
        self.expected = answers(self.path, self.text)

    def build(self, name, *more):
        path = os.path.join(self.folder, name)
        subprocess.run([self.compiler, *self.flags, *more, '-o', path, SOURCE], cwd=self.folder, check=True)
        return path

    def tool(self, *command):
        return run(*command, cwd=self.folder).returncode == 0

    def check(self, what, path):
        found = answers(path, self.text)
        what = f'{what} ({self.compiler} {self.flags[1]})'
        return tap.ok(found == self.expected and ':?' in found and 'inlines.cc:' in found, what,
                      first_difference(found, self.expected))


def compressed(form):
    for kind in ('zlib', 'zlib-gnu', 'zstd'):
        path = os.path.join(form.folder, kind)
        if form.tool('objcopy', f'--compress-debug-sections={kind}', form.path, path):
            form.check(f'compressed with {kind}', path)
        else:
            tap.skip(f'compressed with {kind}', 'objcopy cannot')


def split(form):
    path = form.build('split', '-gsplit-dwarf', *(['-fsplit-dwarf-inlining'] if 'clang' in form.compiler else []))
    if addresses(path) != form.text:
        tap.skip('split', 'the code is another')
        return
    form.check('split into a .dwo', path)
    packer = next((tool for tool in ('llvm-dwp', 'dwp') if shutil.which(tool) and
                   form.tool(tool, '-e', path, '-o', path + '.dwp')), None)
    os.mkdir(os.path.join(form.folder, 'gone'))
    for name in os.listdir(form.folder):
        if name.endswith('.dwo'):
            os.rename(os.path.join(form.folder, name), os.path.join(form.folder, 'gone', name))
    if packer:
        form.check(f'packed into a .dwp by {packer}', path)
        os.remove(path + '.dwp')
    else:
        tap.skip('packed into a .dwp', 'no dwp')
    found = answers(path, form.text)
    tap.ok('inlines.cc:' in found and 'shop::' in found, 'parts that are gone leave lines and names', found[:300])


def apart(form):
    debug, path = os.path.join(form.folder, 'x.debug'), os.path.join(form.folder, 'stripped')
    form.tool('objcopy', '--only-keep-debug', form.path, debug)
    form.tool('strip', '-o', path, form.path)
    names = answers(path, form.text)
    form.tool('objcopy', f'--add-gnu-debuglink={debug}', path)
    form.check('behind a .gnu_debuglink', path)
    os.mkdir(os.path.join(form.folder, '.debug'))
    os.rename(debug, os.path.join(form.folder, '.debug', 'x.debug'))
    form.check('in the folder .debug', path)
    with open(os.path.join(form.folder, '.debug', 'x.debug'), 'ab') as file:
        file.write(b'!')
    tap.ok(answers(path, form.text) == names, 'a linked file with another checksum is not believed')
    form.check('a file of debug information alone', debug if os.path.exists(debug) else
               os.path.join(form.folder, '.debug', 'x.debug'))


def shared(form):
    if not shutil.which('dwz'):
        tap.skip('shared by several files', 'no dwz')
        return
    other, third = form.build('other'), form.build('third')
    if not form.tool('dwz', '-m', 'common', '-M', os.path.join(form.folder, 'common'), other, third):
        tap.skip('shared by several files', 'dwz cannot')
        return
    form.check('shared by several files', other)
    os.remove(os.path.join(form.folder, 'common'))
    tap.ok('inlines.cc:' in answers(other, form.text), 'without what they share lines are left')


def hidden(form):
    """What distributions leave in stripped programs: .gnu_debugdata."""
    table, path = os.path.join(form.folder, 'table'), os.path.join(form.folder, 'hidden')
    full = os.path.join(form.folder, 'names')
    if not shutil.which('xz') or not form.tool('strip', '-g', '-o', full, form.path):
        tap.skip('a hidden symbol table', 'no xz')
        return
    form.tool('strip', '-o', path, full)
    form.tool('objcopy', '--only-keep-debug', full, table)
    form.tool('xz', '-k', '-f', table)
    form.tool('objcopy', f'--add-section=.gnu_debugdata={table}.xz', path)
    expected, found = answers(full, form.text), answers(path, form.text)
    tap.ok(found == expected and 'shop::' in found, 'a hidden symbol table', first_difference(found, expected))
    with open(table + '.xz', 'r+b') as file:
        file.seek(60)
        file.write(b'rubbish')
    form.tool('objcopy', f'--update-section=.gnu_debugdata={table}.xz', path)
    tap.ok('??' in answers(path, form.text), 'a broken one is passed over')


def narrow(root):
    source, path = os.path.join(root, 'narrow.s'), os.path.join(root, 'narrow')
    with open(source, 'w', encoding='utf-8') as file:
        file.write('.text\n.globl _start\n.type _start, @function\n_start:\n nop\n nop\n ret\n.size _start, .-_start\n')
    if run('gcc', '-m32', '-g', '-nostdlib', '-static', '-no-pie', '-o', path, source).returncode:
        tap.skip('a program of 32 bits', 'the compiler makes none')
        return
    start = re.search(r'^([0-9a-f]+) T _start', run('nm', path).stdout, re.M)[1]
    found = answers(path, f'{int(start, 16) + 1:x}\n')
    tap.ok('_start' in found and 'narrow.s:6' in found, 'a program of 32 bits', found)


def main():
    if not all(map(shutil.which, ('g++', 'objcopy', 'strip', 'readelf', 'nm'))):
        tap.skip('forms of debug information', 'no g++ or binutils')
        tap.done()
    with tempfile.TemporaryDirectory() as root:
        for compiler in ('g++', 'clang++'):
            if not shutil.which(compiler):
                tap.skip(f'forms of {compiler}', 'not installed')
                continue
            for version in (4, 5):
                for make in (compressed, split, apart):
                    make(Form(root, compiler, version))
        shared(Form(root, 'g++', 4))
        shared(Form(root, 'g++', 5))
        hidden(Form(root, 'g++', 5))
        narrow(root)
    tap.done()


main()
