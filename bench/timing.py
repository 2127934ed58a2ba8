"""Times whole processes, as the kernel accounts for them, and prints the tables of the benches."""
import os
import resource
import shutil
import subprocess
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
BUILD = os.path.join(ROOT, "build")


class Run:
    """One finished process: seconds of wall and CPU time, megabytes at its peak, exit status."""

    def __init__(self, command, env=None):
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        self.wall = time.perf_counter() - begun
        self.cpu = usage.ru_utime + usage.ru_stime
        self.megabytes = usage.ru_maxrss / 1024
        self.status = os.waitstatus_to_exitcode(status)
        process.returncode = self.status

    def memory(self):
        """The megabytes as text. The kernel counts what this program had when it started the other one, too."""
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return f"{self.megabytes:.0f} MB" if self.megabytes > own * 1.1 else f"< {self.megabytes:.0f} MB"


def median_run(command, runs, env=None):
    """The run of median wall time out of several; raises where one fails."""
    done = [Run(command, env) for _ in range(runs)]
    for run in done:
        if run.status != 0:
            raise RuntimeError(f"{' '.join(command)}: exit status {run.status}")
    return sorted(done, key=lambda run: run.wall)[len(done) // 2]


def go_pprof():
    """The program behind `go tool pprof`, which starts faster than through go; None where Go is not installed."""
    if not shutil.which("go"):
        return None
    found = subprocess.run(["go", "tool", "-n", "pprof"], capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def table(header, rows):
    """Prints rows as a Markdown table, the first column left, the others right aligned."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for number, row in enumerate(cells):
        print("| " + " | ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                                for i, (cell, width) in enumerate(zip(row, widths))) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 1) + ("-" if i == 0 else ":") for i, width in enumerate(widths)) + "|")
    print(flush=True)
