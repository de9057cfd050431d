"""The looks of the documents whose pages are written in several files."""

from __future__ import annotations

from maker.theme import Theme

MANUAL = Theme("#0d6b70", "#e8f4f4", "#7cc4c4", size=10.8)
PAPER = Theme("#222222", "#f2f2f2", "#b03a2e", serif=True, size=11)
