"""Where the tools are that tests compare with."""
import shutil
import subprocess


def go_pprof():
    """The program behind `go tool pprof`, which starts faster than through go; None where Go is not installed. To be asked
    for before HOME changes, where it is cached."""
    if not shutil.which('go'):
        return None
    found = subprocess.run(['go', 'tool', '-n', 'pprof'], capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None
