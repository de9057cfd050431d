"""The audit's web page: one person, one browser, this machine only."""

from __future__ import annotations

import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from types import TracebackType
from typing import Any

from docrerank.pages import DrawingPool, PageNotDrawn
from docrerank.records import Page, UserError
from docrerank.report.audit.journal import JUDGEMENTS, Journal
from docrerank.report.audit.sample import Item
from docrerank.runs import Run

MAX_BODY = 4_096
PIXELS = 2_500_000
CACHED_IMAGES = 24
POLICY = "default-src 'none'; img-src 'self' data:; script-src 'nonce-{n}'; style-src 'nonce-{n}'; connect-src 'self'"


class AuditServer:
    """Serves the sample to one auditor on a loopback port; a context manager.

    A judgement needs the token that only the served page holds, and the Host header must be this address: another
    page in the same browser can neither judge nor read.

    Args:
        run: the run.
        items: what is judged, in this order.
        journal: the auditor's.
        port: 0 takes a free one.

    Raises:
        UserError: the port is taken.
    """

    def __init__(self, run: Run, items: Sequence[Item], journal: Journal, port: int = 0) -> None:
        self.items, self.journal = list(items), journal
        self.token = secrets.token_urlsafe(24)
        wanted = {item.query.page_id for item in items}
        self.pages = {page.id: page for page in run.pages.read() if page.id in wanted}
        self.by_id = {item.id: item for item in items}
        self.images = _Images()
        handler = type("Handler", (_Handler,), {"audit": self})
        try:
            self._http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError as error:
            raise UserError(f"port {port} cannot be opened ({error.strerror}): give another --port") from None
        self._http.daemon_threads = True
        self.address = f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        """Where to look."""
        return f"http://{self.address}/"

    def serve(self) -> None:
        """Serve until interrupted."""
        self._http.serve_forever(poll_interval=0.2)

    def __enter__(self) -> AuditServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._http.server_close()
        self.images.pool.close()


class _Images:
    """Pages as JPEG, large enough to read their footnotes; the last few are kept."""

    def __init__(self) -> None:
        self.pool = DrawingPool(1)
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def draw(self, page: Page) -> bytes:
        """A page as JPEG.

        Raises:
            PageNotDrawn: it cannot be drawn.
        """
        with self._lock:
            if page.id in self._kept:
                self._kept.move_to_end(page.id)
                return self._kept[page.id]
        data = self.pool.draw(page, PIXELS)
        with self._lock:
            self._kept[page.id] = data
            while len(self._kept) > CACHED_IMAGES:
                self._kept.popitem(last=False)
        return data


class _Handler(BaseHTTPRequestHandler):
    audit: AuditServer
    timeout = 30
    server_version, sys_version = "docrerank", ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self._is_ours():
            return
        if self.path == "/":
            self._send_page()
        elif self.path == "/state":
            self._send_json(self._state())
        elif self.path.startswith("/page/"):
            self._send_image(self.path.removeprefix("/page/").removesuffix(".jpg"))
        else:
            self._refuse(404, "no such page")

    def do_POST(self) -> None:
        if not self._is_ours() or self.path != "/judge":
            self._refuse(404, "no such page")
            return
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            self._refuse(413, "the body is too large")
            return
        body = self.rfile.read(int(length))
        if not secrets.compare_digest(self.headers.get("x-audit-token", ""), self.audit.token):
            self._refuse(403, "the token is missing: load the page again")
            return
        self._judge(body)

    def _judge(self, body: bytes) -> None:
        try:
            values = json.loads(body)
            item, judgement = values["item"], values["judgement"]
        except (ValueError, KeyError, TypeError):
            self._refuse(400, "give item and judgement as JSON")
            return
        if item not in self.audit.by_id or judgement not in JUDGEMENTS:
            self._refuse(400, "no such item or judgement")
            return
        try:
            self.audit.journal.add(item, judgement)
        except UserError as error:
            self._refuse(507, str(error))
            return
        self._send_json({"saved": item})

    def _state(self) -> dict[str, Any]:
        """What the auditor may know: never the kind of a query."""
        items = [{"id": item.id, "text": item.query.text, "page": item.query.page_id} for item in self.audit.items]
        return {"items": items, "judgements": self.audit.journal.read(), "auditor": self.audit.journal.auditor}

    def _send_page(self) -> None:
        nonce = secrets.token_urlsafe(12)
        html = (files("docrerank.report.audit") / "template" / "audit.html").read_text("utf-8")
        html = html.replace("__NONCE__", nonce).replace("__TOKEN__", self.audit.token)
        self._send(200, "text/html; charset=utf-8", html.encode(), POLICY.format(n=nonce))

    def _send_image(self, item: str) -> None:
        found = self.audit.by_id.get(item)
        page = self.audit.pages.get(found.query.page_id) if found else None
        if page is None:
            self._refuse(404, "no such page")
            return
        try:
            self._send(200, "image/jpeg", self.audit.images.draw(page))
        except PageNotDrawn as error:
            self._refuse(404, str(error))

    def _is_ours(self) -> bool:
        """Only requests that name this address: a foreign name that resolves to it is refused."""
        host = self.headers.get("host", "").replace("localhost:", "127.0.0.1:")
        if host == self.audit.address:
            return True
        self._refuse(403, "this server answers to its own address only")
        return False

    def _refuse(self, status: int, text: str) -> None:
        self.close_connection = True
        self._send(status, "text/plain; charset=utf-8", text.encode("utf-8", "replace"))

    def _send_json(self, value: Any) -> None:
        self._send(200, "application/json", json.dumps(value).encode())

    def _send(self, status: int, kind: str, body: bytes, policy: str = "default-src 'none'") -> None:
        self.send_response(status)
        for name, value in {
            "content-type": kind,
            "content-length": str(len(body)),
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cache-control": "no-store",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal belongs to the auditor."""
