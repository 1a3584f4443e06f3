"""What the system tests share: a sandbox, the binary under test, tables, Python packages, and how to skip."""

import contextlib
import csv
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]
RUNNER = os.environ.get("RUNNER") or str(PROJECT / "target/release/runner")

# Names, levels and answers that a spreadsheet could act on, failures, timeouts and warm-ups.
HOSTILE = r"""
title = "Names, levels and answers that a spreadsheet could act on"
seed  = 7

[params]
n    = [12, 499999666667166666000000, -1234567890123456789]
code = ["007", "1e5", "1-3", "3/4", "1:30", "=1+1", "+49 30", "-5", "@sum", "TRUE", "1.234", "ｎ，;\"quoted\"", "50%"]

[workloads.echo]
command = ["sh", "-c", "echo \"answer {n}\"; echo share 0.125; echo load 1234.5; echo tiny 0.00000123; test {code} != 1-3"]
shell = false
result = { stdout_regex = 'answer (.*)' }
repeats = 2
params = { code = ["007", "1-3"] }

[workloads.say]
command = ["printf", "answer %s\n", "{code}"]
result = { stdout_regex = 'answer (.*)' }
repeats = 2
params = { }

[workloads.slow]
command = ["sleep", "5"]
timeout = "20ms"
repeats = 2

[[workloads.echo.metrics]]
name = "share"
unit = "1"
stdout_regex = 'share (.*)'
[[workloads.echo.metrics]]
name = "load"
unit = "jobs"
stdout_regex = 'load (.*)'
[[workloads.echo.metrics]]
name = "tiny"
unit = "s"
stdout_regex = 'tiny (.*)'

[strategies]
"-O3" = "sequential"
"=1+1" = "sequential"
"@sum" = "sequential"
"二つの列" = "sequential"
"semi;colon, comma" = "sequential"
'say "hi"' = "sequential"
"+x" = "sequential"

[protocol]
warmup = 1

[compare]
baseline = "-O3"
"""


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


def python_with(*packages):
    """A Python that has these packages from PyPI, in a virtual environment that is kept for the next time."""
    digest = hashlib.sha256(repr(packages).encode()).hexdigest()[:12]
    folder = PROJECT / "target/system" / f"venv-{digest}"
    python = folder / "bin/python"
    complete = folder / "complete"
    if complete.exists():
        return str(python)
    if os.environ.get("INSTALL", "1") != "1":
        skip(f"{', '.join(packages)} may not be installed: INSTALL=0")
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
    ):
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False
        )
        if done.returncode != 0:
            last = (done.stderr.strip() or done.stdout.strip() or "no reason").splitlines()[-1]
            skip(f"{', '.join(packages)} could not be installed: {last}")
    complete.touch()
    return str(python)


def offline():
    """What starts a command without a network, where that is possible: nothing may depend on it."""
    prefix = ["unshare", "--net", "--map-root-user"]
    with contextlib.suppress(OSError):
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return prefix
    return []
