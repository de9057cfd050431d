"""The groups of sentence-transformers: the README's own snippets, and real training steps on what they load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from docrerank.datasets.group_rows import GROUP_TABLES, FamilyGroup, build_rows, read_groups
from docrerank.queries import Family
from docrerank.records import MinedPage, Query
from docrerank.runs import Run

torch = pytest.importorskip("torch")
sentence_transformers = pytest.importorskip("sentence_transformers")
datasets = pytest.importorskip("datasets")
MakeRun = Callable[..., Run]


Load = Callable[..., dict[str, Any]]


def family(mined: tuple[str, ...] = ("a/2", "a/3"), negatives: int = 3) -> Family:
    positive = Query("a/1#0", "a/1", "q", "positive", "question")
    made = [Query(f"n{n}", "a/1", f"n{n}", "hard_negative", "question", "a/1#0") for n in range(negatives)]
    return Family(positive, [], made, list(mined))


def rows(form: Any, group: FamilyGroup, negatives: int = 2) -> list[tuple[str, tuple[Any, ...]]]:
    return [(table, tuple(row.values())) for table, row in build_rows(form, group, negatives)]


def test_the_anchor_is_the_query_of_mined_groups_and_the_page_of_generated_ones() -> None:
    group = FamilyGroup(family(), ())
    assert rows("triplet", group) == [
        ("mined", ("a/1#0", "a/1", "a/2")),
        ("mined", ("a/1#0", "a/1", "a/3")),
        *[("generated", ("a/1", "a/1#0", f"n{n}")) for n in range(3)],
    ]
    assert rows("labeled-list", group) == [
        ("mined", ("a/1#0", ["a/1", "a/2", "a/3"], [1, 0, 0])),
        ("generated", ("a/1", ["a/1#0", "n0", "n1"], [1, 0, 0])),
    ]


def test_a_family_without_negatives_makes_no_group() -> None:
    for form in GROUP_TABLES:
        assert rows(form, FamilyGroup(family((), 0), ())) == []


def test_pages_that_answer_are_positives_and_never_negatives(make_run: MakeRun) -> None:
    run = make_run()
    import dataclasses

    queries = list(run.queries.read("acme"))
    queries[0] = dataclasses.replace(queries[0], answered_by=("acme/2",))
    queries[2] = dataclasses.replace(queries[2], answered_by=("acme/3",))
    run.queries.write("acme", queries, "changed")
    run.mined.write("corpus", [MinedPage("acme/1#0", f"acme/{n}", n, 0.0) for n in (2, 3)], "changed")
    left_out: Counter[str] = Counter()
    group = next(read_groups(run, (), left_out))
    assert group.family.mined == ["acme/3"]
    assert left_out["a mined page that answers the query"] == 1
    for form in GROUP_TABLES:
        assert all("acme/2" not in str(row[1:]) for table, row in rows(form, group) if table == "mined")


@pytest.mark.parametrize("form", GROUP_TABLES)
def test_the_snippet_joins_texts_and_images(form: str, sets: Callable[[str], Path], load: Load) -> None:
    loaded = load(sets(form), "image", blocks=1)
    for table in ("mined", "generated"):
        row = loaded[table][0]
        first, second, *_ = row.values()
        query, page = (second, first) if table == "generated" else (first, second)
        query, page = (value[0] if isinstance(value, list) else value for value in (query, page))
        assert isinstance(page, Image.Image)
        assert query.startswith("How high were the")


def train(model: Any, data: Any, loss: Any, folder: Path) -> float:
    """Two steps of the real trainer; returns the last loss."""
    from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments

    settings = CrossEncoderTrainingArguments(
        output_dir=str(folder),
        max_steps=2,
        per_device_train_batch_size=2,
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        use_cpu=True,
        remove_unused_columns=False,
        disable_tqdm=True,
    )
    trainer = CrossEncoderTrainer(model=model, args=settings, train_dataset=data, loss=loss)
    trainer.train()
    return float(trainer.state.log_history[0]["loss"])


@pytest.fixture
def text_model(tmp_path: Path) -> Any:
    """A tiny random cross-encoder over text."""
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    tokenizers = pytest.importorskip("tokenizers")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz0123456789"]
    vocabulary = tokenizers.models.WordPiece({word: n for n, word in enumerate(words)}, unk_token="[UNK]")
    inner = tokenizers.Tokenizer(vocabulary)
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = BertForSequenceClassification(BertConfig(vocab_size=len(words), num_labels=1, **shape))
    model.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return sentence_transformers.CrossEncoder(str(tmp_path / "model"), device="cpu", max_length=64)


@pytest.mark.parametrize(
    ("form", "name"), [("triplet", "MultipleNegativesRankingLoss"), ("labeled-list", "LambdaLoss")]
)
def test_a_cross_encoder_trains_on_it(
    form: str, name: str, sets: Callable[[str], Path], text_model: Any, tmp_path: Path, load: Load
) -> None:
    from sentence_transformers.cross_encoder import losses

    loaded, loss = load(sets(form), blocks=1), getattr(losses, name)(text_model)
    data = datasets.DatasetDict({table: loaded[table] for table in ("mined", "generated")})
    assert train(text_model, data, loss, tmp_path / "out") > 0


def test_pairs_of_the_lists_have_the_query_first_and_both_kinds_of_negatives(
    sets: Callable[[str], Path], load: Load
) -> None:
    rows = load(sets("labeled-list"))["pairs"][:]
    assert list(rows) == ["query", "page", "label"]
    assert sum(rows["label"]) < len(rows["label"])
    wrong = [(q, p) for q, p, label in zip(*rows.values(), strict=True) if not label]
    assert any("2031" in query and "acme" in page for query, page in wrong), "a hard negative with its own page"
    assert all(query.endswith(("?", "2020")) for query in rows["query"])


def test_a_vision_cross_encoder_trains_on_the_images(
    sets: Callable[[str], Path], tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: Load
) -> None:
    from fixtures.tiny_vision import load_cross_encoder
    from sentence_transformers.cross_encoder import losses

    from docrerank.reranker import Reranker
    from docrerank.vision import save_reranker

    saved: Any = Reranker.from_pretrained(tiny_base)
    model = load_cross_encoder(save_reranker(saved.parts, tmp_path / "saved"), monkeypatch)
    pairs = load(sets("labeled-list"), "image")["pairs"]
    assert train(model, pairs, losses.BinaryCrossEntropyLoss(model), tmp_path / "out") > 0
