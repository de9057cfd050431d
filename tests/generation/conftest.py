"""Makes the scripted model of this folder, and the scripted server of the chat tests, importable."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in (Path(__file__).parent, Path(__file__).parents[1] / "chat"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
