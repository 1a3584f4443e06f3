#!/usr/bin/env python3
"""`datapackage.json` describes a run with failures, warm-ups, hostile names and big integers as it is.

`frictionless validate` reads every table by its schema, and compares every file with its size and its
digest, without a network. A control damages one byte, which has to be found.
"""

import csv
import json
import subprocess

from support import HOSTILE, offline, python_with, run, sandbox

CURVES = """
title = "With iterations and curves"
seed  = 3
[params]
n = [1, 2]
[workloads.power-sum]
params = { n = [1, 2] }
iterations = 2
[workloads.noop]
[strategies]
alone = "sequential"
two = { kind = "threads", workers = [1, 2] }
[protocol]
repeats = 6
[compare]
baseline = "alone"
"""

# Prints what the library makes of one row, by the types of the schema.
READ = """
import json, sys
from frictionless import Package
package = Package(sys.argv[1])
rows = package.get_resource("trials.csv").read_rows()
big = [row for row in rows if row["answer"] and "_" in row["answer"]][0]
print(json.dumps({
    "big": big["answer"], "time": [type(row["time_ns"]).__name__ for row in rows if row["time_ns"] is not None],
    "used": [row["used"] for row in rows], "codes": sorted({row["param_code"] for row in rows if row["param_code"]}),
    "years": sorted({row["started_at"].year for row in rows}),
}))
"""


def validate(python, latest):
    """Whether frictionless finds the package valid, and what it says."""
    done = subprocess.run(
        [*offline(), python, "-m", "frictionless", "validate", "--json", "datapackage.json"],
        cwd=latest, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise AssertionError(f"{done.stdout}{done.stderr}") from error


def check(python, latest):
    """The package is valid, complete, and says something of every column."""
    report = validate(python, latest)
    wrong = [(task["name"], task["errors"][:2]) for task in report["tasks"] if not task["valid"]]
    assert report["valid"], wrong
    package = json.loads((latest / "datapackage.json").read_text(encoding="utf-8"))
    listed = {resource["path"]: resource for resource in package["resources"]}
    there = {str(path.relative_to(latest)) for path in latest.rglob("*") if path.is_file()}
    assert there - set(listed) <= {"datapackage.json", "lock"}, there - set(listed)
    assert set(listed) <= there, set(listed) - there
    assert len(report["tasks"]) == len(listed)
    tables = 0
    for path, resource in listed.items():
        assert path == "notes.md" or ("hash" in resource and "bytes" in resource), path
        if resource.get("type") != "table":
            continue
        tables += 1
        with open(latest / path, encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file))
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == columns, path
        for field in fields:
            assert field["description"] and field["type"], (path, field)
            assert field["name"].endswith("_ns") <= (field.get("unit") == "ns"), (path, field)
        assert set(resource["schema"]["primaryKey"]) <= set(columns), path
    return tables


def main():
    python = python_with("frictionless==5.*")
    with sandbox() as folder:
        (folder / "hostile.toml").write_text(HOSTILE, encoding="utf-8")
        (folder / "curves.toml").write_text(CURVES, encoding="utf-8")
        run(["hostile.toml", "--progress", "none", "--output", "out"], 3, cwd=folder)
        run(["curves.toml", "--progress", "none", "--output", "out", "--keep-output"], 0, cwd=folder)
        hostile = (folder / "out/hostile/latest").resolve()
        tables = check(python, hostile) + check(python, (folder / "out/curves/latest").resolve())
        read = subprocess.run(
            [*offline(), python, "-c", READ, "datapackage.json"],
            cwd=hostile, capture_output=True, text=True, timeout=120, check=True,
        )
        values = json.loads(read.stdout)
        assert values["big"] == "499_999_666_667_166_666_000_000", values["big"]
        assert set(values["time"]) == {"int"} and set(values["used"]) == {True, False}, values
        assert "007" in values["codes"] and "1e5" in values["codes"], values["codes"]
        assert values["years"][0] >= 2020, values["years"]
        # Control: one digit of the trials is another one.
        trials = hostile / "trials.csv"
        trials.write_bytes(trials.read_bytes().replace(b"warmup", b"warmuq", 1))
        damaged = validate(python, hostile)
        assert [task["name"] for task in damaged["tasks"] if not task["valid"]] == ["trials.csv"], damaged
        print(f"{tables} tables validated")


if __name__ == "__main__":
    main()
