#!/usr/bin/env python3
"""The designs that need more than Rust and a shell: compilers, awk, Python."""

import shutil

from support import PROJECT, rows, run, sandbox

DESIGNS = PROJECT / "experiments/designs"


def small(folder, name, *changes, code=0):
    """Runs a copy of a design with one repeat; the rows that were measured."""
    copy = folder / "designs"
    if not copy.exists():
        shutil.copytree(DESIGNS, copy)
    one = ["--set", "protocol.repeats=1", "--progress", "none", "--output", folder / "out"]
    run([copy / f"{name}.toml", *one, *changes], code)
    trials = rows(folder / "out" / name / "latest/trials.csv")
    return [row for row in trials if row["phase"] == "measure"]


def sizes(folder):
    """The shell is too slow for the larger sizes, awk is not."""
    levels = "params.n=[1_000, 10_000_000, 20_000_000]"
    trials = small(folder, "3-sizes", "--set", levels, "--set", "protocol.timeout=1s", code=3)
    found = {(row["strategy"], row["param_n"]): row["status"] for row in trials}
    assert found["awk", "1000"] == found["shell", "1000"] == "ok", found
    assert found["shell", "20000000"] == "skipped", found


def toolchains(folder):
    """Each program is built once, and counts the same words as the other."""
    compilers = [cc for cc in ("gcc", "clang") if shutil.which(cc)]
    if not compilers:
        print("no compiler: 4-toolchains was not run")
        return
    only = [part for cc in compilers for part in ("--only", f"cc={cc}")]
    trials = small(folder, "4-toolchains", *only)
    assert len(trials) == 6 * len(compilers), len(trials)
    assert {row["status"] for row in trials} == {"ok"}
    assert len({row["param_input"] for row in trials}) == 3
    assert len(list((folder / "designs/built").iterdir())) == 2 * len(compilers)


def chunks(folder):
    """Only the strategy that hands out chunks has a number of pieces."""
    trials = small(folder, "6-chunks")
    assert {row["status"] for row in trials} == {"ok"}
    assert {row["param_pieces"] for row in trials if row["strategy"] == "single"} == {""}
    assert {row["param_pieces"] for row in trials if row["strategy"] == "chunked"} == {"1", "4", "16"}


def reports(folder):
    """Deterministic counts, and a time that is inside the runner's."""
    trials = small(folder, "7-reports", "--set", "protocol.repeats=3")
    assert {row["status"] for row in trials} == {"ok"}
    counts = {(row["param_way"], row["param_size"], row["metric_comparisons"]) for row in trials}
    assert len(counts) == 4, counts
    for row in trials:
        assert 0 < int(row["metric_sorting_ns"]) < int(row["time_ns"]), row


def screening(folder):
    """Eighteen combinations and the point in the middle."""
    trials = small(folder, "8-screening")
    assert {row["status"] for row in trials} == {"ok"}
    assert len(trials) == 19
    assert sum(row["param_arenas"] == "4" for row in trials) == 1


def main():
    """All of them."""
    with sandbox() as folder:
        for design in (sizes, toolchains, chunks, reports, screening):
            design(folder)


if __name__ == "__main__":
    main()
