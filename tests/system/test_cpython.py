#!/usr/bin/env python3
"""experiments/cpython.toml with CPython and without it."""

import shutil

from support import PROJECT, rows, run, sandbox

ANSWER = "499_999_666_667_166_666_000_000"

MIXED = r"""
title = "One workload needs what is not there"
[workloads.absent]
command  = ["python3", "--version"]
requires = ["python3"]
[workloads.noop]
[protocol]
repeats = 6
"""


def with_python(folder):
    """Every row has the answer and the program's own time, which is inside the runner's."""
    run([PROJECT / "experiments/cpython.toml", "--progress", "none", "--output", folder / "out"], 0)
    latest = folder / "out/cpython/latest"
    trials = rows(latest / "trials.csv")
    assert len(trials) == 33
    for row in trials:
        assert (row["status"], row["answer"]) == ("ok", ANSWER), row
        assert 0 < int(row["metric_inner_ns"]) < int(row["time_ns"]), row
    table = rows(latest / "table.csv")
    assert [row["strategy"] for row in table] == ["normal", "threading", "multiprocessing"]
    assert all(int(row["speedup_percent"]) > 0 for row in table), table
    assert table[0]["speedup_percent"] == "100"


def without_python(folder):
    """With a PATH that leads nowhere, rows say what is missing, and other workloads run."""
    nowhere = {"PATH": "/nonexistent", "HOME": str(folder)}
    done = run(
        [PROJECT / "experiments/cpython.toml", "--progress", "none", "--output", folder / "none"], 3, env=nowhere
    )
    assert "python3 is required: not found in PATH" in " ".join(done.stdout.split()), done.stdout
    trials = rows(folder / "none/cpython/latest/trials.csv")
    assert len(trials) == 33
    assert all(row["status"] == "start_failed" for row in trials)
    assert all("python3 is required: not found in PATH" in row["note"] for row in trials)

    (folder / "mixed.toml").write_text(MIXED, encoding="utf-8")
    run(["mixed.toml", "--progress", "none"], 3, cwd=folder, env=nowhere)
    by_workload = {}
    for row in rows(folder / "results/mixed/latest/trials.csv"):
        by_workload.setdefault(row["workload"], set()).add(row["status"])
    assert by_workload == {"absent": {"start_failed"}, "noop": {"ok"}}, by_workload


def main():
    assert shutil.which("python3"), "this test runs in Python"
    with sandbox() as folder:
        with_python(folder)
        without_python(folder)


if __name__ == "__main__":
    main()
