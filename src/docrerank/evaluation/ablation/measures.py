"""What is measured of one arm and seed: ranking on the benchmark, and near misses on the held-out pages."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from docrerank.evaluation import names, read_evaluation
from docrerank.evaluation.ablation.arms import Arm
from docrerank.evaluation.ablation.learned import Learned, describe_learned
from docrerank.evaluation.probe import ProbeSet, pair_queries, probe
from docrerank.retrieval import MINI, UNTRAINED
from docrerank.runs import Run, split_run, write_text
from docrerank.training import made_from

FILE = "measures.json"
#: Near misses that every arm is asked, on pages that no arm of this seed learned from.
CASES = 400

#: Rows of the evaluation where nothing is learned from a run: late interaction alone, and fused, by start.
STARTS = {UNTRAINED: (names.TOKENS, names.NAMED), MINI: (names.STARTED, names.STARTED_FUSED)}

Scores = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Measures:
    """One arm with one seed.

    Attributes:
        learned: what it learned from.
        ndcg: by system (`alone`, `fused`, `first stage`), NDCG@5 of every question by its id.
        recall: likewise, R@1.
        clusters: every question's document, which its interval is drawn with.
        probe: share of near misses scored below their positive, by edited property and `all`; with how many.
        kept: `trained`, or `untrained` where training did not help on the dev part and the start was delivered.
        seconds: of `train` (after a kill: since then), `evaluate` and `probe`.
    """

    learned: Learned
    ndcg: Mapping[str, Scores]
    recall: Mapping[str, Scores]
    clusters: Mapping[str, str]
    probe: Mapping[str, tuple[int, float]]
    kept: str
    seconds: Mapping[str, float] = field(default_factory=dict)

    def describe(self) -> str:
        """A line for a log."""
        means = ", ".join(f"{name} {sum(scores.values()) / len(scores):.4f}" for name, scores in self.ndcg.items())
        probed = f"; near misses {self.probe['all'][1]:.3f}" if self.probe else ""
        return f"NDCG@5 {means}{probed}"


def measure(run: Run, source: Run, arm: Arm, benchmark: Path) -> Measures:
    """Read the evaluation, ask the near misses, and keep both in the arm's folder."""
    evaluation = read_evaluation(run)
    systems = _name_systems(run, arm)
    scores = {
        metric: {name: _read(evaluation, system, metric) for name, system in systems.items()}
        for metric in ("NDCG@5", "R@1")
    }
    started = time.perf_counter()
    probed = _probe(run, source, arm)
    stages = run.manifest.read().get("stages", {})
    seconds = {name: stages[name]["seconds"] for name in ("train", "evaluate") if name in stages}
    found = Measures(
        describe_learned(run) if arm.trained else Learned(),
        scores["NDCG@5"],
        scores["R@1"],
        {query["id"]: query["cluster"] for query in evaluation["queries"]},
        probed,
        stages["train"].get("kept", "") if arm.trained else "",
        {**seconds, "probe": round(time.perf_counter() - started, 2)},
    )
    content = {"made_from": _key(run, benchmark), **asdict(found)}
    write_text(run.path / FILE, json.dumps(content) + "\n")
    return found


def read_measures(run: Run, benchmark: Path) -> Measures | None:
    """What was measured of this arm before, with the same model and questions; None if it must be measured."""
    try:
        content: dict[str, Any] = json.loads((run.path / FILE).read_text("utf-8"))
        if content.pop("made_from") != _key(run, benchmark):
            return None
        content["learned"] = Learned(**content["learned"])
        content["probe"] = {name: (count, share) for name, (count, share) in content["probe"].items()}
        return Measures(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _key(run: Run, benchmark: Path) -> str:
    files = (benchmark / "queries.jsonl", benchmark / "qrels" / "test.tsv")
    return "\n".join([made_from(run), *(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)])


def _name_systems(run: Run, arm: Arm) -> dict[str, str]:
    if run.recipe.train.base not in STARTS:
        # A vision-language model orders the first stage's candidates; the untrained one stands in the same row.
        return {"alone": names.TRAINED, "first stage": names.FIRST_STAGE}
    trained = (names.TRAINED_ALL, names.TRAINED_FUSED_ALL)
    alone, fused = trained if arm.trained else STARTS[run.recipe.train.base]
    return {"alone": alone, "fused": fused, "first stage": names.FIRST_STAGE}


def _read(evaluation: Mapping[str, Any], system: str, metric: str) -> dict[str, float]:
    rows = {query["id"]: query["systems"][system].get("metrics") for query in evaluation["queries"]}
    return {query: metrics[metric] for query, metrics in rows.items() if metrics}


def _probe(run: Run, source: Run, arm: Arm) -> dict[str, tuple[int, float]]:
    """The source run's near misses on this seed's held-out pages: the same for all arms."""
    seed = run.recipe.seed
    held_out = split_run(run, run.recipe.train.dev_share).dev
    pages = {page.id: page for page in source.pages.read() if page.id in held_out}
    cases = tuple(pair_queries(source.queries.read(), pages, seed)[:CASES])
    if not cases:
        return {}
    asked = {page: pages[page] for page in dict.fromkeys(case.positive.page_id for case in cases)}
    model = str(run.model) if arm.trained or run.recipe.train.base not in STARTS else run.recipe.train.base
    probed = probe([model], source, ProbeSet(asked, cases, "dev"))[0]
    rows = {name: (count, interval.value) for name, (count, interval) in probed.breakdowns["property"].items()}
    return {"all": (len(cases), probed.accuracy.value), **rows}
