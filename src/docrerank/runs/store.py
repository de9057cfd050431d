"""A run in an object store: a working folder on each machine, whole stages put up when they end.

A stage reads and writes its working folder as any run folder; `RUN/.store/url` there says whose it is. What has
changed goes up when a stage or a command ends, and once a minute while shards are worked on; what is other in the
store is fetched when the run is opened. `RUN/.store/ledger` holds what is known to be the same in both.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

from docrerank.records import UserError
from docrerank.runs.atomic import write_text
from docrerank.runs.objects import Objects, is_url

#: Names the place of working folders and of copies; `~/.cache/docrerank` without it.
WORK = "DOCRERANK_WORK"
BINDING = ".store"
#: Made again from the rest of the run, or of use to one machine only.
_OWN = ("cache", BINDING)
#: Fetched when they are read: the most of a run's bytes.
_LATE = ("encodings", "index")
MARKER = "._done"
AT_ONCE = 16

#: Of a file as it was when it was the same here and in the store: its size, its time here, its version there.
Known = tuple[int, int, str]


class Store:
    """A working folder and the place in a store that it belongs to.

    Args:
        folder: the working folder, bound to a URL.

    Raises:
        UserError: from every method: the store refuses, or did not answer for ten minutes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def objects(self) -> Objects:
        """The run's place in the store."""
        return Objects((self.folder / BINDING / "url").read_text("utf-8"))

    def pull(self, top: str = "") -> None:
        """Fetch what is other in the store than here, and delete what is gone there.

        A file that only this machine has is kept: it was made by a command that was killed before it put it up.

        Args:
            top: the folder of the run to look at; without it all, encodings and index aside.
        """
        ledger = self._read_ledger()
        there = {_check(name): version for name, _, version in self.objects.walk(top) if _is_shared(name)}
        same = {
            name for name, known in ledger.items() if there.get(name) == known[2] and (self.folder / name).is_file()
        }
        others = [name for name in there if name not in same and (top or not _is_late(name))]
        seen = (name for name in ledger if (name.startswith(f"{top}/") if top else not _is_late(name)))
        gone = [name for name in seen if name not in there]
        for name in (*gone, *filter(_is_marker, others)):
            (self.folder / name).unlink(missing_ok=True)
            self._note(name, None)
        _in_order(lambda name: self.get(self.folder / name), others)

    def sync(self, *folders: Path) -> None:
        """Put up what has changed here, and delete there what was deleted here; in these folders or in all."""
        tops = [self._name(folder) for folder in folders] or [""]
        ledger, here = self._read_ledger(), {name: known for top in tops for name, known in self._walk(top)}
        changed = [name for name, stamp in here.items() if stamp != ledger.get(name, ())[:2]]
        gone = [name for name in ledger if name not in here and any(name.startswith(top) for top in tops)]
        _at_once(self._remove, [*gone, *(name for name in changed if _is_marker(name) and name in ledger)])
        _in_order(self._put, changed)

    def get(self, path: Path) -> bool:
        """Fetch a file of the run; False if the store has none."""
        name = self._name(path)
        found = self.objects.describe(name)
        if found is None:
            return False
        self.objects.get(name, path)
        self._note(name, (*_stamp(path), found[1]))
        return True

    def _put(self, name: str) -> None:
        stamp = _stamp(self.folder / name)
        self.objects.put(self.folder / name, name)
        self._note(name, (*stamp, (self.objects.describe(name) or (0, ""))[1]))

    def _remove(self, name: str) -> None:
        self.objects.remove(name)
        self._note(name, None)

    def _walk(self, top: str) -> Iterator[tuple[str, tuple[int, int]]]:
        for parent, folders, names in os.walk(self.folder / top):
            folders[:] = [name for name in folders if Path(parent) != self.folder or name not in _OWN]
            for path in (Path(parent, name) for name in names):
                if _is_shared(self._name(path)):
                    yield self._name(path), _stamp(path)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _note(self, name: str, known: Known | None) -> None:
        """Add what is known of a file; several processes append."""
        with (self.folder / BINDING / "ledger").open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, known]) + "\n")

    def _read_ledger(self) -> dict[str, Known]:
        ledger: dict[str, Any] = {}
        try:
            with (self.folder / BINDING / "ledger").open(encoding="utf-8") as lines:
                ledger.update(json.loads(line) for line in lines)
        except FileNotFoundError:
            pass
        return {name: tuple(known) for name, known in ledger.items() if known is not None}


def locate(place: str | Path) -> Path:
    """The folder to work in for a run: a path itself; for a URL a working folder that has what the store has.

    Raises:
        UserError: the store refuses or does not answer.

    Examples:
        >>> locate("RUN")
        PosixPath('RUN')
    """
    if not is_url(place):
        return Path(place)
    url = str(place).rstrip("/")
    folder = find_working_folder(url)
    bind(folder, url)
    Store(folder).pull()
    return folder


def find_working_folder(url: str) -> Path:
    """Where a run in a store is worked on here."""
    return work_folder() / "runs" / f"{url.rpartition('/')[2]}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"


def bind(folder: Path, url: str) -> None:
    """Make a working folder for a run in a store."""
    if not (folder / BINDING / "url").is_file():
        write_text(folder / BINDING / "url", url)


def find_store(path: Path) -> Store | None:
    """The store that a run folder, or a file in it, belongs to; None for a run that is a folder and nothing more.

    Only folders that `bind` made are asked: one that came from elsewhere may name anybody's store.
    """
    root = work_folder() / "runs"
    folder = next((folder for folder in (path, *path.parents) if folder.parent == root), None)
    return Store(folder) if folder is not None and (folder / BINDING / "url").is_file() else None


def sync(path: Path, *folders: Path) -> None:
    """Put up what has changed in a run folder, or in these folders of it, if the run is in a store."""
    if (store := find_store(path)) is not None:
        store.sync(*folders)


def pull(path: Path, top: str = "") -> None:
    """Fetch what others have put up, in a folder of the run or in all but encodings and index, as `Store.pull`."""
    if (store := find_store(path)) is not None:
        store.pull(top)


def fetch_late(path: Path) -> bool:
    """Whether a file that is fetched when it is read is here now."""
    return path.is_file() or ((store := find_store(path)) is not None and store.get(path))


def work_folder() -> Path:
    """Where this machine keeps what it works on of a store: the environment's `DOCRERANK_WORK`, or a cache folder."""
    return Path(os.environ.get(WORK) or Path.home() / ".cache" / "docrerank").absolute()


def _is_shared(name: str) -> bool:
    """Whether a file goes up: locks do not, nor what is half written or of use to one machine only."""
    top, last = name.split("/")[0], name.split("/")[-1]
    return not (top in _OWN or top.endswith((".partial", ".old")) or last.endswith(".tmp") or last == ".lock")


def _is_late(name: str) -> bool:
    return name.split("/")[0] in _LATE


def _is_marker(name: str) -> bool:
    return name.endswith(MARKER)


def _check(name: str) -> str:
    """Names in the store may come from anyone who can write to the bucket: they must stay in the folder."""
    if name.startswith("/") or not {"", ".", ".."}.isdisjoint(name.split("/")):
        raise UserError(f"the store has '{name}', which is no file of a run: delete it there")
    return name


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _in_order(function: Callable[[str], Any], names: Iterable[str]) -> None:
    """Files, then markers: a marker never stands beside a part that it does not belong to."""
    known = list(names)
    _at_once(function, [name for name in known if not _is_marker(name)])
    _at_once(function, [name for name in known if _is_marker(name)])


def _at_once(function: Callable[[str], Any], names: Iterable[str]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(function, names):
            pass
