"""How each form is loaded: the snippets that a card shows, and that the tests run."""

from __future__ import annotations

_LOAD = "from datasets import load_dataset\n"
_HF = f"""{_LOAD}
pages = load_dataset(SET, split="train")
row = pages[0]
row["image"], row["positive_queries"], row["negative_queries"], row["answer"]
"""
_LOOKUPS = """queries = load_dataset(SET, "queries", split="train")
pages = load_dataset(SET, "pages", split="train")
"""
_JOIN = f"""{_LOAD}from sentence_transformers.util import resolve_ids

{_LOOKUPS}text, page = (queries, "id", "text"), (pages, "id", PAGE)
"""
_TRIPLET = """mined = load_dataset(SET, "mined", split="train")
mined.set_transform(resolve_ids({"query_id": text, "positive_id": page, "negative_id": page}))
generated = load_dataset(SET, "generated", split="train")
generated.set_transform(resolve_ids({"page_id": page, "positive_id": text, "negative_id": text}))
"""
_TUPLE = """mined = load_dataset(SET, "mined", split="train")
mined.set_transform(resolve_ids({name: text if name == "query_id" else page for name in mined.column_names}))
generated = load_dataset(SET, "generated", split="train")
generated.set_transform(resolve_ids({name: page if name == "page_id" else text for name in generated.column_names}))
"""
_PAIR = """pairs = load_dataset(SET, "pairs", split="train")
pairs.set_transform(resolve_ids({"query_id": text, "page_id": page}))
"""
_LIST = """mined = load_dataset(SET, "mined", split="train")
mined.set_transform(resolve_ids({"query_id": text, "page_ids": page}, output_format="lists"))
generated = load_dataset(SET, "generated", split="train")
generated.set_transform(resolve_ids({"page_id": page, "query_ids": text}, output_format="lists"))
"""
_BEIR = f"""{_LOAD}
corpus = load_dataset(SET, "corpus", split="test")
queries = load_dataset(SET, "queries", split="test")
qrels = load_dataset(SET, "qrels", split="test")
"""

#: Code of each form that is loaded in Python. SET is the set's folder or hub name; PAGE is "image" or "text".
SNIPPETS = {
    "hf": _HF,
    "triplet": _JOIN + _TRIPLET,
    "n-tuple": _JOIN + _TUPLE,
    "labeled-pair": _JOIN + _PAIR,
    "labeled-list": _JOIN + _LIST,
    "beir": _BEIR,
    "tevatron": f"""{_LOAD}
queries = load_dataset(SET, "queries", split="train")
corpus = load_dataset(SET, "corpus", split="train")
""",
}
_ROLES = (
    "`mined` has one query and several pages, `generated` one page and several queries: there the page is the anchor. "
    "A model whose prompt tells query and document apart must see them in their places: train it on `labeled-pair`, "
    "where a query always comes first."
)
_SHELL = {
    "ms-swift": """```
export ROOT_IMAGE_DIR=SET        # image paths are relative to the set
swift sft --task_type generative_reranker --dataset SET/mined/train.jsonl ...
```

`generated/` has the page in `messages` and queries in `positive_messages` and `negative_messages`: the roles are \
exchanged, so train on it with a template that puts the page first, and not mixed with `mined/`.""",
    "benchmark": """```
docrerank evaluate RUN --benchmark SET
```""",
}
_NOTES = {
    "hf": 'Rows of `negative_queries` belong to the positives in the same place. `datasets.load_dataset("parquet", '
    'data_files="SET/data/*.parquet")` loads it too.',
    "triplet": _ROLES,
    "n-tuple": _ROLES,
    "labeled-pair": "Each (query, page) pair stands once; label 1 if the page answers. Pages that answer a hard "
    "negative of another page are positives here.",
    "labeled-list": _ROLES,
    "tevatron": "Rows are one query with documents: hard negative queries have no place in this form.",
    "beir": "Queries are the positives, their rephrasings, and those hard negatives that another page answers.",
}


def _describe(form: str) -> str:
    if form in _SHELL:
        return _SHELL[form]
    code = SNIPPETS[form].replace("PAGE)", 'PAGE)  # PAGE is "image" or "text"')
    return f"```python\n{code.strip()}\n```\n\n{_NOTES[form]}"


#: Markdown for the card of each form.
USAGE = {form: _describe(form) for form in (*SNIPPETS, *_SHELL)}
