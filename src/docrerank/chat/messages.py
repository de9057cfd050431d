"""What a model is asked: system text, then texts and images, and the address under which its answer is kept."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from PIL import Image as Pictures
from pydantic import BaseModel

from docrerank.recipe.endpoints import Endpoint
from docrerank.records import UserError

#: Part of every key: a change of what a request means gives new keys.
KEY_VERSION = 1


@dataclass(frozen=True, slots=True)
class Image:
    """A page's picture, encoded once for all calls that carry it: keep the object and share it.

    Attributes:
        sha256: of the file's bytes.
        width: in pixels.
        height: in pixels.
        part: the JSON of its content part, ready to be sent.
    """

    sha256: str
    width: int
    height: int
    part: bytes = field(repr=False, compare=False)

    @classmethod
    def encode(cls, data: bytes) -> Image:
        """Encode JPEG or PNG bytes.

        Raises:
            UserError: they are neither.
        """
        try:
            with Pictures.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
                (width, height), kind = picture.size, picture.get_format_mimetype()
        except (OSError, ValueError, SyntaxError, Pictures.DecompressionBombError):
            raise UserError("an image for a model must be JPEG or PNG: render the page again") from None
        url = b"data:%s;base64,%s" % (str(kind).encode(), base64.b64encode(data))
        part = b'{"type":"image_url","image_url":{"url":"%s"}}' % url
        return cls(hashlib.sha256(data).hexdigest(), width, height, part)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call, before an endpoint is chosen for it.

    Attributes:
        parts: texts and images of the user's message, in the order the model sees them.
        system: the system text; empty for none.
        schema: the shape of the answer; None for free text.
        group: calls of one group go out side by side (give the page's id: prefix caches then keep the image).
        one_token: ask for one token and its probability; the answer's text is then JSON, from token to probability.

    Examples:
        >>> ChatRequest(("Which year?",)).text()
        'Which year?'
    """

    parts: tuple[str | Image, ...]
    system: str = ""
    schema: type[BaseModel] | None = None
    group: str = ""
    one_token: bool = False

    def text(self) -> str:
        """All text that the model reads."""
        return self.system + "".join(part for part in self.parts if isinstance(part, str))

    def images(self) -> list[Image]:
        """All images that the model sees."""
        return [part for part in self.parts if isinstance(part, Image)]

    def with_remark(self, remark: str) -> ChatRequest:
        """The same call with one more text at its end; what stands before stays a shared prefix."""
        return replace(self, parts=(*self.parts, remark))

    def key(self, endpoint: Endpoint) -> str:
        """The content address of this call: model, sampling, texts, image hashes, schema; no key, no address."""
        parts = [part if isinstance(part, str) else ["image", part.sha256] for part in self.parts]
        schema = None if self.schema is None else schema_json(self.schema)
        model = json.dumps(_parameters(endpoint), sort_keys=True)
        content = [KEY_VERSION, model, self.system, parts, schema, False, []]
        content += ["one token"] if self.one_token else []
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def body(self, endpoint: Endpoint, response_format: bytes = b"") -> bytes:
        """The JSON to send; images are spliced in as they were encoded."""
        ending = b',"response_format":%s' % response_format if response_format else b""
        fields = _parameters(endpoint)
        if self.one_token:
            fields |= {"max_tokens": 1, "logprobs": True, "top_logprobs": 10}
        return b"{%s,%s%s}" % (dumps(fields)[1:-1], self._prompt(), ending)

    def _prompt(self) -> bytes:
        """A lone text is sent as a string: some servers of text models know no parts."""
        system = b'{"role":"system","content":%s},' % dumps(self.system) if self.system else b""
        parts = (b'{"type":"text","text":%s}' % dumps(p) if isinstance(p, str) else p.part for p in self.parts)
        lone = len(self.parts) == 1 and isinstance(self.parts[0], str)
        content = dumps(self.parts[0]) if lone else b"[%s]" % b",".join(parts)
        return b'"messages":[%s{"role":"user","content":%s}]' % (system, content)


def dumps(value: Any) -> bytes:
    """Compact JSON as bytes; lone surrogates of a broken text layer stay escaped, so that every text can be sent."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


@lru_cache(maxsize=256)
def schema_json(model: type[BaseModel]) -> str:
    """A pydantic model's JSON schema as servers enforce it: every object closed, every property required.

    Properties keep their order, in which servers let them be written: a judge's ground comes before its verdict.
    """
    return json.dumps(_close(model.model_json_schema()), separators=(",", ":"))


def _close(node: Any) -> Any:
    if isinstance(node, list):
        return [_close(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {name: _close(value) for name, value in node.items() if name != "default"}
    if isinstance(properties := node.get("properties"), dict):
        closed["properties"] = {name: _close(value) for name, value in properties.items()}
        closed |= {"additionalProperties": False, "required": list(properties)}
    return closed


def _parameters(endpoint: Endpoint) -> dict[str, Any]:
    sampling = endpoint.sampling.model_dump(exclude_none=True)
    return {"model": endpoint.model, **sampling, **endpoint.extra}
