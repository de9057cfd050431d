"""A model as mteb takes one: it is given a corpus and questions, and gives scores; `mteb.evaluate` does the rest."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from docrerank.evaluation import (
    Candidates,
    Model,
    Scorer,
    find_candidates,
    find_model,
    load_scorer,
    measure,
    open_model,
)
from docrerank.evaluation.benchmark import EVERYTHING, Benchmark, BenchmarkQuery, Collection, Pictures, RowPages
from docrerank.evaluation.referee.meta import build_meta
from docrerank.records import UserError

#: Candidates of a question where a task gives none.
TOP = 100
#: Subset and split to query id to page id to score.
Found = Mapping[tuple[str, str], dict[str, dict[str, float]]]


class MtebReranker:
    """A reranker for `mteb.evaluate` and `mteb run` (mteb's `SearchProtocol`).

    A task that brings candidates (`top_ranked`) has them reordered; for any other task a first stage finds some.
    Images are given to a vision model as they are; a text model gets the task's text, else OCR of the image.

    Args:
        model_name: what `find_model` knows: a run, a model's folder, `minilm`, a hub name.
        revision: for mteb's sake; the files of the model are its revision.
        device: unused; a model takes the GPU if there is one.
        first_stage: see `find_candidates`.
        top: candidates of a question where the task gives none.
        folder: keeps images, OCR, candidates and scores, and a killed evaluation goes on with them; a temporary one if
            None.
        with_text: give a vision model the page's text beside its image.
        scorer: the model, if it is loaded already.
        found: scores that are known already; nothing else is then asked.

    Example:
        >>> import mteb  # doctest: +SKIP
        >>> mteb.evaluate(MtebReranker("RUN/model"), mteb.get_task("VidoreDocVQARetrieval"))  # doctest: +SKIP
    """

    def __init__(
        self,
        model_name: str,
        revision: str | None = None,
        device: str | None = None,
        *,
        first_stage: str | None = None,
        top: int = TOP,
        folder: str | Path | None = None,
        with_text: bool = False,
        scorer: Scorer | None = None,
        found: Found | None = None,
        **kwargs: Any,
    ) -> None:
        self.model: Model = find_model(model_name)
        self.scorer = scorer or load_scorer(self.model, with_text)
        self.first_stage, self.top = first_stage, top
        self.folder = Path(folder or tempfile.mkdtemp(prefix="docrerank-mteb-"))
        if not folder:
            weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.mteb_model_meta = build_meta(self.model, self.scorer, make_loader(model_name))
        self.found = found
        self._source: RowPages | None = None
        self._ids: Sequence[str] = ()

    def index(self, corpus: Any, **kwargs: Any) -> None:
        """Take a task's corpus; nothing of it is read yet."""
        self._source, self._ids = open_corpus(corpus, self.folder / "pages")

    def search(
        self,
        queries: Any,
        *,
        task_metadata: Any,
        hf_split: str,
        hf_subset: str,
        top_k: int,
        top_ranked: Mapping[str, Sequence[str]] | None = None,
        **kwargs: Any,
    ) -> dict[str, dict[str, float]]:
        """Scores of every question's candidates."""
        if self.found is not None:
            return self.found[hf_subset, hf_split]
        if self._source is None:
            raise UserError("mteb gave no corpus before its queries: this version of mteb is not supported")
        asked = tuple(
            BenchmarkQuery(str(query), _plain(text))
            for query, text in zip(queries["id"], queries["text"], strict=True)
        )
        collection = Collection(
            name="-".join([task_metadata.name, hf_subset, hf_split]),
            benchmark=Benchmark(Path(task_metadata.name), asked, {}),
            source=self._source,
            groups={EVERYTHING: self._ids},
            top_ranked=top_ranked or {},
            version=f"{task_metadata.dataset['path']} {task_metadata.revision}",
        )
        candidates = self._find(collection, top_ranked is not None, top_k)
        found = measure(collection, open_model(self.model, self.scorer, collection), candidates, self.folder)
        return {query: dict(pages) for query, pages in found.ranking.items()}

    def _find(self, collection: Collection, given: bool, top_k: int) -> Candidates:
        if given:
            return find_candidates(collection, self.folder, None, max(top_k, 1))
        return find_candidates(collection, self.folder, self.first_stage or "bm25", min(self.top, top_k))


def make_loader(model_name: str, **options: Any) -> Any:
    """What stands as `loader` in a `ModelMeta`: mteb calls it with its own name of the model, and gets this one."""
    loader = partial(_load, model_name, **options)
    return loader


def open_corpus(corpus: Any, folder: Path) -> tuple[RowPages, list[str]]:
    """A task's corpus as pages; images stay undecoded, and are bounded when they are read."""
    for column, feature in corpus.features.items():
        if type(feature).__name__ == "Image":
            corpus = corpus.cast_column(column, type(feature)(decode=False))
    ids = [str(each) for each in corpus["id"]]
    return RowPages({page_id: (corpus, number) for number, page_id in enumerate(ids)}, Pictures(folder)), ids


def _load(own_name: str, model_name: str, revision: str | None = None, **options: Any) -> MtebReranker:
    return MtebReranker(own_name, revision, **options)


def _plain(text: Any) -> str:
    return text if isinstance(text, str) and text.strip() else "?"
