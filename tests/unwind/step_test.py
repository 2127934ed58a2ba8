"""Single-steps a program under gdb and compares, between any two instructions, sonde's walk with gdb's frames.
usage: step_test.py PROGRAM [STEPS]"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
import tap

program = sys.argv[1]
steps = sys.argv[2] if len(sys.argv) > 2 else '20000'
script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'gdb_steps.py')

if not shutil.which('gdb'):
    tap.skip('every step is walked as gdb does', 'gdb is not installed')
    tap.done()
    sys.exit(0)

environment = {**os.environ, 'STEPS': steps, 'LC_ALL': 'C'}
environment.pop('LD_BIND_NOW', None)
done = subprocess.run(['gdb', '-nx', '-batch', '-ex', 'source ' + script, program], capture_output=True, text=True,
                      env=environment, stdin=subprocess.DEVNULL, timeout=240)
lines = [line[6:] for line in done.stdout.splitlines() if line.startswith('steps:')]
found = dict(re.findall(r'(\w+)=(\d+)', lines[-1])) if lines else {}
if not found and 'ptrace' in done.stderr + done.stdout:
    tap.skip('every step is walked as gdb does', 'gdb may not trace here')
    tap.done()
    sys.exit(0)
for line in lines[:-1]:
    print('#' + line)
tap.ok(int(found.get('steps', 0)) > 500, 'the program was stepped through', done.stdout[-1000:] + done.stderr[-1000:])
tap.ok(found.get('different') == '0', 'every step is walked as gdb does', str(found))
for place in ['plt', 'signal', 'vdso', 'libc', 'linker']:
    tap.ok(int(found.get(place, 0)) > 0, 'there were steps in: ' + place, str(found))
tap.done()
