#!/usr/bin/env python3
"""Colours are for terminals: when reports have them, and that they are the same bytes but for them.

    colour_test.py SONDE
"""
import os
import pty
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import made_profile  # noqa: E402
import tap  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])
MARK = re.compile(rb'\x1b\[[0-9;]*m')


def at_terminal(arguments, lines=b'', **environment):
    """What the program writes on its standard output, a terminal; the standard input and error are not."""
    ours, theirs = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name != 'NO_COLOR'}
    child = subprocess.Popen([SONDE, 'pprof', '-symbolize=none', *arguments], stdin=subprocess.PIPE, stdout=theirs,
                             stderr=subprocess.DEVNULL, env={**kept, 'TERM': 'xterm', **environment})
    os.close(theirs)
    child.stdin.write(lines)
    child.stdin.close()
    text = b''
    try:
        while chunk := os.read(ours, 4096):
            text += chunk
    except OSError:
        pass
    child.wait(60)
    os.close(ours)
    return text.replace(b'\r\n', b'\n')


def piped(*arguments):
    return subprocess.run([SONDE, 'pprof', '-symbolize=none', *arguments], capture_output=True, timeout=60).stdout


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'small.pb.gz')
        with open(path, 'wb') as file:
            file.write(made_profile.small().gzipped())
        for report in (['-top'], ['-tree'], ['-peek=.'], ['-traces'], ['-tags'], ['-raw'], ['-list=main'], ['-json']):
            text, plain = at_terminal([*report, path]), piped(*report, path)
            tap.ok(MARK.sub(b'', text) == plain, f'{report[0]} is the same but for colours', f'{text}\n{plain}')
            marked = MARK.search(text) is not None
            tap.ok(marked == (report[0] not in ('-raw', '-json')), f'{report[0]} has colours, or has not', text)
        tap.ok(not MARK.search(piped('-top', path)), 'a pipe gets none')
        tap.ok(MARK.search(piped('-top', '-color=always', path)) is not None, 'but where it is to')
        tap.ok(not MARK.search(at_terminal(['-top', '-color=never', path])), 'never is never')
        tap.ok(not MARK.search(at_terminal(['-top', path], NO_COLOR='1')), 'NO_COLOR is respected')
        tap.ok(MARK.search(at_terminal(['-top', path], NO_COLOR='')) is not None, 'unless it is empty')
        tap.ok(not MARK.search(at_terminal(['-top', path], TERM='dumb')), 'a dumb terminal gets none')
        output = os.path.join(folder, 'report')
        at_terminal(['-top', '-color=always', f'-output={output}', path])
        with open(output, 'rb') as file:
            tap.ok(not MARK.search(file.read()), 'nor does a file')
        text = at_terminal([path], b'top\ncolor=never\ntraces\ncolor=always\ntop | cat\n')
        tap.ok(len(MARK.findall(text)) > 4 and not MARK.search(text[text.find(b'-----'):text.rfind(b'-----')]),
               'the prompt has them and knows the option', text)
        refused = subprocess.run([SONDE, 'pprof', '-top', '-color=red', path], capture_output=True, timeout=60)
        tap.ok(refused.returncode == 2 and b'expected auto, always or never' in refused.stderr, 'no other words', refused)
    tap.done()


main()
