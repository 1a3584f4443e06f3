#!/usr/bin/env python3
"""What the experiment language costs: `check` of a file of 200 lines, a million cells with
excludes, the memory of a plan. `benches/language.py [ROUNDS] [RUNNER]`.

Prints medians over paired rounds: in each round the commands run one after the other in a new
order, and `check` is compared with the start of an empty program (/bin/true) in the same round.
"""

import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[1]


def file_of_200_lines():
    """Every kind of thing that a file can say, in 200 lines."""
    lines = ['title = "Two hundred lines"', "seed = 1", "[params]"]
    lines += [f"p{i} = [{i}, {i + 1}]" for i in range(10)]
    lines += [f'd{i} = "= p{i} * 2 + workers"' for i in range(10)]
    for i in range(20):
        lines += [
            f'[workloads."work {i}"]',
            f'command = ["program", "{{p{i % 10}}}", "{{d{i % 10}}}", "--number={i}"]',
            "result = { stdout_regex = 'result: (\\d+)' }",
            f'when = {{ p{i % 10} = ">= {i % 10}" }}',
            f'env = {{ NAME = "{i}" }}',
            "timeout = \"5m\"",
        ]
    lines += ["[strategies]"]
    lines += [f"s{i} = {{ kind = \"external\", workers = [1, 2] }}" for i in range(10)]
    lines += ["[matrix]", "exclude = [", '    { strategy = "s1", workers = 2 },', "]"]
    lines += ["[protocol]", "repeats = 10", "[compare]", 'baseline = "s0"']
    lines += [f"# {i}" for i in range(200 - len(lines))]
    assert len(lines) == 200, len(lines)
    return "\n".join(lines) + "\n"


def million_cells(exclude):
    """A million combinations of six parameters; with rules, some of which hold."""
    rules = [
        '{ a = [0, 1], b = ">= 8" }',
        '{ c = "< 2", d = 5 }',
        '{ word = "w1*", e = "> 7" }',
        '{ a = 9, word = ["w0", "w5"] }',
    ]
    axes = "\n".join(f"{name} = {{ from = 0, to = 9, step = 1 }}" for name in "abcde")
    words = ", ".join(f'"w{i}"' for i in range(10))
    matrix = f"[matrix]\nexclude = [{', '.join(rules)}]\n" if exclude else ""
    return (
        f"seed = 1\n[params]\n{axes}\nword = [{words}]\n[workloads.x]\n"
        'command = ["x", "{a}{b}{c}{d}{e}{word}"]\n'
        f"[protocol]\nrepeats = 6\nwarmup = 0\n{matrix}"
    )


def filled(head, line, tail, most):
    """A file of about a megabyte: lines made from their number, then comments."""
    lines, size, at = [head], len(head) + len(tail), 0
    while size < 1_000_000:
        text = line(at) if at < most else "# " + 70 * "."
        lines.append(text)
        size += len(text) + 1
        at += 1
    return "\n".join([*lines, tail]) + "\n"


def hard_files(most=10**9):
    """Files of a megabyte that ask for much work, most of them wrong in many places; with so many
    entries of each list at most."""

    def repeated(head, line, tail=""):
        return filled(head, line, tail, most)

    workload = '[workloads.x]\ncommand = ["x", "{p0}"]\n'
    return {
        "parameters": repeated("[params]", lambda i: f"p{i} = [{i}, {i + 1}]", workload),
        "scalars, all used": repeated(
            '[workloads.x]\ncommand = ["x"', lambda i: f', "{{p{i}}}"',
            "]\n[params]\n" + "\n".join(f"p{i} = 1" for i in range(min(most, 30_000))),
        ),
        "derived in a row": repeated(
            f"{workload}[params]\nlast = 1", lambda i: f'p{i} = "= p{i + 1} + 1"',
        ),
        "one long expression": f'{workload}[params]\nn = 1\np0 = "= {" + ".join(["n"] * 250_000)}"\n',
        "deep brackets": f'{workload}[params]\np0 = "= {"(" * 500_000}1{")" * 499_000}"\n',
        "deep lists": f"{workload}[params]\np0 = {'[' * 500_000}\n",
        "deep keys": f"{workload}{'a.' * 499_000}a = 1\n",
        "powers of powers": repeated(
            f"{workload}[params]\nn = 10", lambda i: f'p{i} = "= pow(pow(n, 100_000_000), 100_000_000)"',
        ),
        "exclude rules": repeated(
            f"{workload}[params]\np0 = {list(range(1000))}\n[matrix]\nexclude = [",
            lambda i: f"{{ p0 = {i % 2000} }},", "]",
        ),
        "patterns": repeated(
            f"{workload}[params]\np0 = ['{'a' * 200}']\n[matrix]\nexclude = [",
            lambda i: f"{{ p0 = '{'*a' * 20}b{i}' }},", "]",
        ),
        "workloads": repeated("", lambda i: f"[workloads.w{i}]\nkind = 'noop'"),
        "unknown workloads": repeated("", lambda i: f"[workloads.powersun{i}]"),
        "strategies": repeated("[workloads.noop]\n[strategies]", lambda i: f"s{i} = 'sequential'"),
        "unknown keys": repeated("[workloads.noop]\n[protocol]", lambda i: f"repeat{i} = {i}"),
        "regular expressions": repeated(
            "", lambda i: f"[workloads.w{i}]\ncommand = 'x'\nresult = {{ stdout_regex = '(\\d{{1,40}}){i}' }}",
        ),
        "overrides": repeated(
            f"{workload}[params]\np0 = {list(range(1000))}",
            lambda i: f"[[override]]\nwhere = {{ p0 = {i % 1000} }}\nrepeats = 7",
        ),
        "digits": f"{workload}[params]\np0 = {'9' * 1_000_000}\n",
        "long text": f"{workload}[params]\np0 = '{'x' * 1_000_000}'\n",
        "labels": repeated(
            f"{workload}[params]\np0 = [", lambda i: f"{{ value = {i}, label = 'l{i}' }},", "]",
        ),
        "zips": repeated(
            f"{workload}[matrix]\nzip = [", lambda i: f"['p{i}', 'q{i}'],", "]\n[params]\np0 = 1",
        ),
        "a wide range": f"{workload}[params]\np0 = {{ from = 0, to = 1_000_000_000_000_000_000, step = 1 }}\n",
        "a huge number": f"{workload}[params]\np0 = 1e999999999\n",
    }


def took(arguments, cwd):
    """Wall time in s and peak memory in bytes of a command."""
    start = time.perf_counter()
    child = subprocess.Popen(
        arguments, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    elapsed = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    # 2: a mistake in the file.
    assert child.returncode in (0, 2), child.returncode
    return elapsed, usage.ru_maxrss * 1024


def paired(commands, rounds, cwd):
    """The times and peaks of each command, round by round."""
    found = {name: [] for name in commands}
    for _ in range(rounds):
        for name in random.sample(list(commands), len(commands)):
            found[name].append(took(commands[name], cwd))
    return found


def main():
    """Measures and prints."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    runner = sys.argv[2] if len(sys.argv) > 2 else str(PROJECT / "target/release/runner")
    with tempfile.TemporaryDirectory(prefix="runner-language-") as folder:
        folder = pathlib.Path(folder)
        (folder / "small.toml").write_text(file_of_200_lines(), encoding="utf-8")
        (folder / "rules.toml").write_text(million_cells(True), encoding="utf-8")
        (folder / "plain.toml").write_text(million_cells(False), encoding="utf-8")
        times = paired(
            {
                "true": ["/bin/true"],
                "version": [runner, "--version"],
                "check": [runner, "check", "small.toml"],
            },
            rounds * 5,
            folder,
        )
        median = {name: statistics.median(t for t, _ in found) for name, found in times.items()}
        print(f"check of 200 lines: {1e3 * median['check']:.2f} ms from start to end of the process")
        print(f"  runner --version {1e3 * median['version']:.2f} ms, /bin/true {1e3 * median['true']:.2f} ms")
        one = ["--set", "protocol.repeats=1"]
        times = paired(
            {
                "rules": [runner, "check", "rules.toml"],
                "plain": [runner, "check", "plain.toml"],
                "one": [runner, "check", "plain.toml", *one],
            },
            max(rounds // 4, 3),
            folder,
        )
        median = {name: statistics.median(t for t, _ in found) for name, found in times.items()}
        peak = {name: statistics.median(m for _, m in found) for name, found in times.items()}
        print(f"a million combinations with four excludes: {median['rules']:.2f} s, {peak['rules'] / 1e6:.0f} MB")
        print(f"a million cells without: {median['plain']:.2f} s, {peak['plain'] / 1e6:.0f} MB")
        trial = (peak["plain"] - peak["one"]) / 5e6
        worst = []
        # A thousand entries are read, more are refused: both must be quick.
        files = {f"{name}, at the limit": text for name, text in hard_files(990).items()}
        for name, text in (hard_files() | files).items():
            (folder / "hard.toml").write_text(text, encoding="utf-8")
            times = [took([runner, "check", "hard.toml"], folder)[0] for _ in range(3)]
            worst.append((statistics.median(times), name))
        for seconds, name in sorted(worst, reverse=True):
            print(f"a hard file of a megabyte: {seconds:.2f} s, {name}")
        print(f"memory of a further trial: {trial:.1f} bytes (6 and 1 repeats of a million cells)")


if __name__ == "__main__":
    main()
