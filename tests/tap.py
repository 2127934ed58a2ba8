"""A tiny printer of the Test Anything Protocol for the integration tests: ok, skip, and done at the end."""
import os
import sys

# No test reads or writes the symbol cache of whoever runs it; those of the cache itself say so.
os.environ['SONDE_SYMBOL_CACHE'] = '0'

_count = 0
_failed = False


def ok(condition, name, why=''):
    """One test: passed if condition is true; `why` explains a failure."""
    global _count, _failed
    _count += 1
    print(f'{"ok" if condition else "not ok"} {_count} - {name}', flush=True)
    if not condition:
        _failed = True
        for line in str(why).splitlines():
            print(f'# {line}', flush=True)
    return bool(condition)


def skip(name, why):
    """One test that can't run here."""
    global _count
    _count += 1
    print(f'ok {_count} - {name} # SKIP {why}', flush=True)


def done():
    """Prints the plan and ends the program."""
    print(f'1..{_count}', flush=True)
    sys.exit(1 if _failed else 0)
