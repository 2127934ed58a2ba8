"""Programs print and return the same with libsonde preloaded and a CPU profile being taken as without.
usage: polite_guest_test.py GUEST LIBRARY SANITIZED"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
import tap

guest, library, sanitized = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3] == 'true'


def run(mode, **variables):
    environment = {name: value for name, value in os.environ.items() if name != 'LD_PRELOAD'}
    done = subprocess.run([guest, mode], env={**environment, **variables}, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)
    return f'{done.stdout}\n{done.stderr}\nstatus {done.returncode}'


for mode in ['sleepers', 'children', 'exec', 'exit', 'nothing']:
    name = f'a guest that does {mode} notices nothing'
    if sanitized:
        tap.skip(name, 'libsonde is not preloaded under a sanitizer')
        continue
    plain = run(mode)
    for _ in range(3):
        profiled = run(mode, LD_PRELOAD=library, EXPECT_PROFILE='1')
        if profiled != plain:
            break
    tap.ok(profiled == plain, name, f'without:\n{plain}\nwith:\n{profiled}')
tap.done()
