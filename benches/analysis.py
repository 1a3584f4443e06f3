#!/usr/bin/env python3
"""What the statistics cost: tables of a million trials, and one bootstrap beside scipy's.

usage: python3 benches/analysis.py [ROUNDS]

Builds the bench, derives summary and comparisons of 1 000 000 trials in 200 cells (time and peak
memory), and times one interval of a ratio of medians (n = 30, 9 999 replicates) against
`scipy.stats.bootstrap(method="percentile", vectorized=True, paired=False)` of the same statistic, in
turn. Without scipy (`pip install scipy` in a venv) the second part is left out and said so.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def build():
    command = ["cargo", "build", "--release", "--bench", "statistics", "--message-format", "json"]
    built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "statistics":
            return message["executable"]
    sys.exit("the bench was not built")


def bench(binary, *arguments, text=""):
    done = subprocess.run([binary, *map(str, arguments)], input=text, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    binary = build()
    tables = [bench(binary, "tables", 200, 5_000) for _ in range(3)]
    best = min(tables, key=lambda one: one["all_s"])
    print("1 000 000 trials in 200 cells, the quickest of 3:", json.dumps(best))
    try:
        import numpy
        from scipy.stats import bootstrap
    except ImportError:
        print("bootstrap: left out, scipy is not installed")
        return
    random = numpy.random.default_rng(1)
    x, y = random.lognormal(3, 0.1, 30), random.lognormal(3.05, 0.1, 30)
    text = "\n".join(" ".join(map(repr, map(float, sample))) for sample in (x, y))

    def ratio(x, y, axis=-1):
        return numpy.median(x, axis=axis) / numpy.median(y, axis=axis)

    ratios = []
    for seed in range(rounds):
        ours = bench(binary, "bootstrap", 30, 9_999, text=text)
        start = time.perf_counter_ns()
        found = bootstrap((x, y), ratio, n_resamples=9_999, vectorized=True, paired=False, method="percentile", rng=seed)
        theirs = time.perf_counter_ns() - start
        ratios.append(theirs / ours["ns"])
    interval = found.confidence_interval
    print(f"scipy {interval.low:.4f} to {interval.high:.4f}, runner {ours['lo']:.4f} to {ours['hi']:.4f}")
    print(f"bootstrap, scipy / runner: {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f}), {rounds} rounds; runner {ours['ns'] / 1e6:.2f} ms")


if __name__ == "__main__":
    main()
