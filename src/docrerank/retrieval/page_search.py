"""The one search of the command line and the server: a question to the best pages of a run or of a document."""

from __future__ import annotations

from dataclasses import dataclass

from docrerank.records import UserError
from docrerank.retrieval.encoder import PageEncoder
from docrerank.retrieval.first_stage import Candidates, FirstStage
from docrerank.retrieval.large_pages import LargePages
from docrerank.retrieval.page_store import ENCODINGS, PageStore
from docrerank.retrieval.run_index import index_in_memory, is_large
from docrerank.runs import Run


@dataclass(frozen=True, slots=True)
class Search:
    """The first stage over some pages.

    Attributes:
        pages: found by a query or by id; in memory, or on disk where they are many.
        encoder: encodes questions, and has encoded the pages' windows.
    """

    pages: FirstStage | LargePages
    encoder: PageEncoder

    @classmethod
    def open(cls, run: Run, encoder: PageEncoder) -> Search:
        """Search a run's pages, those that are new or changed being encoded first.

        Raises:
            UserError: the run has no pages yet.
        """
        check_pages(run)
        store = PageStore(run.path / ENCODINGS, encoder)
        if is_large(run, encoder.late):
            return cls(LargePages(run, store), encoder)
        return cls(index_in_memory(run, store, boxes=True)[1], encoder)

    def find(self, question: str, k: int, document: str | None = None) -> Candidates:
        """The best `k` pages, of one document if it is named; none for an unknown one."""
        return self.pages.find(question, self.encoder.encode_queries([question])[0], k, document)


def check_pages(run: Run) -> None:
    """Refuse a run without pages.

    Raises:
        UserError: it has none yet.
    """
    if not run.count_pages():
        raise UserError(f"'{run.path}' has no pages yet: docrerank ingest PDFS... --out {run.path}")
