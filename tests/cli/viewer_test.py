#!/usr/bin/env python3
"""Reports that another program shows: which program is started, with which file, and what is left behind.

    viewer_test.py SONDE

The files and arguments are also compared with those of go tool pprof, where it is there.
"""
import os
import re
import shutil
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

# Writes down what it was given, and keeps a copy of the file.
FAKE = '''#!/bin/sh
echo "$(basename "$0") $*" >>"$FAKE_FOLDER/started"
for last; do :; done
cp "$last" "$FAKE_FOLDER/seen"
streams=$(readlink /proc/$$/fd/0 /proc/$$/fd/1)
echo "$streams" >"$FAKE_FOLDER/streams"
[ -z "$FAKE_SECONDS" ] || { sleep "$FAKE_SECONDS" & echo $! >>"$FAKE_FOLDER/sleepers"; wait; }
exit ${FAKE_STATUS:-0}
'''


class Desk:
    """A folder with fake programs, and what comes of running sonde with them."""

    def __init__(self, folder, programs):
        self.folder = folder
        self.bin = os.path.join(folder, 'bin')
        self.tmp = os.path.join(folder, 'tmp')
        self.profile = os.path.join(folder, 'small.pb.gz')
        for path in (self.bin, self.tmp):
            shutil.rmtree(path, ignore_errors=True)
            os.mkdir(path)
        for name in ('started', 'seen', 'streams', 'sleepers'):
            if os.path.exists(os.path.join(folder, name)):
                os.remove(os.path.join(folder, name))
        with open(self.profile, 'wb') as file:
            file.write(made_profile.small().gzipped())
        for tool in ('basename', 'cat', 'cp', 'dot', 'readlink', 'sleep'):
            if shutil.which(tool):
                os.symlink(shutil.which(tool), os.path.join(self.bin, tool))
        for program in programs:
            path = os.path.join(self.bin, program)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(FAKE)
            os.chmod(path, 0o755)

    def environment(self, **more):
        kept = {name: value for name, value in os.environ.items() if name not in ('BROWSER', 'DISPLAY')}
        return {**kept, 'PATH': self.bin, 'TMPDIR': self.tmp, 'HOME': self.folder,
                'FAKE_FOLDER': self.folder, **more}

    def run(self, *flags, lines='', command=(SONDE, 'pprof'), **more):
        self.began = time.monotonic()
        with open(os.path.join(self.folder, 'err'), 'w', encoding='utf-8') as err:  # programs that run on hold it
            done = subprocess.run([*command, '-symbolize=none', *flags, self.profile], input=lines, text=True,
                                  timeout=60, stdout=subprocess.PIPE, stderr=err, env=self.environment(**more),
                                  cwd=self.folder)
        self.took = time.monotonic() - self.began
        self.status, self.out, self.err = done.returncode, done.stdout, self.text('err')
        return self

    def end_sleepers(self):
        for pid in self.text('sleepers').split():
            os.kill(int(pid), signal.SIGKILL)

    def text(self, name):
        path = os.path.join(self.folder, name)
        return open(path, encoding='utf-8', errors='replace').read() if os.path.exists(path) else ''

    def report(self, *flags):
        return subprocess.run([SONDE, 'pprof', '-symbolize=none', *flags, self.profile], capture_output=True,
                              text=True, timeout=60, env=self.environment()).stdout

    def __str__(self):
        return f'{self.status} {self.out!r} {self.err!r} {self.text("started")!r} {os.listdir(self.tmp)} {self.took}'


def test_kcachegrind(folder):
    desk = Desk(folder, ['kcachegrind']).run('-kcachegrind')
    tap.ok(desk.status == 0 and desk.text('started') == f'kcachegrind {desk.tmp}/pprof001.grind\n',
           'kcachegrind is given a file', desk)
    tap.ok(desk.text('seen') == desk.report('-callgrind') != '', 'it holds what -callgrind writes', desk)
    tap.ok(os.listdir(desk.tmp) == [], 'it is deleted at the end', desk)
    tap.ok(desk.text('streams') == '/dev/null\n/dev/null\n', 'the terminal stays with sonde', desk.text('streams'))
    tap.ok(desk.took >= 1, 'a program that ends at once leaves another the time to read', desk)


def without_script(text):
    """The text without what stands between the script's brackets, and without a date."""
    text = re.sub(r'<!\[CDATA\[.*\]\]>', '', text, flags=re.S)
    return re.sub(r'CreationDate [^)]*', '', text)


def test_pictures(folder, go):
    for kind in ('eog', 'evince', 'gv', 'web', 'kcachegrind'):
        programs = [kind if kind != 'web' else 'firefox']
        desk = Desk(folder, programs).run('-' + kind)
        ours = desk.status, desk.text('started'), without_script(desk.text('seen')), os.listdir(desk.tmp)
        tap.ok(ours[0] == 0 and ours[1].startswith(programs[0]) and len(ours[2]) > 100, f'{kind} is shown a picture', desk)
        if not go:
            tap.skip(f'{kind} as in go tool pprof', 'no go, or no dot')
            continue
        desk = Desk(folder, programs).run('-' + kind, command=(go,))
        theirs = desk.status, desk.text('started'), without_script(desk.text('seen')), os.listdir(desk.tmp)
        tap.ok(ours == theirs, f'{kind} as in go tool pprof', f'{ours[1]} {theirs[1]} {desk.err}')


def test_browsers(folder):
    every = ['chrome', 'google-chrome', 'chromium', 'firefox', 'sensible-browser', 'xdg-open']
    for at, first in enumerate(every):
        desk = Desk(folder, every[at:]).run('-web', DISPLAY=':0')
        tap.ok(desk.status == 0 and desk.text('started').startswith(first + ' '), f'{first} is number {at + 1}', desk)
    desk = Desk(folder, every + ['other']).run('-web', BROWSER='other  --new window')
    tap.ok(desk.text('started') == f'other  --new window {desk.tmp}/pprof001.svg\n', 'BROWSER is asked first', desk)
    desk = Desk(folder, ['xdg-open']).run('-web', BROWSER='nosuchbrowser')
    tap.ok(desk.status == 1 and 'tried nosuchbrowser, chrome,' in desk.err and 'xdg-open' not in desk.err,
           'xdg-open is for desktops', desk)


def test_failures(folder):
    desk = Desk(folder, []).run('-kcachegrind')
    tap.ok(desk.status == 1 and 'no viewer could be started; tried kcachegrind' in desk.err and
           os.listdir(desk.tmp) == [], 'a program that is not there', desk)
    desk = Desk(folder, ['kcachegrind']).run('-kcachegrind', FAKE_STATUS='3')
    tap.ok(desk.status == 1 and 'kcachegrind: exit status 3' in desk.err, 'a program that fails', desk)
    desk = Desk(folder, ['kcachegrind'])
    os.rmdir(desk.tmp)
    desk.status = subprocess.run([SONDE, 'pprof', '-symbolize=none', '-kcachegrind', desk.profile], timeout=60,
                                 capture_output=True, env=desk.environment()).returncode
    tap.ok(desk.status == 1 and not desk.text('started'), 'no folder for the file')


def test_not_shown(folder):
    desk = Desk(folder, ['kcachegrind']).run('-kcachegrind', '-output=written')
    tap.ok(desk.status == 0 and desk.text('written') == desk.report('-callgrind') and not desk.text('started'),
           'an output that is given is written, not shown', desk)
    desk = Desk(folder, ['kcachegrind']).run(lines='kcachegrind >written2\nkcachegrind | cat >piped\n')
    tap.ok(desk.text('written2') == desk.text('piped') != '' and not desk.text('started'),
           'nor at the prompt, into files and pipes', desk)


def test_prompt(folder):
    desk = Desk(folder, ['kcachegrind']).run(lines='kcachegrind\nkcachegrind\ntop\n', FAKE_SECONDS='30')
    tap.ok(desk.status == 0 and desk.took < 20 and 'work' in desk.out, 'the prompt does not wait for programs', desk)
    tap.ok(f'{desk.tmp}/pprof001.grind' in desk.text('started') and f'{desk.tmp}/pprof002.grind' in
           desk.text('started') and os.listdir(desk.tmp) == [], 'each gets a file, until the end', desk)
    desk.end_sleepers()
    desk = Desk(folder, ['kcachegrind']).run(lines='callgrind\n')
    tap.ok(desk.report('-callgrind') == desk.text('profile001.callgraph.out') != '', 'files are numbered', desk)


def go_tool():
    """The program behind `go tool pprof`, where it can draw."""
    return oracle.go_pprof() if shutil.which('dot') else None


def main():
    with tempfile.TemporaryDirectory() as folder:
        go = go_tool()
        test_kcachegrind(folder)
        test_pictures(folder, go)
        test_browsers(folder)
        test_failures(folder)
        test_not_shown(folder)
        test_prompt(folder)
    tap.done()


main()
