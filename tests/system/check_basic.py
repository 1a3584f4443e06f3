#!/usr/bin/env python3
"""Checks the files of a run of experiments/basic.toml: every trial, every answer, the shape of each table."""

import csv
import json
import pathlib
import sys

ANSWERS = {
    "1000000": "499_999_666_667_166_666_000_000",
    "100000000": "49_999_999_666_666_671_666_666_600_000_000",
}


def rows(path):
    """The rows of a CSV file as dictionaries; every row has as many fields as the header."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        table = list(reader)
    for row in table:
        assert None not in row and None not in row.values(), f"{path}: uneven row {row}"
    return table


def main():
    run = pathlib.Path(sys.argv[1])
    trials = rows(run / "trials.csv")
    assert len(trials) == 66, f"66 trials are planned, {len(trials)} rows are there"
    for row in trials:
        assert row["status"] == "ok", row
        assert row["answer"] == ANSWERS[row["param_n"]], row
        assert int(row["time_ns"]) > 0, row
    assert sum(row["used"] == "true" for row in trials) == 60
    assert [int(row["order_in_run"]) for row in trials] == list(range(66))

    summary = [row for row in rows(run / "summary.csv") if row["metric"] == "time_ns"]
    assert len(summary) == 6
    for row in summary:
        assert float(row["ci_lo"]) <= float(row["median"]) <= float(row["ci_hi"]), row
        assert row["n_used"] == "10", row

    table = rows(run / "table.csv")
    assert len(table) == 6
    assert {row["strategy"] for row in table} == {"normal", "multithread", "multicore"}

    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["run_id"] == trials[0]["run_id"]
    print(f"{run}: 66 trials, 6 cells, all answers right")


if __name__ == "__main__":
    main()
