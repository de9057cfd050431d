"""The mined pages of a run by document, in Arrow's memory: some tens of bytes for each."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from docrerank.runs import Run

_COLUMNS = {"query_id": pa.string(), "page_id": pa.string(), "rank": pa.int64()}


class MinedTable:
    """The mined pages of a run.

    Args:
        run: its `mined` part may be missing.
    """

    def __init__(self, run: Run) -> None:
        files = [run.mined.folder / f"{name}.parquet" for name in run.mined.names()]
        tables = [pq.read_table(file, columns=list(_COLUMNS)) for file in files]
        table = pa.concat_tables([pa.schema(list(_COLUMNS.items())).empty_table(), *tables])
        documents = pc.list_element(pc.split_pattern(table["query_id"], "/", max_splits=1), 0)
        table = table.append_column("document", documents)
        self._table = table.sort_by([("document", "ascending"), ("rank", "ascending")])
        counted = pc.value_counts(self._table["document"])
        names, counts = counted.field("values").to_pylist(), counted.field("counts").to_numpy(zero_copy_only=False)
        self._bounds = dict(zip(names, zip(np.cumsum(counts) - counts, counts, strict=True), strict=True))

    def of(self, document: str) -> dict[str, list[str]]:
        """Positive's id to the ids of its mined pages, the closest first."""
        found: dict[str, list[str]] = defaultdict(list)
        start, count = self._bounds.get(document, (0, 0))
        for row in self._table.slice(int(start), int(count)).to_pylist():
            found[row["query_id"]].append(row["page_id"])
        return found
