"""Prompt contracts: the words a checkpoint was trained with, written as the chat template that carries them."""

from __future__ import annotations

import json
from dataclasses import dataclass

IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"


@dataclass(frozen=True, slots=True)
class Contract:
    """What a checkpoint wants to read and which two words it answers with.

    Attributes:
        before: the text in front of the page.
        after: the text behind it; `{query}` stands in exactly one of the two.
        pixels: a page image has at most this many; 0 leaves the checkpoint's own bound.
        true: the token for a relevant page.
        false: the token for any other.
        text_first: whether a text that comes with the image stands in front of it.
    """

    before: str
    after: str
    pixels: int = 0
    true: str = "True"
    false: str = "False"
    text_first: bool = True


#: 768 visual tokens of 28 x 28 pixels. The paper does not publish its bound; others on the same base use 720 to 768,
#: where the base's own, 12.8 million, would make 16,000 tokens of a page.
PAPER_PIXELS = 768 * 28 * 28
#: For models trained here: page first, query last (paper section 3).
OWN = Contract(
    before="<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n",
    after=(
        "Does the page shown above answer the query? Assert its relevance with True or False.\n"
        "Query: {query}<|im_end|>\n<|im_start|>assistant\n"
    ),
    pixels=PAPER_PIXELS,
)
#: `lightonai/MonoQwen2-VL-v0.1` and the paper's `DocReRank/DocReRank-Reranker`.
MONO = Contract(
    before=OWN.before,
    after=(
        "Assert the relevance of the previous image document to the following query, answer True or False. "
        "The query is: {query}<|im_end|>\n<|im_start|>assistant\n"
    ),
    pixels=PAPER_PIXELS,
)


def _judge(instruction: str, pixels: int) -> Contract:
    """A yes-or-no judge that reads the query before the page, so that queries cannot share a page's prefix."""
    return Contract(
        before=(
            "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the "
            'Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
            f"<Instruct>: {instruction}<Query>:{{query}}\n<Document>:"
        ),
        after="<|im_end|>\n<|im_start|>assistant\n",
        pixels=pixels,
        true="yes",
        false="no",
        text_first=False,
    )


#: Qwen3-VL-Reranker: the page's text behind its image; 1,280 visual tokens of 32 x 32 pixels, as its processor has it.
QWEN3 = _judge("Given a search query, retrieve relevant candidates that answer the query.", 1_280 * 32 * 32)
#: `vec-ai/lychee-rerank-mm`: the same form on Qwen2.5-VL with its own instruction and 28 x 28 pixels.
LYCHEE = _judge("Given a web search query, retrieve relevant passages that answer the query", 1_280 * 28 * 28)
CONTRACTS = {"own": OWN, "mono": MONO, "qwen3": QWEN3, "lychee": LYCHEE}
_BY_NAME = {
    "docrerank-reranker": MONO,
    "monoqwen2-vl-v0.1": MONO,
    "qwen3-vl-reranker-2b": QWEN3,
    "qwen3-vl-reranker-8b": QWEN3,
    "lychee-rerank-mm": LYCHEE,
}


def find_contract(name: str) -> Contract | None:
    """The contract of a known checkpoint, by the last part of its name or folder."""
    return _BY_NAME.get(name.rstrip("/").rsplit("/", 1)[-1].lower())


def build_template(contract: Contract) -> str:
    """Write a contract as a Jinja chat template.

    It renders the pair `query`, `document` in the contract's order whichever of the two holds the image. Content is
    a list of parts (sentence-transformers) or one string with the image's placeholder in it (vLLM). Every newline is
    inside a literal: Jinja drops the others.
    """
    return _TEMPLATE.format(
        image=_literal(IMAGE),
        before=_write(contract.before),
        page=_WITH_TEXT_FIRST if contract.text_first else "ns.media ~ ns.page",
        after=_write(contract.after),
    )


def _write(text: str) -> str:
    """A text as a Jinja expression, `{query}` as the variable."""
    return " ~ ns.query ~ ".join(_literal(part) for part in text.split("{query}"))


def _literal(text: str) -> str:
    return json.dumps(text)


_TEMPLATE = """\
{{%- set ns = namespace(page='', query='', other='', media='') -%}}
{{%- for message in messages if message.role != 'system' -%}}
{{%- set one = namespace(text='', image=false) -%}}
{{%- if message.content is string -%}}
{{%- set one.image = '<|image_pad|>' in message.content -%}}
{{%- set one.text = message.content | replace({image}, '') -%}}
{{%- else -%}}
{{%- for part in message.content -%}}
{{%- if part.type == 'image' or part.type == 'image_url' -%}}{{%- set one.image = true -%}}
{{%- elif part.type == 'text' -%}}{{%- set one.text = one.text ~ part.text -%}}{{%- endif -%}}
{{%- endfor -%}}
{{%- endif -%}}
{{%- if one.image -%}}{{%- set ns.media = {image} -%}}{{%- set ns.page = one.text | trim -%}}
{{%- elif message.role == 'document' -%}}{{%- set ns.other = one.text | trim -%}}
{{%- else -%}}{{%- set ns.query = one.text | trim -%}}{{%- endif -%}}
{{%- endfor -%}}
{{%- if not ns.query -%}}{{%- set ns.query = ns.other -%}}
{{%- elif ns.other -%}}{{%- set ns.page = ns.other -%}}{{%- endif -%}}
{{{{- {before} ~ {page} ~ {after} -}}}}
"""
_WITH_TEXT_FIRST = r'(ns.page ~ "\n" if ns.page else "") ~ ns.media'
