"""The server's addresses, a file for each family."""

from __future__ import annotations
