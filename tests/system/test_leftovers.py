"""A thousand trials that leave in five ways, limits in force: afterwards no process of theirs is there.
Takes about a minute."""

import os
import pathlib

from support import rows, run, sandbox

EXPERIMENT = """
[limits]
processes = 10

[protocol]
repeats = 248
warmup  = 0
timeout = "100ms"
order   = "shuffled"

[workloads.daemon]
command = ["sh", "-c", '(setsid sh -c "(setsid sleep 1000) &" &); true']

[workloads.group]
command = ["sh", "-c", "sleep 1000 & sleep 1000 & true"]

[workloads.bomb]
command = ["sh", "-c", "while :; do setsid sleep 1000 & done"]

[workloads.deaf]
command = ["sh", "-c", "trap '' TERM; setsid sleep 1000 & while :; do sleep 0.01; done"]
timeout = "20ms"
repeats = 8

[workloads.stops]
command = ["sh", "-c", "setsid sleep 1000 & kill -STOP $$"]
timeout = "20ms"
"""


def processes_of(mark):
    """Those whose environment has the mark."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark in (entry / "environ").read_bytes():
                    found.append(entry.name)
            except OSError:
                pass  # it has ended, or is another user's
    return found


def main():
    with sandbox() as place:
        (place / "leave.toml").write_text(EXPERIMENT, encoding="utf-8")
        mark = str(os.getpid())
        run(["leave.toml", "--progress", "none"], 3, cwd=place, env={**os.environ, "LEFTOVERS_TEST": mark}, timeout=280)
        table = rows(place / "results/leave/latest/trials.csv")
        assert len(table) == 1000, len(table)
        odd = [row for row in table if row["status"] == "ok" or "could not be killed" in row["note"]]
        assert not odd, odd[0]
        left = processes_of(f"LEFTOVERS_TEST={mark}".encode())
        assert not left, f"still there: {left}"
        print(f"{len(table)} trials, nothing left")


main()
