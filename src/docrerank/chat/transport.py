"""One call over HTTP: the official `openai` client and its retries; answers bounded in size and time, faults named.

Imported only once the extra `chat` is known to be installed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import os
import time
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from docrerank.chat.answers import Fault, Reason, Reply
from docrerank.recipe.endpoints import Endpoint
from docrerank.records import UserError
from docrerank.runs import parse_json

#: A longer response is not read to its end.
MAX_BODY_BYTES = 512_000
#: No proxy leads to this machine.
LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: Tokens of which a one-token reply keeps the probability.
MAX_TOKENS = 20


class Transport:
    """Sends request bodies to one endpoint. The key is read from the environment here and kept nowhere else.

    The client tries again after 408, 409, 429, 5xx, a dropped connection or a time-out, and waits as long as
    `Retry-After` says, up to two minutes; a server that asks for more is not asked again.

    Raises:
        UserError: the environment variable of the key is not set, or `base_url` is not an address.
    """

    def __init__(self, endpoint: Endpoint, tries: int) -> None:
        if not (endpoint.base_url and endpoint.model):
            raise UserError("no model server is named: start one, and give --endpoint URL --model NAME")
        self.endpoint = endpoint
        self.proved = False
        self._key = _read_key(endpoint)
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=self._key or "none",
            max_retries=tries - 1,
            timeout=endpoint.timeout,
            http_client=_BoundedClient(endpoint),
        )

    async def send(self, body: bytes, group: str = "") -> dict[str, Any]:
        """Post a JSON body; returns the response's JSON object, with `seconds`, or `{"too_large": True}`.

        Args:
            body: what is posted.
            group: calls of one group bear one `x-session-id`: a proxy in front of several servers sends them to the
                same one, which has the page in its prefix cache.

        Raises:
            Fault: no usable HTTP response came.
            UserError: the key or the address is wrong; every other call would fail as well.
        """
        started = time.monotonic()
        response = await self._post(body, group)
        if isinstance(response, openai.APIStatusError):
            raise self._explain(response)  # outside the except block: the SDK's errors carry the key in their request
        if isinstance(response, Exception):
            raise _explain_connection(response)
        self.proved = True
        content = {"too_large": True} if len(response.content) > MAX_BODY_BYTES else parse_json(response.content)
        if not content:
            raise Fault(Reason.NO_COMPLETION, response.content[:200].decode("utf-8", "replace"))
        return {**content, "seconds": time.monotonic() - started}

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _post(self, body: bytes, group: str) -> httpx2.Response | Exception:
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        if group:
            headers["x-session-id"] = hashlib.sha256(group.encode()).hexdigest()[:16]
        options: Any = {"headers": headers}
        try:
            return await self._client.post("/chat/completions", content=body, cast_to=httpx2.Response, options=options)
        except (openai.APIError, httpx2.HTTPError, OSError) as error:
            return error

    def _explain(self, error: openai.APIStatusError) -> Fault | UserError:
        status, detail = error.status_code, self._hide(_message(error))
        if status == 401 or (status == 404 and not self.proved) or error.code == "insufficient_quota":
            return UserError(self._say_what_to_do(status, detail))
        if status == 429:
            return Fault(Reason.RATE_LIMITED, detail)
        if status >= 500 or status in (408, 409):
            return Fault(Reason.SERVER_ERROR, f"{status} {detail}")
        filtered = status == 400 and error.code == "content_filter"
        return Fault(Reason.CONTENT_FILTER if filtered else Reason.REJECTED, f"{status} {detail}")

    def _say_what_to_do(self, status: int, detail: str) -> str:
        name, where = self.endpoint.api_key_env, f"{urlsplit(self.endpoint.base_url).hostname} answers {status}"
        if status == 401:
            advice = f"check the key in ${name}" if name else "name the key's environment variable in api_key_env"
        else:
            advice = "check base_url and model" if status == 404 else "the account is out of credit"
        return f"{where} ({detail[:200]}): {advice}"

    def _hide(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


def read_reply(content: dict[str, Any], input_estimate: int, one_token: bool = False) -> Reply:
    """A response's first choice as a reply; tokens are estimated where the server does not tell them.

    The text of a one-token reply is a JSON object of the likeliest first tokens and their probabilities, or the token
    itself if the server gives no probabilities.

    Raises:
        Fault: there is no choice in it.
    """
    seconds = content["seconds"]
    if content.get("too_large"):
        return Reply("", "too_large", "", input_estimate, MAX_BODY_BYTES // 4, seconds)
    try:
        choice = content["choices"][0]
        message = choice["message"]
        text = _as_text(choice["message"].get("content"))
    except (KeyError, IndexError, TypeError, AttributeError):
        raise Fault(Reason.NO_COMPLETION, json.dumps(content)[:200]) from None
    finish = str(choice.get("finish_reason") or "stop")
    if refusal := message.get("refusal"):
        text, finish = str(refusal), "refusal"
    if one_token and finish in ("stop", "length"):
        text, finish = _first_token(choice) or text, "stop"
    usage = content.get("usage") if isinstance(content.get("usage"), dict) else {}
    sent = _count(usage, "prompt_tokens", input_estimate)
    written = _count(usage, "completion_tokens", -(-len(text) // 4))
    return Reply(text, finish, str(content.get("model") or ""), sent, written, seconds)


class _NotJson(httpx2.RemoteProtocolError):
    """A proxy's page in the place of an answer: another try may reach the server."""


class _BoundedClient(openai.DefaultAioHttpClient):
    """Bounds a whole try in time and its answer in size."""

    def __init__(self, endpoint: Endpoint) -> None:
        most = endpoint.max_concurrency
        super().__init__(
            limits=httpx2.Limits(max_connections=most, max_keepalive_connections=most),
            timeout=endpoint.timeout,
            follow_redirects=False,
            trust_env=urlsplit(endpoint.base_url).hostname not in LOOPBACK,
        )
        self._seconds = endpoint.timeout

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        try:
            async with asyncio.timeout(self._seconds):
                response = await _read(await super().send(request, **{**options, "stream": True}))
        except TimeoutError:
            raise httpx2.ReadTimeout(f"no answer in {self._seconds:g} s", request=request) from None
        if response.status_code == 200 and response.content.lstrip()[:1] != b"{":
            raise _NotJson(response.content[:200].decode("utf-8", "replace"), request=request)
        return response


async def _read(response: httpx2.Response) -> httpx2.Response:
    """Reads a little more than `MAX_BODY_BYTES` at most, and unpacks nothing: no compressed body was asked for."""
    body, headers = bytearray(), response.headers.copy()
    headers.pop("content-encoding", None)
    try:
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                break
    finally:
        await response.aclose()
    return httpx2.Response(response.status_code, headers=headers, content=bytes(body), request=response.request)


def _read_key(endpoint: Endpoint) -> str:
    name = endpoint.api_key_env
    key = os.environ.get(name, "").strip() if name else ""
    if name and not key:
        raise UserError(f"the environment variable {name} is not set: put the key of {endpoint.base_url} there")
    return key


def _explain_connection(error: Exception) -> Fault:
    """By the first cause: aiohttp's bridge calls a server that hangs up a timeout."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    if not_json := next((cause for cause in causes if isinstance(cause, _NotJson)), None):
        return Fault(Reason.NO_COMPLETION, str(not_json))
    if any(isinstance(cause, TimeoutError | httpx2.ReadTimeout) for cause in causes):
        return Fault(Reason.TIMED_OUT)
    return Fault(Reason.DROPPED, f"{type(causes[-1]).__name__}: {causes[-1]}")


def _message(error: openai.APIStatusError) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or error.message)[:1000]


def _as_text(content: Any) -> str:
    """Some servers send the text in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _first_token(choice: dict[str, Any]) -> str:
    try:
        tokens = choice["logprobs"]["content"][0]["top_logprobs"][:MAX_TOKENS]
        return json.dumps({str(each["token"])[:50]: math.exp(float(each["logprob"])) for each in tokens})
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        return ""


def _count(usage: Any, name: str, estimate: int) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else estimate
