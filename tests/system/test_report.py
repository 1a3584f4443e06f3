#!/usr/bin/env python3
"""Chromium opens the report of real runs: nothing is refused by its own policy, nothing is asked of the
network, nothing is wider than a telephone, sorting, filtering and pointing work, and it prints on A4."""

import re
import subprocess

import chromium
from support import PROJECT, run, sandbox, skip

WIDTHS = (360, 800, 1600)

HOSTILE = r"""
title = "<script>alert(1)</script> \"quotes\" & ]]>"
question = "<img src=x onerror=alert(1)>"
seed = 1
[params]
word = ["<b>&", "\"'", "</script>", "]]>", "漢字", "a rather long level that must be broken somewhere, or the page is wider than a telephone", "x"]
[workloads.echo]
command = ["echo", "{word}"]
result = { stdout_regex = '(.+)' }
[workloads.fails]
command = ["sh", "-c", "echo '<script>alert(2)</script>' >&2; exit 3", "{word}"]
[protocol]
repeats = 6
"""


JUDGED = """
title = "Claims, totals and a percentile"
[params]
n = [1000, 20000]
[workloads.power-sum]
[strategies]
normal = "sequential"
multithread = { kind = "threads", workers = 2 }
[protocol]
repeats = 80
isolation = "thread"
[compare]
baseline = "normal"
objective = "p95"
sum = true
[[claim]]
statement = "multithread < normal"
"""


def side_by_side(browser, folder, file, arguments):
    """Two runs in one page: what differs first, and groups of columns that sort."""
    run([file, *arguments, "--output", folder, "--progress", "none"], 0)
    runs = sorted((folder / "basic").glob("r2*"))
    assert len(runs) == 2, runs
    page = folder / "runs.html"
    run(["report", *runs, "--output-file", page], 0)
    check(browser, page, "two runs")
    browser.open(page)
    parts = browser.ask("[...document.querySelectorAll('section')].map((part) => part.id)")
    assert parts == ["differences", "findings", "figures", "results"], parts
    browser.ask("""document.querySelectorAll("table.results thead tr:last-child th:nth-child(5) button")
      .forEach((button) => button.click())""")
    for column in browser.ask("""[...document.querySelectorAll("table.results")].map((table) =>
          [...table.tBodies[0].rows].map((row) => Number(row.cells[4].dataset.v)))"""):
        assert column == sorted(column) and len(column) == 3, column


def check(browser, page, name):
    """What holds of every report."""
    for width in WIDTHS:
        for dark in (False, True):
            browser.look(width, dark)
            browser.open(page)
            assert browser.complaints == [], f"{name} at {width}: {browser.complaints}"
            wide = browser.ask("document.documentElement.scrollWidth")
            assert wide <= width, f"{name}: {wide} pixels at {width}"
            paper = browser.ask("getComputedStyle(document.body).backgroundColor")
            light = sum(map(int, re.findall(r"\d+", paper)[:3])) > 380
            assert light != dark, f"{name}: {paper} with dark {dark}"
    asked = [url for url in browser.requests if not url.startswith(("file:", "data:"))]
    assert asked == [], f"{name} asks for {asked}"


def point(browser):
    """A point tells its trial, under the pointer and by the keyboard."""
    browser.ask("""(() => {
      const figure = document.querySelector("#trials-1 svg");
      const point = figure.querySelector(".d");
      point.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    })()""")
    told = browser.ask("document.querySelector('.readout').textContent")
    assert re.match(r"t\d{6}: ", told), told
    browser.ask("""document.querySelector("#trials-1 svg").dispatchEvent(
      new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }))""")
    after = browser.ask("document.querySelector('.readout').textContent")
    assert re.match(r"t\d{6}: ", after) and after != told, (told, after)


def sort_and_filter(browser):
    """A click on the head sorts by the numbers; the field leaves what has the words."""
    medians = """[...document.querySelectorAll("table.results")].map((table) =>
      [...table.tBodies[0].rows].map((row) => Number(row.cells[1].dataset.v)))"""
    browser.ask("""document.querySelectorAll("table.results thead tr th:nth-child(2) button")
      .forEach((button) => button.click())""")
    for column in browser.ask(medians):
        assert column == sorted(column), column
    browser.ask("""(() => {
      const input = document.querySelector(".filter input");
      input.value = "weak threads";
      input.dispatchEvent(new Event("input"));
    })()""")
    left = browser.ask("""[...document.querySelectorAll("table.results tbody tr")]
      .filter((row) => row.offsetParent).map((row) => row.cells[0].textContent)""")
    assert len(left) == 4 and all("threads" in label for label in left), left


def main():
    if chromium.find() is None:
        skip("chromium is not there")
    with sandbox() as folder, chromium.Browser() as browser:
        (folder / "hostile.toml").write_text(HOSTILE, encoding="utf-8")
        (folder / "judged.toml").write_text(JUDGED, encoding="utf-8")
        runs = [
            ("basic", PROJECT / "experiments/basic.toml", ["--set", "params.n=[1000, 20000]"], 0),
            ("scaling", PROJECT / "experiments/scaling.toml",
             ["--set", "workloads.strong.params.n=100000", "--set", "workloads.weak.params.n=20000"], 0),
            ("judged", folder / "judged.toml", [], 0),
            ("hostile", folder / "hostile.toml", [], 3),
        ]
        for name, file, arguments, code in runs:
            run([file, *arguments, "--output", folder, "--progress", "none"], code)
            latest = folder / name / "latest"
            check(browser, latest / "report.html", name)
            for figure in sorted((latest / "figures").iterdir()):
                browser.open(figure)
                assert browser.complaints == [], f"{figure.name}: {browser.complaints}"
        assert browser.ask("document.title") is not None
        side_by_side(browser, folder, *runs[0][1:3])
        browser.look(1000)
        browser.open(folder / "judged/latest/report.html")
        claims = browser.ask("document.querySelectorAll('#findings .verdicts > li b').length")
        assert claims == 1, claims
        browser.open(folder / "basic/latest/report.html")
        point(browser)
        browser.open(folder / "scaling/latest/report.html")
        sort_and_filter(browser)
        browser.open(folder / "hostile/latest/report.html")
        assert browser.ask("document.title").startswith("<script>alert(1)</script>")
        assert browser.ask("document.scripts.length") == 1
        browser.pdf(folder / "report.pdf")
        assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
        # A4 is 595 × 842 points.
        box = re.search(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)", (folder / "report.pdf").read_bytes())
        assert box and abs(float(box[1]) - 595) < 2 and abs(float(box[2]) - 842) < 2, box
    with sandbox() as folder:
        opened(folder)


def opened(folder):
    """`--open` starts xdg-open with the page, and does not wait for it."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / "xdg-open").write_text('#!/bin/sh\necho "$1" > "$(dirname "$0")/opened"\n', encoding="utf-8")
    (tools / "xdg-open").chmod(0o755)
    noop = PROJECT / "experiments/noop.toml"
    run([noop, "--set", "protocol.repeats=6", "--output", folder, "--progress", "none"], 0)
    env = {"PATH": f"{tools}:/usr/bin:/bin"}
    done = run(["report", "noop", "--open", "--output", folder], 0, env=env)
    subprocess.run(["sh", "-c", f"for i in 1 2 3 4 5 6 7 8 9 10; do test -s '{tools}/opened' && exit; sleep 1; done"], check=True)
    assert (tools / "opened").read_text(encoding="utf-8") == done.stdout


main()
