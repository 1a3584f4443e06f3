#!/usr/bin/env python3
"""LibreOffice opens table.xlsx, in English and in German, and every cell is what the tables say.

The workbook is converted headless to flat ODS with a profile that recalculates every formula. What is
promised:
- in the sheets trials and comparisons every number is the number of the CSV, times in seconds; every
  text is the text without the apostrophe of the CSV; nothing there is a formula, or a date but the start;
- in the sheet results only one column has formulas, and the medians that LibreOffice calculates from the
  sheet trials are those that the runner wrote beside them;
- the same run gives the same bytes.
A control puts wrong results into the formulas, which the recalculation has to replace.
"""

import csv
import math
import re
import shutil
import subprocess
import xml.etree.ElementTree as xml
import zipfile

from support import HOSTILE, run, sandbox, skip
from test_spreadsheet import OFFICE, TABLE, row_cells

LANGUAGES = ("en-US", "de-DE")

# Recalculate workbooks when they are opened; speak a language.
PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>LANGUAGE</value></prop></item>
</oor:items>
"""


def sheets(folder, path, language):
    """Opens a workbook; its sheets as rows of (type, value, formula)."""
    user = folder / f"profile-{language}/user"
    if not user.exists():
        user.mkdir(parents=True)
        (user / "registrymodifications.xcu").write_text(PROFILE.replace("LANGUAGE", language), encoding="utf-8")
    out = folder / f"out-{language}"
    done = subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{user.parent}", "--headless", "--norestore",
            "--convert-to", "fods", "--outdir", str(out), str(path),
        ],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )
    converted = out / f"{path.stem}.fods"
    assert converted.is_file(), f"LibreOffice converted nothing: {done.stdout} {done.stderr}"
    root = xml.parse(converted).getroot()
    converted.unlink()
    return {
        sheet.get(TABLE + "name"): [
            list(row_cells(row)) for row in sheet.iter(TABLE + "table-row") if row.find(f".//*[@{OFFICE}value-type]") is not None
        ]
        # A chart has a table of its own within a sheet.
        for sheet in root.find(f".//{OFFICE}spreadsheet").findall(TABLE + "table")
    }


def written(path):
    """A table of the run: its header and its rows."""
    with open(path, encoding="utf-8", newline="") as file:
        table = list(csv.reader(file, strict=True))
    return table[0], table[1:]


def complaint(column, unit, field, cell):
    """What is wrong with a cell, or nothing."""
    kind, value, formula = cell
    # LibreOffice makes a boolean of a workbook a formula of its own.
    if formula is not None and (kind, formula) != ("boolean", f"of:={field.upper()}()"):
        return "a formula"
    if field == "":
        return None if kind is None else "not empty"
    in_ns = column.endswith("_ns") or (unit == "ns" and column in PER_UNIT)
    if kind == "float":
        number = int(field) / 1e9 if in_ns else float(field)
        # LibreOffice writes 15 of a double's digits.
        return None if math.isclose(number, float(value), rel_tol=1e-13) else "another number"
    if kind == "boolean":
        return None if value.lower() in ("true", "wahr", "false", "falsch") and field in ("true", "false") else "a boolean"
    if kind == "date":
        return None if column == "started_at" else "a date"
    if in_ns:
        return "a time is not a number"
    if column == "unit" and field == "ns":
        return None if value == "s" else "another unit"
    # LibreOffice keeps no control characters, and the runner wrote none here.
    return None if value == field.removeprefix("'") else "another text"


PER_UNIT = {"baseline_median", "candidate_median", "shift", "shift_lo", "shift_hi"}


def compare(name, cells, path):
    """Demands that a sheet is a table; returns how many cells were compared."""
    columns, rows = written(path)
    assert len(cells) == len(rows) + 1, f"{name}: {len(cells)} rows, not {len(rows) + 1}"
    compared = 0
    for field_row, cell_row in zip(rows, cells[1:]):
        unit = field_row[columns.index("unit")] if "unit" in columns else None
        cell_row = cell_row + [(None, "", None)] * (len(columns) - len(cell_row))
        for column, field, cell in zip(columns, field_row, cell_row):
            wrong = complaint(column, unit, field, cell)
            assert not wrong, f"{name}, {column}: {field!r} was read as {cell}: {wrong}"
            compared += 1
    return compared


def medians(cells):
    """The medians of the sheet results, as written and as calculated from the sheet trials."""
    heads = [cell[1] for cell in cells[0]]
    as_written, calculated = heads.index("median (s)"), heads.index("median of the sheet trials (s)")
    pairs = []
    for row in cells[1:]:
        row = row + [(None, "", None)] * (len(heads) - len(row))
        formulas = [at for at, cell in enumerate(row) if cell[2] is not None]
        assert formulas in ([], [calculated]), [heads[at] for at in formulas]
        if formulas:
            pairs.append((row[as_written][1], row[calculated][1]))
    return pairs


def with_wrong_results(source, target):
    """A copy of a workbook whose formulas have the result 999."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data, count = re.subn(rb"</f><v>[^<]*</v>", b"</f><v>999</v>", data)
                assert count > 0, "no formula in the sheet results"
            elif name.startswith("xl/worksheets/sheet"):
                assert b"<f" not in data, f"a formula in {name}"
            new.writestr(name, data)


def main():
    if not shutil.which("soffice"):
        skip("LibreOffice is not installed")
    with sandbox() as folder:
        (folder / "hostile.toml").write_text(HOSTILE, encoding="utf-8")
        run(["hostile.toml", "--progress", "none", "--output", "out"], 3, cwd=folder)
        latest = (folder / "out/hostile/latest").resolve()
        run(["verify", latest], 0, cwd=folder)
        wrong = folder / "table.xlsx"
        with_wrong_results(latest / "table.xlsx", wrong)
        compared = 0
        for language in LANGUAGES:
            read = sheets(folder, wrong, language)
            assert list(read) == ["results", "comparisons", "trials", "machine"], list(read)
            for name in ("comparisons", "trials"):
                compared += compare(name, read[name], latest / f"{name}.csv")
            pairs = medians(read["results"])
            assert len(pairs) > 20, pairs
            for as_written, calculated in pairs:
                same = as_written == calculated == "" or math.isclose(
                    float(as_written or "nan"), float(calculated or "nan"), rel_tol=1e-12
                )
                assert same, f"median {as_written!r} was calculated as {calculated!r}"
            text = {cell[1] for row in read["results"] for cell in row if cell[0] == "string"}
            assert {"二つの列", "-O3", "=1+1", "499999666667166666000000"} <= text, sorted(text)[:40]
        print(f"{compared} cells compared, {len(pairs)} medians calculated again")


if __name__ == "__main__":
    main()
