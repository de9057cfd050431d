"""A process that generates: killed by the tests. Arguments: the run's folder."""

from __future__ import annotations

import sys

from docrerank.generation import generate
from docrerank.runs import Run

if __name__ == "__main__":
    opened = Run.open(sys.argv[1])
    with opened.locked():
        generate(opened)
