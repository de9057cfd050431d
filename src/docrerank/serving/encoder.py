"""A query is encoded once, though the first stage, the ranking and the answer each ask for it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from docrerank.retrieval import Encoding, TokenEncoder

#: Queries remembered (about 0.05 MB each).
REMEMBERED = 1_024


class QueryMemory(TokenEncoder):
    """A token encoder that remembers queries; for one thread.

    Args:
        encoder: the one that encodes.
    """

    def __init__(self, encoder: TokenEncoder) -> None:
        super().__init__(encoder.model, encoder.settings, encoder.weights, encoder.precision)
        self._queries: OrderedDict[str, Encoding] = OrderedDict()

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """As `TokenEncoder.encode_queries`, those that are new together."""
        fresh = list(dict.fromkeys(text for text in texts if text not in self._queries))
        known = {text: self._queries[text] for text in texts if text in self._queries}
        known.update(zip(fresh, super().encode_queries(fresh) if fresh else (), strict=True))
        for text, encoding in known.items():
            self._queries[text] = encoding
            self._queries.move_to_end(text)
        while len(self._queries) > REMEMBERED:
            self._queries.popitem(last=False)
        return [known[text] for text in texts]
