"""The run folder: where every stage of a run reads and writes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from docrerank.recipe import Recipe, dump_recipe, load_recipe
from docrerank.records import MinedPage, Page, Query, Rejected, UserError, Verdict
from docrerank.runs.atomic import remove_leftovers, write_text
from docrerank.runs.lock import hold, hold_there
from docrerank.runs.manifest import Manifest
from docrerank.runs.parts import Parts
from docrerank.runs.store import locate, sync


class Run:
    """A run folder and its frozen recipe.

    Args:
        path: the folder.
        recipe: what this run is made by.

    Examples:
        >>> run = Run.open("RUN")  # doctest: +SKIP
        >>> sum(1 for _ in run.pages.read())  # doctest: +SKIP
        1237
    """

    def __init__(self, path: Path, recipe: Recipe) -> None:
        self.path = path
        self.recipe = recipe
        self.pages = Parts(path / "pages", Page)
        self.queries = Parts(path / "queries", Query)
        self.verdicts = Parts(path / "verdicts", Verdict)
        self.mined = Parts(path / "mined", MinedPage)
        self.manifest = Manifest(path / "run.json")
        self.model = path / "model"
        self.evaluation = path / "evaluation.json"
        self.report = path / "report.html"

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open a run that exists.

        Args:
            path: its folder, or its URL in a store (`s3://bucket/run`); then a working folder here stands for it.

        Raises:
            UserError: the folder is not a run, or the store does not answer.
        """
        folder = locate(path)
        recipe = folder / "recipe.yaml"
        if not recipe.is_file():
            raise UserError(f"'{path}' is not a run folder: make one with docrerank run PDFS... --out {path}")
        return cls(folder, load_recipe(recipe))

    @classmethod
    def create(cls, path: str | Path, recipe: Recipe) -> Run:
        """Make a run folder, or go on with one under this recipe: stages redo only what the recipe changed."""
        folder = locate(path)
        if folder.exists() and not folder.is_dir():
            raise UserError(f"'{path}' is a file: give a folder to --out")
        write_text(folder / "recipe.yaml", dump_recipe(recipe))
        sync(folder)
        return cls(folder, recipe)

    def count_pages(self) -> int:
        """How many pages have been read."""
        return sum(map(self.pages.count, self.pages.names()))

    def rejected(self, stage: str) -> Parts[Rejected]:
        """What a stage left out, with reasons."""
        return Parts(self.path / "rejected" / stage, Rejected)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process, and clear what a killed one left half written.

        Raises:
            UserError: another process works on the same folder.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with hold(self.path / ".lock"), hold_there(self.path):
            remove_leftovers(self.path)
            try:
                yield
            finally:
                sync(self.path)
