"""Makes the sample documents and their benchmark from facts that the code knows."""

from __future__ import annotations
