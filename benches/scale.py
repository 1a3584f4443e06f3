#!/usr/bin/env python3
"""What a run of a million recorded trials costs at its beginning, at its end, and to go on with.

    cargo build --release && python3 benches/scale.py [TRIALS]

Trials of the kernel `noop` in the runner's own process. Prints

1. the time of a trial among the first 1 000 and among the last 1 000: the median distance between two
   starts, so that the few syncs to the disk in between do not decide;
2. the peak memory of the runner while trials run, and at the end, when the tables are made;
3. the time until a run of which all but 1 000 trials are done is ready to go on: until its first trial
   starts. The journal is cut there, as a killed runner leaves it.

Nothing here asserts a time: machines differ.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

RUNNER = pathlib.Path(__file__).resolve().parent.parent / "target" / "release" / "runner"
TEXT = """
seed = 1
[workloads.noop]
[strategies]
alone = "sequential"
[protocol]
repeats = {}
warmup = 0
isolation = "thread"
order = "sequential"
"""


def memory(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(field))


def watch(runner, journal, seen):
    """Keeps the resident memory while the journal still grows."""
    size = -1
    while runner.poll() is None:
        path = journal()
        now = path.stat().st_size if path else 0
        if now == size and now > 0:
            break
        size = now
        try:
            seen.append(memory(runner.pid, "VmRSS"))
        except (OSError, StopIteration):
            break
        time.sleep(0.1)


def start(folder, *arguments):
    return subprocess.Popen([RUNNER, *arguments, "--progress", "none"], cwd=folder, stdout=subprocess.DEVNULL)


def starts(journal):
    """Elapsed time at the start of each trial, in ns."""
    with journal.open("rb") as file:
        for line in file:
            if b'"trial_started"' in line[:90]:
                yield json.loads(line)["elapsed_ns"]


def main():
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        (folder / "scale.toml").write_text(TEXT.format(trials), encoding="utf-8")
        found = lambda: next(iter(folder.glob("results/scale/r*/journal.jsonl")), None)
        runner, seen = start(folder, "run", "scale.toml"), []
        watcher = threading.Thread(target=watch, args=(runner, found, seen))
        watcher.start()
        _, status, usage = os.wait4(runner.pid, 0)
        runner.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
        assert runner.returncode == 0, runner.returncode
        journal = found()
        at = list(starts(journal))
        gaps = [later - earlier for earlier, later in zip(at, at[1:])]
        first, last = statistics.median(gaps[:1000]), statistics.median(gaps[-1000:])
        print(f"{trials} trials in {(at[-1] - at[0]) / 1e9:.1f} s; the first 1 000 {first:.0f} ns each, the last 1 000 {last:.0f} ns: {last / first:.3f}")
        print(f"memory while trials run {max(seen):.0f} MB, at the end {usage.ru_maxrss / 1024:.0f} MB")

        cut = 0
        with journal.open("rb") as file:
            for _ in range(1 + 2 + 2 * (trials - 1000)):
                cut += len(file.readline())
        os.truncate(journal, cut)
        began = time.monotonic()
        runner = start(folder, "resume", str(journal.parent))
        with journal.open("rb") as file:
            file.seek(cut)
            while b"trial_started" not in file.read():
                assert runner.poll() is None, "it ended before it began"
                file.seek(cut)
                time.sleep(0.002)
        ready = time.monotonic() - began
        stat = pathlib.Path(f"/proc/{runner.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        cpu = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        print(f"ready to go on after {ready:.2f} s ({cpu:.2f} s of CPU time), {memory(runner.pid, 'VmHWM'):.0f} MB")
        assert runner.wait() == 0


if __name__ == "__main__":
    main()
