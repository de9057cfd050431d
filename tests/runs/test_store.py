"""Runs in a real S3 server, and where nothing depends on the server in `file://`."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fixtures.object_store import Bucket, as_machine

from docrerank.generation import generate
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.records import Rejected, UserError
from docrerank.runs import Run, lock, objects, store, write_text
from docrerank.runs.lock import hold_there
from docrerank.runs.objects import is_url
from docrerank.runs.ray_cluster import open_site

CORPUS = Path(__file__).parents[2] / "samples" / "benchmark" / "corpus"
SMALL = [CORPUS / "calder-ridge-handbook-2025-26.pdf", CORPUS / "leak-listening-paper.pdf"]
FIVE = sorted([*SMALL, *CORPUS.glob("brankholm-*.pdf")])
Change = pytest.MonkeyPatch


def make_run(place: str | Path) -> Run:
    return Run.create(place, load_recipe("cpu", ["workers=1"]))  # type: ignore[arg-type]


def move(monkeypatch: Change, machine: Path) -> None:
    """From now on this test is another machine."""
    monkeypatch.setenv("DOCRERANK_WORK", str(machine))


def contents(run: Run, *folders: str) -> dict[str, bytes]:
    files = [path for name in folders for path in (run.path / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(run.path)): path.read_bytes() for path in files}


def write(run: Run) -> None:
    with run.locked():
        ingest(run, SMALL)
        generate(run)


def test_a_run_in_a_store_is_the_local_one_and_goes_on_from_another_machine(
    bucket: Bucket, tmp_path: Path, monkeypatch: Change
) -> None:
    folders = ("pages", "queries", "verdicts", "written", "rejected")
    local, ours = make_run(tmp_path / "local"), make_run(f"{bucket.url}/run")
    write(local)
    write(ours)
    assert contents(ours, *folders) == contents(local, *folders)
    assert {"recipe.yaml", "run.json"} <= set(bucket.names("run"))
    assert not [name for name in bucket.names("run") if name.startswith(".")]
    move(monkeypatch, tmp_path / "elsewhere")
    bucket.proxy.asked.clear()
    again = Run.open(f"{bucket.url}/run")
    with again.locked():
        assert ingest(again, SMALL)["read"] == 0
        assert generate(again)["documents_redone"] == 0
    assert contents(again, *folders) == contents(local, *folders)
    assert len([line for line in bucket.proxy.asked if "list-type" in line]) == 1, "the run is listed once"


@pytest.mark.slow
def test_a_document_that_left_is_gone_from_the_store_and_from_other_machines(
    bucket: Bucket, tmp_path: Path, monkeypatch: Change
) -> None:
    run = make_run(f"{bucket.url}/run")
    write(run)
    move(monkeypatch, tmp_path / "elsewhere")
    other = Run.open(f"{bucket.url}/run")
    with other.locked():
        ingest(other, SMALL[:1])
        generate(other)
    left = SMALL[1].stem
    assert not [name for name in bucket.names("run") if left in name]
    move(monkeypatch, tmp_path / "machine")
    assert Run.open(f"{bucket.url}/run").pages.names() == [SMALL[0].stem]


DRIVER = """
import sys
from docrerank.pages import ingest
from docrerank.runs import Run, stage
stage.SECONDS_BETWEEN_SAVES = 0.0
if __name__ == "__main__":
    run = Run.open(sys.argv[1])
    with run.locked():
        ingest(run, sys.argv[2:])
"""


@pytest.mark.slow
def test_a_killed_command_goes_on_from_another_machine_where_it_was(
    bucket: Bucket, tmp_path: Path, monkeypatch: Change
) -> None:
    monkeypatch.setattr(lock, "SILENCE", 1.0)
    (tmp_path / "driver.py").write_text(DRIVER)
    make_run(f"{bucket.url}/run")
    command = [sys.executable, str(tmp_path / "driver.py"), f"{bucket.url}/run", *map(str, FIVE)]
    driver = subprocess.Popen(command, env=as_machine(tmp_path / "lost"))
    while driver.poll() is None and len([one for one in bucket.names("run/pages") if one.endswith("_done")]) < 2:
        time.sleep(0.02)
    driver.kill()
    assert driver.wait() == -signal.SIGKILL
    shutil.rmtree(tmp_path / "lost")
    done = len([one for one in bucket.names("run/pages") if one.endswith("_done")])
    run, local = Run.open(f"{bucket.url}/run"), make_run(tmp_path / "local")
    with run.locked():
        assert ingest(run, FIVE)["read"] <= len(FIVE) - done
    ingest(local, FIVE)
    assert contents(run, "pages", "rejected") == contents(local, "pages", "rejected")


@pytest.mark.parametrize("status", [503, 500])
def test_a_store_that_is_out_for_a_while_costs_patience_and_nothing_else(
    bucket: Bucket, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    run = make_run(f"{bucket.url}/run")
    threading.Timer(1.0, setattr, (bucket.proxy, "status", 0)).start()
    bucket.proxy.status = status
    run.rejected("ingest").write("a", [Rejected("ingest", "a.pdf", "encrypted")], "f00d")
    store.sync(run.path)
    assert bucket.proxy.status == 0
    assert {"a.parquet", "a._done"} == set(bucket.names("run/rejected/ingest"))


@pytest.mark.slow
def test_a_store_that_stays_out_ends_in_one_line_and_the_same_command_goes_on(
    bucket: Bucket, monkeypatch: Change, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(objects, "PATIENCE_SECONDS", 1.0)
    run = make_run(f"{bucket.url}/run")
    store.sync(run.path)
    run.rejected("ingest").write("a", [Rejected("ingest", "a.pdf", "encrypted")], "f00d")
    bucket.proxy.status = 503
    with pytest.raises(UserError, match=f"{bucket.url}/run/rejected/ingest/a.parquet: the store does not answer"):
        store.sync(run.path)
    assert len([one for one in caplog.records if "asked again for ten minutes" in one.message]) == 1
    bucket.proxy.status = 0
    store.sync(run.path)
    assert {"a.parquet", "a._done"} == set(bucket.names("run/rejected/ingest"))


def test_no_such_bucket_and_refused_access_are_told_in_a_line(bucket: Bucket) -> None:
    with pytest.raises(UserError, match="there is no such bucket"):
        make_run("s3://nobody-has-this/run")
    bucket.proxy.status = 403
    with pytest.raises(UserError, match="access is refused"):
        make_run(f"{bucket.url}/run")


def test_without_keys_the_run_ends_at_once_in_a_line(bucket: Bucket, tmp_path: Path) -> None:
    keyless = {name: value for name, value in as_machine(tmp_path).items() if not name.startswith("AWS_")}
    keyless |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "HOME": str(tmp_path)}
    keyless |= {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{bucket.proxy.server}"}
    command = [sys.executable, "-c", "from docrerank.runs import Run; Run.open('s3://bucket/run')"]
    done = subprocess.run(command, env=keyless, capture_output=True, text=True, timeout=120)
    assert "cannot be used (Unable to locate credentials): check address, keys" in done.stderr


def test_a_second_command_on_another_machine_is_refused_and_told_who_the_first_is(
    bucket: Bucket, tmp_path: Path, monkeypatch: Change
) -> None:
    monkeypatch.setattr(lock, "BEAT", 0.1)
    monkeypatch.setattr(lock, "SILENCE", 5.0)
    first = make_run(f"{bucket.url}/run")
    with first.locked():
        move(monkeypatch, tmp_path / "elsewhere")
        second = Run.open(f"{bucket.url}/run")
        with (
            pytest.raises(UserError, match=rf"works on '{bucket.url}/run' \(process \d+ on .* UTC\)"),
            second.locked(),
        ):
            pass
    with second.locked():
        pass


def test_a_holder_that_is_silent_is_replaced_whatever_its_clock_says(bucket: Bucket, monkeypatch: Change) -> None:
    monkeypatch.setattr(lock, "SILENCE", 0.5)
    run = make_run(f"{bucket.url}/run")
    bucket.system.pipe_file(f"{bucket.url}/run/.lock", b'{"host": "lost", "pid": 1, "since": "2999-01-01", "beat": 7}')
    with hold_there(run.path):
        assert b'"beat": 0' in bucket.system.cat_file(f"{bucket.url}/run/.lock")
    assert ".lock" not in bucket.names("run")


def test_a_machine_lent_to_a_run_reads_what_the_driver_put_up_and_puts_up_its_own(
    tmp_path: Path, monkeypatch: Change
) -> None:
    url = f"file://{tmp_path}/store/run"
    move(monkeypatch, tmp_path / "driver")
    run = make_run(url)
    run.rejected("ingest").write("a", [Rejected("ingest", "a.pdf", "old")], "1")
    store.sync(run.path)
    with open_site(run.path) as site:
        shutil.move(run.path, tmp_path / "hidden")  # a machine that has nothing
        site.enter()
        lent = run.rejected("ingest")
        assert [row.reason for row in lent.read("a")] == ["old"]
        lent.write("a", [Rejected("ingest", "a.pdf", "new")], "2")
        site.leave()
        move(monkeypatch, tmp_path / "other")
        with pytest.raises(UserError, match="set DOCRERANK_WORK to the same on both"):
            site.enter()
        move(monkeypatch, tmp_path / "driver")
        shutil.rmtree(run.path)
        shutil.move(tmp_path / "hidden", run.path)
        store.pull(run.path)
    assert [row.reason for row in run.rejected("ingest").read("a")] == ["new"]
    assert run.rejected("ingest").is_done("a", "2")


def test_a_part_that_changes_never_stands_in_the_store_beside_its_old_marker(
    tmp_path: Path, monkeypatch: Change
) -> None:
    move(monkeypatch, tmp_path / "machine")
    run = make_run(f"file://{tmp_path}/store")
    for made_from in ("1", "2"):
        asked: list[str] = []
        monkeypatch.setattr(objects.Objects, "put", lambda self, path, name, asked=asked: asked.append(name))
        monkeypatch.setattr(objects.Objects, "remove", lambda self, name, asked=asked: asked.append(f"-{name}"))
        run.rejected("ingest").write("a", [], made_from)
        store.sync(run.path, run.path / "rejected")
    assert asked == ["-rejected/ingest/a._done", "rejected/ingest/a.parquet", "rejected/ingest/a._done"]


def test_the_index_is_fetched_by_who_opens_it_and_what_it_no_longer_has_is_gone(
    tmp_path: Path, monkeypatch: Change
) -> None:
    url = f"file://{tmp_path}/store/run"
    move(monkeypatch, tmp_path / "first")
    run = make_run(url)
    for name in ("index.json", "1/texts", "2/texts"):
        write_text(run.path / "index" / name, "first")
    store.sync(run.path)
    move(monkeypatch, tmp_path / "second")
    run = Run.open(url)
    assert not (run.path / "index").exists()
    store.pull(run.path, "index")
    assert (run.path / "index" / "1" / "texts").read_text() == "first"
    (run.path / "index" / "1" / "texts").unlink()
    write_text(run.path / "index" / "index.json", "second")
    store.sync(run.path)
    move(monkeypatch, tmp_path / "third")
    run = Run.open(url)
    store.pull(run.path, "index")
    found = {str(path.relative_to(run.path / "index")): path.read_text() for path in run.path.glob("index/**/*.*")}
    assert found == {"index.json": "second"}
    assert [path.name for path in (run.path / "index").iterdir() if path.is_dir()] == ["2"]


def test_what_a_killed_command_could_not_put_up_is_put_up_by_the_next(tmp_path: Path, monkeypatch: Change) -> None:
    move(monkeypatch, tmp_path / "machine")
    run = make_run(f"file://{tmp_path}/store")
    (run.path / "model").mkdir()
    (run.path / "model" / "weights").write_text("trained")
    (run.path / "model.partial").mkdir()
    (run.path / "model.partial" / "weights").write_text("half")
    run = Run.open(f"file://{tmp_path}/store")
    with run.locked():
        pass
    assert (tmp_path / "store" / "model" / "weights").read_text() == "trained"
    assert not (tmp_path / "store" / "model.partial").exists()
    move(monkeypatch, tmp_path / "elsewhere")
    assert (Run.open(f"file://{tmp_path}/store").path / "model" / "weights").read_text() == "trained"


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "pages/../../outside", "pages//a"])
def test_a_store_that_names_files_outside_the_run_is_refused(tmp_path: Path, monkeypatch: Change, name: str) -> None:
    move(monkeypatch, tmp_path / "machine")
    monkeypatch.setattr(objects.Objects, "walk", lambda self, below="": iter([(name, 1, "0")]))
    with pytest.raises(UserError, match="which is no file of a run"):
        make_run(f"file://{tmp_path}/store")


def test_a_folder_from_elsewhere_is_bound_to_nothing(tmp_path: Path, monkeypatch: Change) -> None:
    move(monkeypatch, tmp_path / "machine")
    run = make_run(tmp_path / "unpacked")
    (run.path / store.BINDING).mkdir()
    (run.path / store.BINDING / "url").write_text(f"file://{tmp_path}/theirs")
    with run.locked():
        run.rejected("ingest").write("a", [], "1")
    assert not (tmp_path / "theirs").exists()


def test_addresses_of_the_web_are_no_store() -> None:
    assert not is_url("papers/http:/a.pdf")
    for url in ("http://example.org/a.pdf", "https://example.org/a.pdf", "ftp://example.org/a.pdf"):
        with pytest.raises(UserError, match="is no store's address"):
            is_url(url)
