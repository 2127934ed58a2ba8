#!/usr/bin/env python3
"""The symbol cache: the second run answers without debug information and the same; what is in the cache is not believed
where it is broken or of another file; and what cannot be kept is no error.

    symbol_cache_test.py SONDE
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile

import programs
import made_profile  # noqa: E402
import tap  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])
SEED = int(os.environ.get('SEED', '1'))
SOURCE = """
#include <map>
#include <regex>
#include <string>
int main(int argc, char **argv)
{
    std::map<std::string, int> words;
    std::regex word("[a-z]+");
    for (int i = 0; i < argc; i++)
        for (std::sregex_iterator at, end; at != end; ++at)
            words[at->str()]++;
    return words.size() > 3;
}
"""


def make(folder, name, *flags):
    path = os.path.join(folder, name)
    subprocess.run(['g++', '-x', 'c++', '-std=c++17', '-O1', '-g', '-no-pie', '-Wl,--build-id', *flags, '-o', path, '-'],
                   input=SOURCE, text=True, check=True)
    return path


def profile(path, folder, name, seed, count=300):
    (start, size), = programs.sections(path, '[.]text')
    draw, made = random.Random(seed), made_profile.Profile()
    mapping = made.mapping(path)
    for address in sorted(draw.sample(range(start, start + size), count)):
        made.sample([made.location(address, mapping)], [1, 10])
    return programs.write(made, os.path.join(folder, name))


def run(path, cache, *arguments, **more):
    env = {**os.environ, 'XDG_CACHE_HOME': cache, 'HOME': '/nonexistent', **more}
    if 'SONDE_SYMBOL_CACHE' not in more:
        env.pop('SONDE_SYMBOL_CACHE')
    done = subprocess.run([SONDE, 'pprof', '-raw', *arguments, path], capture_output=True, text=True, timeout=60, env=env)
    return done.stdout + done.stderr


def kept(cache):
    folder = os.path.join(cache, 'sonde', 'symbols')
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def content(cache):
    with open(os.path.join(cache, 'sonde', 'symbols', kept(cache)[0]), 'rb') as file:
        return file.read()


def put(cache, data):
    with open(os.path.join(cache, 'sonde', 'symbols', kept(cache)[0]), 'wb') as file:
        file.write(data)


def test_same_answers(path, folder):
    cache = os.path.join(folder, 'same')
    first, second = (profile(path, folder, f'p{i}.pb.gz', SEED + i) for i in (0, 1))
    plain = [run(p, cache, SONDE_SYMBOL_CACHE='0') for p in (first, second)]
    tap.ok(not kept(cache) and 'main' in plain[0], 'none is made where it is not wanted', kept(cache))
    run(first, cache, '-symbolize=nocache')
    tap.ok(not kept(cache), 'nor with nocache')
    tap.ok(run(first, cache) == plain[0] and len(kept(cache)) == 1, 'the first run keeps what it learned', kept(cache))
    before = content(cache)
    tap.ok(run(first, cache) == plain[0] and content(cache) == before, 'the second answers the same from it')
    tap.ok(run(second, cache) == plain[1] and len(content(cache)) > len(before), 'other addresses are added')
    whole = content(cache)
    tap.ok(run(first, cache) == plain[0] and run(second, cache) == plain[1] and content(cache) == whole,
           'and both are known then')
    full = run(first, cache, '-symbolize=demangle=full')
    tap.ok(full == run(first, cache, '-symbolize=demangle=full:nocache') and full != plain[0],
           'names can be demangled in every way')
    mode = os.stat(os.path.join(cache, 'sonde', 'symbols')).st_mode & 0o777
    tap.ok(mode == 0o700, 'nobody else can look into it', oct(mode))
    return first, plain[0], cache


def test_used(path, folder, first, expected, cache):
    data = bytearray(content(cache))
    run(first, cache)
    tap.ok(data == content(cache), 'what is known is not written again')
    at = data.index(b'/regex')
    data[at:at + 6] = b'/XXXXX'
    put(cache, data)
    tap.ok(run(first, cache) == expected and content(cache) != bytes(data),
           'a file whose checksum is wrong is passed over and replaced')


def test_broken(first, expected, cache):
    draw = random.Random(SEED)
    good = content(cache)
    for number in range(20):
        data = bytearray(good)
        if number % 2:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        else:
            del data[draw.randrange(len(data)):]
        put(cache, data)
        if run(first, cache) != expected:
            tap.ok(False, f'broken caches are passed over (SEED={SEED}, {number})')
            return
    tap.ok(True, 'broken caches are passed over')


def test_another_file(path, folder):
    """The same build id with other debug information."""
    cache, own = os.path.join(folder, 'other'), os.path.join(folder, 'own')
    os.mkdir(own)
    program = os.path.join(own, 'program')
    shutil.copy(path, program)
    first = profile(program, folder, 'own.pb.gz', SEED)
    expected = run(first, cache)
    os.rename(program, program + '.whole')
    subprocess.run(['strip', '-g', '-o', program, program + '.whole'], check=True)
    names = run(first, cache)
    tap.ok(names == run(first, cache, SONDE_SYMBOL_CACHE='0') and names != expected,
           'a stripped copy does not get what the whole one had')
    os.rename(program + '.whole', program)
    tap.ok(run(first, cache) == expected, 'and the whole one again')


def test_no_room(path, folder, first, expected):
    closed = os.path.join(folder, 'closed')
    os.mkdir(closed, 0o500)
    places = {'a file where the folder should be': first, 'a relative folder': 'relative',
              'a folder that cannot be made': '/proc/nothing'}
    if os.getuid() != 0:
        places['a folder that cannot be written'] = closed
    for what, cache in places.items():
        tap.ok(run(first, cache) == expected, f'{what}: no cache and no word about it')
    tap.ok(not os.path.exists('relative'), 'nothing is made in the working folder')
    nameless = make(folder, 'nameless', '-Wl,--build-id=none')
    cache = os.path.join(folder, 'nameless-cache')
    run(profile(nameless, folder, 'nameless.pb.gz', SEED), cache)
    tap.ok(not kept(cache), 'nothing is kept of a binary without a build id', kept(cache))


def test_several_writers(path, folder):
    cache = os.path.join(folder, 'several')
    profiles = [profile(path, folder, f's{i}.pb.gz', SEED + i) for i in range(8)]
    expected = [run(p, cache, SONDE_SYMBOL_CACHE='0') for p in profiles]
    env = {**os.environ, 'XDG_CACHE_HOME': cache}
    env.pop('SONDE_SYMBOL_CACHE')
    running = [subprocess.Popen([SONDE, 'pprof', '-raw', p], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env=env) for p in profiles for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in running]
    tap.ok(all(outputs[i] == expected[i // 2] for i in range(16)), 'many at a time answer as one')
    tap.ok(len(kept(cache)) == 1 and [run(p, cache) for p in profiles] == expected,
           'and leave one whole file', kept(cache))


def main():
    if not all(map(shutil.which, ('g++', 'readelf', 'strip'))):
        tap.skip('symbol cache', 'no g++ or binutils')
        tap.done()
    with tempfile.TemporaryDirectory() as folder:
        os.environ['HOME'] = '/nonexistent'
        for name in ('PPROF_BINARY_PATH', 'DEBUGINFOD_URLS', 'XDG_CACHE_HOME'):
            os.environ.pop(name, None)
        path = make(folder, 'words')
        first, expected, cache = test_same_answers(path, folder)
        test_used(path, folder, first, expected, cache)
        test_broken(first, expected, cache)
        test_another_file(path, folder)
        test_no_room(path, folder, first, expected)
        test_several_writers(path, folder)
    tap.done()


main()
