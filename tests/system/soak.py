#!/usr/bin/env python3
"""Kills runners again and again, resumes their runs, and counts what was lost: nothing may be.

    RUNNER=target/release/runner python3 tests/system/soak.py [--kills 200] [--seed 1] [--cuts] [--failures 10000]

Each run is killed with SIGKILL at random moments, every third time together with its whole process
group, and resumed until it ends by itself. `--cuts` also cuts the journal of a small run at every
byte and resumes each. `--failures N` runs N trials of which one in twenty fails at random, and kills
children and launchers of the runner at random while they go on. Prints one JSON object; exits with 1 when a promise was broken. It is not one
of the tests that `run` starts, since it takes minutes.
"""

import argparse
import collections
import csv
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

from support import PROJECT, RUNNER, sandbox

KINDS = {
    "commands": """
seed = 11
[workloads.say]
command = ["sh", "-c", "sleep 0.01; echo {trial_id} >> ran; echo answer {n}"]
params = { n = [1, 2, 3] }
result = { stdout_regex = 'answer (\\d)' }
[protocol]
repeats = 12
""",
    "two slots, kernels and processes": """
seed = 12
[workloads.sleep]
tasks = 2
params = { time = "5ms" }
[strategies]
alone = "sequential"
two = { kind = "processes", workers = 2 }
[protocol]
repeats = 12
jobs = 2
""",
    "kernels in the runner's own process": """
seed = 13
[workloads.power-sum]
params = { n = [1_000, 200_000] }
[strategies]
alone = "sequential"
two = { kind = "threads", workers = 2 }
[protocol]
repeats = 400
isolation = "thread"
""",
}

# What measures, or says which session and attempt it was: the list of the integration test.
LIST = (PROJECT / "tests/it/resume.rs").read_text(encoding="utf-8").split("OF_THE_SESSION", 1)[1].split("];", 1)[0]
VARIES = set(re.findall(r'"(\w+)"', LIST))


def start(folder, arguments):
    return subprocess.Popen(
        [RUNNER, *arguments, "--progress", "none"],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, start_new_session=True,
    )


def finish(folder, arguments, codes=(0,)):
    runner = start(folder, arguments)
    errors = runner.communicate()[1].decode()
    assert runner.returncode in codes, (arguments, runner.returncode, errors)
    return errors


def run_of(folder):
    runs = sorted(path.parent for path in folder.glob("results/*/r*/manifest.json"))
    return runs[-1] if runs else None


def rows(run):
    with open(run / "trials.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def comparable(table):
    used = [row for row in table if row["status"] == "ok"]
    return [{name: row[name] for name in row if name not in VARIES} for row in used]


def events(run):
    """Every whole line; how many bytes the last one has without its line feed."""
    path = run / "journal.jsonl"
    whole, _, torn = (path.read_bytes() if path.exists() else b"").rpartition(b"\n")
    return [json.loads(line) for line in whole.splitlines()][1:], len(torn)


def ended(journal):
    """Trials that were over by themselves."""
    found = (event["event"].get("trial_finished") for event in journal if isinstance(event["event"], dict))
    return {one["trial"]["order"] for one in found if one and one["measured"]["status"] != "interrupted"}


def check(run, reference, counts):
    table = rows(run)
    ok = collections.Counter(row["trial_id"] for row in table if row["status"] == "ok")
    planned = {row["trial_id"] for row in reference}
    counts["trials"] += len(planned)
    counts["lost"] += len(planned - set(ok))
    counts["done_twice"] += sum(count - 1 for count in ok.values())
    counts["interrupted_rows"] += sum(row["status"] == "interrupted" for row in table)
    keys = [(row["trial_id"], row["attempt"]) for row in table]
    counts["keys_twice"] += len(keys) - len(set(keys))
    counts["other_ends"] += sum(row["status"] not in ("ok", "interrupted") for row in table)
    counts["rows_that_differ"] += sum(a != b for a, b in zip(comparable(table), comparable(reference)))
    counts["sessions"] += sum("session_started" in event["event"] for event in events(run)[0])
    before = {path: path.read_bytes() for path in run.glob("*.csv")}
    assert len(before) >= 3, "trials, summary and table"
    for path in before:
        path.unlink()
    finish(run.parents[2], ["resume", str(run)])
    counts["tables_that_differ"] += before != {path: path.read_bytes() for path in run.glob("*.csv")}


def kill(runner, group):
    if group:
        os.killpg(runner.pid, signal.SIGKILL)
    else:
        os.kill(runner.pid, signal.SIGKILL)
    return runner.communicate()[1].decode()


def soak(folder, reference, span, dice, kills, counts):
    """One run, killed until it ends by itself or no kills are left."""
    known = set()
    while True:
        run = run_of(folder)
        arguments = ["resume", str(run)] if run else ["run", "soak.toml"]
        if counts["kills"] >= kills:
            finish(folder, arguments)
            break
        runner = start(folder, arguments)
        time.sleep(dice.uniform(0, 0.7 * span))
        if runner.poll() is not None:
            assert runner.returncode == 0, runner.communicate()[1].decode()
            runner.communicate()
            break
        errors = kill(runner, group=counts["kills"] % 3 == 2)
        counts["kills"] += 1
        counts["locks_taken_over"] += "taken over" in errors
        run = run_of(folder)
        if run is None:
            counts["kills_before_the_run_had_a_record"] += 1
            continue
        journal, torn = events(run)
        counts["torn_lines"] += torn > 0
        counts["forgotten"] += len(known - ended(journal))
        known = ended(journal)
    check(run_of(folder), reference, counts)
    counts["runs"] += 1


def cuts(counts):
    text = "seed = 2\n[workloads.noop]\n[protocol]\nrepeats = 2\nwarmup = 1\nisolation = 'thread'\n"
    with sandbox() as folder:
        folder = folder.resolve()
        (folder / "small.toml").write_text(text, encoding="utf-8")
        finish(folder, ["run", "small.toml"])
        run, reference = run_of(folder), rows(run_of(folder))
        journal = (run / "journal.jsonl").read_bytes()
        for cut in range(len(journal) + 1):
            copy = folder / "cut" / "results" / "small" / run.name
            copy.mkdir(parents=True)
            for name in ["manifest.json", "experiment.toml", "resolved.toml"]:
                shutil.copy(run / name, copy / name)
            (copy / "journal.jsonl").write_bytes(journal[:cut])
            finish(folder, ["resume", str(copy)])
            counts["cuts"] += 1
            check(copy, reference, counts)
            shutil.rmtree(folder / "cut")


FAILING = """
seed = 17
[params]
n = [1, 2, 3, 4]
[workloads.often]
# One in twenty, by the time in ns and the number of its process: at random.
command = ["sh", "-c", "test $(( ($(date +%N | sed 's/^0*//;s/^$/0/') / 1000 + $$) % 20 )) -ne 0 && echo answer {n}"]
result = { stdout_regex = 'answer (.*)' }
[protocol]
repeats = REPEATS
warmup = 0
jobs = 2
"""


def below(pid):
    """Every process under this one, by `/proc/PID/task/PID/children`."""
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [one for child in map(int, children) for one in [child, *below(child)]]


def failures(trials, dice, counts):
    """Every trial is a row with an end of its own, whatever dies around it."""
    repeats = trials // 4
    with sandbox() as folder:
        folder = folder.resolve()
        (folder / "soak.toml").write_text(FAILING.replace("REPEATS", str(repeats)), encoding="utf-8")
        runner = start(folder, ["run", "soak.toml"])
        while runner.poll() is None:
            time.sleep(dice.uniform(0, 0.2))
            found = below(runner.pid)
            if found and runner.poll() is None:
                victim = dice.choice(found)
                try:
                    launcher = b"__launch" in pathlib.Path(f"/proc/{victim}/cmdline").read_bytes()
                    os.kill(victim, signal.SIGKILL)
                except OSError:
                    continue
                counts["launchers_killed" if launcher else "children_killed"] += 1
        errors = runner.communicate()[1].decode()
        assert runner.returncode == 3, (runner.returncode, errors)
        run = run_of(folder)
        table = rows(run)
        counts["trials"] += repeats * 4
        last = {row["trial_id"]: row for row in table}
        counts["lost"] += repeats * 4 - len(last)
        keys = [(row["trial_id"], row["attempt"]) for row in table]
        counts["keys_twice"] += len(keys) - len(set(keys))
        counts["failed"] += sum(row["status"] == "failed" for row in table)
        counts["used_more_than_once"] += sum(row["used"] == "true" for row in table) - len(
            {row["trial_id"] for row in table if row["used"] == "true"})
        counts["failed_and_used"] += sum(row["used"] == "true" and row["status"] != "ok" for row in table)
        counts["other_ends"] += sum(row["status"] not in ("ok", "failed", "start_failed") for row in table)
        # The rest is run again until all have an answer.
        while any(row["status"] != "ok" for row in last.values()):
            before = len(table)
            finish(folder, ["resume", str(run), "--failed"], codes=(0, 3))
            table = rows(run)
            assert len(table) > before
            last = {row["trial_id"]: row for row in table}
            counts["times_run_again"] += 1
        counts["used_in_the_end"] += sum(row["used"] == "true" for row in table)
        subprocess.run([RUNNER, "verify", str(run)], stdout=subprocess.DEVNULL, check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cuts", action="store_true")
    parser.add_argument("--failures", type=int, default=0)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    zero = "kills runs trials lost forgotten done_twice keys_twice rows_that_differ other_ends tables_that_differ"
    all_counts = {}
    for number, (kind, text) in enumerate(KINDS.items()):
        counts = collections.Counter({name: 0 for name in zero.split()})
        share = options.kills * (number + 1) // len(KINDS) - options.kills * number // len(KINDS)
        with sandbox() as folder:
            (folder / "soak.toml").write_text(text, encoding="utf-8")
            began = time.monotonic()
            finish(folder, ["run", "soak.toml"])
            span = time.monotonic() - began
            reference = rows(run_of(folder))
        while counts["kills"] < share:
            with sandbox() as folder:
                (folder / "soak.toml").write_text(text, encoding="utf-8")
                soak(folder.resolve(), reference, span, dice, share, counts)
        all_counts[kind] = dict(counts)
    if options.cuts:
        counts = collections.Counter({name: 0 for name in zero.split()})
        cuts(counts)
        all_counts["cut at every byte"] = dict(counts)
    if options.failures:
        counts = collections.Counter({name: 0 for name in ["lost", "keys_twice", "used_more_than_once", "failed_and_used"]})
        failures(options.failures, dice, counts)
        all_counts["trials that fail at random"] = dict(counts)
    print(json.dumps(all_counts, indent=1))
    broken = "lost forgotten done_twice keys_twice rows_that_differ other_ends tables_that_differ used_more_than_once failed_and_used".split()
    sys.exit(any(counts.get(name) for counts in all_counts.values() for name in broken))


if __name__ == "__main__":
    main()
