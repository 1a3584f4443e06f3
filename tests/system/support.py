"""What the system tests share: a sandbox, the binary under test, tables, and how to skip."""

import contextlib
import csv
import os
import pathlib
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]
RUNNER = os.environ.get("RUNNER") or str(PROJECT / "target/release/runner")


def skip(reason):
    """Ends this test as skipped."""
    print(reason)
    sys.exit(77)


@contextlib.contextmanager
def sandbox():
    """A directory of its own, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="runner-system-") as path:
        yield pathlib.Path(path)


def run(arguments, code, **options):
    """Runs the binary and demands an exit code; returns what it printed."""
    options.setdefault("timeout", 120)
    done = subprocess.run(
        [RUNNER, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == code, (
        f"{arguments}: exit code {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}"
    )
    return done


def rows(path):
    """The rows of a table as dictionaries; each has as many fields as the header."""
    with open(path, encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, strict=True))
    for row in table:
        assert None not in row and None not in row.values(), f"{path}: uneven row {row}"
    return table
