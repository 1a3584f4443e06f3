#!/usr/bin/env python3
"""Results on a file system that fills up: exit code 6, a message that says so, and whole rows."""

import contextlib
import json
import os
import subprocess

from support import run, sandbox, skip

EXPERIMENT = """
title = "More rows than there is room for"
seed  = 1
[workloads.noop]
[protocol]
repeats = 20_000
isolation = "thread"
"""


@contextlib.contextmanager
def small_disk(place):
    """A file system of 256 KiB in memory."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        skip("a tmpfs cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def main():
    if os.geteuid() != 0:
        skip("only root can mount a small file system")
    with sandbox() as folder:
        (folder / "full.toml").write_text(EXPERIMENT, encoding="utf-8")
        with small_disk(folder / "disk"):
            done = run(["full.toml", "--progress", "none", "--output", "disk"], 6, cwd=folder)
            assert "No space left on device" in done.stderr, done.stderr
            assert "panicked" not in done.stderr, done.stderr
            whole = (folder / "disk/full/latest/journal.jsonl").read_bytes().rpartition(b"\n")[0]
            lines = [json.loads(line) for line in whole.splitlines()]
            assert len(lines) > 100, f"{len(lines)} lines were kept"


if __name__ == "__main__":
    main()
