"""What the tests that compare with Go share: where `go tool trace` is, where the traces are, and how both are run."""
import json
import os
import pathlib
import re
import subprocess
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / 'shared' / 'corpus' / 'traces'


def find_go_trace():
    """The program behind `go tool trace`, so that each run is spared what the go command does first; None without Go."""
    try:
        found = subprocess.run(['go', 'tool', '-n', 'trace'], capture_output=True, text=True, timeout=300, cwd='/')
    except (OSError, subprocess.TimeoutExpired):
        return None
    path = found.stdout.strip()
    return path if found.returncode == 0 and os.path.exists(path) else None


def corpus(*patterns):
    """The traces of the corpus whose names match, smallest first."""
    found = {path for pattern in patterns for path in CORPUS.glob(pattern) if path.is_file()}
    return sorted(found, key=lambda path: (path.stat().st_size, path.name))


def run(program, *args, env=None, timeout=300):
    """Runs a program; the result has its status, output and complaint as bytes."""
    return subprocess.run([str(program), *map(str, args)], capture_output=True, timeout=timeout, env=env)


def find_go_root():
    """The root of the Go toolchain; None without Go."""
    try:
        return subprocess.run(['go', 'env', 'GOROOT'], capture_output=True, text=True, cwd='/').stdout.strip() or None
    except OSError:
        return None


def build_over(name, replaced, directory):
    """Builds a command of Go's with other files in place of some of its own, by their paths below its sources; its path,
    or None where it cannot be built."""
    overlay, command, root = directory / f'{name}.json', directory / name, find_go_root()
    overlay.write_text(json.dumps({'Replace': {f'{root}/src/{old}': str(new) for old, new in replaced.items()}}))
    built = subprocess.run(['go', 'build', '-overlay', overlay, '-o', command, f'cmd/{name}'], capture_output=True,
                           text=True, cwd='/')
    return command if built.returncode == 0 else None


def run_judge(judge, path, lines):
    """What a judge (judge.c or judge.go, built) answers about variants of a trace; a judge that dies answers less, and its complaint is last."""
    done = subprocess.run([judge, path], input='\n'.join(lines) + '\n', capture_output=True, text=True, timeout=500,
                          env=dict(os.environ, TZ='UTC'))
    answers = done.stdout.splitlines()
    return answers if done.returncode == 0 else answers + [done.stderr[-2000:]]


def judgements_differ(ours, theirs, is_v1=False):
    """Whether two answers differ; in v1 only whether a trace was accepted is compared."""
    ours, theirs = ours.split(), theirs.split()
    if ours[0] == 'cut-table' and theirs[0] in ('accepted', 'refused'):
        ours[0] = theirs[0]
    return ours[0] != theirs[0] if is_v1 else ours != theirs


def judges_differ(judge, go_judge, path, lines, is_v1=False):
    """What our judge says of variants of a trace otherwise than Go's, a line each."""
    ours, theirs = run_judge(judge, path, lines), run_judge(go_judge, path, lines)
    wrong = [f'{line}: ours {a}, Go {b}' for line, a, b in zip(lines, ours, theirs) if judgements_differ(a, b, is_v1)]
    for name, answers in (('ours', ours), ('Go', theirs)):
        if len(answers) != len(lines):
            wrong.insert(0, f'{name} stopped after {len(answers)} of {len(lines)}: {answers[-1:]}')
    return wrong


def build_command(name, source, directory):
    """Builds a Go file as a command of the standard library, so that it may use packages which only those may; its path,
    or None where there is no Go."""
    return build_over(name, {f'cmd/{name}/main.go': source}, directory) if find_go_root() else None


# Where Go's reader walks over hash tables: the processors of a v1 trace, whose order decides between events of the same
# time, and the goroutines that were runnable at its begin. What stands in their place walks in the order of the file.
IN_ORDER = {
    'internal/trace/internal/tracev1/parser.go': [
        ('\tfor pid := range p.batchOffsets {\n\t\tallProcs = append(allProcs, proc{pid: pid})\n\t}\n',
         '\tfor pid := range p.batchOffsets {\n\t\tallProcs = append(allProcs, proc{pid: pid})\n\t}\n'
         '\tslices.SortFunc(allProcs, func(a, b proc) int {\n'
         '\t\treturn cmp.Compare(p.batchOffsets[a.pid][0].offset, p.batchOffsets[b.pid][0].offset)\n\t})\n')],
    'internal/trace/tracev1.go': [
        ('createdPreInit map[GoID]struct{}', 'createdPreInit map[GoID]struct{}\n\tinOrder []GoID'),
        ('it.createdPreInit[GoID(ev.Args[0])] = struct{}{}',
         'it.createdPreInit[GoID(ev.Args[0])] = struct{}{}\n\t\t\tit.inOrder = append(it.inOrder, GoID(ev.Args[0]))'),
        ('for gid := range it.createdPreInit {',
         'for _, gid := range it.inOrder {\n\t\t\t\tif _, ok := it.createdPreInit[gid]; !ok {\n'
         '\t\t\t\t\tcontinue\n\t\t\t\t}')]}


def find_go_trace_in_order(directory):
    """A `go tool trace` that reads v1 traces in the order of the file where its own one reads them in an order that
    changes from run to run, and so with numbers that do; else it is the same. None where it cannot be made."""
    replaced, root = {}, find_go_root()
    for path, changes in IN_ORDER.items() if root else ():
        source = pathlib.Path(root, 'src', path)
        text = source.read_text() if source.exists() else ''
        for old, new in changes:
            if text.count(old) != 1:
                return None
            text = text.replace(old, new)
        replaced[path] = directory / path.replace('/', '_')
        replaced[path].write_text(text)
    return build_over('trace', replaced, directory) if replaced else None


class Viewer:
    """A `go tool trace` that serves a trace; its browser is a program that does nothing."""

    def __init__(self, go_trace, path):
        self.process = subprocess.Popen([go_trace, '-http=127.0.0.1:0', path], stderr=subprocess.PIPE, text=True,
                                        env=dict(os.environ, BROWSER='true'))
        self.url = None
        for line in self.process.stderr:
            found = re.search(r'listening on (http://\S+)', line)
            if found:
                self.url = found.group(1)
                break

    def get(self, page):
        with urllib.request.urlopen(self.url + page, timeout=60) as answer:
            return answer.read().decode()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
