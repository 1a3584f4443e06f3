#!/usr/bin/env python3
"""What the runner itself costs, as ratios against a named floor, measured side by side.

    cargo build --release && python3 benches/overhead.py [ROUNDS]

1. A command trial of /bin/true, everything recorded (journal, live CSV, peak memory, CPU time,
   output captured), against a bare posix_spawn + wait4 loop written in C (benches/spawn_floor.c).
   Rounds alternate between the two; the ratio of each round is printed, then their median.
2. Trials of the kernel `noop` in the runner's own process: trials a second, recorded.
3. A plan of 1 000 000 trials: time and peak memory to make and count it, against `runner list`,
   which starts the same binary and plans nothing.

Needs a C compiler (cc) and Python 3.8 or newer. Nothing here asserts a time: machines differ.
"""

import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
RUNNER = HERE.parent / "target" / "release" / "runner"
TRIALS = 500


def floor(binary):
    """Nanoseconds per spawn of the C loop."""
    out = subprocess.run([binary, str(TRIALS), "/bin/true"], check=True, capture_output=True, text=True)
    return float(out.stdout.split()[0])


def per_trial(run):
    """Nanoseconds from the start of the first measured trial to that of the last, per trial."""
    with (run / "trials.csv").open(encoding="utf-8", newline="") as file:
        starts = [int(row["start_offset_ns"]) for row in csv.DictReader(file) if row["phase"] == "measure"]
    return (starts[-1] - starts[0]) / (len(starts) - 1)


def run_experiment(text, output):
    """Runs an experiment; its run directory."""
    path = output / "bench.toml"
    path.write_text(text, encoding="utf-8")
    subprocess.run([RUNNER, "run", path, "--output", output, "--progress", "none"], check=True, stdout=subprocess.DEVNULL)
    return output / "bench" / "latest"


def peak(arguments):
    """Seconds and peak resident megabytes of a command."""
    begin = time.monotonic()
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, arguments
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        binary = scratch / "spawn_floor"
        subprocess.run(["cc", "-O2", "-o", binary, HERE / "spawn_floor.c"], check=True)

        command = f'[workloads.true]\ncommand = ["/bin/true"]\n[protocol]\nrepeats = {TRIALS}\n'
        ratios = []
        for index in range(rounds):
            pair = [("floor", lambda: floor(binary)), ("runner", lambda: per_trial(run_experiment(command, scratch)))]
            if index % 2:
                pair.reverse()
            times = {name: measure() for name, measure in pair}
            ratios.append(times["runner"] / times["floor"])
            print(f"round {index + 1}: floor {times['floor'] / 1000:.0f} us, runner {times['runner'] / 1000:.0f} us, ratio {ratios[-1]:.3f}")
        print(f"command trial of true / C floor: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}, {rounds} rounds")

        noop = (
            '[workloads.noop]\n[strategies]\nalone = "sequential"\n'
            '[protocol]\nrepeats = 300_000\nisolation = "thread"\norder = "sequential"\n'
        )
        rates = [1e9 / per_trial(run_experiment(noop, scratch)) for _ in range(3)]
        print(f"noop trials in process: {', '.join(f'{rate:,.0f}' for rate in rates)} a second")

        million = scratch / "million.toml"
        million.write_text(noop.replace("300_000", "999_999"), encoding="utf-8")
        seconds, megabytes = peak([RUNNER, "check", million])
        base, _ = peak([RUNNER, "list"])
        print(f"plan of 1 000 000 trials: {seconds:.3f} s and {megabytes:.0f} MB ({seconds / base:.1f} x `runner list`)")


if __name__ == "__main__":
    main()
