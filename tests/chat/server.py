"""An OpenAI-compatible server whose faults are written by the test: real sockets, counted answers, no framework."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal


@dataclass(frozen=True)
class Call:
    """What the server received: `text` is the prompt's text without the system's, `nth` counts equal bodies from 1."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    nth: int
    text: str


@dataclass(frozen=True)
class Reaction:
    """What it does: answer; close at once; close halfway; send a byte now and then; never answer."""

    text: str = "fine"
    kind: Literal["answer", "drop", "half", "drip", "hang"] = "answer"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    finish: str = "stop"
    delay: float = 0.0
    raw: bytes | None = None
    message: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    choice: dict[str, Any] = field(default_factory=dict)


class ScriptedServer:
    """Serves on a loopback port from a thread of its own.

    Attributes:
        calls: everything received, in order.
        paid: how often each prompt was answered in full with status 200 (what an endpoint would bill).
        peak: most calls that were open at once.
    """

    def __init__(self, script: Callable[[Call], Reaction] = lambda call: Reaction()) -> None:
        self.script = script
        self.calls: list[Call] = []
        self.paid: Counter[str] = Counter()
        self.seen: Counter[bytes] = Counter()
        self.open = self.peak = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.base_url = ""

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=1024)
        )
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.close()


class _Connection(asyncio.Protocol):
    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, separator, rest = bytes(self.data).partition(b"\r\n\r\n")
        if not separator:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if len(rest) >= int(headers.get("content-length", "0")):
            self.data.clear()
            self._receive(lines[0].split()[1], headers, rest)

    def _receive(self, path: str, headers: dict[str, str], body: bytes) -> None:
        server, content = self.server, json.loads(body)
        server.seen[body] += 1
        call = Call(path, content, headers, server.seen[body], _text(content))
        server.calls.append(call)
        server.open += 1
        server.peak = max(server.peak, server.open)
        reaction = server.script(call)
        asyncio.get_running_loop().call_later(reaction.delay, self._react, call, reaction)

    def _react(self, call: Call, reaction: Reaction) -> None:
        self.server.open -= 1
        if reaction.kind == "hang":
            return
        response = _response(call, reaction)
        if reaction.kind == "drop" or self.transport.is_closing():
            self.transport.abort()
        elif reaction.kind == "half":
            self.transport.write(response[: len(response) - 20])
            self.transport.close()
        elif reaction.kind == "drip":
            self._drip(response)
        else:
            self.server.paid[call.text] += reaction.status == 200 and reaction.raw is None
            self.transport.write(response)

    def _drip(self, response: bytes) -> None:
        if response and not self.transport.is_closing():
            self.transport.write(response[:1])
            asyncio.get_running_loop().call_later(0.05, self._drip, response[1:])


def _text(content: dict[str, Any]) -> str:
    if "prompt" in content:
        return str(content["prompt"])
    message = content["messages"][-1]["content"]
    return message if isinstance(message, str) else "".join(part.get("text", "") for part in message)


def _response(call: Call, reaction: Reaction) -> bytes:
    body = reaction.raw if reaction.raw is not None else json.dumps(_content(call, reaction)).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **reaction.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reaction.status} Scripted\r\n{lines}\r\n".encode() + body


def _content(call: Call, reaction: Reaction) -> dict[str, Any]:
    if reaction.status != 200:
        return {"error": {"message": reaction.text, "type": "scripted", "code": reaction.code or None}}
    choice: dict[str, Any] = {"index": 0, "finish_reason": reaction.finish, **reaction.choice}
    if call.path.endswith("/chat/completions"):
        choice["message"] = {"role": "assistant", "content": reaction.text, **reaction.message}
    else:
        choice["text"] = reaction.text
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return {"id": "1", "object": "x", "created": 1, "model": "scripted-1", "choices": [choice], "usage": usage}
