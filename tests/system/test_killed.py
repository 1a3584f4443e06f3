#!/usr/bin/env python3
"""A runner that is killed with SIGKILL leaves a readable journal and no process behind."""

import json
import os
import pathlib
import signal
import subprocess
import time

from support import RUNNER, rows, sandbox

EXPERIMENT = """
title = "Killed in the middle"
seed  = 1
[workloads.wait]
command = ["sleep", "0.2"]
[workloads.sleep]
tasks = 2
params = { time = "200ms" }
[strategies]
alone = "sequential"
two = { kind = "processes", workers = 2 }
[protocol]
repeats = 500
"""


def processes_below(folder):
    """Processes whose working directory is the sandbox."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                at = os.readlink(entry / "cwd")
                # A process that has ended and was not reaped has no working directory.
                if at == str(folder) and int(entry.name) != os.getpid():
                    found.append((int(entry.name), (entry / "cmdline").read_bytes()))
            except OSError:
                continue
    return found


def until(condition, what, seconds=30):
    """Waits for a condition; the limit only ends a test that hangs."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def main():
    with sandbox() as folder:
        folder = folder.resolve()
        (folder / "killed.toml").write_text(EXPERIMENT, encoding="utf-8")
        runner = subprocess.Popen(
            [RUNNER, "killed.toml", "--progress", "none"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        # `latest` is made when a run ends, so that it never leads to one that was killed.
        journals = lambda: list(folder.glob("results/killed/r*/journal.jsonl"))
        until(lambda: any(journal.read_bytes().count(b"\n") >= 8 for journal in journals()), "no trial ended")
        (journal,) = journals()
        assert len(processes_below(folder)) >= 2, "the launcher and a trial live"
        runner.send_signal(signal.SIGKILL)
        runner.wait()
        until(lambda: not processes_below(folder), f"left behind: {processes_below(folder)}")

        whole, _, torn = journal.read_bytes().rpartition(b"\n")
        lines = [json.loads(line) for line in whole.splitlines()]
        assert len(lines) >= 8, lines
        assert torn == b"" or len(torn) < 4096, "at most one line is torn"
        live = rows(journal.with_name("trials.csv"))
        assert live and all(row["status"] == "ok" for row in live), live
        assert json.loads(journal.with_name("manifest.json").read_bytes())["exit_reason"]["value"] is None


if __name__ == "__main__":
    main()
