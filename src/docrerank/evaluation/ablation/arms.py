"""The arms of the ablation: which queries, in which mixture, the reranker of each is trained on."""

from __future__ import annotations

from dataclasses import dataclass

from docrerank.records import UserError

#: Edits tried per positive where up to 16 negatives are wanted.
CANDIDATES = 40


@dataclass(frozen=True, slots=True)
class Variant:
    """Hard negatives made in another way than the run's own, for the same positives.

    Attributes:
        name: the folder's.
        overrides: recipe keys; none are the run's own hard negatives.
        share: of the positives that get them; the others keep the run's own.
    """

    name: str
    overrides: tuple[str, ...] = ()
    share: float = 1.0


OWN = Variant("own")
#: A third of the generated half, as in the paper (20k of 60k).
FINANCE = Variant("finance", ("generate.taxonomy=finance",), 1 / 3)
UNVERIFIED = Variant("unverified", ("generate.verify_negatives=false",))
MANY = Variant("many", ("generate.negatives_per_positive=16", f"generate.negative_candidates={CANDIDATES}"))


@dataclass(frozen=True, slots=True)
class Arm:
    """One reranker, trained once per seed.

    Attributes:
        name: as it is asked for and as in the table.
        mined_share: share of training groups with one query and several pages.
        variant: the hard negatives it learns from.
        rephrased_share: share of groups whose positive is rephrased.
        negatives: per training group, if not as the run's recipe says.
        trained: false for the model as it comes.
        against: the arm that differs from it in one thing alone, beside the control; empty for none.
    """

    name: str
    mined_share: float = 0.5
    variant: Variant = OWN
    rephrased_share: float = 0.0
    negatives: int = 0
    trained: bool = True
    against: str = ""

    def overrides(self, groups: int, seed: int) -> list[str]:
        """The recipe keys that make it."""
        chosen = [
            f"seed={seed}",
            f"train.groups={groups}",
            f"train.mined_share={self.mined_share}",
            f"train.rephrased_share={self.rephrased_share}",
        ]
        return [*chosen, *([f"train.negatives_per_group={self.negatives}"] if self.negatives else [])]


UNTRAINED = Arm("untrained", trained=False)
#: The first trained arm is what the others are compared with (paper, its control).
CONTROL = Arm("mined", mined_share=1.0)
BOTH = Arm("both")
WITH_FINANCE = Arm("both+finance", variant=FINANCE, against="both")
ARMS = (
    UNTRAINED,
    CONTROL,
    Arm("generated", mined_share=0.0),
    BOTH,
    WITH_FINANCE,
    Arm("both+rephrased", rephrased_share=0.5, against="both"),
    Arm("unverified", variant=UNVERIFIED, against="both"),
    *(Arm(f"negatives-{n}", 0.0, MANY, negatives=n, against="" if n == 3 else "negatives-3") for n in (1, 3, 8, 16)),
)
#: The rows of the paper's Table 4, at one size; its `Full` row differs from the last of them by its size alone.
TABLE4 = (
    UNTRAINED,
    CONTROL,
    BOTH,
    WITH_FINANCE,
    Arm("both+finance+rephrased", 0.5, FINANCE, 0.5, against="both+finance"),
)
PRESETS = {"all": ARMS, "table4": TABLE4}


def find_arms(names: str) -> tuple[Arm, ...]:
    """A preset, or arms by their names; the untrained one and the control are always among them.

    Args:
        names: `all`, `table4`, or names with commas between.

    Raises:
        UserError: an unknown name.

    Example:
        >>> [arm.name for arm in find_arms("generated")]
        ['untrained', 'mined', 'generated']
    """
    if names in PRESETS:
        return PRESETS[names]
    known = {arm.name: arm for arm in (*ARMS, *TABLE4)}
    asked = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in asked if name not in known]:
        raise UserError(f"no arm '{unknown[0]}': one of {', '.join([*PRESETS, *known])}")
    return tuple(dict.fromkeys([UNTRAINED, CONTROL, *(known[name] for name in asked)]))
