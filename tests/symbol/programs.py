"""What the tests of names and lines share: programs that are built here, what binutils say of them, and profiles of them.
Imported first, it leads the way to the other helpers."""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..'), os.path.join(HERE, '..', 'cli')]


def output(*command, text=''):
    """What a command prints; an error where it fails."""
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=300).stdout


def compiler(name):
    """Where a compiler is; None where it is not installed. Rust's may be in its own folder."""
    home = os.path.join(os.path.expanduser('~'), '.cargo', 'bin', name)
    return shutil.which(name) or (home if os.access(home, os.X_OK) else None)


def build_rust(path, source, *flags):
    """Builds a program in Rust, also with flags that are not stable; returns why it did not work, or ''."""
    done = subprocess.run([compiler('rustc'), *flags, '-o', path, os.path.join(HERE, source)], capture_output=True, text=True,
                          env={**os.environ, 'RUSTC_BOOTSTRAP': '1'})
    return done.stderr if done.returncode else ''


def sections(path, names):
    """Address and size of each section whose name matches."""
    found = re.finditer(r'\] (?:%s)\s+PROGBITS\s+([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+)' % names, output('readelf', '-SW', path))
    return [(int(match[1], 16), int(match[2], 16)) for match in found]


def code_segment(path):
    """Where in the file, where in memory, and how large the segment of a program's code is."""
    found = re.search(r'LOAD +0x([0-9a-f]+) 0x([0-9a-f]+) 0x[0-9a-f]+ 0x([0-9a-f]+) 0x[0-9a-f]+ R E', output('readelf', '-lW', path))
    return tuple(int(number, 16) for number in found.groups())


def build_id(path):
    return re.search(r'Build ID: ([0-9a-f]+)', output('readelf', '-n', path))[1]


def functions(path, *flags):
    """From a function's name as people write it to its address."""
    listing = output('nm', '-C', *flags, path)
    return {match[2]: int(match[1], 16) for match in re.finditer(r'^([0-9a-f]+) [tTW] (.*)$', listing, re.M)}


def write(profile, path):
    """Writes a made profile into a file, of which it returns the path."""
    with open(path, 'wb') as file:
        file.write(profile.gzipped())
    return path


def with_letters(name):
    """An old symbol of Rust with the letters that binutils and LLVM leave escaped."""
    return re.sub(r'\$u([89a-f][0-9a-f]|[1-9a-f][0-9a-f]{2,4})\$', lambda match: chr(int(match[1], 16)), name)
