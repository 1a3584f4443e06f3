#!/usr/bin/env python3
"""Results on a file system that fills up, and in a folder that may not be written any more: exit
code 6, a message that says so, whole rows, and a run that is gone on with when there is room."""

import contextlib
import json
import os
import subprocess
import time

from support import RUNNER, rows, run, sandbox, skip

FULL = """
title = "More rows than there is room for"
seed  = 1
[workloads.noop]
[protocol]
repeats = 20_000
isolation = "thread"
"""
READ_ONLY = """
seed = 1
[workloads.say]
command = ["sh", "-c", "sleep 0.02; echo {trial_id}"]
[protocol]
repeats = 50
"""
NOBODY = 65534


@contextlib.contextmanager
def small_disk(place):
    """A file system of 256 KiB in memory; gives what makes it larger."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        skip("a tmpfs cannot be mounted here")
    try:
        yield lambda: subprocess.run(["mount", "-o", "remount,size=256m", str(place)], check=True)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def full(folder):
    (folder / "full.toml").write_text(FULL, encoding="utf-8")
    with small_disk(folder / "disk") as enlarge:
        done = run(["full.toml", "--progress", "none", "--output", "disk"], 6, cwd=folder)
        assert "No space left on device" in done.stderr, done.stderr
        assert "panicked" not in done.stderr, done.stderr
        before = (folder / "disk/full/latest/journal.jsonl").read_bytes()
        lines = [json.loads(line) for line in before.rpartition(b"\n")[0].splitlines()]
        assert len(lines) > 100, f"{len(lines)} lines were kept"
        run_dir = next(folder.glob("disk/full/r*"))
        run(["resume", str(run_dir), "--progress", "none"], 6, cwd=folder)
        enlarge()
        run(["resume", str(run_dir), "--progress", "none"], 0, cwd=folder)
        after = (run_dir / "journal.jsonl").read_bytes()
        whole = before.rpartition(b"\n")[0]
        assert after.startswith(whole), "what was recorded stays"
        used = sum(row["used"] == "true" for row in rows(run_dir / "trials.csv"))
        assert used == 20_000, used
        run(["verify", str(run_dir)], 0, cwd=folder)


def read_only(folder):
    """The user of the runner loses the right to make files in the directory of a run."""
    (folder / "slow.toml").write_text(READ_ONLY, encoding="utf-8")
    results = folder / "results"
    results.mkdir()
    for path in [folder, folder / "slow.toml", results]:
        os.chown(path, NOBODY, NOBODY)
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def resume(code):
        line = [RUNNER, "resume", "slow", "--progress", "none"]
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, **user)
        assert done.returncode == code, (done.returncode, done.stderr)

    if subprocess.run([RUNNER, "--version"], capture_output=True, check=False, **user).returncode != 0:
        return  # The binary lies where nobody else may look.
    runner = subprocess.Popen(
        [RUNNER, "slow.toml", "--progress", "none"],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **user,
    )
    end = time.monotonic() + 30
    while not (found := list(folder.glob("results/slow/r*/journal.jsonl"))) or found[0].read_bytes().count(b"\n") < 20:
        assert time.monotonic() < end and runner.poll() is None, "it does not run"
        time.sleep(0.01)
    run_dir = found[0].parent
    run_dir.chmod(0o555)
    errors = runner.communicate()[1]
    assert runner.returncode == 6, (runner.returncode, errors)
    assert "permission denied" in errors and "runner resume" in errors and "panicked" not in errors, errors
    before = found[0].read_bytes()
    resume(6)
    assert found[0].read_bytes() == before, "nothing is written to it"
    run_dir.chmod(0o755)
    resume(0)
    assert found[0].read_bytes().startswith(before)
    used = sum(row["used"] == "true" for row in rows(run_dir / "trials.csv"))
    assert used == 50, used


def main():
    if os.geteuid() != 0:
        skip("only root can mount a small file system")
    with sandbox() as folder:
        full(folder)
    with sandbox() as folder:
        read_only(folder)


if __name__ == "__main__":
    main()
