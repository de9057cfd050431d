"""`python -m docrerank.cli`."""

from __future__ import annotations

from docrerank.cli.app import main

main()
