"""`sonde run`: what it runs, how, and what it says when it can't. usage: run_test.py BUILD GUEST STATIC_GUEST SANITIZED"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../runtime'))
import tap
from guest import Guest

build, binary, static, sanitized = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] == 'true'
sonde = os.path.join(build, 'sonde')
plain_env = {name: value for name, value in os.environ.items() if not name.startswith(('SONDE', 'LD_', 'MALLOC_'))}


def run(*arguments, env=None, **options):
    return subprocess.run([sonde, 'run', *arguments], capture_output=True, text=True, timeout=60,
                          env={**plain_env, **(env or {})}, **options)


# --- Without running anything

help_ = run('--help')
tap.ok(help_.returncode == 0 and help_.stdout.startswith('usage: sonde run ') and not help_.stderr, 'help', help_)
for arguments, words in (((), 'expected a command'), (('-htp=x', binary), 'did you mean -http?'),
                         (('-rate=many', binary), '"many" is no value for flag -rate'), (('-rate=-2', binary), '-rate'),
                         (('-rate',), 'needs a value')):
    done = run(*arguments)
    tap.ok(done.returncode == 2 and words in done.stderr and done.stderr.startswith('sonde run: ') and not done.stdout,
           f'wrong usage: {" ".join(arguments[:1])}', done)


def check_refusal(name, done, status, *words):
    tap.ok(done.returncode == status and all(word in done.stderr for word in words) and done.stderr.count('\n') == 1 and
           not done.stdout, name, done)


check_refusal('no such command', run('no-such-command'), 127, 'no-such-command: No such file or directory')
check_refusal('no such file', run('./no-such-file'), 127, './no-such-file: No such file')
check_refusal('not to be executed', run('/etc/passwd'), 126, '/etc/passwd: Permission denied')
check_refusal('a folder', run('/'), 126, '/: ')
if os.path.exists(static):
    check_refusal('statically linked', run(static), 1, static, 'statically linked', 'libsonde.a')
with tempfile.TemporaryDirectory() as folder:
    shutil.copy(sonde, folder)
    done = subprocess.run([os.path.join(folder, 'sonde'), 'run', binary], capture_output=True, text=True, timeout=60)
    installed = 'libsonde.so: is neither beside' not in done.stderr
    tap.ok(done.returncode == 1 or installed, 'no library', done)
    blank = os.path.join(folder, 'a b')
    os.mkdir(blank)
    shutil.copy(sonde, blank)
    shutil.copy(os.path.join(build, 'libsonde.so'), blank)
    done = subprocess.run([os.path.join(blank, 'sonde'), 'run', binary], capture_output=True, text=True, timeout=60)
    check_refusal('a library where the linker finds none', done, 1, 'a b/libsonde.so', 'a colon or a blank')

if sanitized:
    tap.skip('running commands', 'a sanitizer does not bear preloading')
    tap.done()

# --- Running

LOCAL = '-http=127.0.0.1:0'
SERVING = 'sonde: serving http://127.0.0.1:'
done = run(LOCAL, '--', binary, '-x', '--', 'two words')
tap.ok((done.returncode, done.stdout) == (3, '-x\n--\ntwo words\n'), 'arguments and exit status pass through', done)
tap.ok(done.stderr.startswith(SERVING) and done.stderr.endswith('/debug/pprof/\n') and done.stderr.count('\n') == 1,
       'one line says where it serves', done.stderr)
done = run('-http', '127.0.0.1:0', '-rate', '1', binary, 'a')
tap.ok((done.returncode, done.stdout) == (3, 'a\n') and done.stderr.startswith(SERVING), 'flags in two words', done)
done = run('-http=', binary, 'a')
tap.ok((done.returncode, done.stdout, done.stderr) == (3, 'a\n', ''), 'nothing is served, nothing is said', done)
done = run(LOCAL, binary, 'die')
tap.ok(done.returncode == -signal.SIGKILL, 'a signal is the exit status', done.returncode)
done = run(binary, 'a', env={'SONDE_HTTP': '127.0.0.1:0'})
tap.ok(done.stderr.startswith(SERVING), 'the environment says where to serve', done.stderr)
done = run(LOCAL, 'sh', '-c', 'exit 5')
tap.ok(done.returncode == 5, 'a command is found in PATH', done)

done = run(LOCAL, binary, 'environment')
tap.ok(done.stdout == '', 'the program sees an environment without us', done.stdout)
done = run(LOCAL, binary, 'environment', env={'LD_PRELOAD': 'libm.so.6', 'SONDE_MEMPROFILERATE': '1'})
tap.ok(done.stdout == 'LD_PRELOAD=libm.so.6\n', 'other preloaded libraries stay', done.stdout)
done = subprocess.run([binary, 'environment'], capture_output=True, text=True, timeout=60,
                      env={**plain_env, 'LD_PRELOAD': f'libm.so.6 {build}/libsonde.so:libdl.so.2'})
tap.ok(done.stdout == 'LD_PRELOAD=libm.so.6 libdl.so.2\n' and done.stderr == '', 'also around us', done)
done = run(LOCAL, binary, 'others')
tap.ok(done.stdout == 'child 3\n' and done.stderr.count('sonde:') == 1,
       'children and what takes our place are programs as ever', done)
done = run(LOCAL, binary, 'leave')
tap.ok((done.returncode, done.stdout) == (0, 'late\nbye\n'), 'the program ends with its last thread', done)

# --- What is wrong is said in one line, and the program runs

taken = socket.socket()
taken.bind(('127.0.0.1', 0))
taken.listen()
port = taken.getsockname()[1]
for name, arguments, env, words in (
        ('a port in use', [f'-http=127.0.0.1:{port}'], {}, f'cannot serve on 127.0.0.1:{port}: Address already in use'),
        ('no address', ['-http=nowhere'], {}, 'cannot serve on nowhere: expected HOST:PORT'),
        ('a name', ['-http=example.com:80'], {}, 'cannot serve on example.com:80: expected HOST:PORT'),
        ('not ours', ['-http=192.0.2.1:0'], {}, 'cannot serve on 192.0.2.1:0: Cannot assign requested address')):
    done = run(*arguments, binary, 'a', env=env)
    tap.ok((done.returncode, done.stdout, done.stderr) == (3, 'a\n', done.stderr) and words in done.stderr and
           done.stderr.count('\n') == 1, f'{name}: one line, and the program runs', done)
done = run('-http=', binary, 'a', env={'SONDE_MEMPROFILERATE': 'much'})
tap.ok((done.returncode, done.stdout) == (3, 'a\n') and
       done.stderr == 'sonde: SONDE_MEMPROFILERATE: expected a number of bytes, not "much"\n', 'a wrong rate', done)
done = subprocess.run([sonde, 'run', LOCAL, binary, 'a'], stdout=subprocess.PIPE, stderr=open('/dev/full', 'w'),
                      timeout=60, env=plain_env)
tap.ok((done.returncode, done.stdout) == (3, b'a\n'), 'nobody can hear it', done)

# --- A program that ends, or is killed, while its profile is being taken

for name, end, status in (('ends', lambda guest: guest.process.stdin.close(), 7),
                          ('is terminated', lambda guest: guest.process.terminate(), -signal.SIGTERM),
                          ('is killed', lambda guest: guest.process.kill(), -signal.SIGKILL)):
    guest = Guest([sonde, 'run', LOCAL, binary, 'wait'], 'stderr', env=plain_env)
    with guest.connect() as client:
        client.sendall(b'GET /debug/pprof/profile?seconds=30 HTTP/1.1\r\nHost: x\r\n\r\n')
        time.sleep(0.3)
        begun = time.monotonic()
        end(guest)
        code = guest.process.wait(20)
        tap.ok(code == status and time.monotonic() - begun < 10, f'a program that {name} meanwhile {name} at once',
               (code, time.monotonic() - begun))
    guest.watchdog.cancel()
tap.done()
