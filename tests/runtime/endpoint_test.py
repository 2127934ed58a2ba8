"""Every profile that a program serves, with every parameter: headers, bodies, errors.
usage: endpoint_test.py GUEST SANITIZED"""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
import tap
from guest import Guest, Profile

binary, sanitized = sys.argv[1], sys.argv[2] == 'true'
THREADS = (4, 5) if sanitized else (4,)  # ThreadSanitizer has one of its own
guest = Guest([binary])
NAMED = ['allocs', 'block', 'goroutine', 'heap', 'mutex', 'threadcreate']
HEAP_TYPES = ['alloc_objects/count', 'alloc_space/bytes', 'inuse_objects/count', 'inuse_space/bytes']
DELAY_TYPES = ['contentions/count', 'delay/nanoseconds']
MEGABYTE = 1 << 20


def headers(response):
    return [(name, value) for name, value in response.headers if name not in ('Date', 'Content-Length', 'Connection')]


def check_headers(name, response, *expected):
    got = headers(response)
    tap.ok(got == list(expected), f'{name}: headers', f'{got} instead of {expected}')
    tap.ok(response.header('Content-Length') == str(len(response.body)), f'{name}: length',
           response.header('Content-Length'))
    tap.ok(re.fullmatch(r'(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT',
                        response.header('Date') or ''), f'{name}: date', response.header('Date'))


NOSNIFF = ('X-Content-Type-Options', 'nosniff')
PLAIN = ('Content-Type', 'text/plain; charset=utf-8')


def attachment(name):
    return (('Content-Disposition', f'attachment; filename="{name}"'), ('Content-Type', 'application/octet-stream'),
            NOSNIFF)


# --- profile.proto

def check_types(name, profile, types, period_type, period, default=''):
    tap.ok(profile.types == types, f'{name}: sample types', profile.types)
    tap.ok((profile.period_type, profile.period) == (period_type, period), f'{name}: period',
           (profile.period_type, profile.period))
    tap.ok(profile.default_type == default, f'{name}: default sample type', profile.default_type)
    tap.ok(abs(profile.time / 1e9 - time.time()) < 60, f'{name}: time', profile.time)
    tap.ok(profile.gzip_header[:8] == b'\x1f\x8b\x08\0\0\0\0\0', f'{name}: gzip', profile.gzip_header)
    first = profile.mappings[0]
    tap.ok(os.path.basename(first['file']) == os.path.basename(binary), f'{name}: the program comes first', first)
    tap.ok(re.fullmatch('[0-9a-f]{40}', first['build_id']), f'{name}: build id', first['build_id'])


for name in NAMED:
    response = guest.get(f'/debug/pprof/{name}')
    check_headers(name, response, *attachment(name))
    profile = Profile(response.body)
    if name in ('heap', 'allocs'):
        check_types(name, profile, HEAP_TYPES, 'space/bytes', 524288, 'alloc_space' if name == 'allocs' else '')
        if sanitized:
            tap.skip(f'{name}: values', 'a sanitizer has malloc for itself')
        else:
            # 64 blocks, each sampled with probability 1 - exp(-2): 55.3 +- 2.7 of them, scaled up again
            space = profile.total(3, 'allocate_block')
            tap.ok(abs(space - 64 * MEGABYTE) < 24 * MEGABYTE, f'{name}: bytes in use', space)
            tap.ok(profile.total(1, 'allocate_block') == space, f'{name}: bytes allocated', profile.total(1))
            labels = {tuple(labels.items()) for _, stack, labels in profile.samples if 'allocate_block' in stack}
            tap.ok(labels == {(('bytes', MEGABYTE),)}, f'{name}: label bytes', labels)
    elif name in ('block', 'mutex'):
        check_types(name, profile, DELAY_TYPES, 'contentions/count', 1)
        tap.ok(not profile.samples, f'{name}: is empty', profile.samples)
    else:
        check_types(name, profile, [f'{name}/count'], f'{name}/count', 1)
    if name == 'goroutine':
        for _ in range(5):  # on a machine that is busy a thread may not answer in time
            if profile.total(0, 'compute_thread') == 1 and profile.total(0, 'wait_thread') == 2:
                break
            profile = Profile(guest.get('/debug/pprof/goroutine').body)
        tap.ok(profile.total() in THREADS, 'goroutine: the main thread and three more', profile.samples)
        tap.ok(profile.total(0, 'wait_thread') == 2 and profile.total(0, 'compute_thread') == 1, 'goroutine: stacks',
               profile.samples)
        values = [values[0] for values, _, _ in profile.samples]
        tap.ok(values == sorted(values, reverse=True), 'goroutine: most frequent first', values)
    if name == 'threadcreate' and not sanitized:
        tap.ok(profile.total(0, 'start_threads') == 3, 'threadcreate: three threads', profile.samples)

response = guest.get('/debug/pprof/profile?seconds=1')
check_headers('profile', response, *attachment('profile'))
profile = Profile(response.body)
check_types('profile', profile, ['samples/count', 'cpu/nanoseconds'], 'cpu/nanoseconds', 10000000)
tap.ok(1e9 <= profile.duration < 20e9, 'profile: duration', profile.duration)
tap.ok(profile.total(0, 'compute') > 0, 'profile: samples of the thread that computes', profile.samples)
tap.ok(all(values[1] == values[0] * 10000000 for values, _, _ in profile.samples), 'profile: nanoseconds',
       profile.samples)

# --- Differences

for name in NAMED:
    response = guest.get(f'/debug/pprof/{name}?seconds=1')
    check_headers(f'{name}, seconds', response, *attachment(f'{name}-delta'))
    profile = Profile(response.body)
    types = HEAP_TYPES if name in ('heap', 'allocs') else DELAY_TYPES if name in ('block', 'mutex') else [f'{name}/count']
    tap.ok(profile.types == types and profile.default_type == '', f'{name}, seconds: sample types', profile.types)
    tap.ok(1e9 <= profile.duration < 20e9, f'{name}, seconds: duration', profile.duration)
    if name != 'goroutine':  # a thread may stand somewhere else a second later
        tap.ok(not profile.samples, f'{name}, seconds: nothing changed', profile.samples)
    tap.ok(profile.total() == 0 or sanitized, f'{name}, seconds: as many as before', profile.samples)

# --- Texts

for name in NAMED:
    response = guest.get(f'/debug/pprof/{name}?debug=1')
    check_headers(f'{name}, debug=1', response, PLAIN, NOSNIFF)
    text = response.text
    if name in ('heap', 'allocs'):
        tap.ok(re.match(r'heap profile: \d+: \d+ \[\d+: \d+\] @ heap/1048576\n', text), f'{name}, debug=1: head', text[:200])
        stats = re.findall(r'^# (\w+) = ', text, re.M)
        expected = ('Alloc TotalAlloc Sys Lookups Mallocs Frees HeapAlloc HeapSys HeapIdle HeapInuse HeapReleased '
                    'HeapObjects Stack MSpan MCache BuckHashSys GCSys OtherSys NextGC LastGC PauseNs PauseEnd NumGC '
                    'NumForcedGC GCCPUFraction DebugGC MaxRSS').split()
        tap.ok(stats == expected, f'{name}, debug=1: statistics', stats)
        tap.ok(text.count('\n# runtime.MemStats\n') == 1, f'{name}, debug=1: one block of statistics', text[-3000:])
        if not sanitized:
            tap.ok(re.search(r'^\d+: \d+ \[\d+: \d+\] @( 0x[0-9a-f]+)+\n#\t0x[0-9a-f]+\tallocate_block\+0x[0-9a-f]+\t+/',
                             text, re.M), f'{name}, debug=1: stacks', text[:2000])
            for field in ('Alloc', 'TotalAlloc', 'HeapAlloc'):
                value = int(re.search(rf'^# {field} = (\d+)$', text, re.M).group(1))
                tap.ok(value >= 64 * MEGABYTE, f'{name}, debug=1: {field}', value)
    elif name in ('block', 'mutex'):
        head = '--- contention:\ncycles/second=1000000000\n' if name == 'block' else \
            '--- mutex:\ncycles/second=1000000000\nsampling period=0\n'
        tap.ok(text == head, f'{name}, debug=1: is empty', text)
    else:
        totals = THREADS if name == 'goroutine' else (3,)
        tap.ok(int(re.match(f'{name} profile: total (\\d+)\n', text).group(1)) in totals or sanitized,
               f'{name}, debug=1: head', text[:100])
        stacks = text.split('\n', 1)[1].split('\n\n')
        tap.ok(stacks[-1] == '' and all(re.match(r'\d+ @( 0x[0-9a-f]+)+\n(#\t[^\n]*\n?)*$', s) for s in stacks[:-1]),
               f'{name}, debug=1: stacks', text)

response = guest.get('/debug/pprof/goroutine?debug=2')
check_headers('goroutine, debug=2', response, PLAIN, NOSNIFF)
dumps = response.text.split('\n\n')
tap.ok(len(dumps) in THREADS, 'goroutine, debug=2: one stack for each thread', response.text)
for dump in dumps:
    tap.ok(re.match(r'goroutine \d+ \[[a-zA-Z ]+(, \d+ minutes)? labels:\{"thread": "([^"\\]|\\.)*"\}\]:\n'
                    r'([^\n]+\(\.\.\.\)\n\t[^\n]+ \+0x[0-9a-f]+\n?)*(\.\.\.additional frames elided\.\.\.\n?)?$', dump), 'goroutine, debug=2: the form', dump)
tap.ok('labels:{"thread": "one \\"w\\""}]:\n' in response.text and '\nwait_thread(...)\n\t/' in response.text,
       'goroutine, debug=2: names are quoted', response.text)
tap.ok(f'goroutine {guest.process.pid} [' in response.text, 'goroutine, debug=2: the main thread', response.text)

# --- cmdline, symbol, index

response = guest.get('/debug/pprof/cmdline')
check_headers('cmdline', response, PLAIN, NOSNIFF)
tap.ok(response.body == binary.encode() or sanitized, 'cmdline: the arguments', response.body)

symbols = subprocess.run(['nm', binary], capture_output=True, text=True, check=True).stdout
main = int(re.search(r'^([0-9a-f]+) T main$', symbols, re.M).group(1), 16)
first = Profile(guest.get('/debug/pprof/goroutine').body).mappings[0]
elf = subprocess.run(['readelf', '-lW', binary], capture_output=True, text=True, check=True).stdout
load = next(line.split() for line in elf.splitlines() if line.split()[:1] == ['LOAD'] and 'E' in line.split()[6:-1])
pc = main - int(load[2], 16) + int(load[1], 16) - first['offset'] + first['start']
for method, response in (('GET', guest.get(f'/debug/pprof/symbol?{pc:#x}+0x1')),
                         ('POST', guest.get('/debug/pprof/symbol', 'POST', f'{pc:#x}+0x1'.encode()))):
    check_headers(f'symbol by {method}', response, PLAIN, NOSNIFF)
    tap.ok(response.text == f'num_symbols: 1\n{pc:#x} main\n', f'symbol by {method}: the name', response.text)
tap.ok(guest.get('/debug/pprof/symbol').text == 'num_symbols: 1\n', 'symbol: no question')
tap.ok(guest.get('/debug/pprof/symbol?' + '1' * 4095 + '+1').text == 'num_symbols: 1\n', 'symbol: a long word')
tap.ok(guest.get('/debug/pprof/symbol?' + '1' * 4096 + f'+{pc:#x}').text ==
       'num_symbols: 1\nreading request: bufio: buffer full\n', 'symbol: a word that is too long')

response = guest.get('/debug/pprof/')
check_headers('index', response, ('Content-Type', 'text/html; charset=utf-8'), NOSNIFF)
rows = re.findall(r"<tr><td>(\d+)</td><td><a href='(\w+)\?debug=1'>(\w+)</a></td></tr>", response.text)
tap.ok([row[2] for row in rows] == sorted([*NAMED, 'cmdline', 'profile', 'symbol']), 'index: what there is', rows)
counts = {row[2]: int(row[0]) for row in rows}
tap.ok(counts['goroutine'] in THREADS and counts['block'] == counts['mutex'] == counts['cmdline'] == 0, 'index: counts', rows)
if not sanitized:
    tap.ok(counts['heap'] > 0 and counts['heap'] == counts['allocs'] and counts['threadcreate'] == 3,
           'index: counts of samples', rows)
tap.ok(len(re.findall(r'<li><div class=profile-name>\w+: </div> [^\n]+</li>', response.text)) == len(rows),
       'index: descriptions', response.text)

# --- Parameters and errors

GO_ERROR = (PLAIN, NOSNIFF, ('X-Go-Pprof', '1'))
for path, status, text in (
        ('nope', 404, 'Unknown profile\n'),
        ('nope?seconds=x', 404, 'Unknown profile\n'),
        ('trace', 404, 'Unknown profile\n'),
        ('heap/', 404, 'Unknown profile\n'),
        ('heap?seconds=x', 400, 'invalid value for "seconds" - must be a positive integer\n'),
        ('heap?seconds=0', 400, 'invalid value for "seconds" - must be a positive integer\n'),
        ('heap?seconds=-1', 400, 'invalid value for "seconds" - must be a positive integer\n'),
        ('heap?seconds=1.5', 400, 'invalid value for "seconds" - must be a positive integer\n'),
        ('heap?seconds=99999999999999999999', 400, 'invalid value for "seconds" - must be a positive integer\n'),
        ('heap?seconds=1&debug=1', 400, 'seconds and debug params are incompatible\n'),
        ('goroutine?debug=2&seconds=1', 400, 'seconds and debug params are incompatible\n')):
    response = guest.get(f'/debug/pprof/{path}')
    tap.ok((response.status, response.text) == (status, text), f'{path}: {status}', (response.line, response.text))
    check_headers(path, response, *GO_ERROR)

for path, expected in (('heap?debug=0', False), ('heap?debug=x', False), ('heap?seconds=&debug=1', True),
                       ('heap?debug=-1', True), ('heap?debug=99999999999999999999', True), ('heap?debug=1;x', False),
                       ('heap?%64ebug=%31', True), ('heap?gc=1', False), ('heap?gc=1&debug=1', True),
                       ('hea%70?debug=1', True)):
    response = guest.get(f'/debug/pprof/{path}')
    is_text = response.header('Content-Type') == PLAIN[1]
    tap.ok(response.status == 200 and is_text == expected, f'{path}: {"text" if expected else "binary"}', response.line)

with guest.connect() as client:  # a profile is being taken: a second one is refused
    client.sendall(b'GET /debug/pprof/profile?seconds=3 HTTP/1.1\r\nHost: x\r\n\r\n')
    time.sleep(0.5)
    response = guest.get('/debug/pprof/profile?seconds=1')
    tap.ok((response.status, response.text) ==
           (500, 'Could not enable CPU profiling: cpu profiling already in use\n'), 'one CPU profile at a time',
           (response.line, response.text))
    check_headers('profile in use', response, *GO_ERROR)

# --- Go's own tool

def go_reads(path, *expected):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(['go', 'tool', 'pprof', '-symbolize=none', '-top', f'http://{guest.address}/debug/pprof/{path}'],
                              env={**os.environ, 'PPROF_TMPDIR': folder}, capture_output=True, text=True, timeout=120)
        raw = subprocess.run(['go', 'tool', 'pprof', '-symbolize=none', '-raw', f'http://{guest.address}/debug/pprof/{path}'],
                             env={**os.environ, 'PPROF_TMPDIR': folder}, capture_output=True, text=True, timeout=120)
    tap.ok(done.returncode == raw.returncode == 0 and all(word in done.stdout for word in expected),
           f'go tool pprof reads {path}', done.stdout + done.stderr + raw.stderr)


try:
    subprocess.run(['go', 'version'], check=True, capture_output=True)
    memory = [] if sanitized else ['allocate_block']
    go_reads('heap', 'Type: inuse_space', *memory)
    go_reads('allocs', 'Type: alloc_space', *memory)
    go_reads('goroutine', 'Type: goroutine', 'wait_thread')
    go_reads('threadcreate', 'Type: threadcreate')
    go_reads('block', 'Type: delay')
    go_reads('mutex', 'Type: delay')
    go_reads('profile?seconds=1', 'Type: cpu', 'compute')
    go_reads('heap?seconds=1', 'Type: inuse_space')
    for name in NAMED:
        go_reads(f'{name}?debug=1', 'Type: ')
except (OSError, subprocess.CalledProcessError):
    tap.skip('go tool pprof reads every profile', 'Go is not installed')

code, out, err = guest.stop()
tap.ok(code == 0 and err == '', 'the program ends as ever', (code, out, err))
tap.done()
