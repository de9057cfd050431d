"""`requests.sqlite`: every reply that was paid for, by the address of its call, so that none is paid for twice."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from docrerank.chat.answers import Reply
from docrerank.records import UserError

_COLUMNS = "text, finish, model, input_tokens, output_tokens, seconds"
_TABLE = """CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, text TEXT NOT NULL, finish TEXT NOT NULL,
    model TEXT NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, seconds REAL NOT NULL,
    made_at REAL NOT NULL)"""
BUSY_SECONDS = 60.0


class Cache:
    """Replies in a SQLite file (write-ahead log): safe for threads and processes, whole after `kill -9`.

    Args:
        path: the file; made if it is not there.

    Raises:
        UserError: the file is damaged, the folder cannot be written or the disk is full.

    Examples:
        >>> cache = Cache(":memory:")
        >>> cache.put("a", Reply("yes", "stop", "m", 3, 1, 0.1))
        >>> cache.get("a").text
        'yes'
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _open(self.path)
        except OSError as error:
            raise UserError(f"cannot write {self.path}: {error.strerror}; fix this and try again") from error
        except sqlite3.Error as error:
            raise _explain(error, self.path) from error

    def get(self, key: str) -> Reply | None:
        """The reply stored for a call, or None."""
        with self._guarded() as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM replies WHERE key = ?", (key,)).fetchone()
        return None if row is None else Reply(*row)

    def put(self, key: str, reply: Reply) -> None:
        """Store a reply; it is safe from `kill -9` when this returns. The first for a key stays.

        Raises:
            UserError: the disk is full or the file is damaged.
        """
        row = (key, _storable(reply.text), reply.finish, _storable(reply.model), reply.input_tokens)
        with self._guarded() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, reply.output_tokens, reply.seconds, time.time()),
            )

    def __len__(self) -> int:
        with self._guarded() as connection:
            return int(connection.execute("SELECT count(*) FROM replies").fetchone()[0])

    def close(self) -> None:
        """Close the file; the cache cannot be used afterwards."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection]:
        """The connection, alone; SQLite's errors become one line."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise _explain(error, self.path) from error


def _open(path: Path) -> sqlite3.Connection:
    """Several processes may open a new file at once: the change to a write-ahead log does not wait by itself."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_TABLE)
            connection.execute(f"SELECT {_COLUMNS} FROM replies LIMIT 1").fetchone()
            return connection
        except BaseException as error:
            connection.close()
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _storable(text: str) -> str:
    """SQLite takes no lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _explain(error: sqlite3.Error, path: Path) -> UserError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return UserError(f"the disk is full: {path} was not written; free space and give the same command again")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return UserError(f"{path} is damaged: move it away, and what it held is asked for again by the same command")
    if code == sqlite3.SQLITE_BUSY:
        return UserError(f"{path} is held by another process: wait for it and give the same command again")
    return UserError(f"{path} cannot be used ({error}): check the folder and give the same command again")
