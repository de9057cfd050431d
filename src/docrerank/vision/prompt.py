"""The prompt of a (query, page) pair as token ids, cut after the page: what many queries share, and what is theirs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from docrerank.records import UserError, one_line

logger = logging.getLogger(__name__)

MAX_QUERY_TOKENS = 512
MAX_PAGE_TOKENS = 4_096
_PROBE_QUERY = "docrerank-probe-query-7f3a"
_PROBE_PAGE = "docrerank-probe-page-7f3a"


@dataclass(frozen=True, slots=True)
class Shape:
    """A rendered prompt with `_PROBE_QUERY` (and `_PROBE_PAGE`) still in it, cut right after the image."""

    prefix: str
    suffix: str


class Prompt:
    """Turns queries and pages into token ids by a checkpoint's own chat template.

    Args:
        tokenizer: the checkpoint's tokenizer; its chat template is the contract.
        image_token_id: the token that stands for one visual token.
        vision_end_id: the token that closes the image.

    Raises:
        UserError: the template does not render a query and an image.
    """

    def __init__(self, tokenizer: Any, template: str, image_token_id: int, vision_end_id: int) -> None:
        self.tokenizer = tokenizer
        self.template = template
        self.image_token_id = image_token_id
        self._image_token = tokenizer.convert_ids_to_tokens(image_token_id)
        self._vision_end = tokenizer.convert_ids_to_tokens(vision_end_id)
        self._special = sorted(tokenizer.get_added_vocab(), key=len, reverse=True)
        self._plain = self._shape("")
        self._with_text = self._shape(_PROBE_PAGE)

    @property
    def is_shareable(self) -> bool:
        """Whether the page comes first, so that its prefix serves every query."""
        return _PROBE_QUERY not in self._plain.prefix

    def prefix_ids(self, query: str, page_text: str, visual_tokens: int) -> list[int]:
        """Ids up to and with the end of the image; `query` counts only where the template puts it in front."""
        shape = self._with_text if page_text else self._plain
        text = shape.prefix.replace(_PROBE_PAGE, page_text).replace(_PROBE_QUERY, query)
        ids = self._encode(text)
        place = ids.index(self.image_token_id)
        return ids[:place] + [self.image_token_id] * visual_tokens + ids[place + 1 :]

    def suffix_ids(self, query: str, page_text: str) -> list[int]:
        """Ids behind the image.

        The image's end is a special token, so the cut is exact; it is checked for every text all the same.
        """
        shape = self._with_text if page_text else self._plain
        text = shape.suffix.replace(_PROBE_PAGE, page_text).replace(_PROBE_QUERY, query)
        ids = self._encode(text)
        if self._encode(self._vision_end + text) != [*self._encode(self._vision_end), *ids]:
            raise UserError("this tokenizer joins the image's end with the text behind it: the page cannot be shared")
        return ids

    def clean_query(self, query: str) -> str:
        """A query as the prompt takes it: no special tokens, at most `MAX_QUERY_TOKENS`.

        Raises:
            UserError: nothing is left of it.
        """
        text = self._clean(query, MAX_QUERY_TOKENS, "query")
        if not text:
            raise UserError("the query is empty: ask something")
        return text

    def clean_page_text(self, text: str) -> str:
        """A page's text as the prompt takes it; may be empty."""
        return self._clean(text, MAX_PAGE_TOKENS, "page text")

    def count_page_text(self, text: str) -> int:
        """Tokens that a page's text adds to its prompt, at most."""
        return len(self._encode(self.clean_page_text(text))) + 2

    def _clean(self, text: str, limit: int, what: str) -> str:
        text = text[: limit * 40]
        for token in self._special:
            text = text.replace(token, " ")
        ids = self._encode(text)
        if len(ids) > limit:
            logger.warning("%s of %d or more tokens: only its first %d are read", what, len(ids), limit)
            text = self.tokenizer.decode(ids[:limit]).rstrip("\ufffd")
        return text.strip()

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _shape(self, page_text: str) -> Shape:
        rendered = self._render(page_text)
        prefix, end, suffix = rendered.partition(self._vision_end)
        if not end or (prefix + suffix).count(_PROBE_QUERY) != 1 or prefix.count(self._image_token) != 1:
            raise UserError(
                "the model's chat template does not render one query and one image: give the prompt it was trained "
                "with (prompt='own', 'mono' or 'qwen3')"
            )
        return Shape(prefix + end, suffix)

    def _render(self, page_text: str) -> str:
        text = [{"type": "text", "text": page_text}] if page_text else []
        messages = [
            {"role": "query", "content": [{"type": "text", "text": _PROBE_QUERY}]},
            {"role": "document", "content": [{"type": "image"}, *text]},
        ]
        try:
            rendered: str = self.tokenizer.apply_chat_template(
                messages, chat_template=self.template, tokenize=False, add_generation_prompt=True
            )
        except Exception as error:  # whatever a template raises, it is not a contract
            raise UserError(f"the model's chat template fails ({one_line(error)})") from error
        return rendered
