"""One process at a time works on a run folder; a second is told who the first is."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docrerank.records import UserError
from docrerank.runs.files import explain, read_json

#: Seconds between a holder's signs of life, and without one after which it counts as dead.
BEAT, SILENCE = 10.0, 35.0
_BYTES = 512


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs.

    The lock is the kernel's (`flock`): it ends with its process. Linux asks an NFS server for it, so that it holds
    between machines too; only where a mount keeps locks to itself (`nolock`) would two machines both get it. So the
    holder writes its name and a counter into the file, and who finds another machine's name there takes the lock only
    if the counter stands still. No two clocks are compared.

    Raises:
        UserError: another process holds it, or the file system takes no locks.

    Example:
        >>> with hold(Path("RUN/.lock")):  # doctest: +SKIP
        ...     work()
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise refuse(path.parent, read_json(path)) from None
        except OSError as error:
            raise _tell_no_locks(path, error) from None
        _wait_for_silence(path)
        ended = threading.Event()
        beating = threading.Thread(target=_beat, args=(handle.fileno(), ended), daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()
            handle.truncate(0)


@contextlib.contextmanager
def take_turns(path: Path) -> Iterator[None]:
    """Wait until no other process holds a lock file, and hold it while the block runs; threads take turns as well.

    In a folder that cannot be written nothing changes, and the block runs at once.

    Raises:
        UserError: the file system takes no locks.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES):
            raise explain(error, path) from error
        yield
        return
    with os.fdopen(file):
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise _tell_no_locks(path, error) from None
        yield


def name_holder() -> dict[str, Any]:
    """Who this process is, for others to be told."""
    return {"host": platform.node(), "pid": os.getpid(), "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"}


def refuse(place: str | Path, found: dict[str, Any]) -> UserError:
    """What a second process is told, with what was found of the first."""
    who = "process {pid} on {host}, since {since}".format(**found) if {"pid", "host", "since"} <= set(found) else ""
    return UserError(
        f"another docrerank works on '{place}'{f' ({who})' if who else ''}: wait for it or give another --out"
    )


def _tell_no_locks(path: Path, error: OSError) -> UserError:
    return UserError(f"no lock can be had on {path} ({error.strerror}): use a disk or mount with locks")


def _beat(file: int, ended: threading.Event) -> None:
    """Write who holds the lock, again and again, always as many bytes: a reader never finds half."""
    holder, beat = name_holder(), 0
    while True:
        with contextlib.suppress(OSError):
            os.pwrite(file, json.dumps({**holder, "beat": beat}).ljust(_BYTES).encode(), 0)
        if ended.wait(BEAT):
            return
        beat += 1


def _wait_for_silence(path: Path) -> None:
    """The lock is ours; if another machine's name stands in the file, that machine may not see it."""
    found, until = read_json(path), time.monotonic() + SILENCE
    if not found or found.get("host") == platform.node():
        return
    while time.monotonic() < until:
        if read_json(path) != found:
            raise refuse(path.parent, read_json(path))
        time.sleep(SILENCE / 50)
