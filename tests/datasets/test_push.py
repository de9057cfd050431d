"""The upload, with the hub's own client against a server of the tests'."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docrerank.datasets import push_folder
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run

pytest.importorskip("huggingface_hub")


def load_hub() -> Any:
    spec = importlib.util.spec_from_file_location("tests_hub", Path(__file__).parent / "hub.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HUB = load_hub()


@pytest.fixture
def hub() -> Iterator[Any]:
    server = HUB.Hub()
    yield server
    server.close()


def export(run: Run, out: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line with nothing of this machine's hub settings."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
    clean |= {"HF_HOME": str(out.parent / "hf"), "HF_HUB_DISABLE_XET": "1", **environment}
    command = [sys.executable, "-m", "docrerank.cli", "export", str(run.path), "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=clean)


PUSH = ("--to", "hf", "--pixels", "10000", "--push-to-hub", "me/pages")


def test_a_set_is_uploaded_as_one_commit(hub: Any, whole_run: Run, tmp_path: Path) -> None:
    done = export(whole_run, tmp_path / "set", *PUSH, "--private", HF_ENDPOINT=hub.url, HF_TOKEN=HUB.TOKEN)
    assert done.returncode == 0, done.stderr
    assert f"pushed to {hub.url}/datasets/me/pages" in done.stderr
    files = {
        str(p.relative_to(tmp_path / "set")): p.read_bytes() for p in (tmp_path / "set").rglob("*") if p.is_file()
    }
    assert hub.files == {"me/pages": files}
    assert hub.commits == 1
    assert hub.made[0]["type"] == "dataset"
    assert hub.made[0].get("private") or hub.made[0].get("visibility") == "private"
    assert HUB.TOKEN not in done.stderr + done.stdout


def test_a_finished_set_is_pushed_without_exporting_again(hub: Any, whole_run: Run, tmp_path: Path) -> None:
    assert export(whole_run, tmp_path / "set", *PUSH[:4]).returncode == 0
    before = (tmp_path / "set" / "README.md").stat().st_mtime_ns
    done = export(whole_run, tmp_path / "set", *PUSH, HF_ENDPOINT=hub.url, HF_TOKEN=HUB.TOKEN)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "set" / "README.md").stat().st_mtime_ns == before
    assert hub.commits == 1


@pytest.mark.parametrize(
    ("token", "fail", "message"),
    [
        ("", 0, "HF_TOKEN"),
        ("hf_wrong", 0, "HF_TOKEN"),
        (HUB.TOKEN, 403, "may not write"),
        (HUB.TOKEN, 400, "HTTP 400"),
    ],
)
def test_a_refusal_is_one_line(token: str, fail: int, message: str, hub: Any, whole_run: Run, tmp_path: Path) -> None:
    hub.fail = fail
    environment = {"HF_ENDPOINT": hub.url, **({"HF_TOKEN": token} if token else {})}
    done = export(whole_run, tmp_path / "set", *PUSH, **environment)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("docrerank: 'me/pages' was not uploaded: ")
    assert message in last
    assert "Traceback" not in done.stderr
    assert (tmp_path / "set" / "docrerank.json").is_file()


@pytest.mark.slow
def test_a_hub_out_of_reach_is_one_line(whole_run: Run, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    done = export(whole_run, tmp_path / "set", *PUSH, HF_ENDPOINT=url, HF_TOKEN=HUB.TOKEN)
    assert done.returncode == 1
    assert "check the network" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_wrong_name_is_told_before_anything_is_written(whole_run: Run, tmp_path: Path) -> None:
    done = export(whole_run, tmp_path / "set", "--to", "hf", "--push-to-hub", "pages")
    assert done.returncode == 1
    assert "takes OWNER/NAME" in done.stderr
    assert not (tmp_path / "set").exists()


def test_a_run_s_model_is_uploaded_with_its_card(hub: Any, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", load_recipe("cpu"))
    command = [sys.executable, "-m", "docrerank.cli", "push", str(run.path), "me/reranker"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
    clean |= {
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": HUB.TOKEN,
    }
    early = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=clean)
    assert early.returncode == 1
    assert "is no trained model" in early.stderr
    run.model.mkdir()
    for name in ("docrerank.json", "README.md"):
        (run.model / name).write_text("{}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=clean)
    assert done.returncode == 0, done.stderr
    assert hub.files == {"me/reranker": {"docrerank.json": b"{}", "README.md": b"{}"}}


def test_only_a_finished_set_is_pushed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no finished set"):
        push_folder(tmp_path, "me/pages")


def test_the_help_names_every_form(sets: Callable[[str], Path]) -> None:
    from docrerank.datasets import FORMS

    done = subprocess.run(
        [sys.executable, "-m", "docrerank.cli", "export", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    for form in (*FORMS, "vllm", "sentence-transformers"):
        assert form in done.stdout
