#!/usr/bin/env python3
"""Names of code that no file stands behind: what JIT compilers made, by jit-PID.dump and /tmp/perf-PID.map, and the kernel's,
by /proc/kallsyms or a file.

    unbacked_test.py SONDE
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import programs  # (first: it leads to the others)
import made_jit_dump  # noqa: E402
import made_profile  # noqa: E402
import tap  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])
PID = 5_000_000 + os.getpid()  # greater than any process's


def run(made, folder, *arguments):
    path = programs.write(made, os.path.join(folder, 'profile.pb.gz'))
    done = subprocess.run([SONDE, 'pprof', *(arguments or ['-raw']), path], capture_output=True, text=True, timeout=60,
                          env={**os.environ, 'HOME': folder})
    return done.stdout, done.stderr


def jit(mapping='//anon', pid=PID, addresses=(0x1010, 0x2020)):
    made = made_profile.Profile()
    number = made.mapping(mapping, '', 0x1000, 0x9000)
    for address in addresses:
        made.sample([made.location(address, number)], [1, 10], [('pid', pid)] if pid else [])
    return made


def test_jit(folder):
    path = f'/tmp/perf-{PID}.map'
    try:
        with open(path, 'w', encoding='utf-8') as file:
            file.write('1000 100 Lcom/shop/Basket;::total\n2000 100 LazyCompile:*old a.js:1\n2000 80 JS:*new /b c.js:2\n')
        out, err = run(jit(), folder)
        tap.ok('Lcom/shop/Basket;::total' in out and 'JS:*new /b c.js:2' in out and 'old' not in out and not err,
               'code of a JIT compiler is named by the map of its process', out + err)
        out, err = run(jit(pid=0), folder)
        tap.ok('Basket' not in out, 'but not where the process is not known', out + err)
        out, err = run(jit(f'/tmp/perf-{PID}.map', pid=0), folder)
        tap.ok('Basket' in out, "unless the mapping's name tells it", out + err)
        out, err = run(jit(pid=PID + 1), folder)
        tap.ok('Basket' not in out and not err, 'nor of a process without a map', out + err)
        out, err = run(jit(), folder, '-raw', '-symbolize=none')
        tap.ok('Basket' not in out, 'nor where nothing is asked for', out + err)
        two = jit()
        two.sample([two.location(0x1011, 1)], [1, 10], [('pid', PID + 1)])
        out, err = run(two, folder)
        tap.ok(out.count('Basket') == 1, 'each process has its own', out + err)

        os.rename(path, path + '.real')
        os.symlink(path + '.real', path)
        out, err = run(jit(), folder)
        tap.ok('Basket' not in out, 'a link is not followed', out + err)
        os.remove(path)
        if os.getuid() == 0:
            os.rename(path + '.real', path)
            os.chown(path, 12345, 12345)
            out, err = run(jit(), folder)
            tap.ok('Basket' not in out and f'Ignoring {path}' in err, "another user's file is not believed", out + err)
        else:
            tap.skip("another user's file is not believed", 'not root')
    finally:
        for name in (path, path + '.real'):
            if os.path.lexists(name):
                os.remove(name)


def dumped(path, pid=PID, addresses=(0x1010, 0x2020)):
    """Samples of a process that has a dump mapped."""
    made = jit(pid=pid, addresses=addresses)
    made.mapping(path, '', 0xa000, 0xb000)
    return made


def test_dump(folder):
    path, list_path = os.path.join(folder, f'jit-{PID}.dump'), f'/tmp/perf-{PID}.map'
    dump = made_jit_dump.JitDump(PID)
    dump.lines(0x1000, [(0x1000, 7, b'/src/shop.js'), (0x1020, 9, b'/src/shop.js')])
    dump.load(b'Basket::total', 0x1000, 0x100)
    with open(path, 'wb') as file:
        file.write(dump.bytes)
    out, err = run(dumped(path), folder)
    tap.ok('Basket::total /src/shop.js:7' in out and not err, 'code of a JIT compiler is named by the dump it has mapped', out + err)
    out, err = run(dumped(path, pid=0), folder)
    tap.ok('Basket::total' in out, 'also where samples have no process, and there is one dump', out + err)
    out, err = run(dumped(path, pid=PID + 1), folder)
    tap.ok('Basket::total' not in out, 'but not those of another process', out + err)
    try:
        with open(list_path, 'w', encoding='utf-8') as file:
            file.write('1000 100 another\n2000 100 listed\n')
        out, err = run(dumped(path), folder)
        tap.ok('Basket::total' in out and 'listed' in out and 'another' not in out, 'what it does not know the list names', out + err)
    finally:
        os.remove(list_path)
    inside = made_profile.Profile()
    inside.sample([inside.location(0x1010, inside.mapping(path, '', 0x1000, 0x9000))], [1, 10])
    out, err = run(inside, folder)
    tap.ok('Basket::total' in out and not err, 'and code that is in its mapping', out + err)
    with open(path, 'wb') as file:
        file.write(b'nothing of the kind')
    out, err = run(dumped(path), folder)
    tap.ok('Basket' not in out and f'Ignoring {path}' in err and err.count('\n') == 1, 'another file is told of and left', out + err)


JAVASCRIPT = """function inner(n) { return n < 2 ? n : inner(n - 1) + inner(n - 2); }
function outer(k) { let s = 0; for (let i = 0; i < k; i++) s += inner(20 + i % 3); return s; }
for (const end = Date.now() + 400; Date.now() < end;) outer(20);
"""


def test_real_dump(folder):
    what = 'JavaScript under perf has the names that perf inject --jit gives'
    node, data = shutil.which('node'), os.path.join(folder, 'node.data')
    if not node or not shutil.which('perf'):
        tap.skip(what, 'no node' if not node else 'no perf')
        return
    with open(os.path.join(folder, 'work.js'), 'w', encoding='ascii') as file:
        file.write(JAVASCRIPT)
    options = {'cwd': folder, 'capture_output': True, 'text': True, 'timeout': 60}
    subprocess.run(['perf', 'record', '-q', '-e', 'cpu-clock', '-F', '200', '-k', '1', '-o', data, node, '--perf-prof', 'work.js'],
                   **options)
    injected = subprocess.run(['perf', 'inject', '--jit', '-i', data, '-o', data + '.jit'], **options)
    script = subprocess.run(['perf', 'script', '-i', data + '.jit', '-F', 'ip,sym', '--show-mmap-events'], **options).stdout
    theirs = {int(m[1], 16): m[2] for m in re.finditer(r'^ +([0-9a-f]+) (JS:.*)$', script, re.M)}
    if injected.returncode or not theirs:
        tap.skip(what, 'perf cannot record or inject here')
        return
    raw = subprocess.run([SONDE, 'pprof', '-raw', data], env={**os.environ, 'HOME': folder}, **options).stdout
    ours = {int(m[1], 16): m[2] for m in re.finditer(r'^ +\d+: 0x([0-9a-f]+) M=\d+ (JS:.*?) (?::0|\S+:\d+):0 s=0', raw, re.M)}
    wrong = {hex(a): (name, ours.get(a)) for a, name in theirs.items() if ours.get(a) != name}
    tap.ok(len(wrong) * 20 <= len(theirs), what, f'{len(wrong)} of {len(theirs)}: {wrong}')  # code that was replaced


def kernel(build_id='', mapping='[kernel.kallsyms]_text', base=0xffffffff81000000):
    made = made_profile.Profile()
    number = made.mapping(mapping, build_id, base, base + 0x1000000, base)
    for offset in (0x110, 0x210):
        made.sample([made.location(base + offset, number)], [1, 10])
    module = made.mapping('[nf_tables]', '', 0xffffffffc0000000, 0xffffffffc0010000)
    made.sample([made.location(0xffffffffc0000010, module)], [1, 10])
    return made


def test_given_list(folder):
    path = os.path.join(folder, 'kallsyms')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('ffffffff82000000 T _text\nffffffff82000100 T do_syscall_64\nffffffff82000200 t schedule\n'
                   'ffffffffc0000000 t nft_do_chain\t[nf_tables]\n')
    out, err = run(kernel(), folder, '-raw', '-kallsyms', path)
    tap.ok('do_syscall_64' in out and 'schedule' in out and 'nft_do_chain' in out and not err,
           'a list that is given is believed, wherever the kernel lay', out + err)
    with open(path, 'w', encoding='utf-8') as file:
        file.write('0000000000000000 T _text\n0000000000000000 T do_syscall_64\n')
    out, err = run(kernel(), folder, '-raw', '-kallsyms', path)
    tap.ok('do_syscall_64' not in out and 'kptr_restrict' in err and err.count('\n') == 1,
           'a list without addresses names nothing and is told once', out + err)
    out, err = run(kernel(), folder, '-raw', '-kallsyms', os.path.join(folder, 'none'))
    tap.ok('cannot be read' in err and 'File' not in err, 'so is one that is not there', out + err)


def test_running_kernel(folder):
    for build_id in ('', '0' * 40):
        out, err = run(kernel(build_id), folder)
        tap.ok('is not known to be the one' in err and len(re.findall(r'M=1 \n', out)) == 2,
               'a kernel that may be another has no names', out + err)
    if not shutil.which('perf'):
        tap.skip("names of this kernel as perf's", 'no perf')
        return
    data = os.path.join(folder, 'perf.data')
    subprocess.run(['perf', 'record', '-q', '-F', '999', '-o', data, 'sh', '-c',
                    'for i in 1 2 3; do cat /proc/kallsyms; done >/dev/null'], capture_output=True)
    script = subprocess.run(['perf', 'script', '-i', data, '-F', 'ip,sym'], capture_output=True, text=True).stdout
    theirs = {int(m[1], 16): m[2] for m in re.finditer(r'^\s*(ffff[0-9a-f]{12}) (\S+)', script, re.M)}
    theirs = {a: n for a, n in theirs.items() if n != '[unknown]'}
    if len(theirs) < 20:
        tap.skip("names of this kernel as perf's", 'perf sees no kernel here')
        return
    raw = subprocess.run([SONDE, 'pprof', '-raw', data], capture_output=True, text=True,
                         env={**os.environ, 'HOME': folder})
    ours = {int(m[1], 16): m[2] for m in re.finditer(r'^ +\d+: 0x(ffff[0-9a-f]{12}) M=\d+ (\S+) :0', raw.stdout, re.M)}
    with open('/proc/kallsyms', encoding='utf-8') as file:
        start_of = {line.split()[2]: line.split()[0] for line in file}  # some functions have several names
    wrong = [(hex(a), theirs[a], ours.get(a)) for a in theirs
             if ours.get(a) != theirs[a] and start_of.get(ours.get(a), 0) != start_of.get(theirs[a], 1)]
    tap.ok(not wrong, "names of this kernel as perf's", f'{len(wrong)} of {len(theirs)}: {wrong[:5]} {raw.stderr}')


def main():
    for name in ('PPROF_BINARY_PATH', 'DEBUGINFOD_URLS'):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        test_jit(folder)
        test_dump(folder)
        test_real_dump(folder)
        test_given_list(folder)
        test_running_kernel(folder)
    tap.done()


main()
