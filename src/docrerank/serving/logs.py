"""The server's log: one JSON object a line, without any text of queries or documents."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

FIELDS = {"levelname": "level", "name": "logger", "message": "event", "exc_info": "error"}
SysExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class JsonLines(JsonFormatter):
    """Formats a record as JSON: of an exception its class and place, never its message, which may quote text."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s %(message)s", rename_fields=FIELDS, timestamp="at")

    def formatException(self, ei: SysExcInfo) -> str:
        """The exception's class and the innermost calls that raised it."""
        frames = traceback.extract_tb(ei[2])[-6:]
        return f"{ei[0].__name__ if ei[0] else ''} in {' > '.join(f'{frame.name}:{frame.lineno}' for frame in frames)}"


def set_up_logs(level: str = "info") -> None:
    """Send everything that the server and its libraries log to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("docrerank", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(level.upper())
