"""Data sets in BEIR form (corpus, queries, qrels, top_ranked): a folder, one of the hub, or those of an mteb task."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docrerank.evaluation.statistics import HEADLINE
from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import UserError, one_line

KINDS = {".parquet": "parquet", ".jsonl": "json", ".json": "json", ".tsv": "csv", ".csv": "csv"}
#: Names of a part, as mteb and BEIR have them.
ALIASES = {"qrels": ("qrels", "default"), "queries": ("queries", "query")}
SPLIT = "test"
REAL_MM_RAG = "REAL-MM-RAG"
REAL_MM_RAG_SETS = tuple(
    f"ibm-research/REAL-MM-RAG_{part}_BEIR" for part in ("FinReport", "FinSlides", "TechReport", "TechSlides")
)
#: mteb's main scores that have a name here.
MAIN_SCORES = {"ndcg_at_5": "NDCG@5", "ndcg_at_10": "NDCG@10", "recall_at_1": "R@1", "recall_at_5": "R@5"}


@dataclass(frozen=True, slots=True)
class Origin:
    """A data set that a name stands for.

    Attributes:
        name: as it stands over a table.
        path: a folder, or `org/name` of the hub.
        revision: of a set of the hub.
        headline: the metric that systems are compared by.
        public: False for mteb's private sets, which few can load.
    """

    name: str
    path: str
    revision: str | None = None
    headline: str = HEADLINE
    public: bool = True


def find_origins(name: str) -> list[Origin]:
    """The data sets that a name stands for; nothing is loaded.

    Args:
        name: a folder, `org/name` of the hub, `REAL-MM-RAG` for its four sets, or a task or benchmark of mteb.

    Raises:
        UserError: mteb knows no such name.
        MissingExtra: mteb is not installed.
    """
    if name.lower() == REAL_MM_RAG.lower():
        return [Origin(path, path) for path in REAL_MM_RAG_SETS]
    if Path(name).is_dir():
        return [Origin(Path(name).resolve().name, name)]
    if is_hub_name(name) or name.startswith((".", "/")):
        return [Origin(name, name)]
    return [
        Origin(
            task.metadata.name,
            task.metadata.dataset["path"],
            task.metadata.dataset.get("revision"),
            MAIN_SCORES.get(task.metadata.main_score, "NDCG@10"),
            task.metadata.is_public is not False,
        )
        for task in _find_tasks(name)
    ]


def _find_tasks(name: str) -> list[Any]:
    mteb = require("mteb", extra="bench")
    known = {each.name.lower(): each for each in mteb.get_benchmarks()}
    known |= {alias.lower(): each for each in known.values() for alias in (each.aliases or ())}
    if name.lower() in known:
        return list(known[name.lower()].tasks)
    try:
        return [mteb.get_task(name)]
    except (KeyError, ValueError) as error:
        raise UserError(
            f"'{name}' is no folder, no data set's name (org/name), and no task or benchmark of mteb, such as "
            f"'ViDoRe(v2)', 'ViDoRe(v3.1, reranking)', '{REAL_MM_RAG}' or 'VidoreDocVQARetrieval'"
        ) from error


class DataSet:
    """The parts of a data set.

    Args:
        origin: where it is.
        data: holds local copies of the hub's sets, as `<data>/<org>/<name>`.

    Raises:
        UserError: neither a folder nor a hub name, or not to be had.
    """

    def __init__(self, origin: Origin, data: Path) -> None:
        self.name, self.revision, self._data = origin.path, origin.revision, data
        self._library = require("datasets", extra="bench")
        self._library.disable_progress_bars()
        self._library.utils.logging.set_verbosity(logging.CRITICAL)  # `_explain` reports its faults
        self.folder = next((each for each in (Path(self.name), data / self.name) if each.is_dir()), None)
        if self.folder is None and not is_hub_name(self.name):
            raise UserError(f"'{self.name}' is no folder, no benchmark of mteb and no data set's name (org/name)")
        self._place, self._pin = (str(self.folder), None) if self.folder else (self.name, self.revision)
        self.configs = self._read_configs()

    def find(self, part: str, prefix: str = "") -> str | None:
        """The configuration of a part, `None` if there is none; `prefix` is a language's or the like."""
        names = [f"{prefix}-{name}" if prefix else name for name in ALIASES.get(part, (part,))]
        has = self.configs.__contains__ if self.configs is not None else self._files
        return next((name for name in names if has(name)), None)

    def prefixes(self) -> list[str]:
        """The subsets (`english-corpus`, ...) of a data set that comes in several; `[""]` for one that does not."""
        found = [name.removesuffix("-queries") for name in self.configs or () if name.endswith("-queries")]
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
        return keep_encoded(self._explain(lambda: self._load(config)))

    def _load(self, config: str) -> Any:
        """Prepare and map a configuration's test split, or its only one."""
        options: dict[str, Any] = {"cache_dir": self._cache()}
        if self.configs is None:
            files = self._files(config)
            suffix = files[0].suffix.lower()
            options |= {"data_files": {SPLIT: [str(file) for file in files]}} | (
                {"sep": "\t"} if suffix == ".tsv" else {}
            )
            builder = self._library.load_dataset_builder(KINDS[suffix], **options)
        else:
            builder = self._library.load_dataset_builder(self._place, config, revision=self._pin, **options)
        builder.download_and_prepare()
        splits = list(builder.info.splits)
        if SPLIT not in splits and len(splits) > 1:
            raise UserError(f"'{self.name}' has no split '{SPLIT}' of {config}, only {', '.join(splits)}")
        return builder.as_dataset(split=SPLIT if SPLIT in splits else splits[0])

    def _cache(self) -> str | None:
        """A cache for each state of a folder: `datasets` 5.2 knows one by its last name alone, changed or not."""
        if self.folder is None:
            return None
        files = sorted(file for file in self.folder.rglob("*") if file.is_file())
        state = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]
        name = f"docrerank-{fingerprint(str(self.folder.resolve()), state)[:16]}"
        return str(Path(self._library.config.HF_DATASETS_CACHE) / name)

    def _files(self, config: str) -> list[Path]:
        """The files of a part in a folder without configurations; those of the split where it names any."""
        assert self.folder is not None
        files = [file for suffix in KINDS if (file := self.folder / f"{config}{suffix}").is_file()]
        if not files and (self.folder / config).is_dir():
            files = sorted(file for file in (self.folder / config).rglob("*") if file.suffix.lower() in KINDS)
            files = [file for file in files if file.name.startswith(SPLIT)] or files
        return [file for file in files if file.suffix == files[0].suffix]

    def _read_configs(self) -> list[str] | None:
        """The configurations that a data set's card declares; `None` for a folder without such a card."""
        if self.folder is not None:
            card = self.folder / "README.md"
            if not card.is_file() or "config_name:" not in card.read_text("utf-8", "replace")[:200_000]:
                return None
        names = self._library.get_dataset_config_names
        found: list[str] = self._explain(lambda: names(self._place, revision=self._pin))
        return found

    def _explain(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except UserError:
            raise
        except Exception as error:
            cause: BaseException = error
            while cause.__cause__ is not None:  # `datasets` wraps a fault in a sentence of its own
                cause = cause.__cause__
            reason = one_line(cause)
            if self.folder is None:
                raise UserError(self._explain_absence(reason)) from error
            fault = find_broken_line(self.folder) or f"the data set in '{self.folder}' cannot be read: {reason}"
            raise UserError(fault) from error

    def _explain_absence(self, reason: str) -> str:
        """One line that names a data set that cannot be had, and how to place a copy."""
        pinned = f" --revision {self.revision}" if self.revision else ""
        offline = os.environ.get("HF_HUB_OFFLINE") == "1"
        why = "" if offline else f" ({reason})"
        online = "set HF_HUB_OFFLINE=0 where the hub can be reached" if offline else "the hub is out of reach"
        copy = f"hf download {self.name} --repo-type dataset{pinned} --local-dir {self._data / self.name}"
        return (
            f"the data set '{self.name}' is neither in '{self._data}' nor in the hub's cache{why}: {online}, "
            f"or copy it: {copy}"
        )


def keep_encoded(rows: Any) -> Any:
    """A `datasets.Dataset` whose images stay undecoded, so that their size can be checked first."""
    for column, feature in rows.features.items():
        if type(feature).__name__ == "Image":
            rows = rows.cast_column(column, type(feature)(decode=False))
    return rows


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


def is_hub_name(name: str) -> bool:
    """Whether a name has the form `org/name`.

    Examples:
        >>> is_hub_name("vidore/esg_reports_v2"), is_hub_name("../bench"), is_hub_name("bench")
        (True, False, False)
    """
    parts = name.split("/")
    return len(parts) == 2 and all(part and not part.startswith(".") for part in parts)
