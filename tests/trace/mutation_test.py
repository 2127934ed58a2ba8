#!/usr/bin/env python3
"""Every prefix, and seeded changes of bytes, of small traces of the corpus: Go's reader and ours must accept the same
ones and give the same events before they refuse the others.

    mutation_test.py JUDGE [SEED]       JUDGE: judge.c, built
"""
import pathlib
import random
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap
from go_tool import build_command, corpus, judges_differ

# Name, how many variants with changed bytes, and whether all prefixes are tried (else some).
TRACES = [
    ('go126-idle.trace', 2000, True),
    ('go126-maxprocs.trace', 1200, True),
    ('go123-allocfree.trace', 150, False),
    ('go122-cgo.trace', 120, False),
    ('go125-tasks.trace', 120, False),
    ('go125-cpu.trace', 80, False),
    ('v1/user_task_region_1_19_good', 1200, True),
    ('v1/http_1_11_good', 800, True),
    ('go121-cpu.trace', 60, False),
]


def variants(data, flips, all_prefixes, rng):
    lines = [f'prefix {n}' for n in (range(len(data) + 1) if all_prefixes else
                                     sorted(rng.sample(range(len(data) + 1), 80)))]
    for _ in range(flips):
        changes = [f'{rng.randrange(len(data))} {rng.choice((1 << rng.randrange(8), rng.randrange(1, 256)))}'
                   for _ in range(rng.choice((1, 1, 1, 2, 5)))]
        lines.append('flip ' + ' '.join(changes))
    return lines


def main():
    judge, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20250711
    with tempfile.TemporaryDirectory() as directory:
        go_judge = build_command('sondejudge', HERE / 'judge.go', pathlib.Path(directory))
        if not go_judge or not corpus('go126-idle.trace'):
            tap.skip('changed traces are judged as Go judges them', 'no Go' if not go_judge else 'no corpus')
            tap.done()
        for name, flips, all_prefixes in TRACES:
            path, rng = corpus(name)[0], random.Random(f'{seed} {name}')
            lines = variants(path.read_bytes(), flips, all_prefixes, rng)
            # In v1 the order of events at equal times differs from run to run of Go, and with it what comes of them.
            is_v1 = 'v1' in name or 'go121' in name
            wrong = judges_differ(judge, go_judge, path, lines, is_v1)
            tap.ok(not wrong, f'{len(lines)} variants of {name}, seed {seed}',
                   f'{len(wrong)} differ\n' + '\n'.join(wrong[:10]))
    tap.done()


main()
