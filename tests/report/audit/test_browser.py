"""The audit in a real browser, judged with the keyboard."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docrerank.report.audit import Journal, draw_sample
from docrerank.runs import Run

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium to look with")
aiohttp = pytest.importorskip("aiohttp")
FLAGS = """--headless --disable-gpu --no-first-run --disable-background-networking --disable-component-update
    --disable-sync --remote-debugging-port=0 --window-size=1280,800""".split()


class Tab:
    """One tab of the browser, driven by its debugging protocol."""

    def __init__(self, socket: Any) -> None:
        self.socket, self.serial = socket, itertools.count(1)

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        serial = next(self.serial)
        await self.socket.send_json({"id": serial, "method": method, "params": parameters})
        while (message := await self.socket.receive_json(timeout=30)).get("id") != serial:
            pass
        return dict(message["result"])

    async def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", type=kind, key=key)

    async def read(self, expression: str) -> Any:
        found = await self.send("Runtime.evaluate", expression=expression, awaitPromise=True)
        return found["result"].get("value")

    async def wait_for(self, expression: str, wanted: object) -> None:
        for _ in range(100):
            if (found := await self.read(expression)) == wanted:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{expression} is {found!r}, not {wanted!r}")


async def judge_by_keys(url: str, profile: Path) -> None:
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = subprocess.Popen(
        [str(BROWSER), *FLAGS, *root, f"--user-data-dir={profile}", url], stderr=subprocess.DEVNULL
    )
    try:
        port = await find_port(profile)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                tab = next(one for one in await answer.json() if one["type"] == "page")
            async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                await press_through(Tab(socket))
    finally:
        browser.kill()
        browser.wait()


async def press_through(tab: Tab) -> None:
    count = "document.getElementById('count').textContent"
    await tab.wait_for(count, "1 of 6 · 0 judged")
    await tab.wait_for("document.getElementById('image').naturalWidth > 200", True)
    await tab.press("a")
    await tab.wait_for(count, "2 of 6 · 1 judged")
    await tab.press("n")
    await tab.wait_for(count, "3 of 6 · 2 judged")
    await tab.press("u")
    await tab.wait_for(count, "4 of 6 · 3 judged")
    await tab.press("ArrowLeft")
    await tab.wait_for(count, "3 of 6 · 3 judged")
    await tab.press("Backspace")
    await tab.wait_for(count, "3 of 6 · 2 judged")
    await tab.press("z")
    await tab.wait_for("document.getElementById('sheet').className", "large")


async def find_port(profile: Path) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        file = profile / "DevToolsActivePort"
        if file.is_file() and (lines := file.read_text().split()):
            return int(lines[0])
        await asyncio.sleep(0.1)
    raise AssertionError("the browser did not start")


def test_the_keyboard_judges_moves_and_takes_back(
    serve: Callable[..., tuple[str, Any]], run: Run, tmp_path: Path
) -> None:
    url, _ = serve("ada", 6)
    asyncio.run(judge_by_keys(url, tmp_path / "profile"))
    order = [item.id for item in draw_sample(run, 6, 13)]
    assert Journal(run, "ada").read() == {order[0]: "answerable", order[1]: "not"}
