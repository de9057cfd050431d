"""A reranker for mteb: it is given a corpus and questions, and gives scores; `mteb.evaluate` does the rest."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from docrerank.evaluation.benchmark import EVERYTHING, Benchmark, BenchmarkQuery, Collection
from docrerank.evaluation.benchmark.data_sets import keep_encoded
from docrerank.evaluation.benchmark.row_pages import RowPages
from docrerank.evaluation.find_candidates import find_candidates
from docrerank.evaluation.find_model import Model, find_model, load_scorer
from docrerank.evaluation.measured import measure
from docrerank.evaluation.page_by_page import ByPage
from docrerank.evaluation.scorers import VisionScorer
from docrerank.recipe.extras import require
from docrerank.records import UserError

#: Candidates of a question where a task gives none.
TOP = 100


class MtebReranker:
    """A reranker for `mteb.evaluate` (mteb's `SearchProtocol`).

    A task that brings candidates (`top_ranked`) has them reordered; for any other task a first stage finds some.
    Images are given to a vision model as they are; a text model gets the task's text, else OCR of the image.

    Args:
        model_name: what `find_model` knows: a run, a model's folder, `minilm`, a hub name.
        revision: unused; the files of the model are its revision.
        first_stage: see `find_candidates`.
        top: candidates of a question where the task gives none.
        folder: keeps images, OCR, candidates and scores, so that a killed evaluation goes on; a temporary one if None.

    Examples:
        >>> import mteb  # doctest: +SKIP
        >>> mteb.evaluate(MtebReranker("RUN/model"), mteb.get_task("VidoreDocVQARetrieval"))  # doctest: +SKIP
    """

    def __init__(
        self,
        model_name: str,
        revision: str | None = None,
        *,
        first_stage: str = "bm25",
        top: int = TOP,
        folder: str | Path | None = None,
        **kwargs: Any,
    ) -> None:
        self.model = find_model(model_name)
        self.scorer = load_scorer(self.model)
        self.first_stage, self.top = first_stage, top
        self.folder = Path(folder or tempfile.mkdtemp(prefix="docrerank-mteb-"))
        if not folder:
            weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.mteb_model_meta = _describe(self.model, isinstance(self.scorer, VisionScorer))
        self._corpus: tuple[RowPages, list[str]] | None = None

    def index(self, corpus: Any, **kwargs: Any) -> None:
        """Take a task's corpus; images stay undecoded, and are bounded when they are read."""
        corpus = keep_encoded(corpus)
        ids = [str(each) for each in corpus["id"]]
        rows = {page_id: (corpus, number) for number, page_id in enumerate(ids)}
        self._corpus = RowPages(rows, self.folder / "pages"), ids

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
        if self._corpus is None:
            raise UserError("mteb gave no corpus before its queries: this version of mteb is not supported")
        source, ids = self._corpus
        asked = zip(queries["id"], queries["text"], strict=True)
        collection = Collection(
            name="-".join([task_metadata.name, hf_subset, hf_split]),
            benchmark=Benchmark(
                Path(task_metadata.name), tuple(BenchmarkQuery(str(query), text or "?") for query, text in asked), {}
            ),
            source=source,
            groups={EVERYTHING: ids},
            top_ranked=top_ranked or {},
            version=f"{task_metadata.dataset['path']} {task_metadata.revision}",
        )
        stage, top = (None, max(top_k, 1)) if top_ranked is not None else (self.first_stage, min(self.top, top_k))
        candidates = find_candidates(collection, self.folder, stage, top)
        return measure(ByPage(self.model, self.scorer, collection), collection, candidates, self.folder).ranking


def _describe(model: Model, sees: bool) -> Any:
    """mteb's `ModelMeta`; its revision is the fingerprint of the model's files, so that no results are mistaken."""
    meta = require("mteb.models.model_meta", extra="bench").ModelMeta
    return meta.create_empty(
        {
            "loader": partial(_load, model.path),
            "name": model.name if "/" in model.name else f"docrerank/{model.name}",
            "revision": model.fingerprint()[:40],
            "languages": ["eng-Latn"],
            "open_weights": True,
            "modalities": ["image", "text"] if sees else ["text"],
            "model_type": ["cross-encoder"],
        }
    )


def _load(path: str, name: str, revision: str | None = None, **options: Any) -> MtebReranker:
    """Load a model again; mteb calls this with its own name of it."""
    return MtebReranker(path, revision, **options)
