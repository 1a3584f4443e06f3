#!/usr/bin/env python3
"""What the runner itself costs, as ratios against a named floor, measured side by side.

    cargo build --release && python3 benches/overhead.py [ROUNDS]

1. A command trial of /bin/true, everything recorded (journal, live CSV, peak memory, CPU time,
   output captured), against a bare posix_spawn + wait4 loop written in C (benches/spawn_floor.c).
   Each round runs all of them in turn, forwards and backwards; the ratio of each round is printed,
   then their median. Both ways to start children are measured. The C loop runs twice: free to
   move between CPUs as any program, and confined to one CPU as the runner confines itself.
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
TRIALS = 200


def floor(binary, *prefix):
    """Nanoseconds per spawn of the C loop."""
    out = subprocess.run([*prefix, binary, str(TRIALS), "/bin/true"], check=True, capture_output=True, text=True)
    return float(out.stdout.split()[0])


def per_trial(run):
    """Nanoseconds from the start of the first measured trial to that of the last, per trial."""
    with (run / "trials.csv").open(encoding="utf-8", newline="") as file:
        starts = [int(row["start_offset_ns"]) for row in csv.DictReader(file) if row["phase"] == "measure"]
    return (starts[-1] - starts[0]) / (len(starts) - 1)


def run_experiment(text, output, *options):
    """Runs an experiment; its run directory."""
    path = output / "bench.toml"
    path.write_text(text, encoding="utf-8")
    subprocess.run([RUNNER, "run", path, "--output", output, "--progress", "none", *options], check=True, stdout=subprocess.DEVNULL)
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
        cpu = str(min(os.sched_getaffinity(0)))
        measures = {
            "floor": lambda: floor(binary),
            "floor on one CPU": lambda: floor(binary, "taskset", "-c", cpu),
            "runner": lambda: per_trial(run_experiment(command, scratch)),
            "runner --spawn std": lambda: per_trial(run_experiment(command, scratch, "--spawn", "std")),
        }
        ratios = {name: [] for name in measures}
        for index in range(rounds):
            names = list(measures)
            times = {name: measures[name]() for name in (names if index % 2 == 0 else reversed(names))}
            for name in names:
                ratios[name].append(times[name] / times["floor"])
            print(f"round {index + 1}: " + ", ".join(f"{name} {times[name] / 1000:.0f} us" for name in names))
        for name, values in ratios.items():
            print(f"{name} / floor: median {statistics.median(values):.3f}, {min(values):.3f} to {max(values):.3f}, {rounds} rounds")

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
