"""Which sets a run was imported from, and which documents each of them brought: no set replaces another in silence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from docrerank.datasets.published import Block, Published
from docrerank.records import UserError
from docrerank.runs import Run, write_text

FILE = "imported_sets.json"


@dataclass(frozen=True, slots=True)
class ImportedSet:
    """A set of a run: where it came from, the share of it that was taken, and its documents."""

    source: str
    share: float
    documents: tuple[str, ...]


def read_sets(run: Run) -> dict[str, ImportedSet]:
    """The sets of a run by name; empty if it has none.

    Raises:
        UserError: the file is damaged.
    """
    path = run.path / FILE
    if not path.is_file():
        return {}
    try:
        rows = json.loads(path.read_text("utf-8"))
        return {name: ImportedSet(row["source"], row["share"], tuple(row["documents"])) for name, row in rows.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} cannot be read ({error}): import into another --out") from None


def claim_documents(run: Run, published: Published, blocks: Sequence[Block], share: float) -> list[str]:
    """Put a set down as one of the run's; returns the documents of the others, which stay.

    Raises:
        UserError: another set has its name or one of its documents, or the run holds pages of no known set.
    """
    sets, documents = read_sets(run), tuple(block.document for block in blocks)
    known = sets.pop(published.name, None)
    if known and known.source != published.source:
        raise UserError(
            f"'{run.path}' has a set '{published.name}' already, from '{known.source}': give this one another name"
        )
    for name, other in sets.items():
        if shared := sorted(set(documents) & set(other.documents)):
            raise UserError(f"document '{shared[0]}' is in the set '{name}' too: rename it, or give another --out")
    others = [document for other in sets.values() for document in other.documents]
    if strays := sorted(set(run.pages.names()) - set(others) - set(documents) - set(known.documents if known else ())):
        raise UserError(f"'{run.path}' holds '{strays[0]}', which is of no set that is known: give another --out")
    sets[published.name] = ImportedSet(published.source, share, documents)
    rows = {name: asdict(entry) for name, entry in sets.items()}
    write_text(run.path / FILE, json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    return others
