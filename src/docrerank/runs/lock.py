"""Locks a run for one process, in a folder or in a store; the error names the holder."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from docrerank.records import UserError
from docrerank.runs.files import explain, parse_json, read_json
from docrerank.runs.store import find_store

NAME = ".lock"
#: Seconds between a holder's signs of life, and without one after which it counts as dead.
BEAT, SILENCE = 10.0, 35.0
_BYTES = 512

Holder = dict[str, Any]


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs.

    The lock is the kernel's (`flock`): it ends with its process. Linux asks an NFS server for it, so that it holds
    between machines too; only where a mount keeps locks to itself (`nolock`) would two machines both get it. So the
    holder writes its name and a counter into the file, and who finds another machine's name there takes the lock only
    if the counter stands still. No two clocks are compared.

    Raises:
        UserError: another process holds it, or the file system takes no locks.

    Examples:
        >>> with hold(Path("RUN/.lock")):  # doctest: +SKIP
        ...     work()
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refuse(path.parent, read_json(path)) from None
        except OSError as error:
            raise _explain_no_locks(path, error) from None
        read = partial(read_json, path)
        if (found := read()) and found.get("host") != platform.node():
            _wait_for_silence(path.parent, read)  # the lock is ours, but that machine may not see it
        with _beating(_name_holder(), lambda content: os.pwrite(handle.fileno(), content, 0)):
            yield
        handle.truncate(0)


@contextlib.contextmanager
def hold_there(run: Path) -> Iterator[None]:
    """Hold the lock object of a run in a store while the block runs; nothing for a run that is a folder.

    The store itself lets only one make the object (a conditional put). Its holder writes a counter into it again and
    again; who finds it takes the place of a holder whose counter stands still.

    Raises:
        UserError: another command holds it.
    """
    if (store := find_store(run)) is None:
        yield
        return
    objects, holder = store.objects, _name_holder()

    def read() -> Holder:
        return parse_json(objects.read(NAME))

    if not objects.create(NAME, _dump(holder, 0)):
        _wait_for_silence(objects.url, read)
        objects.remove(NAME)
        if not objects.create(NAME, _dump(holder, 0)):
            raise _refuse(objects.url, read())
    try:
        with _beating(holder, partial(objects.write, NAME)):
            yield
    finally:
        if {**read(), "beat": 0} == {**holder, "beat": 0}:
            objects.remove(NAME)


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
            raise _explain_no_locks(path, error) from None
        yield


@contextlib.contextmanager
def _beating(holder: Holder, write: Callable[[bytes], object]) -> Iterator[None]:
    """Write who holds the lock and a counter, again and again, while the block runs."""
    ended = threading.Event()

    def beat() -> None:
        count = 0
        while True:
            with contextlib.suppress(OSError, UserError):
                write(_dump(holder, count))
            if ended.wait(BEAT):
                return
            count += 1

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _wait_for_silence(place: str | Path, read: Callable[[], Holder]) -> None:
    """Watch a holder until it has shown no sign of life for long enough; refuse if it shows one."""
    found, until = read(), time.monotonic() + SILENCE
    while time.monotonic() < until:
        if (now := read()) != found:
            raise _refuse(place, now or found)
        time.sleep(SILENCE / 50)


def _name_holder() -> Holder:
    return {"host": platform.node(), "pid": os.getpid(), "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"}


def _dump(holder: Holder, beat: int) -> bytes:
    """Always as many bytes: a reader never finds half."""
    return json.dumps({**holder, "beat": beat}).ljust(_BYTES).encode()


def _refuse(place: str | Path, found: Holder) -> UserError:
    who = "process {pid} on {host}, since {since}".format(**found) if {"pid", "host", "since"} <= set(found) else ""
    return UserError(
        f"another docrerank works on '{place}'{f' ({who})' if who else ''}: wait for it or give another --out"
    )


def _explain_no_locks(path: Path, error: OSError) -> UserError:
    return UserError(f"no lock can be had on {path} ({error.strerror}): use a disk or mount with locks")
