#!/usr/bin/env python3
"""Sessions at the prompt: scripted ones print what `go tool pprof` prints, byte for byte; and a terminal's ways.

    prompt_test.py SONDE SOURCE_DIR
"""
import os
import pty
import random
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import made_profile  # noqa: E402
import oracle  # noqa: E402
import tap  # noqa: E402

SONDE = os.path.abspath(sys.argv[1])
PROFILES = os.path.join(sys.argv[2], '..', 'shared', 'corpus', 'profiles')
SEED = int(os.environ.get('SEED', '1'))
SESSIONS = int(os.environ.get('N', '6'))

LINES = [
    'top', 'top5', 'top 3', 'top3 -cum', 'text', 'top --cum', 'tree', 'tree 4', 'traces', 'raw', 'tags', 'comments',
    'peek main', 'list nosuchfunction', 'o', 'options', '', '   ', 'foo', 'top9x', 'list', '>', 'top >',
    'nodecount=4', 'nodecount=-1', 'nodecount=x', 'unit=ms', 'unit=minimum', 'sort=cum', 'sort=flat', 'focus=runtime',
    'ignore=mcall', 'hide=^runtime', 'show=main', 'focus=', ':', 'trim=false', 'trim=t', 'granularity=lines',
    'granularity=files', 'granularity=functions', 'call_tree=true', 'call_tree=f', 'mean', 'mean=0', 'sample_index=0',
    'sample_index=1', 'sample_index=7', 'samples', 'cpu', 'total_cpu', 'mean_cpu', 'compact_labels=false',
    'compact_labels', 'top runtime', 'top runtime main -mcall', 'tags kind', 'tagfocus=x', 'tagfocus=', 'drop_negative',
    'relative_percentages=1', 'relative_percentages=0', 'noinlines=true', 'noinlines=0', 'divide_by=2 //: half',
    'divide_by=1', 'nodefraction=0.1', 'nodefraction=0.005', 'show_from=main', 'show_from=', 'prune_from=x',
    'showcolumns=1', 'lines=true', 'functions=true', 'output=', 'top (', 'peek [', 'tagroot=kind', 'tagroot=',
]


# Options that Go's tool does not have.
OWN = ['color', 'signed_percentages']


def session(command, profile, lines, end='\n'):
    text = '\n'.join(lines) + end
    done = subprocess.run([*command, '-symbolize=none', profile], input=text, capture_output=True, text=True,
                          timeout=120)
    return done.stdout, done.stderr


def compare_with_go(folder, go):
    if not go:
        tap.skip('sessions as in go tool pprof', 'no go')
        return
    rng = random.Random(SEED)
    made = os.path.join(folder, 'small.pb.gz')
    names = ['go126-bigbytes.cpu.pb.gz', 'go126-bigbytes.heap.pb.gz', 'go126-mini.cpu.pb.gz',
             'go126-luafarm-labels.cpu.pb.gz', 'go126-kvload-v1.mutex.pb.gz']
    profiles = [made] + [path for path in (os.path.join(PROFILES, name) for name in names) if os.path.exists(path)]
    for number in range(SESSIONS):
        profile = profiles[number % len(profiles)]
        lines = [rng.choice(LINES) for _ in range(14)]
        end = rng.choice(['\n', '', '\nquit\ntop\n', '\nexit\n'])
        ours, theirs = session([SONDE, 'pprof'], profile, lines, end), session([go], profile, lines, end)
        why = f'SEED={SEED} {profile}\n' + '\n'.join(lines)
        if ours[0] != theirs[0]:
            pairs = zip(ours[0].splitlines(), theirs[0].splitlines())
            why += ''.join(f'\nours: {a!r}\ngo:   {b!r}' for a, b in pairs if a != b)[:2000]
        tap.ok(ours[0] == theirs[0], f'session {number} prints what Go prints', why)
        options = [[line for line in err.splitlines() if re.match(r'  \w+ +=', line) and line.split()[0] not in OWN]
                   for err in (ours[1], theirs[1])]
        greeting = [err.split('Entering interactive')[0] for err in (ours[1], theirs[1])]
        tap.ok(options[0] == options[1] and greeting[0] == greeting[1], f'session {number} greets and lists as Go does',
               why + f'\n{ours[1]}\n{theirs[1]}')


def test_own_lines(folder):
    made = os.path.join(folder, 'small.pb.gz')
    out, err = session([SONDE, 'pprof'], made, ['top | head -1', 'cum', 'o', 'topp', 'fcous=x', 'help', 'help top',
                                                'help focus', 'help nothing'])
    tap.ok('Showing nodes' in out and 'main' not in out, 'a pipe takes the report', out)
    tap.ok(re.search(r'sort +=? *= cum', err) is not None, 'the name of a choice alone sets it', err)
    tap.ok('did you mean "top"' in err, 'an unknown command gets the nearest', err)
    tap.ok('Commands:' in err and 'top [n]' in err and 'Unknown command: nothing' in err, 'help helps', err)
    report = os.path.join(folder, 'report')
    session([SONDE, 'pprof'], made, [f'top >{report}', f'peek work > {report}2', 'proto'])
    tap.ok('work' in open(report).read() and 'work' in open(report + '2').read(), 'reports go into files')
    os.remove(report)


class Terminal:
    """The program at a pseudo terminal."""

    def __init__(self, *arguments):
        self.child, self.fd = pty.fork()
        if self.child == 0:
            os.environ['TERM'] = 'xterm'
            os.environ['NO_COLOR'] = '1'
            os.execv(SONDE, [SONDE, *arguments])
        self.text = ''

    def expect(self, text, seconds=20):
        """Reads until the text comes; forgets what was before it."""
        end = time.monotonic() + seconds
        while text not in self.text and time.monotonic() < end:
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                self.text += os.read(self.fd, 65536).decode(errors='replace')
            except OSError:
                break
        found = text in self.text
        self.text = self.text.partition(text)[2] if found else self.text
        return found

    def send(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """Sends Ctrl-D until the program has ended: one that comes while a report still runs belongs to nobody."""
        status = None
        for _ in range(20):
            try:
                self.send('\x04')
            except OSError:
                pass  # it has ended
            self.expect('a text that does not come', 1)
            time.sleep(0.1)
            child, status = os.waitpid(self.child, os.WNOHANG)
            if child:
                break
        else:
            os.kill(self.child, signal.SIGKILL)
            status = os.waitpid(self.child, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_terminal(folder):
    terminal = Terminal('pprof', '-symbolize=none', os.path.join(folder, 'small.pb.gz'))
    tap.ok(terminal.expect('(pprof) '), 'a terminal gets a prompt', terminal.text)
    terminal.send('top1\n')
    tap.ok(terminal.expect('Showing top 1 nodes'), 'a report comes', terminal.text)
    terminal.send('nodec\t=1\n')
    terminal.expect('(pprof) ')
    terminal.send('traces\x15tex\t\n')
    tap.ok(terminal.expect('Showing top 1 nodes'), 'tab completes commands and options', terminal.text)
    terminal.expect('(pprof) ')
    terminal.send('peek wo\t\n')
    tap.ok(terminal.expect('| work'), 'tab completes functions', terminal.text)
    terminal.expect('(pprof) ')
    terminal.send('peek ork\t\n')
    tap.ok(terminal.expect('| work'), 'also by a part of their names', terminal.text)
    terminal.expect('(pprof) ')
    terminal.send('half a line\x03')
    tap.ok(terminal.expect('(pprof) '), 'Ctrl-C gives up a line', terminal.text)
    terminal.send('traces | sleep 60\n')
    time.sleep(0.5)
    terminal.send('\x03')
    tap.ok(terminal.expect('(pprof) ', 10), 'Ctrl-C ends a report and not the session', terminal.text)
    terminal.send('\x1b[A\x1b[A\n')
    tap.ok(terminal.expect('| work'), 'the arrow goes back in history', terminal.text)
    terminal.expect('(pprof) ')
    tap.ok(terminal.end() == 0, 'Ctrl-D ends the session')
    history = os.path.join(folder, 'pprof', '.sonde_history')
    tap.ok(os.path.exists(history) and 'top1' in open(history).read(), 'history is kept')


def main():
    with tempfile.TemporaryDirectory() as folder:
        go = oracle.go_pprof()
        os.environ['HOME'] = folder
        with open(os.path.join(folder, 'small.pb.gz'), 'wb') as file:
            file.write(made_profile.small().gzipped())
        os.chdir(folder)
        compare_with_go(folder, go)
        test_own_lines(folder)
        test_terminal(folder)
    tap.done()


main()
