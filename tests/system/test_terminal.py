#!/usr/bin/env python3
"""experiments/basic.toml in a tmux pane of 80×24 and of 120×40: a bar while it runs, nothing wider than
the pane, then the result with the prompt below it and the cursor back."""

import re
import shutil
import subprocess
import time
import unicodedata

from support import PROJECT, RUNNER, sandbox, skip

PROMPT = "ready>"


class Pane:
    """A shell in a terminal of one size, on a tmux server of its own."""

    def __init__(self, folder, columns, lines):
        self.socket = str(folder / f"tmux-{columns}")
        self.columns = columns
        shell = f"env -u NO_COLOR -u COLUMNS PS1='{PROMPT} ' LC_ALL=C.UTF-8 bash --norc --noprofile"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(lines), shell)

    def tmux(self, *arguments):
        command = ["tmux", "-u", "-S", self.socket, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def history(self):
        return self.tmux("capture-pane", "-p", "-S", "-")

    def type(self, text):
        self.tmux("send-keys", "-l", text)
        self.tmux("send-keys", "Enter")

    def wait(self, is_there, what, seconds=120):
        """Looks at the screen until it shows what is expected; the limit only ends a test that hangs."""
        seen, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            screen = self.screen()
            if not seen or seen[-1] != screen:
                seen.append(screen)
            if is_there(screen):
                return seen
            time.sleep(0.05)
        raise AssertionError(f"no {what}:\n{self.screen()}")


def width(line):
    """Columns that a line takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in line)
    return len(line) + wide


def watch(folder, columns, rows):
    pane = Pane(folder, columns, rows)
    try:
        pane.wait(lambda screen: PROMPT in screen, "prompt")
        pane.type(f"clear; cd {PROJECT} && {RUNNER} experiments/basic.toml --output {folder}/{columns}")
        ends = re.compile(rf"sheet .*\n(.*\n)*{PROMPT}\s*$")
        seen = pane.wait(lambda screen: ends.search(screen.rstrip()), "end of the run")
        bars = [screen for screen in seen if "━" in screen and "/66" in screen]
        assert len(bars) >= 3, f"a bar moves: {len(bars)} of {len(seen)} screens"
        for bar in bars:
            lines = bar.splitlines()
            at = next(at for at, line in enumerate(lines) if "━" in line)
            # A bar wider than the pane would go on in the next line.
            assert lines[at + 1].startswith("now "), f"one line of bar, then what runs:\n{bar}"
            assert all(width(line) <= columns for line in lines), f"wider than {columns}:\n{bar}"
        text = pane.history()
        after = text[text.index("\n") :]
        assert "━" not in after, f"no bar is left behind:\n{after}"
        for word in ("66 trials", "all answers agree", "multithread", "baseline", "table.csv"):
            assert word in after, f"`{word}` is not there:\n{after}"
        wrapped = pane.tmux("capture-pane", "-p", "-J", "-S", "-")
        printed = wrapped[wrapped.index("66 trials") :].splitlines()
        for line in printed:
            is_path = line.startswith("sheet")
            assert is_path or width(line) <= columns, f"wider than {columns}: {line}"
        assert pane.tmux("display-message", "-p", "#{cursor_flag}").strip() == "1", "the cursor is hidden"
        assert pane.screen().rstrip().splitlines()[-1].strip() == PROMPT
    finally:
        pane.tmux("kill-server")


def main():
    if not shutil.which("tmux"):
        skip("tmux is not installed")
    with sandbox() as folder:
        watch(folder, 80, 24)
        watch(folder, 120, 40)


if __name__ == "__main__":
    main()
