"""Answers of a given shape: how each server is made to keep it, and how its answers are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from docrerank.chat.answers import Answer, Failure, Reason, Reply, shorten
from docrerank.chat.messages import ChatRequest, schema_json
from docrerank.recipe.endpoints import Endpoint

Model = TypeVar("Model", bound=BaseModel)

#: Servers that keep a schema let raw control characters into its strings (vLLM by xgrammar does); JSON forbids them.
_CONTROLS = dict.fromkeys(range(32), " ")
#: A new try with these may bring a better answer; the others would come back the same.
MENDABLE = (Reason.EMPTY, Reason.INVALID_JSON, Reason.WRONG_SCHEMA)
_ENDINGS = {"too_large": Reason.TOO_LARGE, "refusal": Reason.REFUSED, "content_filter": Reason.CONTENT_FILTER}


class _Probe(BaseModel):
    ready: bool


#: No model answers this with `{"ready": ...}` unless the server makes it.
PROBE = ChatRequest(("Write the word hello.",), schema=_Probe)


def build_body(request: ChatRequest, endpoint: Endpoint, enforced: bool) -> bytes:
    """The JSON to send: the server enforces the schema, or the prompt asks for it in words."""
    if request.schema is None:
        return request.body(endpoint)
    schema = schema_json(request.schema)
    if not enforced:
        words = "Answer with one JSON object and nothing else. It must fit this JSON schema:"
        return request.with_remark(f"\n{words}\n{schema}").body(endpoint)
    named = b'{"name":"answer","strict":true,"schema":%s}' % schema.encode()
    return request.body(endpoint, b'{"type":"json_schema","json_schema":%s}' % named)


def keeps_schema(reply: Reply) -> bool:
    """Whether the probe's reply shows that the server enforces schemas (one cut off in white space does too)."""
    if reply.finish == "length":
        return reply.text.lstrip().startswith("{")
    return isinstance(read_json(reply.text, _Probe), _Probe)


def read_json(text: str, model: type[Model]) -> Model | Failure:
    """Read an answer as `model`, in time linear in its length.

    Code fences, words around it and raw control characters in its strings are forgiven.

    Examples:
        >>> read_json('```json\\n{"ready": true}\\n```', _Probe)
        _Probe(ready=True)
    """
    failure = Failure(Reason.INVALID_JSON, shorten(text, 120), text)
    for candidate in _candidates(text.translate(_CONTROLS)):
        try:
            return model.model_validate_json(candidate)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            if first["type"] != "json_invalid":
                where = ".".join(str(step) for step in first["loc"])
                return Failure(Reason.WRONG_SCHEMA, shorten(f"{where}: {first['msg']}"), text)
    return failure


def read_whole_items(text: str, model: type[Model]) -> Model | None:
    """Read the items of an answer's lists that are whole and of the right shape; None if there are none.

    A reply that was cut off in its seventh query still holds six.

    Examples:
        >>> class Years(BaseModel):
        ...     years: list[int]
        >>> read_whole_items('{"years": [2019, 2020, "then', Years)
        Years(years=[2019, 2020])
    """
    try:
        value: Any = from_json(text[max(0, text.find("{")) :].translate(_CONTROLS), allow_partial=True)
        if isinstance(value, dict):
            _drop_faulty_items(value, model)
        found = model.model_validate(value)
    except (ValueError, RecursionError):
        return None
    lists = [entry for _, entry in found if isinstance(entry, list)]
    return found if any(lists) else None


def _drop_faulty_items(value: dict[str, Any], model: type[BaseModel]) -> None:
    faulty: dict[str, set[int]] = {}
    try:
        model.model_validate(value)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            name, *place = fault["loc"] or ("",)
            if fault["type"] == "too_long" and not place:
                value[str(name)] = value[str(name)][: fault["ctx"]["max_length"]]
            elif place and isinstance(place[0], int):
                faulty.setdefault(str(name), set()).add(place[0])
    for name, places in faulty.items():
        value[name] = [entry for place, entry in enumerate(value[name]) if place not in places]


def judge_reply(reply: Reply, schema: type[BaseModel] | None, key: str, cached: bool) -> Answer | Failure:
    """What a reply is worth: the same reply always gives the same, so a stored one is judged like a new one."""
    if reason := _ENDINGS.get(reply.finish):
        return Failure(reason, shorten(reply.text, 120), reply.text, key)
    cut = reply.finish == "length"
    if not reply.text.strip():
        return Failure(Reason.CUT_OFF if cut else Reason.EMPTY, "", reply.text, key)
    value = None if schema is None else read_json(reply.text, schema)
    if schema is not None and isinstance(value, Failure):
        value = read_whole_items(reply.text, schema) or value
    if cut and (value is None or isinstance(value, Failure)):
        return Failure(Reason.CUT_OFF, f"{reply.output_tokens} tokens", reply.text, key)
    if isinstance(value, Failure):
        return Failure(value.reason, value.detail, reply.text, key)
    return Answer(reply.text, value, reply, cached, key)


def ask_again(request: ChatRequest, failure: Failure, serial: int) -> ChatRequest:
    """The same call with a remark on what was wrong; the serial gives each try its own key."""
    fault = f"{failure.reason} ({failure.detail})" if failure.reason is Reason.WRONG_SCHEMA else str(failure.reason)
    return request.with_remark(f"\n(Try {serial}. The last answer could not be used: {fault}.)")


def _candidates(text: str) -> Iterator[str]:
    """The whole text, what stands in a code fence, and from the first brace to the last."""
    text = text[end + 8 :] if (end := text.rfind("</think>")) >= 0 else text
    yield text
    opening = text.find("```")
    closing = text.rfind("```")
    if 0 <= opening < closing:
        yield text[opening + 3 : closing].removeprefix("json")
    if 0 <= (first := text.find("{")) < (last := text.rfind("}")):
        yield text[first : last + 1]
