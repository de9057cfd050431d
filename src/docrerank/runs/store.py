"""A run in an object store: a working folder on each machine, what is finished put up, what is missing fetched.

A stage reads and writes its working folder as any run folder. `RUN/.store/url` there says whose it is. Every file that
is written through `docrerank.runs.atomic` is put up when it is there whole, a part before its marker; all else goes up
when a stage or a command ends (`sync`). The store is never listed: `files.parquet` there names what the last command
left, and parts that a killed one wrote after it are asked for by the names of their documents.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from docrerank.records import UserError
from docrerank.runs.files import hash_file
from docrerank.runs.objects import Objects, is_url
from docrerank.runs.tables import read_records, write_records

#: Names the place of working folders and of copies; `~/.cache/docrerank` without it.
WORK = "DOCRERANK_WORK"
BINDING = ".store"
INDEX = "files.parquet"
#: Made again from the rest of the run, or of use to one machine only.
_OWN = ("cache", BINDING)
#: Fetched when they are read: the most of a run's bytes.
_LATE = ("encodings", "index")
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the run as it lies in the store: its path in the run, its size in bytes, the sha256 of its content."""

    path: str
    size: int
    sha256: str


class Store:
    """A working folder and the place in a store that it belongs to.

    Args:
        folder: the working folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def is_lent(self) -> bool:
        """Whether this machine only works for the command's: then each part is compared with the store when read."""
        return (self.folder / BINDING / "lent").is_file()

    @cached_property
    def objects(self) -> Objects:
        """The run's place in the store."""
        return Objects((self.folder / BINDING / "url").read_text("utf-8"))

    def put(self, path: Path) -> None:
        """Put a file of the run up.

        Raises:
            UserError: the store refuses, or did not answer for ten minutes.
        """
        if _is_shared(name := self._name(path)):
            status, digest = path.stat(), hash_file(path)
            self.objects.put(path, name)
            self._note(name, [status.st_size, status.st_mtime_ns, digest])

    def get(self, path: Path) -> bool:
        """Fetch a file of the run; False if the store has none."""
        name = self._name(path)
        if not self.objects.get(name, path):
            return False
        status = path.stat()
        self._note(name, [status.st_size, status.st_mtime_ns, hash_file(path)])
        return True

    def remove(self, path: Path) -> None:
        """Delete a file of the run, here and there."""
        path.unlink(missing_ok=True)
        self.objects.remove(self._name(path))
        self._note(self._name(path), None)

    def refresh(self, parts: Sequence[tuple[Path, Path]]) -> None:
        """Make parts, each given as its marker and its file, what they are in the store."""
        _do_at_once(self._refresh, parts)

    def pull(self) -> None:
        """Fetch what the last command left and is not here, or is another here; encodings when they are read.

        A file that only this machine has is kept: it was made by a command that was killed before it could put it up.
        """
        index, ledger = self.folder / BINDING / INDEX, self._read_ledger()
        before = hash_file(index) if index.is_file() else ""
        if not self.objects.get(INDEX, index):
            self.get(self.folder / "recipe.yaml")  # the first command was killed, or there was none
            return
        there = {file.path: file.sha256 for file in read_records(index, StoredFile)}
        self._get_others({name: sha for name, sha in there.items() if not _is_late(name)}, ledger)
        if hash_file(index) != before:
            for name in ledger.keys() - there.keys():
                (self.folder / name).unlink(missing_ok=True)
                self._note(name, None)

    def fetch(self, top: str) -> None:
        """Fetch what the last `sync` left below a folder of the run and is not here, or is another here."""
        if self.objects.get(INDEX, index := self.folder / BINDING / f"late-{INDEX}"):
            files = (file for file in read_records(index, StoredFile) if file.path.startswith(f"{top}/"))
            self._get_others({file.path: file.sha256 for file in files}, self._read_ledger())

    def sync(self) -> None:
        """Put up what has changed here, delete there what was deleted here, and say in the store what there is."""
        ledger, here = self._read_ledger(), dict(self._walk())
        changed = [name for name, stamp in here.items() if list(stamp) != ledger.get(name, [])[:2]]
        gone = [name for name in ledger if name not in here]
        _do_at_once(self.put, [self.folder / name for name in changed])
        _do_at_once(self.remove, [self.folder / name for name in gone])
        index = self.folder / BINDING / INDEX
        if changed or gone or not index.is_file() or self._is_behind(index):
            self._write_index(index, gone)

    def _refresh(self, part: tuple[Path, Path]) -> None:
        marker, file = part
        content = self.objects.read(self._name(marker))
        if content is None:
            marker.unlink(missing_ok=True)
        elif not marker.is_file() or not file.is_file() or marker.read_bytes() != content:
            marker.unlink(missing_ok=True)
            if self.get(file):
                self.get(marker)

    def _get_others(self, there: dict[str, str], ledger: dict[str, list[Any]]) -> None:
        others = [name for name, sha in there.items() if not self._has(name, sha, ledger)]
        _do_at_once(self.get, [self.folder / _check(name) for name in others])

    def _has(self, name: str, sha256: str, ledger: dict[str, list[Any]]) -> bool:
        known = ledger.get(name)
        return known is not None and known[2] == sha256 and (self.folder / name).is_file()

    def _is_behind(self, index: Path) -> bool:
        listed = {file.path: file.sha256 for file in read_records(index, StoredFile)}
        return any(listed.get(name) != known[2] for name, known in self._read_ledger().items())

    def _write_index(self, index: Path, gone: Sequence[str]) -> None:
        """All that is here, and what is fetched late and never was."""
        late = [file for file in read_records(index, StoredFile) if _is_late(file.path)] if index.is_file() else []
        files = {file.path: file for file in late if file.path not in gone}
        files |= {name: StoredFile(name, known[0], known[2]) for name, known in self._read_ledger().items()}
        write_records(index, StoredFile, (files[name] for name in sorted(files)))
        self.objects.put(index, INDEX)

    def _walk(self) -> Iterator[tuple[str, tuple[int, int]]]:
        for parent, folders, names in os.walk(self.folder):
            top = Path(parent) == self.folder
            folders[:] = [name for name in folders if not (top and name in _OWN)]
            for name in names:
                path = Path(parent, name)
                if _is_shared(self._name(path)):
                    status = path.stat()
                    yield self._name(path), (status.st_size, status.st_mtime_ns)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _note(self, name: str, known: list[Any] | None) -> None:
        """What is known of the file in the store, as it was here; several processes append."""
        with (self.folder / BINDING / "ledger").open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, known]) + "\n")

    def _read_ledger(self) -> dict[str, list[Any]]:
        ledger: dict[str, list[Any]] = {}
        try:
            with (self.folder / BINDING / "ledger").open(encoding="utf-8") as lines:
                for line in lines:
                    name, known = json.loads(line)
                    ledger[name] = known
        except FileNotFoundError:
            pass
        return {name: known for name, known in ledger.items() if known is not None}


def locate(place: str | Path) -> Path:
    """The folder to work in for a run: a path itself; for a URL a working folder that has what the store has.

    Raises:
        UserError: the store refuses or does not answer.

    Example:
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


def bind(folder: Path, url: str, lent: bool = False) -> None:
    """Make a working folder for a run in a store; `lent` on a machine that works for another's command."""
    note = folder / BINDING / "lent"
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.touch() if lent else note.unlink(missing_ok=True)
        if not (folder / BINDING / "url").is_file():
            written = folder / BINDING / f"{uuid.uuid4().hex}.tmp"
            written.write_text(url, "utf-8")
            os.replace(written, folder / BINDING / "url")
    except OSError as error:
        mend = f"set {WORK} to a folder on this machine"
        raise UserError(f"cannot write '{folder}' ({error.strerror}): {mend}") from error


def find_store(path: Path) -> Store | None:
    """The store that a file's run folder belongs to; None for a run that is a folder and nothing more.

    Only folders that `bind` made are asked: one that came from elsewhere may name anybody's store.
    """
    root = work_folder() / "runs"
    folder = next((folder for folder in path.parents if folder.parent == root), None)
    return _open(folder) if folder is not None and (folder / BINDING / "url").is_file() else None


def put_up(path: Path) -> None:
    """Put a file up that is there whole, if its run is in a store."""
    if (store := find_store(path)) is not None:
        store.put(path)


def remove(path: Path) -> None:
    """Delete a file of a run, in its store too."""
    store = find_store(path)
    path.unlink(missing_ok=True) if store is None else store.remove(path)


def fetch_late(path: Path) -> bool:
    """Whether a file that is fetched when it is read is here now."""
    return path.is_file() or ((store := find_store(path)) is not None and store.get(path))


def fetch_folder(run: Path, top: str) -> None:
    """Fetch what the last `sync` left below a folder of a run, if the run is in a store."""
    if (store := find_store(run / "file")) is not None:
        store.fetch(top)


def sync(folder: Path) -> None:
    """Put up what has changed in a run folder, if the run is in a store."""
    if (store := find_store(folder / "file")) is not None:
        store.sync()


def work_folder() -> Path:
    """Where this machine keeps what it works on of a store: the environment's `DOCRERANK_WORK`, or a cache folder."""
    return Path(os.environ.get(WORK) or Path.home() / ".cache" / "docrerank").absolute()


@cache
def _open(folder: Path) -> Store:
    return Store(folder)


def _is_shared(name: str) -> bool:
    """Whether a file goes up: locks do not, nor what is half written or of use to one machine only."""
    top, last = name.split("/")[0], name.split("/")[-1]
    if top in _OWN or top.endswith((".partial", ".old")):
        return False
    return not last.endswith(".tmp") and last != ".lock" and name != INDEX


def _is_late(name: str) -> bool:
    return name.split("/")[0] in _LATE


def _check(name: str) -> str:
    """A name in the index may come from anyone who can write to the bucket: it must stay in the folder."""
    if name.startswith("/") or ".." in name.split("/") or not _is_shared(name):
        raise UserError(f"the store's {INDEX} names '{name}', which is no file of a run: delete {INDEX} there")
    return name


def _do_at_once(function: Callable[[Any], Any], items: Iterable[Any]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(function, items):
            pass
