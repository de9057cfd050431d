"""The audit's page over real HTTP: judged, saved, resumed; hostile requests refused."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from docrerank.cli.app import app
from docrerank.records import UserError
from docrerank.report.audit import Journal, draw_sample, read_summary, summarise
from docrerank.runs import Run

Site = tuple[str, subprocess.Popen[str]]
Serve = Callable[[], Site]


def ask(
    url: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, bytes, dict[str, str]]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        connection.request(method, path, body or None, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), {name.lower(): value for name, value in response.getheaders()}


def judge(url: str, item: str, judgement: str, auditor: str = "ada", **headers: str) -> int:
    body = json.dumps({"auditor": auditor, "item": item, "judgement": judgement}).encode()
    return ask(url, "POST", "/v1/audit", body, {"content-type": "application/json", **headers})[0]


def read_sheet(url: str, auditor: str = "ada") -> dict[str, Any]:
    sheet: dict[str, Any] = json.loads(ask(url, "GET", f"/v1/audit?auditor={auditor}")[1])
    return sheet


def test_an_auditor_sees_queries_and_pages_but_not_what_they_are_meant_to_be(site: Site) -> None:
    url, _ = site
    assert b"<title>docrerank" in ask(url, "GET", "/")[1]
    sheet = ask(url, "GET", "/v1/audit?auditor=ada")[1]
    items = json.loads(sheet)["items"]
    assert len(items) == 12
    assert set(items[0]) == {"id", "text", "page_id"}
    assert b"hard_negative" not in sheet
    status, image, headers = ask(url, "GET", f"/v1/pages/page/{items[0]['page_id']}")
    assert (status, headers["content-type"], image[:4]) == (200, "image/webp", b"RIFF")


def test_judgements_are_on_disk_at_once_and_a_kill_loses_none(serve: Serve, run: Run) -> None:
    url, child = serve()
    items = read_sheet(url)["items"]
    for item, judgement in zip(items, ["answerable", "not", "unclear"], strict=False):
        assert judge(url, item["id"], judgement) == 204
    child.kill()
    child.wait()
    with (run.path / "audit" / "ada.jsonl").open("a") as file:
        file.write('{"item": "cut o')  # as a crash in the middle of a line leaves it
    url, _ = serve()
    assert judge(url, items[3]["id"], "not") == 204
    assert judge(url, items[0]["id"], "") == 204
    known = {items[1]["id"]: "not", items[2]["id"]: "unclear", items[3]["id"]: "not"}
    assert read_sheet(url) == {"items": items, "judgements": known}


@pytest.mark.slow
def test_ctrl_c_sums_up(serve: Serve, run: Run) -> None:
    url, child = serve()
    for item in read_sheet(url)["items"]:
        judge(url, item["id"], "answerable")
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=120)
    assert child.returncode == 0
    assert "false negatives (hard negatives that the page answers): 8 of 8 = 100.0%" in out
    summary = read_summary(run.path)
    assert summary is not None
    assert (summary.judged, summary.auditors, summary.false_positives.cases) == (12, ("ada",), 0)


def test_two_people_judge_the_same_sample_and_their_agreement_is_told(run: Run) -> None:
    ada, ben = Journal(run, "ada"), Journal(run, "ben")
    for serial, item in enumerate(draw_sample(run, 12, 13)):
        ada.add(item.id, "not")
        ben.add(item.id, "not" if serial else "answerable")
    summary, stale = summarise(run, 13)
    assert summary.auditors == ("ada", "ben")
    assert (summary.judged, summary.unclear, stale) == (11, 1, 0)
    assert summary.agreed == pytest.approx(11 / 12)
    assert summary.agreement is not None
    assert -1 <= summary.agreement < 0.1  # chance alone would agree as often


def test_a_query_that_changed_since_is_stale(run: Run) -> None:
    Journal(run, "ada").add("0" * 16, "not")
    summary, stale = summarise(run, 13)
    assert (summary.judged, stale) == (0, 1)


def test_hostile_requests_are_refused(site: Site) -> None:
    url, child = site
    item = read_sheet(url)["items"][0]["id"]
    assert ask(url, "GET", "/v1/audit?auditor=ada", headers={"host": "evil.example"})[0] in (400, 403)
    assert judge(url, item, "not", origin="http://evil.example") == 403
    assert ask(url, "GET", "/v1/audit?auditor=../ada")[0] in (400, 422)
    for path in ("/recipe.yaml", "/v1/pages/page/../../recipe.yaml", "/static/../state.py"):
        assert ask(url, "GET", path)[0] == 404, path
    assert json.loads(ask(url, "GET", "/v1/models")[1])["data"] == []
    body = json.dumps({"query": "Net sales?", "documents": ["Net sales rose."]}).encode()
    assert ask(url, "POST", "/v1/rerank", body, {"content-type": "application/json"})[0] == 404
    assert judge(url, "nothing", "not") == 404
    assert judge(url, item, "maybe") in (400, 422)
    assert not read_sheet(url)["judgements"]
    assert child.poll() is None


def test_a_taken_port_and_a_bad_name_are_told_in_one_line(site: Site, run: Run) -> None:
    port = str(urlsplit(site[0]).port)
    for extra, words in ((["--port", port], "or --port"), (["--auditor", "../x"], "auditor's name")):
        with pytest.raises(UserError, match=words):
            CliRunner().invoke(app, ["audit", str(run.path), "--no-open", *extra], catch_exceptions=False)
