"""The parts of a data set in BEIR form (corpus, queries, qrels, top_ranked), from a folder or from the hub."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import UserError

KINDS = {".parquet": "parquet", ".jsonl": "json", ".json": "json", ".tsv": "csv", ".csv": "csv"}
#: Names under which a part may stand, as mteb and BEIR have them.
ALIASES = {"qrels": ("qrels", "default"), "queries": ("queries", "query")}


class DataSet:
    """A data set by its name.

    Args:
        name: a folder, or `org/name` of the hub.
        data: where local copies of the hub's sets stand, as `<data>/<org>/<name>`.
        split: which part of each is read, `test` almost always.
        revision: of a set of the hub.

    Raises:
        UserError: neither a folder nor a hub name.
    """

    def __init__(self, name: str, data: Path, split: str = "test", revision: str | None = None) -> None:
        self.name, self.split, self.revision = name, split, revision
        self.data = data
        self.library = require("datasets", extra="bench")
        self.library.disable_progress_bars()
        self.library.utils.logging.set_verbosity(logging.CRITICAL)  # its faults are told once, by `_explain`
        self.folder = find_copy(name, data)
        if self.folder is None and not is_hub_name(name):
            raise UserError(f"'{name}' is no folder, no benchmark of mteb and no data set's name (org/name)")
        self.configs = self._read_configs()

    def find(self, part: str, prefix: str = "") -> str | None:
        """The configuration of a part, `None` if there is none; `prefix` is a language's or the like."""
        names = [f"{prefix}-{name}" if prefix else name for name in ALIASES.get(part, (part,))]
        if self.configs is not None:
            return next((name for name in names if name in self.configs), None)
        return next((name for name in names if self._files(name)), None)

    def prefixes(self) -> list[str]:
        """The subsets (`english-corpus`, ...) of a data set that comes in several; `[""]` for one that does not."""
        names = self.configs if self.configs is not None else []
        found = [name.removesuffix("-queries") for name in names if name.endswith("-queries")]
        return found or [""]

    def load(self, part: str, prefix: str = "") -> Any:
        """A part as a `datasets.Dataset`, mapped from disk; images stay undecoded.

        Raises:
            UserError: it is missing or cannot be read.
        """
        config = self.find(part, prefix)
        if config is None:
            known = f"it has {', '.join(self.configs)}" if self.configs else "see docs/evaluation.md for its form"
            raise UserError(f"'{self.name}' has no {part}: {known}")
        found = self._explain(lambda: self._load(config))
        for column, feature in found.features.items():
            if type(feature).__name__ == "Image":
                found = found.cast_column(column, self.library.Image(decode=False))
        return found

    def _load(self, config: str) -> Any:
        if self.configs is None:
            files = self._files(config)
            kind = KINDS[files[0].suffix.lower()]
            options = {"sep": "\t"} if files[0].suffix.lower() == ".tsv" else {}
            names = [str(file) for file in files]
            return self.library.load_dataset(kind, data_files={"rows": names}, split="rows", **options)
        place, revision = (str(self.folder), None) if self.folder else (self.name, self.revision)
        splits = self.library.get_dataset_split_names(place, config_name=config, revision=revision)
        split = self.split if self.split in splits else (splits[0] if len(splits) == 1 else "")
        if not split:
            raise UserError(
                f"'{self.name}' has no split '{self.split}' of {config}: give --split {' or '.join(splits)}"
            )
        return self.library.load_dataset(place, config, split=split, revision=revision)

    def _files(self, config: str) -> list[Path]:
        """The files of a part in a folder without configurations; those of the split where it names any."""
        assert self.folder is not None
        files = [
            self.folder / f"{config}{suffix}" for suffix in KINDS if (self.folder / f"{config}{suffix}").is_file()
        ]
        if not files and (self.folder / config).is_dir():
            files = sorted(file for file in (self.folder / config).rglob("*") if file.suffix.lower() in KINDS)
            own = [file for file in files if file.name.startswith(self.split)]
            files = own or files
        return [file for file in files if file.suffix == files[0].suffix]

    def _read_configs(self) -> list[str] | None:
        """The configurations that a data set's card declares; `None` for a folder without such a card."""
        if self.folder is not None and not _declares_configs(self.folder / "README.md"):
            return None
        place, revision = (str(self.folder), None) if self.folder else (self.name, self.revision)
        found: list[str] = self._explain(lambda: self.library.get_dataset_config_names(place, revision=revision))
        return found

    def _explain(self, work: Callable[[], Any]) -> Any:
        try:
            with preparing(self.folder):
                return work()
        except UserError:
            raise
        except Exception as error:
            reason = " ".join(str(_find_cause(error)).split())[:200] or type(error).__name__
            if self.folder is not None:
                fault = find_broken_line(self.folder) or f"the data set in '{self.folder}' cannot be read: {reason}"
                raise UserError(fault) from error
            raise UserError(explain_absence(self.name, self.revision, self.data, reason)) from error


@contextlib.contextmanager
def preparing(folder: Path | None) -> Iterator[None]:
    """Let `datasets` keep what it prepares from a local folder apart from that of every other state of it.

    By itself `datasets` 5.2 knows a local folder by its last name alone, and gives the rows of another folder of this
    name, or those from before a file was changed.
    """
    config = require("datasets", extra="bench").config
    before = config.HF_DATASETS_CACHE
    if folder is not None:
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        state = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]
        config.HF_DATASETS_CACHE = Path(before) / f"docrerank-{fingerprint(str(folder.resolve()), state)[:16]}"
    try:
        yield
    finally:
        config.HF_DATASETS_CACHE = before


def find_broken_line(folder: Path) -> str:
    """The first line of a folder's `.jsonl` files that is no JSON object, with its file; empty if all are."""
    for file in sorted(folder.rglob("*.jsonl")):
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    row = json.loads(line) if line.strip() else {}
                except (ValueError, RecursionError) as error:
                    return f"{file}, line {number}: not JSON ({error}); give one JSON object a line"
                if not isinstance(row, dict):
                    return f"{file}, line {number}: not a JSON object; give one a line"
    return ""


def find_copy(name: str, data: Path) -> Path | None:
    """The folder of a data set: the name itself if it is one, else the local copy under `data`."""
    for folder in (Path(name), data / name):
        if folder.is_dir():
            return folder
    return None


def is_hub_name(name: str) -> bool:
    """Whether a name has the form `org/name`.

    Example:
        >>> is_hub_name("vidore/esg_reports_v2"), is_hub_name("../bench"), is_hub_name("bench")
        (True, False, False)
    """
    parts = name.split("/")
    return len(parts) == 2 and all(part and not part.startswith(".") for part in parts)


def explain_absence(name: str, revision: str | None, data: Path, reason: str = "") -> str:
    """One line that names a data set that is not at hand, and how to place a copy."""
    pinned = f" --revision {revision}" if revision else ""
    offline = os.environ.get("HF_HUB_OFFLINE") == "1"
    online = "set HF_HUB_OFFLINE=0 where the hub can be reached" if offline else "the hub cannot be reached from here"
    why = f" ({reason})" if reason and not offline else ""
    command = f"hf download {name} --repo-type dataset{pinned} --local-dir {data / name}"
    return f"the data set '{name}' is neither in '{data}' nor in the hub's cache{why}: {online}, or copy it: {command}"


def _find_cause(error: BaseException) -> BaseException:
    """The fault itself; `datasets` wraps it in a sentence of its own."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _declares_configs(card: Path) -> bool:
    if not card.is_file():
        return False
    return "config_name:" in card.read_text("utf-8", "replace")[:200_000]
