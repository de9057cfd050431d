"""Makes the scripted model of this folder, the server of the chat tests and the laid-out pages importable."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
for folder in (HERE, HERE.parent / "chat", HERE.parent / "queries"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
