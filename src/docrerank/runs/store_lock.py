"""One command at a time works on a run in a store, from whatever machine."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docrerank.records import UserError
from docrerank.runs.lock import BEAT, SILENCE, name_holder, refuse
from docrerank.runs.objects import Objects
from docrerank.runs.store import find_store

NAME = ".lock"


@contextlib.contextmanager
def hold_there(run: Path) -> Iterator[None]:
    """Hold the lock object of a run in a store while the block runs; nothing for a run that is a folder.

    The store itself lets only one make the object. Its holder writes a counter into it again and again; who finds it
    watches whether the counter moves, and takes the place of a holder that is silent. No two clocks are compared.

    Raises:
        UserError: another command holds it.
    """
    if (store := find_store(run / NAME)) is None:
        yield
        return
    holder = {**name_holder(), "id": uuid.uuid4().hex}
    _take(store.objects, holder)
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(store.objects, holder, ended), daemon=True)
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()
        if _read(store.objects).get("id") == holder["id"]:
            store.objects.remove(NAME)


def _take(objects: Objects, holder: dict[str, Any]) -> None:
    """Make the object, or watch the one that is there until its holder has been silent for long enough."""
    if objects.create(NAME, _dump(holder, 0)):
        return
    found, until = _read(objects), time.monotonic() + SILENCE
    while time.monotonic() < until:
        if (now := _read(objects)) != found:
            raise refuse(objects.url, now or found)
        time.sleep(SILENCE / 20)
    objects.remove(NAME)
    if not objects.create(NAME, _dump(holder, 0)):
        raise refuse(objects.url, _read(objects))


def _beat(objects: Objects, holder: dict[str, Any], ended: threading.Event) -> None:
    beat = 0
    while not ended.wait(BEAT):
        beat += 1
        with contextlib.suppress(UserError):
            objects.write(NAME, _dump(holder, beat))


def _read(objects: Objects) -> dict[str, Any]:
    try:
        found = json.loads(objects.read(NAME) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _dump(holder: dict[str, Any], beat: int) -> bytes:
    return json.dumps({**holder, "beat": beat}).encode()
