#!/usr/bin/env python3
"""The judge of the reports: `go tool pprof` and `sonde pprof` side by side, compared byte by byte.

    tests/cli/difftest.py BUILD          environment: SEED (chosen and printed where not set), N (pairs of reports)

Draws files (the corpus beside the source tree, each file at least once, what the examples write, and profiles drawn
themselves) and sets of options from a seed, runs both programs with each, and compares what they print and whether they
succeed. Two reports of three are command lines; the others are asked for at the prompt, a dozen in a session, between
changes of options, and written into files. A difference is allowed only where Go's tool itself prints different
bytes from run to run: then one of several runs must equal ours, or do so but for the order of lines, or in outline
(docs/compat.md names the places).
"""
import collections
import concurrent.futures
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import drawn_profile  # noqa: E402
import listing  # noqa: E402
import pprof_file  # noqa: E402
import oracle  # noqa: E402
import tap  # noqa: E402

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
CORPUS = os.path.join(ROOT, "..", "shared", "corpus")
PLAIN = ["top", "text", "tree", "traces", "raw", "tags", "comments", "proto", "dot", "callgrind", "topproto"]
WITH_PATTERN = ["peek", "list"]
LISTINGS = {"disasm": listing.disasm_difference, "weblist": listing.weblist_difference}
PROGRAMS = {"go126-bigbytes": "bigbytes", "go126-mini.": "mini", "shapes": "shapes"}  # what profiles of the corpus are of
HEAVY = 1 << 20  # inflated bytes from which on a profile is drawn more seldom
REPEATS = 32  # where two entries may change places, all of eight runs now and then agree on the other order
MANY_REPEATS = 40  # of call trees, where equal nodes are many and seldom show that they changed places
ZONES = ["UTC", "America/New_York", "Asia/Kolkata"]


def draw_profiles(seed, count, folder):
    """Profiles made from the seed, which other files of the same seed are the same as."""
    made = []
    for i in range(count):
        path = os.path.join(folder, f"drawn-{seed}-{i}.pb")
        drawn_profile.DrawnProfile(random.Random(f"{seed}.{i}")).write(path)
        made.append(pprof_file.ProfileFile(path))
    return made


def example_profiles(build, folder):
    """What the examples write of themselves: profiles of libsonde's own."""
    made = []
    for kind in ("cpu", "heap"):
        path = os.path.join(folder, f"bigbytes.{kind}.pb.gz")
        try:
            with open(path, "wb") as file:
                subprocess.run([os.path.join(build, "examples", "bigbytes"), kind], stdin=subprocess.DEVNULL, stdout=file,
                               stderr=subprocess.DEVNULL, timeout=60, check=True)
            made.append(pprof_file.ProfileFile(path))
        except (OSError, subprocess.SubprocessError, ValueError, EOFError):
            continue
    return made


def load_profiles():
    folder = os.path.join(CORPUS, "profiles")
    found = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        try:
            found.append(pprof_file.ProfileFile(os.path.join(folder, name)))
        except (ValueError, IndexError, AttributeError, TypeError, KeyError, OSError, EOFError):
            continue
    return found


class Draw:
    """One command line, drawn from a random source."""

    def __init__(self, rng, profiles, profile=None, listings=True):
        self.rng = rng
        light = [p for p in profiles if p.size < HEAVY]
        self.profile = profile or rng.choice(profiles if rng.random() < 0.1 else light)
        self.profiles = profiles
        self.command = rng.choice(PLAIN + WITH_PATTERN * 2 + list(LISTINGS) * 2 * listings + ["top", "tree", "dot"])
        if self.command == "weblist" and os.path.basename(self.profile.path).startswith("bigbytes."):
            self.command = "disasm"  # of an example in C, about which Go's tool knows less (docs/compat.md)
        self.pattern_drawn = self.pattern()
        named = self.profile.symbolized and self.command not in LISTINGS
        self.arguments = ["-symbolize=none"] if not named or self.chance(0.5) else []
        self.arguments.append(self.command_flag())
        self.add_values()
        self.add_shape()
        self.add_filters()
        self.add_tags()
        self.files = self.draw_files()

    def chance(self, probability):
        return self.rng.random() < probability

    def add(self, probability, make):
        if self.chance(probability):
            self.arguments.append(make())

    def pattern(self):
        """A regular expression that matches something, as a rule: a part of a name, or a shape of one."""
        names = self.rng.choice([self.profile.functions, self.profile.functions, self.profile.files,
                                 self.profile.mappings, ["."]]) or ["."]
        name = self.rng.choice(names)
        parts = [part for part in re.split(r"[^A-Za-z0-9_]+", name) if part] or ["main"]
        part = self.rng.choice(parts)
        return self.rng.choice([part, part, "^" + re.escape(name).replace("\\-", "-").replace("\\ ", " ") + "$",
                                part[:3], f"{part}|runtime", f"(?i){part.upper()}", f"{part}.*", f"^{part}", r"\.",
                                f"[{part[0]}-z]+{part[-1]}", "nothing_matches_this"])

    def command_flag(self):
        if self.command in WITH_PATTERN or self.command in LISTINGS:
            return f"-{self.command}={self.pattern_drawn}"
        return f"-{self.command}"

    def add_values(self):
        rng = self.rng
        self.add(0.4, lambda: "-sample_index=" + rng.choice([*self.profile.sample_types, "0",
                                                             str(len(self.profile.sample_types) - 1), "nonsense"]))
        self.add(0.08, lambda: rng.choice(["-inuse_space", "-inuse_objects", "-alloc_space", "-alloc_objects",
                                           "-total_delay", "-contentions", "-mean_delay"]))
        self.add(0.1, lambda: "-mean")
        self.add(0.25, lambda: "-unit=" + rng.choice(["auto", "minimum", "ns", "us", "ms", "s", "hrs", "B", "kb", "mb",
                                                      "gb", "count", "furlong", "seconds", "bytes"]))
        self.add(0.12, lambda: "-divide_by=" + rng.choice(["1", "2", "3.7", "1000", "0.01", "1e9", "0", "-2"]))
        self.add(0.1, lambda: f"-seconds={rng.randint(1, 30)}")

    def add_shape(self):
        rng = self.rng
        self.add(0.3, lambda: rng.choice(["-cum", "-flat", "-sort=cum"]))
        self.add(0.35, lambda: "-" + rng.choice(["functions", "filefunctions", "files", "lines", "addresses",
                                                 "granularity=lines"]))
        self.add(0.3, lambda: f"-nodecount={rng.choice([-1, 0, 1, 2, 5, 10, 30, 80, 1000])}")
        self.add(0.25, lambda: "-nodefraction=" + rng.choice(["0", "0.001", "0.02", "0.1", "0.5", "1"]))
        self.add(0.25, lambda: "-edgefraction=" + rng.choice(["0", "0.001", "0.02", "0.1", "0.5"]))
        self.add(0.15, lambda: rng.choice(["-trim=false", "-trim"]))
        self.add(0.1, lambda: "-noinlines")
        self.add(0.1, lambda: "-showcolumns")
        self.add(0.1, lambda: "-compact_labels")
        self.add(0.1, lambda: "-call_tree")
        self.add(0.1, lambda: "-drop_negative")
        self.add(0.1, lambda: "-relative_percentages")
        self.add(0.05, lambda: "-add_comment=" + rng.choice(["seen", "two words", "ünï", "-x"]))
        self.add(0.1, lambda: "-trim_path=" + rng.choice(["/usr", "/srv/corpus-src", "/usr/local/go:/root", "runtime"]))
        if self.command in ("list", "weblist") or self.chance(0.05):
            self.add(0.7, lambda: "-source_path=" + rng.choice(
                [os.path.join(CORPUS, "src"), "/usr/local/go", "/usr/local/go/src", f"/nowhere:{CORPUS}/src", "src"]))

    def add_filters(self):
        for option, probability in (("focus", 0.2), ("ignore", 0.15), ("hide", 0.12), ("show", 0.12),
                                    ("show_from", 0.08), ("prune_from", 0.08)):
            self.add(probability, lambda option=option: f"-{option}={self.pattern()}")

    def tag_filter(self):
        rng, profile = self.rng, self.profile
        choices = ["nothing", ":", "5", "1kb:", ":1mb", "16b:4kb"]
        if profile.labels:
            key, value = rng.choice(profile.labels)
            choices += [key, value, f"{key}={value}", f"{key}=nothing,{value[:3]}", f"{value[:4]},{key}"] * 2
        if profile.numbers:
            key, number = rng.choice(profile.numbers)
            choices += [str(number), f"{number}:", f":{number}", f"{key}={number}", f"{key}={number}:{number * 4}"] * 2
        return rng.choice([choice for choice in choices if is_plain_pattern(choice)])

    def add_tags(self):
        tagged = bool(self.profile.labels or self.profile.numbers)
        keys = [key for key, _ in self.profile.labels + self.profile.numbers] or ["bytes"]
        likely = 0.15 if tagged else 0.02
        self.add(likely, lambda: f"-tagfocus={self.tag_filter()}")
        self.add(likely, lambda: f"-tagignore={self.tag_filter()}")
        self.add(likely, lambda: f"-tagshow={self.rng.choice(keys)[:4]}")
        self.add(likely, lambda: f"-taghide={self.rng.choice(keys)[:4]}")
        self.add(likely, lambda: f"-tagroot={','.join(self.rng.sample(keys, 1) + ['other'][:self.rng.randint(0, 1)])}")
        self.add(likely, lambda: f"-tagleaf={self.rng.choice(keys)}")

    def sibling(self):
        """Another profile of the same kind (or any, now and then)."""
        kind = os.path.basename(self.profile.path).split(".")[1:]
        same = [p for p in self.profiles if os.path.basename(p.path).split(".")[1:] == kind and p.size < HEAVY]
        return self.rng.choice(same if same and self.chance(0.9) else self.profiles).path

    def draw_files(self):
        files = [self.profile.path]
        name = os.path.basename(self.profile.path)
        program = next((binary for front, binary in PROGRAMS.items() if name.startswith(front)), None)
        if program and self.command in LISTINGS:
            files.insert(0, os.path.join(CORPUS, "bin", program))
        if self.command == "weblist":  # which else goes to a browser
            self.arguments.append("-output=/dev/stdout")
        if self.chance(0.12):
            self.arguments.append(self.rng.choice(["-base=", "-diff_base="]) + self.sibling())
            self.add(0.2, lambda: "-normalize")
        elif self.chance(0.08):
            files.append(self.sibling())
        return files


def is_plain_pattern(text):
    try:
        re.compile(text)
    except re.error:
        return False
    return "\n" not in text


Result = collections.namedtuple("Result", "status out err")


def run(program, arguments, env, folder):
    done = subprocess.run([*program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=env, cwd=folder, timeout=120)
    return Result(done.returncode, done.stdout, done.stderr)


def comparable(draw, result):
    """What must be equal: success or not, and the bytes (a proto's without its compression)."""
    if result.status != 0:
        return (False, b"")
    return (True, pprof_file.inflate(result.out) if draw.command.endswith("proto") else result.out)


def lines(seen):
    return (seen[0], sorted(seen[1].split(b"\n")))


ROW = re.compile(rb"^ *(\S+) +[-+.e\d]+% +[-+.e\d]+% +(\S+) +[-+.e\d]+%[ |]+(.*?)(?: \((?:partial-)?inline\))?$")


def text_outline(draw, text):
    """The header, and of the rows of nodes what they are sorted by and their names."""
    key = 2 if {"-cum", "-sort=cum"} & set(draw.arguments) else 1
    head, _, body = text.partition(b"flat%")
    rows = [ROW.match(line) for line in body.split(b"\n")]
    return [head] + [(row[key], row[3]) for row in rows if row]


def dot_outline(draw, text):
    """The lines of nodes without their numbers; of call trees, where nodes of one name and rank may weigh differently, the
    names of the nodes."""
    if "-call_tree" in draw.arguments:
        return sorted(re.findall(rb'^N\d+ \[label=.* shape=box tooltip="(.*) \(', text, re.M))
    return sorted(re.sub(rb"N+\d+(_\d+)*|node\d+", b"N", line) for line in text.split(b"\n") if b" -> " not in line)


def callgrind_outline(_, text):
    """The costs."""
    return sorted(line.split()[-1] for line in text.split(b"\n") if re.match(rb"[-+*0-9]", line))


def topproto_outline(_, data):
    """The samples' values."""
    samples = [dict(pprof_file.fields(value)) for number, value in pprof_file.fields(data) if number == 2]
    return sorted(sample.get(2, b"") for sample in samples)


def weblist_outline(_, page):
    """The lines of source: which of several samples without a binary comes first, and names the function, varies."""
    return sorted(line.split(b"<span class=asm>")[0] for line in page.split(b"\n") if line.startswith(b"<span class=line>"))


OUTLINES = {"weblist": weblist_outline, "top": text_outline, "text": text_outline, "tree": text_outline, "peek": text_outline, "dot": dot_outline,
            "callgrind": callgrind_outline, "topproto": topproto_outline}


def outline(draw, seen):
    """What stays of a report where entries of one name come in any order: which, in lists cut off in their midst, may
    also change what stands beside them."""
    make = OUTLINES.get(draw.command)
    return (seen[0], make(draw, seen[1]) if make and seen[1] else seen[1])


DEFAULTS = {"nodecount": "-1", "nodefraction": "0.005", "edgefraction": "0.001", "trim": "true", "divide_by": "1",
            "unit": "minimum", "granularity": "functions", "sort": "flat", "sample_index": "0"}
SWITCHES = {"-mean", "-noinlines", "-showcolumns", "-compact_labels", "-call_tree", "-drop_negative",
            "-relative_percentages"}
CHOICES = {"-cum": "sort=cum", "-flat": "sort=flat", "-trim": "trim=true",
           **{"-" + name: "granularity=" + name for name in ("functions", "filefunctions", "files", "lines", "addresses")}}
AT_THE_PROMPT = re.compile(r"-(focus|ignore|hide|show|show_from|prune_from|tag\w+|nodecount|nodefraction|edgefraction|trim"
                           r"|divide_by|unit|granularity|sort|sample_index|source_path|trim_path)=")
IN_A_SESSION = 12
CRASH = b"\ngoroutine 1 ["  # how Go's traces of a panic begin


def assignment(argument):
    """What sets the same at the prompt; None for what only a command line has."""
    if argument in SWITCHES:
        return argument[1:] + "=true"
    if argument in CHOICES:
        return CHOICES[argument]
    fits = AT_THE_PROMPT.match(argument) and "//:" not in argument and argument == argument.strip()
    return argument[1:] if fits else None


class Asked:
    """One report of a session: its command, and as arguments what is set by then."""

    def __init__(self, command, arguments):
        self.command, self.arguments = command, arguments


class Session:
    """Reports of one profile, asked for at the prompt."""

    def __init__(self, rng, profiles):
        self.rng = rng
        first = Draw(rng, profiles)
        self.files = [first.profile.path]
        self.folder = None  # where it is run
        self.lines, self.reports, self.settings = [], [], {}
        for number in range(IN_A_SESSION):
            self.ask(number, Draw(rng, profiles, first.profile, False))

    def ask(self, number, draw):
        for line in list(self.settings):
            if self.rng.random() < 0.6:
                del self.settings[line]
                default = "false" if "-" + line in SWITCHES else DEFAULTS.get(line, "")
                self.lines.append(f"{line}={default}")
        for line in filter(None, map(assignment, draw.arguments)):
            self.settings[line.partition("=")[0]] = line
            self.lines.append(line)
        words = [draw.command]
        if draw.command in WITH_PATTERN:
            words.append(draw.pattern_drawn)
        elif draw.command in ("top", "text", "tree", "dot", "callgrind", "topproto"):
            words += self.rng.choice([[], [], ["7"], ["-cum"], [draw.pattern_drawn], ["30", "-" + draw.pattern_drawn]])
        if any(len(word.split()) != 1 for word in words):
            words = ["top"]
        self.lines.append(" ".join(words) + f" >report{number}")
        arguments = ["-" + line.removesuffix("=true") for line in self.settings.values()]
        self.reports.append(Asked(words[0], arguments + words[1:]))

    def run(self, program, env):
        """Runs the session in its own folder, whose path is in some reports; for each, whether it was written, and what."""
        paths = [os.path.join(self.folder, f"report{i}") for i in range(len(self.reports))]
        for path in filter(os.path.exists, paths):
            os.remove(path)
        text = "\n".join([*self.lines, "quit", ""]).encode()
        done = subprocess.run([*program, "-symbolize=none", *self.files], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=env, cwd=self.folder, timeout=300)
        return done, [self.read(path, asked) for path, asked in zip(paths, self.reports)]

    @staticmethod
    def read(path, asked):
        try:
            with open(path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return (False, b"")
        return (True, pprof_file.inflate(data) if data and asked.command.endswith("proto") else data)


def agree(draw, ours, theirs):
    """Whether what is comparable is equal; of listings of instructions all but those."""
    if draw.command in LISTINGS and theirs[0] and ours[0]:
        return LISTINGS[draw.command](theirs[1], ours[1]) is None
    return theirs == ours


def agreement(draw, ours, theirs, again):
    """How a report agrees with Go's; `again` gives another one of Go's, made anew. None where it does not."""
    if agree(draw, ours, theirs):
        return "equal"
    seen = [theirs]
    for _ in range(MANY_REPEATS if "-call_tree" in draw.arguments else REPEATS):
        seen.append(again())
        if agree(draw, ours, seen[-1]):
            return "as one of Go's own"
    if any(other != theirs for other in seen):
        if lines(ours) in [lines(other) for other in seen]:
            return "but for the order of lines, which varies in Go's own"
        if outline(draw, ours) in [outline(draw, other) for other in seen]:
            return "in outline, as Go's own vary"
    return None


class Judge:
    def __init__(self, go, sonde, folder):
        self.go, self.sonde, self.folder = go, sonde, folder

    def environment(self, draw):
        env = {"HOME": self.folder, "PPROF_TMPDIR": self.folder, "PATH": os.environ.get("PATH", ""),
               "PPROF_BINARY_PATH": self.folder, "LC_ALL": "C", "ASAN_OPTIONS": "detect_leaks=0", "GOGC": "400"}
        return {**env, "TZ": draw.rng.choice(ZONES)}

    def verdicts(self, draw):
        """For each report of a draw: its command, the kind of agreement, an explanation of a disagreement."""
        return self.of_session(draw) if isinstance(draw, Session) else [self.of_command_line(draw)]

    def of_command_line(self, draw):
        env = self.environment(draw)
        arguments = [*draw.arguments, *draw.files]
        ours_run = run(self.sonde, arguments, env, self.folder)
        theirs_run = run(self.go, arguments, env, self.folder)
        if ours_run.status < 0 or ours_run.status > 2:
            return draw.command, "crash", self.explain(draw, env, ours_run, theirs_run)
        kind = agreement(draw, comparable(draw, ours_run), comparable(draw, theirs_run),
                         lambda: comparable(draw, run(self.go, arguments, env, self.folder)))
        return draw.command, kind or "different", "" if kind else self.explain(draw, env, ours_run, theirs_run)

    def of_session(self, draw):
        env = self.environment(draw)
        draw.folder = tempfile.mkdtemp(dir=self.folder)
        ours_run, ours = draw.run(self.sonde, env)
        theirs_run, theirs = draw.run(self.go, env)
        answers = []
        if CRASH in theirs_run.stderr:
            return [("session", "crashed in Go's tool", "")]
        for number, asked in enumerate(draw.reports):
            kind = agreement(asked, ours[number], theirs[number],
                             lambda number=number: draw.run(self.go, env)[1][number])
            why = "" if kind else self.explain_session(draw, env, number, ours, theirs)
            answers.append((asked.command, f"{kind or 'different'} at the prompt", why))
        if ours_run.returncode != theirs_run.returncode or ours_run.stdout != theirs_run.stdout:
            why = f"TZ={env['TZ']} {draw.files[0]}\nexit status: go {theirs_run.returncode}, sonde {ours_run.returncode}\n"
            why += "\n".join([*draw.lines, *first_difference(theirs_run.stdout, ours_run.stdout)])
            answers.append(("session", "different", why))
        return answers

    def explain(self, draw, env, ours, theirs):
        command = shlex.join([*draw.arguments, *draw.files])
        text = [f"TZ={env['TZ']} build/sonde pprof {command}",
                f"exit status: go {theirs.status}, sonde {ours.status}"]
        if theirs.status != 0 or ours.status != 0:
            text += ["go:    " + last_line(theirs.err), "sonde: " + last_line(ours.err)]
        elif draw.command in LISTINGS:
            text.append(LISTINGS[draw.command](theirs.out, ours.out) or "")
        elif not draw.command.endswith("proto"):
            text += first_difference(theirs.out, ours.out)
        return "\n".join(text)

    @staticmethod
    def explain_session(draw, env, number, ours, theirs):
        last = next(i for i, line in enumerate(draw.lines) if line.endswith(f" >report{number}"))
        text = [f"TZ={env['TZ']} build/sonde pprof -symbolize=none {draw.files[0]}, and at the prompt:",
                *draw.lines[:last + 1]]
        if ours[number][0] != theirs[number][0]:
            text.append(f"wrote the report: go {theirs[number][0]}, sonde {ours[number][0]}")
        elif not draw.reports[number].command.endswith("proto"):
            text += first_difference(theirs[number][1], ours[number][1])
        return "\n".join(text)


def last_line(data):
    found = data.decode("utf-8", "replace").strip().splitlines()
    return found[-1] if found else ""


def first_difference(theirs, ours):
    left, right = theirs.split(b"\n"), ours.split(b"\n")
    for number, (a, b) in enumerate(zip(left, right), 1):
        if a != b:
            return [f"line {number}:", f"  go:    {a.decode('utf-8', 'replace')!r}",
                    f"  sonde: {b.decode('utf-8', 'replace')!r}"]
    return [f"go prints {len(left)} lines, sonde {len(right)}"]


def draw_all(seed, pairs, profiles, drawn):
    """Command lines first for each file of the corpus, then for any; and sessions at the prompt."""
    sessions = pairs // 3 // IN_A_SESSION
    draws = []
    for i in range(pairs - sessions * IN_A_SESSION):
        rng = random.Random(f"{seed}.{i}")
        of = drawn if i >= len(profiles) and i % 3 == 0 else profiles
        draws.append(Draw(rng, of, profiles[i] if i < len(profiles) else None))
    for i in range(sessions):
        draws.append(Session(random.Random(f"{seed}.session.{i}"), drawn if i % 3 == 0 else profiles))
    return draws


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build"))
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    pairs = int(os.environ.get("N") or 2400)
    go, profiles = oracle.go_pprof(), load_profiles()
    if not go or not profiles:
        tap.skip("sonde pprof prints what go tool pprof prints", "no go" if not go else "no corpus")
        tap.done()
    print(f"# SEED={seed} N={pairs}", flush=True)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        profiles += example_profiles(build, folder) * 4
        drawn = draw_profiles(seed, max(1, pairs // 10), folder)
        draws = draw_all(seed, pairs, profiles, drawn)
        judge = Judge([go], [os.path.join(build, "sonde"), "pprof"], folder)
        verdicts = [verdict for several in pool.map(judge.verdicts, draws) for verdict in several]
    report(verdicts, seed, pairs)
    tap.done()


def report(verdicts, seed, pairs):
    """A test for each command."""
    for command in sorted({verdict[0] for verdict in verdicts}):
        mine = [(kind, why) for of, kind, why in verdicts if of == command]
        kinds = collections.Counter(kind for kind, _ in mine)
        wrong = [why for _, why in mine if why]
        counts = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
        tap.ok(not wrong, f"-{command}: {counts}", f"make difftest SEED={seed} N={pairs}\n" + "\n\n".join(wrong))


main()
