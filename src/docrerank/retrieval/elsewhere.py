"""An encoder handed to another process, which loads it anew."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from docrerank.records import UserError
from docrerank.retrieval.encoder import Precision, TokenEncoder


@dataclass(frozen=True, slots=True)
class EncoderElsewhere:
    """What a worker process needs to have the encoder that the command has.

    Attributes:
        fingerprint: of the command's encoder.
        precision: that it reads in.
        opener: loads it; importable by name.
    """

    fingerprint: str
    precision: Precision
    opener: Callable[[], TokenEncoder] = field(compare=False)

    @classmethod
    def of(cls, encoder: TokenEncoder) -> EncoderElsewhere | None:
        """An encoder as it is handed over; None if no other process could load it."""
        return None if encoder.opener is None else cls(encoder.fingerprint, encoder.precision, encoder.opener)

    def open(self) -> TokenEncoder:
        """The encoder, loaded once in a process.

        Raises:
            UserError: this machine has other weights.
        """
        return _open(self)


@lru_cache(maxsize=1)
def _open(encoder: EncoderElsewhere) -> TokenEncoder:
    opened = encoder.opener()
    opened.precision = encoder.precision
    if opened.fingerprint != encoder.fingerprint:
        raise UserError(f"{platform.node()} loads other weights: install the same docrerank on every machine")
    return opened
