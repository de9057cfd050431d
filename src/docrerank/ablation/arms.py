"""The arms of the ablation: which queries, in which mixture, the reranker of each is trained on."""

from __future__ import annotations

from dataclasses import dataclass

from docrerank.records import UserError

#: Edits tried per positive where up to 16 negatives are wanted.
CANDIDATES = 40


@dataclass(frozen=True, slots=True)
class Variant:
    """Queries made in another way than the run's own.

    Attributes:
        name: the folder's.
        overrides: recipe keys; none are the run's own queries.
    """

    name: str
    overrides: tuple[str, ...] = ()


OWN = Variant("own")
FINANCE = Variant("finance", ("generate.taxonomy=finance",))
UNVERIFIED = Variant("unverified", ("generate.verify_negatives=false",))
MANY = Variant("many", ("generate.negatives_per_positive=16", f"generate.negative_candidates={CANDIDATES}"))


@dataclass(frozen=True, slots=True)
class Arm:
    """One reranker, trained once per seed.

    Attributes:
        name: as it is asked for and as in the table.
        mined_share: share of training groups with one query and several pages.
        variant: the queries it learns from.
        rephrased_share: share of groups whose positive is rephrased.
        negatives: per training group, if not as the run's recipe says.
        trained: false for the model as it comes.
    """

    name: str
    mined_share: float = 0.5
    variant: Variant = OWN
    rephrased_share: float = 0.0
    negatives: int = 0
    trained: bool = True

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
ARMS = (
    UNTRAINED,
    CONTROL,
    Arm("generated", mined_share=0.0),
    Arm("both"),
    Arm("both+finance", variant=FINANCE),
    Arm("both+rephrased", rephrased_share=0.5),
    Arm("unverified", variant=UNVERIFIED),
    *(Arm(f"negatives-{count}", 0.0, MANY, negatives=count) for count in (1, 3, 8, 16)),
)
#: The rows of the paper's comparison (section 4), at the size that the run allows.
TABLE = (
    UNTRAINED,
    CONTROL,
    Arm("both"),
    Arm("both+finance", variant=FINANCE),
    Arm("both+finance+rephrased", 0.5, FINANCE, 0.5),
)
PRESETS = {"all": ARMS, "paper": TABLE}


def find_arms(names: str) -> tuple[Arm, ...]:
    """A preset, or arms by their names; the untrained one and the control are always among them.

    Args:
        names: `all`, `paper`, or names with commas between.

    Raises:
        UserError: an unknown name.

    Example:
        >>> [arm.name for arm in find_arms("generated")]
        ['untrained', 'mined', 'generated']
    """
    if names in PRESETS:
        return PRESETS[names]
    known = {arm.name: arm for arm in (*ARMS, *TABLE)}
    asked = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in asked if name not in known]:
        raise UserError(f"no arm '{unknown[0]}': one of {', '.join([*PRESETS, *known])}")
    return tuple(dict.fromkeys([UNTRAINED, CONTROL, *(known[name] for name in asked)]))
