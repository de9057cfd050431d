"""`docrerank.json`: what a model's folder says beside its weights, so that it scores as it did when it was trained."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from pydantic import FiniteFloat, TypeAdapter

from docrerank.records import UserError, one_line
from docrerank.retrieval.encoder import Vectors
from docrerank.retrieval.fusion import FusionWeights
from docrerank.retrieval.relevance import Threshold
from docrerank.retrieval.start_models import MINI
from docrerank.retrieval.windows import WindowSettings
from docrerank.runs import write_text

FILE = "docrerank.json"
#: What every card has; the rest came later.
ALWAYS = ("windows", "fusion", "calibration", "made_from")


@dataclass(frozen=True, slots=True)
class Calibration:
    """From a late-interaction score to the probability that the page answers: sigmoid(scale * score + bias)."""

    scale: FiniteFloat = 20.0
    bias: FiniteFloat = -11.0

    def apply(self, scores: Vectors) -> Vectors:
        """Probabilities in [0, 1], in the order of the scores."""
        return np.asarray(1 / (1 + np.exp(-(self.scale * scores.astype(np.float64) + self.bias))), np.float32)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The contents of `docrerank.json`.

    Attributes:
        windows: how pages are cut.
        fusion: what each view counts in `rank`.
        calibration: what `predict` makes of a score.
        made_from: fingerprint of the pages, queries and recipe it was trained from; empty if it was not.
        relevance_threshold: from where on a page is said to answer; None if none was chosen.
        page_text: whether a vision-language model was trained on images with the pages' text beside them.
        title_strip: whether it was trained on images with company and period above them.
    """

    windows: WindowSettings = field(default_factory=WindowSettings)
    fusion: FusionWeights = field(default_factory=FusionWeights)
    calibration: Calibration = field(default_factory=Calibration)
    made_from: str = ""
    relevance_threshold: Threshold | None = None
    page_text: bool = False
    title_strip: bool = False

    def write(self, folder: Path) -> None:
        """Put the file into a model's folder."""
        write_text(folder / FILE, json.dumps(asdict(self), indent=2) + "\n")


#: Of the shipped start, on its held-out sources: `python -m benchmarks.start measure` and `threshold` print them.
MINI_THRESHOLD = Threshold(0.5, 0.83, 0.829, 0.944, 504, 900, "held-out human questions")
MINI_CARD = ModelCard(calibration=Calibration(17.658, -8.4812), relevance_threshold=MINI_THRESHOLD)


def describe_start(name: str, windows: WindowSettings | None = None) -> ModelCard:
    """The card of a start that was not trained any further."""
    return replace(MINI_CARD if name == MINI else ModelCard(), windows=windows or WindowSettings())


def read_card(folder: Path) -> ModelCard:
    """The card of a model's folder; the default one if there is none.

    Raises:
        UserError: the file is damaged.
    """
    if not (folder / FILE).is_file():
        return ModelCard()
    try:
        values = json.loads((folder / FILE).read_text("utf-8"))
        return TypeAdapter(ModelCard).validate_python({name: values[name] for name in ALWAYS} | values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = one_line(error, 120)
        raise UserError(f"{folder / FILE} cannot be read ({reason}): train the model again or delete it") from None
