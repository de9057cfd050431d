"""How work tells where it is."""

from __future__ import annotations

from collections.abc import Callable

#: Called with (steps done, steps in all).
Progress = Callable[[int, int], None]
