"""The arms of the ablation: the recipe keys in which each differs from the run."""

from __future__ import annotations

from dataclasses import dataclass

from docrerank.records import UserError


@dataclass(frozen=True, slots=True)
class Arm:
    """One reranker, trained once per seed.

    Attributes:
        name: as it is asked for and as in the table.
        training: recipe keys of its training, as for `--set`.
        queries: recipe keys by which its queries are generated; without any it learns from the run's own.
        against: the arm that differs from it in one thing alone, beside the control; empty for none.
    """

    name: str
    training: tuple[str, ...]
    queries: tuple[str, ...] = ()
    against: str = ""


def _mix(mined: float, rephrased: float = 0.0, negatives: int = 0) -> tuple[str, ...]:
    keys = (f"train.mined_share={mined}", f"train.rephrased_share={rephrased}")
    return (*keys, f"train.negatives_per_group={negatives}") if negatives else keys


FINANCE = ("generate.taxonomy=finance",)
UNVERIFIED = ("generate.verify_negatives=false",)
MANY = ("generate.negatives_per_positive=16", "generate.negative_candidates=40")
REPHRASED = _mix(0.5, 0.5)

#: What the others are compared with (paper, its control).
CONTROL = Arm("mined", _mix(1.0))
BOTH = Arm("both", _mix(0.5))
WITH_FINANCE = Arm("both+finance", _mix(0.5), FINANCE, "both")
ARMS = (
    CONTROL,
    Arm("generated", _mix(0.0)),
    BOTH,
    WITH_FINANCE,
    Arm("both+rephrased", REPHRASED, against="both"),
    Arm("unverified", _mix(0.5), UNVERIFIED, "both"),
    *(Arm(f"negatives-{n}", _mix(0.0, 0.0, n), MANY, "" if n == 3 else "negatives-3") for n in (1, 3, 8, 16)),
)
#: The rows of the paper's Table 4, at one size; its `Full` row differs from the last of them by its size alone.
TABLE4 = (CONTROL, BOTH, WITH_FINANCE, Arm("both+finance+rephrased", REPHRASED, FINANCE, "both+finance"))
PRESETS = {"all": ARMS, "table4": TABLE4}


def find_arms(names: str) -> tuple[Arm, ...]:
    """Find a preset's arms, or arms by name; the control is always the first of them.

    Args:
        names: `all`, `table4`, or names with commas between; a recipe key of `train` is an arm of its own.

    Raises:
        UserError: an unknown name.

    Examples:
        >>> [arm.name for arm in find_arms("generated,train.learning_rate=1e-4")]
        ['mined', 'generated', 'train.learning_rate=1e-4']
    """
    if names in PRESETS:
        return PRESETS[names]
    known = {arm.name: arm for arm in (*ARMS, *TABLE4)}
    asked = [name.strip() for name in names.split(",") if name.strip()]
    known |= {name: Arm(name, (name,)) for name in asked if name.startswith("train.") and "=" in name}
    if unknown := [name for name in asked if name not in known]:
        raise UserError(f"no arm '{unknown[0]}': one of {', '.join([*PRESETS, *known])}, or train.KEY=VALUE")
    return tuple(dict.fromkeys([CONTROL, *(known[name] for name in asked)]))
