#!/usr/bin/env python3
"""Which binary names a profile's addresses: the one on the command line, the mapping's own file, those that
PPROF_BINARY_PATH leads to; what build ids forbid; and what is left as it is.

    symbolize_test.py SONDE
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import programs
import made_profile  # noqa: E402
import tap  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])
BASE = 0x555500000000  # where the made-up process had its binary


class Binary:
    """A program built from inlines.cc, and where its functions are."""

    def __init__(self, folder, *flags):
        self.path = os.path.join(folder, 'shop')
        subprocess.run(['g++', '-O1', *flags, '-o', self.path, os.path.join(programs.HERE, 'inlines.cc')], check=True)
        self.build_id = programs.build_id(self.path)
        self.offset, self.address, self.size = programs.code_segment(self.path)
        self.functions = programs.functions(self.path)

    def profile(self, file, build_id='', names=None, lines=False):
        """A profile of basket::total called by main; names: what the process knew already."""
        profile = made_profile.Profile()
        start = BASE + (self.address & ~0xfff)
        mapping = profile.mapping(file, build_id, start, start + self.size, self.offset & ~0xfff, functions=bool(names),
                                  lines=lines)
        total, main = (self.functions[f] for f in ('shop::basket::total() const', 'main'))
        given = names or (None, None)
        file_and_line = ('given.cc', 7) if lines else ('', 0)
        profile.sample([profile.location(BASE + total + 4, mapping, given[0], *file_and_line),
                        profile.location(BASE + main + 8, mapping, given[1], *file_and_line)], [5, 50_000_000])
        return programs.write(profile, os.path.join(os.path.dirname(self.path), 'profile.pb.gz'))


def run(*arguments, **environment):
    done = subprocess.run([SONDE, 'pprof', *arguments], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **environment})
    return done.stdout, done.stderr


def named(out):
    return 'shop::basket::total' in out and 'main' in out


def test_finding(binary, folder):
    out, err = run('-top', binary.path, binary.profile('/gone/shop'))
    tap.ok(named(out), 'the binary on the command line', out + err)
    out, err = run('-top', binary.profile(binary.path))
    tap.ok(named(out), "the mapping's own file", out + err)
    out, err = run('-top', binary.profile('/gone/shop'))
    tap.ok(not named(out) and '[shop]' in out and 'Local symbolization failed for shop' in err and
           'PPROF_BINARY_PATH' in err, 'no binary: the mapping is named and the want told', out + err)
    out, err = run('-top', '-symbolize=none', binary.profile(binary.path))
    tap.ok(not named(out) and not err, 'nothing where nothing is asked for', out + err)
    out, err = run('-list', 'basket::total', binary.profile(binary.path))
    tap.ok('sum += four_times(i.price)' in out or 'total() const' in out, 'its source is listed', out + err)


def test_search_path(binary, folder):
    places = [(binary.build_id, 'shop'), (binary.build_id, 'another-name'), ('', 'shop'), ('gone', 'shop'),
              ('gone/shop', binary.build_id), (binary.build_id[:2], binary.build_id[2:] + '.debug'),
              ('gone', 'shop.debug'), ('gone/.debug', 'shop.debug'), ('usr/lib/debug/gone', 'shop.debug')]
    for number, (sub, name) in enumerate(places):
        root = os.path.join(folder, f'path{number}')
        os.makedirs(os.path.join(root, sub))
        shutil.copy(binary.path, os.path.join(root, sub, name))
        out, err = run('-top', binary.profile('/gone/shop', binary.build_id),
                       PPROF_BINARY_PATH='/nowhere:' + root)
        tap.ok(named(out) and not err, f'PPROF_BINARY_PATH finds {sub and "…/"}{name[:12]} ({number})', out + err)
    home = os.path.join(folder, 'home')
    os.makedirs(os.path.join(home, 'pprof', 'binaries'))
    shutil.copy(binary.path, os.path.join(home, 'pprof', 'binaries', 'shop'))
    out, err = run('-top', binary.profile('/gone/shop'), HOME=home)
    tap.ok(named(out), 'without it, $HOME/pprof/binaries', out + err)


def test_build_ids(binary, folder):
    wrong = '0123456789abcdef'
    out, err = run('-top', binary.profile(binary.path, wrong))
    tap.ok(not named(out) and 'build ID mismatch' in err, 'another build is not believed', out + err)
    out, err = run('-top', binary.profile('/gone/shop', wrong), PPROF_BINARY_PATH=os.path.dirname(binary.path))
    tap.ok(not named(out) and f'build-id mismatch ({wrong} != {binary.build_id})' in err, 'nor one on the path',
           out + err)
    out, err = run('-top', '-buildid', wrong, binary.path, binary.profile('/gone/shop'))
    tap.ok(not named(out), '-buildid gives one to a profile without', out + err)


def test_names_that_are_there(binary, folder):
    names = ('_ZNK4shop6basket5totalEv', 'main')
    out, err = run('-raw', binary.profile(binary.path, binary.build_id, names))
    tap.ok('inlines.cc:' in out and named(out), 'names without lines get their lines', out + err)
    out, err = run('-raw', binary.profile('/gone/shop', binary.build_id, names))
    tap.ok('inlines.cc' not in out and named(out) and not err, 'but nobody is told where they cannot', out + err)
    out, err = run('-raw', binary.profile(binary.path, '', names))
    tap.ok('inlines.cc' not in out, 'nor without a build id', out + err)
    out, err = run('-raw', binary.profile(binary.path, binary.build_id, ('given', 'main'), lines=True))
    tap.ok('given given.cc:7' in out, 'what has lines is left alone', out + err)
    out, err = run('-raw', '-symbolize=force', binary.profile(binary.path, '', ('given', 'main')))
    tap.ok('inlines.cc:' in out and 'given' not in out.split('Locations')[1], 'unless it is forced', out + err)


def test_modes(binary, folder):
    path = binary.profile(binary.path)
    out, _ = run('-raw', '-symbolize=fastlocal', path)
    tap.ok('inlines.cc' not in out and named(out), 'fastlocal: names alone', out)
    out, _ = run('-top', '-symbolize=demangle=full', path)
    tap.ok('shop::basket::total() const' in out, 'demangle=full', out)
    out, _ = run('-top', '-symbolize=local:demangle=none', path)
    tap.ok('_ZNK4shop6basket5totalEv' in out, 'demangle=none', out)
    out, _ = run('-top', '-symbolize=remote', path)
    tap.ok(not named(out), 'remote: no binary is looked into', out)


def test_separate_debug_information(binary, folder):
    apart = os.path.join(folder, 'apart')
    os.makedirs(apart)
    stripped, debug = os.path.join(apart, 'shop'), os.path.join(apart, 'shop.debug')
    commands = [['objcopy', '--only-keep-debug', binary.path, debug], ['strip', '-o', stripped, binary.path],
                ['objcopy', '--add-gnu-debuglink=' + debug, stripped]]
    if any(subprocess.run(command, capture_output=True, cwd=apart).returncode for command in commands):
        tap.skip('debug information behind a link', 'no objcopy')
        return
    out, err = run('-raw', binary.profile(stripped))
    tap.ok('inlines.cc:' in out and named(out), 'debug information behind a link', out + err)
    os.remove(debug)
    out, err = run('-top', binary.profile(stripped))
    tap.ok(not named(out), 'nothing where it is gone', out + err)


LIBRARY = """
#define ALIAS(of, ...) __attribute__((__VA_ARGS__ alias(#of)))
int _shop_impl(int a) { return a * 3; }
int shop_total(int a) ALIAS(_shop_impl, weak,);
int shop_total_of_all(int a) ALIAS(_shop_impl, );
static int shop_own(int a) ALIAS(_shop_impl, unused,);
int _shop_alone(int a) { return a * 5; }
static int _shop_hidden(int a) ALIAS(_shop_alone, unused,);
int shop_plain(int a) { return a * 7; }
int shp(int a) ALIAS(shop_plain, );
"""


def test_aliases(folder):
    """Of a function's names the one that others call it by."""
    path, source = os.path.join(folder, 'libshop.so'), os.path.join(folder, 'library.c')
    with open(source, 'w', encoding='ascii') as file:
        file.write(LIBRARY)
    for what, flags in (('debug information', ['-g']), ('a symbol table', []), ("the dynamic linker's symbols", ['-s'])):
        subprocess.run(['gcc', '-O1', '-w', '-shared', '-fPIC', *flags, '-o', path, source], check=True)
        at = programs.functions(path, '-D')
        made = made_profile.Profile()
        mapping = made.mapping(path, '', 0, 1 << 40)
        for name in ('_shop_impl', '_shop_alone', 'shop_plain'):
            made.sample([made.location(at[name], mapping)], [1, 10])
        profile = programs.write(made, os.path.join(folder, 'aliases.pb.gz'))
        out, err = run('-raw', profile)
        names = re.findall(r'M=1 (\w+) ', out)
        plain = names[-1:] == ['shop_plain'] or '-g' not in flags and names[-1:] == ['shp']
        tap.ok(names[:2] == ['shop_total', '_shop_alone'] and plain, f'the name that others know, by {what}', out + err)


def main():
    if not all(map(shutil.which, ('g++', 'readelf', 'nm'))):
        tap.skip('symbolization', 'no g++ or binutils')
        tap.done()
    with tempfile.TemporaryDirectory() as folder:
        os.environ['HOME'] = os.path.join(folder, 'nobody')
        for name in ('PPROF_BINARY_PATH', 'DEBUGINFOD_URLS'):
            os.environ.pop(name, None)
        binary = Binary(folder, '-g')
        for test in (test_finding, test_search_path, test_build_ids, test_names_that_are_there, test_modes,
                     test_separate_debug_information):
            test(binary, folder)
        test_aliases(folder)
    tap.done()


main()
