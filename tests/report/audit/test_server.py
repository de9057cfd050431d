"""The audit's page over real HTTP: judged, saved, resumed; hostile requests refused."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from docrerank.report.audit import Journal, read_summary, summarise
from docrerank.runs import Run

Serve = Callable[..., tuple[str, subprocess.Popen[str]]]


def ask(
    url: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, bytes, dict[str, str]]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        connection.request(method, path, body or None, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), {name.lower(): value for name, value in response.getheaders()}


def find_token(url: str) -> str:
    found = re.search(rb'const token = "([^"]+)"', ask(url, "GET", "/")[1])
    assert found is not None
    return found[1].decode()


def judge(url: str, token: str, item: str, judgement: str) -> int:
    body = json.dumps({"item": item, "judgement": judgement}).encode()
    return ask(url, "POST", "/judge", body, {"x-audit-token": token})[0]


def items_of(url: str) -> list[dict[str, str]]:
    items: list[dict[str, str]] = json.loads(ask(url, "GET", "/state")[1])["items"]
    return items


def test_an_auditor_sees_queries_and_pages_but_not_what_they_are_meant_to_be(serve: Serve) -> None:
    url, _ = serve()
    state = ask(url, "GET", "/state")[1]
    items = json.loads(state)["items"]
    assert len(items) == 12
    assert set(items[0]) == {"id", "text", "page"}
    assert b"hard_negative" not in state
    status, image, headers = ask(url, "GET", f"/page/{items[0]['id']}.jpg")
    assert (status, headers["content-type"], image[:2]) == (200, "image/jpeg", b"\xff\xd8")


def test_judgements_are_on_disk_at_once_and_a_kill_loses_none(serve: Serve, run: Run) -> None:
    url, child = serve()
    token, items = find_token(url), items_of(url)
    for item, judgement in zip(items, ["answerable", "not", "unclear"], strict=False):
        assert judge(url, token, item["id"], judgement) == 200
    child.kill()
    child.wait()
    with (run.path / "audit" / "ada.jsonl").open("a") as file:
        file.write('{"item": "cut o')  # as a crash in the middle of a line leaves it
    url, _ = serve()
    token = find_token(url)
    assert judge(url, token, items[3]["id"], "not") == 200
    assert judge(url, token, items[0]["id"], "") == 200
    known = json.loads(ask(url, "GET", "/state")[1])["judgements"]
    assert known == {items[1]["id"]: "not", items[2]["id"]: "unclear", items[3]["id"]: "not"}
    assert items_of(url) == items


def test_ctrl_c_sums_up(serve: Serve, run: Run) -> None:
    url, child = serve()
    token, items = find_token(url), items_of(url)
    for item in items:
        judge(url, token, item["id"], "answerable")
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=120)
    assert child.returncode == 0
    assert "false negatives (hard negatives that the page answers): 8 of 8 = 100.0%" in out
    summary = read_summary(run.path)
    assert summary is not None
    assert (summary.judged, summary.auditors, summary.false_positives.cases) == (12, ("ada",), 0)


def test_two_people_judge_the_same_sample_and_their_agreement_is_told(serve: Serve, run: Run) -> None:
    (one, _), (two, _) = serve("ada"), serve("ben")
    assert items_of(one) == items_of(two)
    for serial, item in enumerate(items_of(one)):
        judge(one, find_token(one), item["id"], "not")
        judge(two, find_token(two), item["id"], "not" if serial else "answerable")
    summary, stale = summarise(run, 13)
    assert summary.auditors == ("ada", "ben")
    assert (summary.judged, summary.unclear, stale) == (11, 1, 0)
    assert summary.agreed == pytest.approx(11 / 12)
    assert summary.agreement is not None
    assert -1 <= summary.agreement < 0.1  # chance alone would agree as often


def test_a_query_that_changed_since_is_stale(serve: Serve, run: Run) -> None:
    Journal(run, "ada").add("0" * 16, "not")
    summary, stale = summarise(run, 13)
    assert (summary.judged, stale) == (0, 1)


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", "/", {"host": "evil.example"}, b"", 403),
        ("GET", "/state", {"host": "127.0.0.1.evil.example:80"}, b"", 403),
        ("GET", "/page/../../recipe.yaml.jpg", {}, b"", 404),
        ("GET", "/page/%2e%2e%2frecipe.yaml", {}, b"", 404),
        ("GET", "/recipe.yaml", {}, b"", 404),
        ("POST", "/judge", {}, b'{"item": "x", "judgement": "not"}', 403),
        ("POST", "/judge", {"x-audit-token": "guess"}, b'{"item": "x", "judgement": "not"}', 403),
        ("POST", "/judge", {}, b"x" * 100_000, 413),
        ("POST", "/state", {}, b"", 404),
    ],
)
def test_hostile_requests_are_refused(
    serve: Serve, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    url, child = serve()
    assert ask(url, method, path, body, headers)[0] == status
    assert child.poll() is None


def test_wrong_items_and_judgements_are_refused(serve: Serve) -> None:
    url, _ = serve()
    token, items = find_token(url), items_of(url)
    assert judge(url, token, "nothing", "not") == 400
    assert judge(url, token, items[0]["id"], "maybe") == 400
    assert ask(url, "POST", "/judge", b"not json", {"x-audit-token": token})[0] == 400
    assert ask(url, "POST", "/judge", b"[1]", {"x-audit-token": token})[0] == 400


def test_a_taken_port_and_a_bad_name_are_told_in_one_line(serve: Serve, run: Run) -> None:
    url, _ = serve()
    port = str(urlsplit(url).port)
    command = [sys.executable, "-m", "docrerank.cli", "audit", str(run.path), "--no-open"]
    for extra, words in ((["--port", port], "give another --port"), (["--auditor", "../x"], "auditor's name")):
        done = subprocess.run([*command, *extra], capture_output=True, text=True)
        assert done.returncode == 1
        assert words in done.stdout + done.stderr
