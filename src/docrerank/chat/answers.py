"""What comes back of a call: a reply as it was paid for, and what it is worth: an answer, or a failure's reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel


class Reason(StrEnum):
    """Why a call brought no answer; fixed phrases, so that they can be counted."""

    RATE_LIMITED = "rate limited"
    SERVER_ERROR = "server error"
    TIMED_OUT = "timed out"
    DROPPED = "connection dropped"
    REJECTED = "request rejected"
    NO_COMPLETION = "not a chat completion"
    TOO_LARGE = "answer too large"
    REFUSED = "refused by the model"
    CONTENT_FILTER = "content filter"
    EMPTY = "empty answer"
    CUT_OFF = "cut off at max_tokens"
    INVALID_JSON = "invalid JSON"
    WRONG_SCHEMA = "wrong schema"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server sent and billed, whatever it is worth; this is what the cache keeps.

    Attributes:
        text: the model's text.
        finish: the server's finish reason, or `refusal`, or `too_large`.
        model: the model as the server names it.
        input_tokens: as billed (or estimated, where the server does not say).
        output_tokens: as billed (or estimated).
        seconds: from sending to the last byte.
    """

    text: str
    finish: str
    model: str
    input_tokens: int
    output_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A usable answer.

    Attributes:
        text: the model's text.
        value: the text as the request's schema, None where none was asked for.
        reply: what was billed.
        cached: it came from the cache and cost nothing now.
        key: its address in the cache.
    """

    text: str
    value: BaseModel | None
    reply: Reply
    cached: bool
    key: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that brought no usable answer; the others go on.

    Attributes:
        reason: one of the fixed reasons.
        detail: what was found in this case, at most 300 characters.
        text: the model's text, where it sent one.
        key: of the call.
    """

    reason: Reason
    detail: str = ""
    text: str = ""
    key: str = ""


class Fault(Exception):
    """A call that brought no reply, however often it was tried: one of the fixed reasons, and what happened."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, shorten(detail)


def shorten(text: str, length: int = 300) -> str:
    """One line of at most `length` characters."""
    return " ".join(text[: 4 * length].split())[:length]
