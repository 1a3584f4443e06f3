#!/usr/bin/env python3
"""Derived files have the same bytes on a processor of another kind: runs that were recorded here are
verified by a runner for 64-bit ARM, which an emulator carries out."""

import os
import platform
import shutil
import subprocess

from support import PROJECT, RUNNER, run, sandbox, skip

TARGET = "aarch64-unknown-linux-gnu"
LINKER = "aarch64-linux-gnu-gcc"
EMULATOR = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]

# More than a register holds, and fewer; a percentile, fits, claims, totals; values that fail.
EXPERIMENT = """
title = "Numbers of every kind"
seed = 5
[params]
n = [1_000, 20_000]
[workloads.power-sum]
tasks = 4
[workloads.primes]
tasks = 4
[workloads.odd]
command = ["sh", "-c", "test $(({repeat} % 7)) != 0"]
repeats = 8
params = { }
[strategies]
one = "sequential"
many = { kind = "threads", workers = [1, 2, 3, 4] }
[protocol]
repeats = 40
isolation = "thread"
[compare]
baseline = "one"
sum = true
allow_geomean = true
[[claim]]
statement = "speedup(many) >= 1.1"
where = { n = 1_000, workers = 2 }
"""


def build():
    """A runner for the other architecture; skips where it cannot be built."""
    if platform.machine() != "x86_64":
        skip("this is no x86-64 machine")
    for program in (EMULATOR[0], LINKER, "rustup"):
        if shutil.which(program) is None:
            skip(f"{program} is not there")
    if os.environ.get("INSTALL", "1") != "1":
        skip("a standard library for ARM may not be installed: INSTALL=0")
    quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "check": False, "cwd": PROJECT}
    for what, command in (
        ("the standard library for ARM", ["rustup", "target", "add", TARGET]),
        ("what is compiled for ARM", ["cargo", "fetch", "--locked", "--target", TARGET]),
    ):
        try:
            fetched = subprocess.run(command, timeout=240, **quiet).returncode == 0
        except subprocess.TimeoutExpired:
            fetched = False
        if not fetched:
            skip(f"{what} could not be fetched")
    linker = {f"CARGO_TARGET_{TARGET.upper().replace('-', '_')}_LINKER": LINKER}
    built = subprocess.run(
        ["cargo", "build", "--locked", "--quiet", "--bin", "runner", "--target", TARGET],
        env=os.environ | linker, timeout=700, **quiet,
    )
    assert built.returncode == 0, built.stderr
    return PROJECT / "target" / TARGET / "debug/runner"


def main():
    other = [*EMULATOR, str(build())]
    with sandbox() as folder:
        (folder / "kinds.toml").write_text(EXPERIMENT, encoding="utf-8")
        run(["run", "kinds.toml", "--progress", "none"], 3, cwd=folder)
        verified = subprocess.run(
            [*other, "verify", str(folder / "results/kinds/latest")],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )
        assert verified.returncode == 0, f"{verified.stdout}\n{verified.stderr}"
        for file in ("summary.csv", "comparisons.csv", "scaling.csv", "report.html", "table.xlsx"):
            assert f"{file} " in verified.stdout, verified.stdout
        print(f"{RUNNER} and {other[-1]} derive the same bytes from one journal")


if __name__ == "__main__":
    main()
