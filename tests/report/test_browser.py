"""The report in a real browser: nothing on its console, no scrolling sideways on a phone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium to look with")

FLAGS = """--headless --disable-gpu --no-first-run --disable-background-networking --disable-component-update
    --disable-sync --hide-scrollbars --allow-file-access-from-files --enable-logging=stderr
    --virtual-time-budget=3000""".split()
FRAME = """<!doctype html><iframe id="frame" src="{page}" style="border:0;width:{width}px;height:800px"></iframe>
<script>document.getElementById("frame").onload = event => {{
  const page = event.target.contentDocument.documentElement;
  document.title = `${{page.scrollWidth}} of ${{page.clientWidth}}`;
}};</script>"""


def open_page(path: Path, width: int, folder: Path) -> tuple[tuple[int, int], str]:
    """The page's scroll width and its width in a frame of `width` pixels, and what the browser put on the console."""
    frame = folder / f"frame{width}.html"
    frame.write_text(FRAME.format(page=path.resolve().as_uri(), width=width), "utf-8")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [str(BROWSER), *FLAGS, *root, f"--user-data-dir={folder / 'profile'}", "--dump-dom", frame.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r"<title>(\d+) of (\d+)</title>", done.stdout)
    assert found is not None, done.stdout[:500] + done.stderr[-500:]
    return (int(found[1]), int(found[2])), "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_nothing_scrolls_sideways_and_the_console_is_quiet(plain_report: Path, width: int, tmp_path: Path) -> None:
    sizes, console = open_page(plain_report, width, tmp_path)
    assert sizes == (width, width)
    assert console == ""


def test_hostile_words_run_nothing(hostile_report: Path, tmp_path: Path) -> None:
    sizes, console = open_page(hostile_report, 375, tmp_path)
    assert sizes == (375, 375)
    assert console == ""


def test_a_page_that_is_too_wide_and_noisy_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "wide.html"
    page.write_text("<!doctype html><div style='width:900px'>wide</div><script>console.error('noise')</script>")
    sizes, console = open_page(page, 375, tmp_path)
    assert sizes[0] > sizes[1]
    assert "noise" in console
