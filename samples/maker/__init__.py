"""Makes the sample documents and their benchmark from the texts and facts in `samples/content`."""

from __future__ import annotations
