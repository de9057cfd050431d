from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docrerank.records import UserError
from docrerank.runs import replacing, write_text
from docrerank.runs.atomic import remove_leftovers


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 KiB with a file on it; needs the right to mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("may not mount a file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_file_is_replaced_in_one_step_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "x.txt", "old")
    write_text(tmp_path / "a" / "x.txt", "new ü")
    assert (tmp_path / "a" / "x.txt").read_text("utf-8") == "new ü"
    assert os.listdir(tmp_path / "a") == ["x.txt"]


def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    write_text(tmp_path / "x.txt", "old")

    def fail_half_way() -> None:
        with replacing(tmp_path / "x.txt") as temporary:
            temporary.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    assert (tmp_path / "x.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_full_disk_is_one_line_that_says_so_and_loses_nothing(full_disk: Path) -> None:
    write_text(full_disk / "kept.txt", "kept")
    with pytest.raises(UserError, match=r"the disk is full: .*free space"):
        write_text(full_disk / "big.txt", "x" * 200_000)
    assert os.listdir(full_disk) == ["kept.txt"]
    assert (full_disk / "kept.txt").read_text() == "kept"


def test_an_ingest_on_a_full_disk_stops_with_one_line_and_keeps_what_it_wrote(full_disk: Path) -> None:
    """Through real workers: the error crosses from a worker to this process."""
    code = f"""
from pathlib import Path
from reportlab.pdfgen.canvas import Canvas
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run
if __name__ == "__main__":
    for name, pages in (("a", 200), ("b", 1)):
        canvas = Canvas(str(Path({str(full_disk.parent)!r}, name + ".pdf")))
        for page in range(pages):
            for row in range(40):
                canvas.drawString(72, 800 - 18 * row, f"some words {{hash((page, row))}} on a line")
            canvas.showPage()
        canvas.save()
    run = Run.create({str(full_disk / "run")!r}, load_recipe("cpu", ["workers=1", "ingest.ocr=never"]))
    run.rejected("ingest").write("earlier", [], "f00d")
    try:
        ingest(run, [Path({str(full_disk.parent)!r}, "b.pdf")])
        ingest(run, [Path({str(full_disk.parent)!r}, n + ".pdf") for n in "ab"])
    except UserError as error:
        print(error)
    print(run.pages.names())
"""
    script = full_disk.parent / "script.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    message, names = done.stdout.splitlines()
    assert message.startswith("the disk is full"), done.stderr
    assert names == "['b']"


def test_a_bound_on_file_size_is_one_line_too(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "from pathlib import Path\n"
        "from docrerank.runs import write_text\n"
        "write_text(Path(sys.argv[1]), 'x' * 5000)\n"
    )
    assert resource.RLIM_INFINITY == -1
    command = [sys.executable, "-B", "-c", code, str(tmp_path / "x.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "UserError: cannot write" in done.stderr
    assert os.listdir(tmp_path) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".part.tmp").write_text("half")
    (tmp_path / "a" / "part.tmp").write_text("not ours")
    remove_leftovers(tmp_path)
    assert os.listdir(tmp_path / "a") == ["part.tmp"]
