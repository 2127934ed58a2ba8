#!/usr/bin/env python3
"""A file that becomes shorter while it is read ends the program with a line, not with a signal.

    mapped_file_test.py SONDE MAKE_TRACE
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import tap  # noqa: E402

SONDE, MAKE_TRACE = (os.path.abspath(path) for path in sys.argv[1:3])
EVENTS = 2000000

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'trace')
    with open(path, 'wb') as file:
        subprocess.run([MAKE_TRACE, str(EVENTS)], stdout=file, check=True, timeout=60)
    reader = subprocess.Popen([SONDE, 'trace', '-d=wire', path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        # While the pipe is full it waits at the beginning of the file.
        reader.stdout.read(4096)
        os.truncate(path, 4096)
        _, err = reader.communicate(timeout=60)
    finally:
        reader.kill()
    tap.ok(reader.returncode == 1 and err.startswith(b'sonde: a file became shorter') and err.count(b'\n') == 1,
           'one line and status 1', f'{reader.returncode} {err}')
tap.done()
