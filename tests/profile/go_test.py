#!/usr/bin/env python3
"""Reading, merging, filtering and writing profiles gives the bytes that `go tool pprof -proto` gives, over the corpus.

    go_test.py PROFILE_TOOL SOURCE_ROOT [SEED [COUNT]]
"""
import glob
import gzip
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(sys.argv[2], 'tests'))
import oracle
import tap

TOOL, ROOT = sys.argv[1], sys.argv[2]
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
COUNT = int(sys.argv[4]) if len(sys.argv) > 4 else 20
CORPUS = os.path.join(ROOT, '..', 'shared', 'corpus', 'profiles')

# Expressions that match something in most profiles, and some that match little or nothing.
NAMES = ['main', '^main\\.', 'runtime', 'alloc', 'gc', 'sync', '(?i)MALLOC', '\\.func\\d+', '^$', 'nothing at all',
         '\\.go$', 'lib.*\\.so', 'strings|bytes', 'net/http', '[A-Z][a-z]+$', 'goexit']
TAGS = ['.', 'bytes', 'thread', 'worker', 'key', '^s']
TAG_FILTERS = ['bytes=16:', ':4kb', '1kb:64kb', 'bytes=4096', 'worker', 'stage=.*', 'a,e', '32b:', 'nothing', 'request=x']


def random_filters(rng):
    """A few filter options."""
    options = []
    for name in ['focus', 'ignore', 'hide', 'show', 'show_from', 'prune_from']:
        if rng.random() < 0.25:
            options.append(f'-{name}={rng.choice(NAMES)}')
    for name in ['tagshow', 'taghide']:
        if rng.random() < 0.15:
            options.append(f'-{name}={rng.choice(TAGS)}')
    for name in ['tagfocus', 'tagignore']:
        if rng.random() < 0.2:
            options.append(f'-{name}={rng.choice(TAG_FILTERS)}')
    return options


class Pair:
    """Both programs on the same arguments, in a folder of their own."""

    def __init__(self, pprof, folder):
        self.pprof, self.folder = pprof, folder
        self.env = {**os.environ, 'HOME': folder, 'PPROF_TMPDIR': folder}

    def go(self, arguments):
        """The bytes that Go's tool writes, inflated; None where it fails."""
        output = os.path.join(self.folder, 'go.pb.gz')
        if os.path.exists(output):
            os.unlink(output)
        subprocess.run([self.pprof, '-symbolize=none', '-proto', '-output', output, *arguments], env=self.env,
                       capture_output=True, timeout=120, check=False)
        if not os.path.exists(output):
            return None
        with gzip.open(output) as file:
            return file.read()

    def ours(self, arguments):
        done = subprocess.run([TOOL, *arguments], capture_output=True, timeout=120, check=False)
        return (done.stdout if done.returncode == 0 else None), done.stderr.decode(errors='replace')

    def compare(self, arguments):
        label = ' '.join(os.path.basename(a) if os.path.sep in a and not a.startswith('-') else a for a in arguments)
        want = self.go(arguments)
        got, why = self.ours(arguments)
        if want is None:
            tap.ok(got is None, f'refused by both: {label}', 'go tool pprof refuses it')
            return
        tap.ok(got == want, label, f'{why or "other bytes"}; go wrote {len(want)}, we {len(got or b"")}')


def same_kind(files):
    """Files that can be merged: of one program's kind of profile, by name."""
    kinds = {}
    for path in files:
        kinds.setdefault(os.path.basename(path).split('.')[-3 if path.endswith('.gz') else -2], []).append(path)
    return [paths for paths in kinds.values() if len(paths) > 1]


def main():
    kinds = ['pb.gz', 'pb', 'prof', 'heap', 'growth', 'debug1.txt', 'debug2.txt', 'cmdline.txt', 'html']
    files = sorted(path for kind in kinds for path in glob.glob(os.path.join(CORPUS, '*.' + kind)))
    pprof = oracle.go_pprof()
    if not pprof or not files:
        tap.skip('the bytes of go tool pprof', 'needs go and the corpus of profiles')
        tap.done()
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        pair = Pair(pprof, folder)
        for path in files:
            pair.compare([path])
        for _ in range(COUNT):
            pair.compare([*random_filters(rng), rng.choice(files)])
        kinds = same_kind(files)
        for _ in range(COUNT // 2):
            paths = rng.choice(kinds)
            # Go's tool takes a CPU profile of words for a program when it is the first of several arguments.
            several = sorted(rng.sample(paths, min(len(paths), rng.randint(2, 4))), key=lambda p: p.endswith('.prof'))
            pair.compare([*random_filters(rng), *(several[:1] if several[0].endswith('.prof') else several)])
        for _ in range(COUNT // 2):
            paths = rng.choice(kinds)
            base = rng.choice(['-base', '-diff_base']) + '=' + rng.choice(paths)
            pair.compare([base, *(['-normalize'] if rng.random() < 0.3 else []), *random_filters(rng),
                          rng.choice(paths)])
    tap.done()


main()
