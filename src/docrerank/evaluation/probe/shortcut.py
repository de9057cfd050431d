"""The shortcut check: whether the query alone gives away that it is a hard negative, which it should not.

A reranker that is trained on queries whose wording betrays their label learns the wording and not the page. Two
classifiers that never see a page try to tell a run's hard negatives from its positives, documents held out in turn:
one reads the query's characters and words, the other only its template (opening, length, kinds of words in it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from docrerank.evaluation.statistics import Interval, bootstrap_auroc
from docrerank.evaluation.statistics.resampling import Floats
from docrerank.queries import find_slots
from docrerank.recipe.extras import require
from docrerank.records import Query, UserError

FOLDS = 5
#: Queries that are read at most; beyond this the answer does not change, only the time.
MAX_QUERIES = 20_000


@dataclass(frozen=True, slots=True)
class Shortcut:
    """How well the query alone tells a hard negative from a positive; 0.5 is wanted.

    Attributes:
        words: AUROC of a logistic regression over character and word n-grams.
        template: AUROC of one over opening words, form, length and kinds of words.
        positives: how many were read, and `negatives`.
        held_out: what a fold leaves out: `document`, or `page` where there is one document.
    """

    words: Interval
    template: Interval
    positives: int
    negatives: int
    held_out: str


def check_shortcuts(queries: Sequence[Query], seed: int = 0) -> Shortcut:
    """Try to tell hard negatives from positives without their pages.

    Args:
        queries: of a run; rephrasings are left out.
        seed: of the intervals.

    Raises:
        UserError: there are too few queries of both kinds, or of too few pages, to hold some out.
    """
    kept = [query for query in queries if query.kind != "rephrased"][:MAX_QUERIES]
    labels = [query.kind == "hard_negative" for query in kept]
    documents = [query.page_id.rpartition("/")[0] for query in kept]
    groups, held_out = (documents, "document") if len(set(documents)) > 1 else ([q.page_id for q in kept], "page")
    if len(set(groups)) < 2 or min(sum(labels), len(labels) - sum(labels)) < 2 * FOLDS:
        raise UserError("the shortcut check needs ten positives and ten hard negatives of two pages or more")
    require("sklearn", extra="train")
    pages = [query.page_id for query in kept]
    areas = [
        bootstrap_auroc(_predict(rows, labels, groups), labels, pages, seed)
        for rows in ([query.text for query in kept], [describe(query) for query in kept])
    ]
    return Shortcut(areas[0], areas[1], len(labels) - sum(labels), sum(labels), held_out)


def try_shortcuts(queries: Sequence[Query], seed: int = 0) -> Shortcut | str:
    """Do `check_shortcuts`, or say why it cannot be done."""
    try:
        return check_shortcuts(queries, seed)
    except UserError as error:
        return str(error)


def describe(query: Query) -> dict[str, float]:
    """A query's template: what is left of it when its words are forgotten.

    Examples:
        >>> described = describe(Query("a/1#1", "a/1", "What was revenue in 2019?", "positive", "question"))
        >>> described["opening what was"], described["slots year"]
        (1.0, 1.0)
    """
    words = query.text.split()
    slots = Counter(slot.property for slot in find_slots(query.text, {}))
    return {
        f"form {query.form}": 1.0,
        f"opening {' '.join(words[:2]).lower()}": 1.0,
        "words": len(words) / 10,
        "characters": len(query.text) / 50,
        "digits": sum(letter.isdigit() for letter in query.text) / 4,
        "capitals": sum(word[:1].isupper() for word in words) / 4,
        **{f"slots {name}": float(count) for name, count in slots.items()},
    }


def _predict(rows: Sequence[Any], labels: Sequence[bool], groups: Sequence[str]) -> Floats:
    """Log odds of every row by a model that saw no row of its group, standardised within the fold."""
    from sklearn.model_selection import GroupKFold

    found = np.zeros(len(rows))
    folds = GroupKFold(min(FOLDS, len(set(groups))))
    for train, test in folds.split(np.zeros(len(rows)), labels, groups):
        known = [labels[at] for at in train]
        if all(known) or not any(known):
            continue
        model = _open_classifier(words=isinstance(rows[0], str)).fit([rows[at] for at in train], known)
        odds = np.asarray(model.decision_function([rows[at] for at in test]), np.float64)
        found[test] = (odds - odds.mean()) / max(float(odds.std()), 1e-9)
    return found


def _open_classifier(words: bool) -> Any:
    """Of words and characters of a text, or of a template."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    regression = LogisticRegression(class_weight="balanced", max_iter=300, solver="lbfgs")
    if not words:
        return make_pipeline(DictVectorizer(), regression)
    grams = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=40_000)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, max_features=40_000)
    return make_pipeline(make_union(grams, letters), regression)
