"""One try of one call: the official `openai` client on aiohttp, answers bounded in size and time, faults classified.

Imported only once the extra `chat` is known to be installed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import json
import os
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from docrerank.chat.answers import Fault, Reason, Reply
from docrerank.recipe.endpoints import Endpoint
from docrerank.records import UserError

#: A longer response is not read to its end.
MAX_BODY_BYTES = 512_000
_TRY_AGAIN = (408, 409, 425)
_MAX_RETRY_AFTER = 86_400.0


class Transport:
    """Sends request bodies to one endpoint. The key is read from the environment here and kept nowhere else.

    Raises:
        UserError: the environment variable of the key is not set, or `base_url` is not an address.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        if endpoint.base_url == "embedded":
            raise UserError("the embedded endpoint is not started: use EmbeddedServer, which gives its address")
        self.endpoint = endpoint
        self.proved = False
        self._key = _read_key(endpoint)
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=self._key or "none",
            max_retries=0,
            timeout=endpoint.timeout,
            http_client=_http_client(endpoint),
        )

    async def send(self, path: str, body: bytes, group: str = "") -> dict[str, Any]:
        """Post a JSON body; returns the response's JSON object, with `seconds`, or `{"too_large": True}`.

        Args:
            path: below `base_url`.
            body: what is posted.
            group: calls of one group bear one `x-session-id`: a proxy in front of several servers sends them to the
                same one, which has the page in its prefix cache.

        Raises:
            Fault: no usable HTTP response came.
            UserError: the key or the address is wrong; every other call would fail as well.
        """
        started = time.monotonic()
        response, fault = await self._try(path, body, group)
        if isinstance(fault, openai.APIStatusError):
            raise self._explain(fault)  # outside the except block: the SDK's errors carry the key in their request
        if fault is not None:
            raise _explain_connection(fault)
        self.proved = True
        content = _read_object(response) if response is not None else {"too_large": True}
        return {**content, "seconds": time.monotonic() - started}

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _try(self, path: str, body: bytes, group: str) -> tuple[httpx2.Response | None, Exception | None]:
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        if group:
            headers["x-session-id"] = hashlib.sha256(group.encode()).hexdigest()[:16]
        try:
            async with asyncio.timeout(self.endpoint.timeout):
                options: Any = {"headers": headers}
                return await self._client.post(path, content=body, cast_to=httpx2.Response, options=options), None
        except _TooLarge:
            return None, None
        except (openai.APIError, httpx2.HTTPError, TimeoutError, OSError) as error:
            return (None, None) if isinstance(error.__cause__, _TooLarge) else (None, error)

    def _explain(self, error: openai.APIStatusError) -> Fault | UserError:
        status, detail = error.status_code, self._hide(_message(error))
        if status == 401 or (status == 404 and not self.proved) or error.code == "insufficient_quota":
            return UserError(self._say_what_to_do(status, detail))
        if status == 429:
            return Fault(Reason.RATE_LIMITED, detail, again=True, after=_retry_after(error.response))
        if status >= 500 or status in _TRY_AGAIN:
            return Fault(Reason.SERVER_ERROR, f"{status} {detail}", again=True, after=_retry_after(error.response))
        filtered = status == 400 and error.code == "content_filter"
        return Fault(Reason.CONTENT_FILTER if filtered else Reason.REJECTED, f"{status} {detail}")

    def _say_what_to_do(self, status: int, detail: str) -> str:
        name, where = self.endpoint.api_key_env, f"{urlsplit(self.endpoint.base_url).hostname} answers {status}"
        if status == 401:
            mend = f"check the key in ${name}" if name else "name the key's environment variable in api_key_env"
        else:
            mend = "check base_url and model" if status == 404 else "the account is out of credit"
        return f"{where} ({detail[:200]}): {mend}"

    def _hide(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


def read_reply(content: dict[str, Any], input_estimate: int) -> Reply:
    """A response's first choice as a reply; tokens are estimated where the server does not tell them.

    Raises:
        Fault: there is no choice in it.
    """
    seconds = content["seconds"]
    if content.get("too_large"):
        return Reply("", "too_large", "", input_estimate, MAX_BODY_BYTES // 4, seconds)
    try:
        choice = content["choices"][0]
        message = choice.get("message") or {}
        text = _as_text(message.get("content") if "message" in choice else choice["text"])
    except (KeyError, IndexError, TypeError, AttributeError):
        raise Fault(Reason.NO_COMPLETION, json.dumps(content)[:200]) from None
    finish = str(choice.get("finish_reason") or "stop")
    if refusal := message.get("refusal"):
        text, finish = str(refusal), "refusal"
    usage = content.get("usage") if isinstance(content.get("usage"), dict) else {}
    sent = _count(usage, "prompt_tokens", input_estimate)
    written = _count(usage, "completion_tokens", -(-len(text) // 4))
    return Reply(text, finish, str(content.get("model") or ""), sent, written, seconds)


class _TooLarge(Exception):
    """The response is longer than any answer should be."""


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise _TooLarge
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    """Compressed bodies are not unpacked (none was asked for): a bomb would pass the bound."""
    if "content-encoding" in response.headers:
        del response.headers["content-encoding"]
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)


def _http_client(endpoint: Endpoint) -> httpx2.AsyncClient:
    limits = httpx2.Limits(
        max_connections=endpoint.max_concurrency, max_keepalive_connections=endpoint.max_concurrency
    )
    return openai.DefaultAioHttpClient(
        limits=limits,
        timeout=endpoint.timeout,
        follow_redirects=False,
        trust_env=not _is_loopback(endpoint.base_url),
        event_hooks={"response": [_bound]},
    )


def _is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _read_key(endpoint: Endpoint) -> str:
    name = endpoint.api_key_env
    key = os.environ.get(name, "").strip() if name else ""
    if name and not key:
        raise UserError(f"the environment variable {name} is not set: put the key of {endpoint.base_url} there")
    return key


def _explain_connection(error: Exception) -> Fault:
    """By the first cause: aiohttp's bridge calls a server that hangs up a timeout."""
    cause: BaseException = error
    late = isinstance(cause, TimeoutError)
    while cause.__cause__ is not None:
        cause = cause.__cause__
        late = late or isinstance(cause, TimeoutError)
    if late:
        return Fault(Reason.TIMED_OUT, again=True)
    return Fault(Reason.DROPPED, f"{type(cause).__name__}: {cause}", again=True)


def _message(error: openai.APIStatusError) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or error.message)[:1000]


def _retry_after(response: httpx2.Response) -> float:
    """Seconds of the Retry-After header, 0 if it has none or is a date (few servers send one)."""
    with contextlib.suppress(ValueError):
        milliseconds = response.headers.get("retry-after-ms")
        value = float(milliseconds) / 1000 if milliseconds else float(response.headers.get("retry-after", ""))
        return min(max(value, 0.0), _MAX_RETRY_AFTER)
    return 0.0


def _read_object(response: httpx2.Response) -> dict[str, Any]:
    try:
        content = json.loads(response.content)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Fault(Reason.NO_COMPLETION, response.content[:200].decode("utf-8", "replace"), again=True)
    return content


def _as_text(content: Any) -> str:
    """Some servers send the text in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _count(usage: Any, name: str, estimate: int) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else estimate
