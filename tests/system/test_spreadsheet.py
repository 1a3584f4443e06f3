#!/usr/bin/env python3
"""LibreOffice opens the tables of a run, in English and in German, and every cell is what was written.

Each table is converted headless from CSV to flat ODS, whose cells carry their type. The CSV filter
gets these tokens: separator `,` (44), text delimiter `"` (34), UTF-8 (76), from line 1, the formats of
columns (empty: guess), the language (1033 English, 1031 German), quoted fields are not forced to text, and special
numbers are recognised or not. With recognition LibreOffice also looks for dates, times, booleans and
percentages, as other spreadsheets always do; both ways are tried. A control file proves that the
language has an effect.

What is promised:
- integers are the same numbers; other numbers are the same numbers in English, and the same or
  unchanged text in German, never another number;
- integers of more than 15 digits stay text; nothing becomes a formula, an error or, outside the
  columns of dates, a date;
- every other field is the text that stands in the file, apostrophe included;
- in the copies of `runner export --excel-csv` every number is the same number in German, and every text
  column is text, whatever it looks like;
- text that looks like a number (a level "007") is guessed at by every spreadsheet, so that it has to
  be imported as text: format 2 for its column. Then it is unchanged too.
"""

import csv
import json
import math
import re
import shutil
import subprocess
import xml.etree.ElementTree as xml

from support import HOSTILE, rows, run, sandbox, skip

ENGLISH, GERMAN = 1033, 1031

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"

INTEGER = re.compile(r"-?[0-9]{1,15}")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?")
# Text columns in which a program's or an author's words may look like a number.
FREE_TEXT = {"param_code", "answer"}
NUMBER_LIKE = re.compile(r"[0-9]+([.,:/e-][0-9]+)?%?|TRUE")
DATES = {"date", "started_at"}
BOOLEANS = {"used", "changed", "outlier_mad", "deterministic", "selected", "n_peak_extrapolated"}


class Office:
    """LibreOffice with a profile of its own."""

    def __init__(self, folder):
        self.folder = folder

    def cells(self, path, language, special, formats="", separator=","):
        """Opens a table; its rows as lists of (type, value, has a formula)."""
        tokens = f"{ord(separator)},34,76,1,{formats},{language},false,{str(special).lower()},false"
        out = self.folder / f"{path.stem}-{language}-{special}-{bool(formats)}-{ord(separator)}"
        done = subprocess.run(
            [
                "soffice", f"-env:UserInstallation=file://{self.folder}/profile", "--headless", "--norestore",
                f"--infilter=CSV:{tokens}", "--convert-to", "fods", "--outdir", str(out), str(path),
            ],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )
        converted = out / f"{path.stem}.fods"
        assert converted.is_file(), f"LibreOffice converted nothing: {done.stdout} {done.stderr}"
        sheet = next(xml.parse(converted).getroot().iter(TABLE + "table"))
        return [list(row_cells(row)) for row in sheet.iter(TABLE + "table-row")]


def row_cells(row):
    """The cells of a row, repeated ones as often as they are there."""
    for cell in row.iter(TABLE + "table-cell"):
        kind = cell.get(OFFICE + "value-type")
        lines = ["".join(line.itertext()) for line in cell.iter(TEXT + "p")]
        number = cell.get(OFFICE + "value")
        value = number if kind in ("float", "percentage", "currency") else "\n".join(lines)
        times = min(int(cell.get(TABLE + "number-columns-repeated", "1")), 200)
        for _ in range(times):
            yield kind, value, cell.get(TABLE + "formula")


def complaint(column, field, cell, language):
    """What is wrong with a cell, or nothing."""
    kind, value, formula = cell
    if formula is not None or value.startswith(("#", "Err:")):
        return "a formula or an error"
    if kind == "float":
        if not NUMBER.fullmatch(field):
            return "text became a number"
        if INTEGER.fullmatch(field):
            same = field == value
        else:  # LibreOffice writes 14 or 15 of a double's digits into the file.
            same = math.isclose(float(field), float(value), rel_tol=1e-13)
        return None if same else "another number"
    if INTEGER.fullmatch(field):
        return "an integer is not a number"
    if NUMBER.fullmatch(field) and language == ENGLISH:
        return "a number is not a number"
    if kind == "date":
        return None if column in DATES else "a date"
    if kind == "boolean":
        return None if column in BOOLEANS else "a boolean"
    if kind not in ("string", None):
        return f"a {kind}"
    return None if value == field else "another text"


def compare(path, cells, language, spared):
    """Demands that every cell is what stands in the file; returns how many were compared."""
    with open(path, encoding="utf-8", newline="") as file:
        written = list(csv.reader(file, strict=True))
    columns, compared = written[0], 0
    assert [cell[1] for cell in cells[0][: len(columns)]] == columns, cells[0]
    for at, row in enumerate(written[1:], 1):
        read = cells[at] + [(None, "", None)] * (len(row) - len(cells[at]))
        for column, field, cell in zip(columns, row, read):
            if column in spared and NUMBER_LIKE.fullmatch(field):
                continue
            wrong = complaint(column, field, cell, language)
            assert not wrong, f"{path.name}, line {at + 1}, {column}, language {language}: {field!r} was read as {cell}: {wrong}"
            compared += 1
    return compared


def compare_copy(path, cells, types):
    """Demands that every cell of a German copy is what stands in it; returns how many were compared."""
    text = path.read_bytes().decode()
    assert text.startswith("\ufeff") and text.count("\n") == text.count("\r\n"), path
    written = list(csv.reader(text[1:].splitlines(), delimiter=";", strict=True))
    columns, compared = written[0], 0
    assert [cell[1] for cell in cells[0][: len(columns)]] == columns, cells[0]
    for at, row in enumerate(written[1:], 1):
        read = cells[at] + [(None, "", None)] * (len(row) - len(cells[at]))
        for column, field, (kind, value, formula) in zip(columns, row, read):
            where = f"{path.name}, line {at + 1}, {column}: {field!r} was read as {kind} {value!r}"
            assert formula is None, f"{where}, a formula"
            if field and types[column] in ("integer", "number"):
                assert kind == "float", where
                assert math.isclose(float(field.replace(",", ".")), float(value), rel_tol=1e-13), where
            elif types[column] in ("string", "any"):
                assert kind in ("string", None) and value == field, where
            compared += 1
    return compared


def control(office, folder):
    """In German `1,5` is a number and `1.234` is 1234; in English they are not."""
    path = folder / "control.csv"
    path.write_text('a,b\n"1,5",1.234\n', encoding="utf-8")
    german = [cell[:2] for cell in office.cells(path, GERMAN, False)[1][:2]]
    english = [cell[:2] for cell in office.cells(path, ENGLISH, False)[1][:2]]
    assert german == [("float", "1.5"), ("float", "1234")], german
    assert english == [("string", "1,5"), ("float", "1.234")], english


def text_formats(path):
    """The token that imports the columns of free text as text."""
    with open(path, encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    return "/".join(f"{at}/2" for at, column in enumerate(columns, 1) if column in FREE_TEXT)


def main():
    if not shutil.which("soffice"):
        skip("LibreOffice is not installed")
    with sandbox() as folder:
        (folder / "hostile.toml").write_text(HOSTILE, encoding="utf-8")
        run(["hostile.toml", "--progress", "none", "--output", "out"], 3, cwd=folder)
        latest = (folder / "out/hostile/latest").resolve()
        trials = rows(latest / "trials.csv")
        assert {row["status"] for row in trials} == {"ok", "failed", "timeout"}
        assert "499_999_666_667_166_666_000_000" in {row["answer"] for row in trials}
        office = Office(folder)
        control(office, folder)
        compared = 0
        for name in ("table.csv", "trials.csv", "summary.csv"):
            path = latest / name
            for language in (ENGLISH, GERMAN):
                for special in (False, True):
                    cells = office.cells(path, language, special)
                    compared += compare(path, cells, language, FREE_TEXT)
                cells = office.cells(path, language, True, text_formats(path))
                compared += compare_text(path, cells)
        run(["export", "hostile", "--output", "out", "--excel-csv"], 0, cwd=folder)
        package = json.loads((latest / "datapackage.json").read_text(encoding="utf-8"))
        for resource in package["resources"]:
            if resource.get("type") == "table":
                types = {field["name"]: field["type"] for field in resource["schema"]["fields"]}
                path = latest / "excel-csv" / resource["path"]
                compared += compare_copy(path, office.cells(path, GERMAN, True, separator=";"), types)
        print(f"{compared} cells compared")


def compare_text(path, cells):
    """Demands that columns imported as text are the text that stands in the file."""
    with open(path, encoding="utf-8", newline="") as file:
        written = list(csv.reader(file, strict=True))
    compared = 0
    for row, read in zip(written[1:], cells[1:]):
        read = read + [(None, "", None)] * (len(row) - len(read))
        for column, field, cell in zip(written[0], row, read):
            if column in FREE_TEXT:
                assert cell[0] in ("string", None) and cell[1] == field, f"{column}: {field!r} was read as {cell}"
                compared += 1
    return compared


if __name__ == "__main__":
    main()
