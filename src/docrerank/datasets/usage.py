"""The forms of a set, and how each is loaded: the snippets that a card shows and the tests run."""

from __future__ import annotations

#: The forms of a training set, each with one line about it.
FORMS = {
    "hf": "the released schema: one row a page with its image, positives, hard negatives and answers",
    "triplet": "sentence-transformers: anchor, positive, negative, by id",
    "labeled-list": "sentence-transformers: query and pages, or page and queries, with labels, by id",
    "beir": "corpus, queries and qrels as parquet, as the hub's benchmarks have them",
}
_LOAD = "from datasets import load_dataset\n"
_JOIN = f"""{_LOAD}from sentence_transformers.util import resolve_ids

queries = load_dataset(SET, "queries", split="train")
pages = load_dataset(SET, "pages", split="train")
text, page = (queries, "id", "text"), (pages, "id", PAGE)
mined = load_dataset(SET, "mined", split="train")
generated = load_dataset(SET, "generated", split="train")
"""
#: SET is the set's folder or hub name; PAGE is "image" or "text".
SNIPPETS = {
    "hf": f"""{_LOAD}
pages = load_dataset(SET, split="train")
row = pages[0]
row["image"], row["positive_queries"], row["negative_queries"], row["answer"]
""",
    "triplet": _JOIN
    + """mined.set_transform(resolve_ids({"query_id": text, "positive_id": page, "negative_id": page}))
generated.set_transform(resolve_ids({"page_id": page, "positive_id": text, "negative_id": text}))
""",
    "labeled-list": _JOIN
    + """mined.set_transform(resolve_ids({"query_id": text, "page_ids": page}, output_format="lists"))
generated.set_transform(resolve_ids({"page_id": page, "query_ids": text}, output_format="lists"))
""",
    "beir": f"""{_LOAD}
corpus = load_dataset(SET, "corpus", split="test")
queries = load_dataset(SET, "queries", split="test")
qrels = load_dataset(SET, "qrels", split="test")
""",
}
#: After the snippet of `labeled-list`: one query and one page a row, the query first.
PAIRS = """from datasets import Dataset

def list_pairs():
    for row in load_dataset(SET, "mined", split="train"):
        for page_id, label in zip(row["page_ids"], row["labels"]):
            yield {"query_id": row["query_id"], "page_id": page_id, "label": label}
    for row in load_dataset(SET, "generated", split="train"):
        for query_id, label in zip(row["query_ids"], row["labels"]):
            yield {"query_id": query_id, "page_id": row["page_id"], "label": label}

pairs = Dataset.from_list(list(list_pairs()))
pairs.set_transform(resolve_ids({"query_id": text, "page_id": page}))  # for BinaryCrossEntropyLoss
"""
_ROLES = (
    "`mined` has one query and several pages, `generated` one page and several queries: there the page is the anchor. "
    "A model whose prompt tells query and document apart must see them in their places, so as pairs."
)
_NOTES = {
    "hf": 'Rows of `negative_queries` belong to the positives in the same place. `datasets.load_dataset("parquet", '
    'data_files="SET/data/*.parquet")` loads it too.',
    "triplet": _ROLES,
    "labeled-list": _ROLES,
    "beir": "Queries are the positives, their rephrasings, and those hard negatives that another page answers.",
}


def describe_usage(form: str) -> str:
    """Markdown for the card of a form."""
    code = SNIPPETS[form].replace("PAGE)", 'PAGE)  # PAGE is "image" or "text"')
    pairs = f"\n\n```python\n{PAIRS.strip()}\n```" if form == "labeled-list" else ""
    return f"```python\n{code.strip()}\n```\n\n{_NOTES[form]}{pairs}"
