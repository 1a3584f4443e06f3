#!/usr/bin/env python3
"""Runs experiments/null.toml N times and counts verdicts of difference between two equal arms.

usage: python3 benches/null.py [N] [TRIALS]

What the simulation of `cargo bench --bench method` does with numbers, this does with the machine:
every verdict of a difference is wrong. Prints the counts and the exact interval of the share.
"""

import collections
import csv
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RUNNER = ROOT / "target" / "release" / "runner"
DIFFERENCES = {"faster", "slower", "faster_maybe_negligible", "slower_maybe_negligible"}


def binomial_tail(n, k, p):
    """P(Bin(n, p) >= k)"""
    from math import comb

    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


def upper(n, k):
    """The upper end of the exact 95 % interval of a share (Clopper and Pearson)."""
    low, high = k / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - binomial_tail(n, k + 1, middle) > 0.025 else (low, middle)
    return high


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as output:
        for seed in range(runs):
            command = [RUNNER, "run", ROOT / "experiments" / "null.toml", "--output", output]
            command += ["--seed", str(seed), "--set", f"protocol.repeats={repeats}"]
            subprocess.run([*command, "--progress", "none"], check=True, capture_output=True)
            latest = pathlib.Path(output) / "null" / "latest" / "comparisons.csv"
            with open(latest, newline="") as table:
                counts.update(row["verdict"] for row in csv.DictReader(table))
    total = sum(counts.values())
    wrong = sum(count for verdict, count in counts.items() if verdict in DIFFERENCES)
    print(f"{runs} runs of {repeats} blocks, {total} comparisons: {dict(counts)}")
    print(f"called different: {wrong} ({100 * wrong / total:.1f} %, at most {100 * upper(total, wrong):.1f} %)")


if __name__ == "__main__":
    main()
