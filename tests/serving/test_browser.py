"""The web page in headless Chromium: asked, opened, compared, with a file of one's own, by keyboard and on a phone."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures.servers import TOKEN

from docrerank.runs import Run
from docrerank.serving.routes.operation import STATIC

sync_api = pytest.importorskip("playwright.sync_api")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium to look with")

QUESTION = "How many employees were there in 2023?"
SAMPLE = sorted((Path(__file__).parents[2] / "samples" / "benchmark" / "corpus").glob("brankholm-*.pdf"))
SHOWN = "(all => all.length > 0 && all.every(one => one.naturalWidth))([...document.querySelectorAll('.hit img')])"
#: What the browser itself notes where the server refuses a token or a file.
REFUSED = tuple(f"Failed to load resource: the server responded with a status of {status}" for status in (401, 422))
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=root)
        yield opened
        opened.close()


@contextlib.contextmanager
def watch(browser: Any, server: Any) -> Iterator[Open]:
    """Open the page; at the end nothing may be on its console, and no request may have gone elsewhere."""
    contexts: list[Any] = []
    noise: list[str] = []

    def start(width: int = 1280, url: str = server.url, dark: bool = False) -> Any:
        scheme = "dark" if dark else "light"
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on(
            "request", lambda request: None if request.url.startswith((url, "blob:")) else noise.append(request.url)
        )
        page.goto(url)
        wait(
            page,
            "document.getElementById('model').options.length > 0 || !document.getElementById('token-form').hidden",
        )
        return page

    yield start
    for context in contexts:
        context.close()
    assert [line for line in noise if not line.startswith(REFUSED)] == []


@pytest.fixture
def look(browser: Any, server: Any) -> Iterator[Open]:
    with watch(browser, server) as start:
        yield start


@pytest.fixture(scope="module")
def opened(browser: Any, server: Any) -> Iterator[Any]:
    """A question asked once, and its first page opened."""
    with watch(browser, server) as start:
        page = start(dark=True)
        ask(page)
        assert "rank before" in page.inner_text(".groups") or "from" in page.inner_text(".groups")
        assert " %" in page.inner_text(".odds")
        page.click(".open")
        wait(page, "document.getElementById('page-image').naturalWidth > 400")
        yield page


def wait(page: Any, expression: str, seconds: float = 240) -> None:
    """Until an expression holds; Playwright's own waiting evaluates text, which the page's policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"{expression}: {page.inner_text('body')[:500]}"
        time.sleep(0.03)


def ask(page: Any, question: str = QUESTION) -> None:
    page.fill("#question", question)
    page.press("#question", "Enter")
    wait(page, SHOWN)


def test_a_question_is_answered_and_its_page_opened_with_marks_and_queries(opened: Any) -> None:
    page = opened
    wait(
        page,
        "document.querySelectorAll('#marks .word').length > 0 && document.querySelectorAll('#marks .mark').length > 0",
    )
    wait(page, "document.querySelectorAll('#query-list .hard_negative ins').length > 0")
    wait(page, "!document.getElementById('leaf').classList.contains('waiting')")  # until the picture is decoded
    boxes = page.evaluate(
        "(() => { const r = id => document.getElementById(id).getBoundingClientRect().toJSON();"
        " return [r('page-image'), r('marks')]; })()"
    )
    assert [round(boxes[0][side]) for side in ("left", "top", "width", "height")] == [
        round(boxes[1][side]) for side in ("left", "top", "width", "height")
    ]


def test_everything_is_done_by_keyboard(look: Open) -> None:
    page = look()
    page.keyboard.type(QUESTION)  # the question has the focus from the start
    page.keyboard.press("Enter")
    wait(page, SHOWN)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "open":
            break
    page.keyboard.press("Enter")
    wait(page, "document.getElementById('page').open")
    first = page.inner_text("#page-name")
    page.keyboard.press("ArrowRight")
    wait(page, f"document.getElementById('page-name').textContent !== '{first}'")
    page.keyboard.press("z")
    wait(page, "document.getElementById('page-zoom').getAttribute('aria-pressed') === 'true'")
    page.keyboard.press("Escape")
    wait(page, "!document.getElementById('page').open")
    assert page.evaluate("document.activeElement.className") == "open"


def test_two_models_stand_side_by_side(look: Open) -> None:
    page = look()
    page.select_option("#other", "minilm")
    ask(page)
    assert page.evaluate("[...document.querySelectorAll('.ranking h2')].map(one => one.textContent)") == [
        "minilm-fused",
        "minilm",
    ]
    assert "there" in page.inner_text(".ranking .facts")


def test_a_file_is_uploaded_and_asked_right_away(look: Open) -> None:
    page = look()
    page.set_input_files("#file", SAMPLE[2])
    wait(page, "document.getElementById('status').textContent.includes('read')")
    ask(page, "What was measured?")
    assert page.inner_text(".group h3") == SAMPLE[2].name
    assert page.inner_text("#document option:checked").startswith(SAMPLE[2].name)
    page.reload()
    wait(page, SHOWN)
    assert page.inner_text(".group h3") == SAMPLE[2].name
    page.click("#forget")
    wait(page, "document.getElementById('status').textContent.includes('deleted')")
    page.reload()
    wait(page, "document.getElementById('model').options.length > 0")
    assert SAMPLE[2].name not in page.inner_text("#document")


def test_a_file_that_cannot_be_read_is_told(look: Open, tmp_path: Path) -> None:
    page = look()
    (tmp_path / "broken.pdf").write_bytes(b"not a pdf")
    page.set_input_files("#file", tmp_path / "broken.pdf")
    wait(page, "document.getElementById('fault').textContent.includes('no page could be read')")


def test_nothing_scrolls_sideways(look: Open) -> None:
    page = look()
    page.select_option("#other", "minilm")
    ask(page)
    measured = "[document.documentElement.scrollWidth, document.getElementById('page').scrollWidth]"
    widths = (320, 375, 1280)
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(measured)[0] == width
    page.click(".open")
    wait(page, "document.getElementById('page-image').naturalWidth > 400")
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(measured)[1] <= width


def test_every_control_has_a_name_and_every_picture_a_text(opened: Any) -> None:
    page = opened
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, input, select')].filter(one => !(one.labels?.length"
        " || one.textContent.trim() || one.getAttribute('aria-label'))).map(one => one.id)"
    )
    assert nameless == []
    assert page.evaluate("[...document.querySelectorAll('img')].every(one => one.hasAttribute('alt'))")
    assert "Page" in page.get_attribute("#page-image", "alt")


def test_hostile_words_stay_words(look: Open) -> None:
    page = look()
    ask(page, "<img src=x onerror=alert(1)> employees <script>alert(2)</script>")
    assert page.evaluate("document.querySelectorAll('#ask script, #ask img:not(.thumb)').length") == 0


def test_the_audit_is_judged_by_keyboard(look: Open, served_run: Run) -> None:
    from docrerank.report.audit import Journal

    page = look()
    page.click("#show-audit")
    page.fill("#auditor", "browser")
    page.press("#auditor", "Enter")
    wait(page, "document.getElementById('audit-image').naturalWidth > 400")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("a")
    wait(page, "document.getElementById('audit-count').textContent.startsWith('2 of')")
    page.keyboard.press("n")
    wait(page, "document.getElementById('audit-count').textContent.includes('2 judged')")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Backspace")
    wait(page, "document.getElementById('audit-count').textContent.includes('1 judged')")
    assert list(Journal(served_run, "browser").read().values()) == ["answerable"]


def test_a_token_is_asked_for_and_opens_everything(look: Open, guarded: Any) -> None:
    page = look(url=guarded.url)
    page.fill("#token", "wrong")
    page.press("#token", "Enter")
    wait(page, "document.getElementById('token-fault').textContent.includes('not the token')")
    page.fill("#token", TOKEN)
    page.press("#token", "Enter")
    wait(page, "document.getElementById('model').options.length > 0")
    ask(page)


def test_the_address_holds_question_model_and_page(look: Open) -> None:
    page = look()
    page.select_option("#model", "minilm")
    ask(page)
    page.click(".open")
    wait(page, "document.getElementById('page-image').naturalWidth > 400")
    name, address = page.inner_text("#page-name"), page.url
    other = look()
    other.goto(address)
    wait(other, "document.getElementById('page').open && document.getElementById('page-image').naturalWidth > 400")
    assert (other.inner_text("#page-name"), other.input_value("#model")) == (name, "minilm")
    assert other.input_value("#question") == QUESTION


def test_an_arrow_never_leaves_the_old_picture_under_the_new_name(opened: Any) -> None:
    page = opened
    hidden = page.evaluate(
        "(() => { document.getElementById('page-next').click(); const image = document.getElementById('page-image');"
        " return !image.src && document.getElementById('leaf').classList.contains('waiting'); })()"
    )
    assert hidden
    wait(page, "document.getElementById('page-image').naturalWidth > 400")


def test_a_question_and_its_near_miss_are_offered_and_asked(look: Open) -> None:
    page = look()
    wait(page, "document.querySelectorAll('.example .near').length > 0")
    page.click(".example:has(.near) .question")
    wait(page, SHOWN)
    first = page.input_value("#question")
    wait(page, "!document.getElementById('near').hidden")
    page.click("#near button")
    wait(page, f"document.getElementById('question').value !== {first!r} && !document.body.classList.contains('busy')")
    assert "near miss" in page.inner_text("#near")


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's script, by npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm to get axe-core with")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        [
            npm,
            "install",
            *"--silent --no-save --prefer-offline --no-audit --no-fund --prefix".split(),
            folder,
            "axe-core@4",
        ],
        capture_output=True,
        timeout=120,
    )
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if done.returncode or not script.is_file():
        pytest.skip("axe-core cannot be had from npm")
    return script.read_text("utf-8")


def test_axe_finds_nothing_serious_light_and_dark(browser: Any, server: Any, axe: str) -> None:
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(server.url)
    page.evaluate(axe)
    wait(page, "document.querySelectorAll('.example').length > 0")
    found = _find_serious(page)
    ask(page)
    found += _find_serious(page)
    page.click(".open")
    wait(page, "document.querySelectorAll('#marks .word').length > 0")
    found += _find_serious(page)
    context.close()
    assert found == []


def _find_serious(page: Any) -> list[str]:
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        violations = page.evaluate("axe.run().then(found => found.violations)")
        serious = [one for one in violations if one["impact"] in ("serious", "critical")]
        found += [f"{scheme} {one['id']}: {node['html'][:200]}" for one in serious for node in one["nodes"]]
    return found


def test_the_page_is_small() -> None:
    assert sum(path.stat().st_size for path in STATIC.iterdir()) < 100_000
