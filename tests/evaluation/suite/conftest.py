"""Small data sets in the very schemas of ViDoRe V2, V3 and REAL-MM-RAG: pages as drawn images, ids of their types."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

PAGES = (
    "The ferry company earned 48 million dollars in 2019.",
    "Apple trees are pruned in February before the buds open.",
    "The cider press yields six hundred bottles a day.",
    "Maria Keller chairs the board of the harbor.",
    "Fuel cost the fleet 12 million dollars.",
    "A court dismissed the claim of the supplier in March.",
)
ASKED = (
    ("How much did the ferry company earn?", 0),
    ("When are apple trees pruned?", 1),
    ("Who chairs the board?", 3),
    ("What did fuel cost the fleet?", 4),
)
REPHRASED = (
    ("Which sum did the ferries bring in?", "What was the income of the boat operator?", "Boat operator's takings?"),
    ("In what month are apple trees cut?", "When does one trim fruit trees?", "Best time to trim an orchard?"),
    ("Who is the head of the board?", "Who leads the directors?", "Name of the person leading the directors?"),
    ("How much was spent on fuel?", "What was paid for diesel?", "Diesel bill of the ships?"),
)


def draw_page(text: str, width: int = 560, height: int = 120) -> Image.Image:
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).text((20, 40), text, "black", ImageFont.load_default(20))
    return image


def encode(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def write_dataset(folder: Path, parts: Mapping[str, Sequence[Mapping[str, Any]]], split: str = "test") -> Path:
    """A copy of a hub's data set: one parquet folder for each configuration, and a card that declares them."""
    datasets = pytest.importorskip("datasets")
    declared = []
    for config, rows in parts.items():
        (folder / config).mkdir(parents=True, exist_ok=True)
        table = datasets.Dataset.from_list(list(rows))
        if "image" in table.column_names:
            table = table.cast_column("image", datasets.Image())
        table.to_parquet(str(folder / config / f"{split}-00000-of-00001.parquet"))
        files = f"  data_files:\n  - split: {split}\n    path: {config}/{split}-*\n"
        declared.append(f"- config_name: {config}\n{files}")
    (folder / "README.md").write_text("---\nconfigs:\n" + "".join(declared) + "---\n", "utf-8")
    return folder


def make_corpus(key: str, whole: bool = True, text: bool = False) -> list[dict[str, Any]]:
    """Rows of a corpus; ids are numbers in V1, V2 and REAL-MM-RAG, and text elsewhere."""
    rows = []
    for number, page in enumerate(PAGES):
        row: dict[str, Any] = {key: number if whole else f"page-{number}", "image": {"bytes": encode(draw_page(page))}}
        rows.append(row | ({"text": page} if text else {}))
    return rows


def make_vidore_v2() -> dict[str, list[dict[str, Any]]]:
    """As `vidore/esg_reports_v2`: numbers as ids, `query`, a column of languages."""
    languages = ("english", "french", "english", "french")
    queries = [
        {"query-id": number, "query": text, "language": languages[number]} for number, (text, _) in enumerate(ASKED)
    ]
    qrels = [{"query-id": number, "corpus-id": page, "score": 1} for number, (_, page) in enumerate(ASKED)]
    return {"corpus": make_corpus("corpus-id"), "queries": queries, "qrels": qrels}


def make_real_mm_rag() -> dict[str, list[dict[str, Any]]]:
    """As `ibm-research/REAL-MM-RAG_*_BEIR`: the question at four levels."""
    queries = [
        {"query-id": number, "query": text, **{f"rephrase_level_{n}": REPHRASED[number][n - 1] for n in (1, 2, 3)}}
        for number, (text, _) in enumerate(ASKED)
    ]
    return make_vidore_v2() | {"queries": queries}


def make_vidore_v3(languages: Sequence[str] = ("english", "french"), ranked: bool = True) -> dict[str, list[Any]]:
    """As mteb's V3 and reranking sets: one configuration for each language and part, image and text, candidates."""
    parts: dict[str, list[Any]] = {}
    for language in languages:
        parts[f"{language}-corpus"] = make_corpus("id", whole=False, text=True)
        parts[f"{language}-queries"] = [{"id": f"q{n}", "text": text} for n, (text, _) in enumerate(ASKED)]
        rows = [{"query-id": f"q{n}", "corpus-id": f"page-{p}", "score": 1 + n % 2} for n, (_, p) in enumerate(ASKED)]
        parts[f"{language}-qrels"] = rows
        if ranked:  # the second question's page is not among its candidates
            found = {n: [4, 5, p] if n != 1 else [0, 2, 3] for n, (_, p) in enumerate(ASKED)}
            parts[f"{language}-top_ranked"] = [
                {"query-id": f"q{n}", "corpus-ids": [f"page-{p}" for p in dict.fromkeys(pages)]}
                for n, pages in found.items()
            ]
    return parts


@pytest.fixture(scope="session", name="write_dataset")
def give_write_dataset() -> Callable[..., Path]:
    return write_dataset


@pytest.fixture(scope="session")
def schemas() -> dict[str, Callable[..., dict[str, list[Any]]]]:
    return {"v2": make_vidore_v2, "v3": make_vidore_v3, "real_mm_rag": make_real_mm_rag}


@pytest.fixture(scope="session", name="draw_page")
def give_draw_page() -> Callable[..., Image.Image]:
    return draw_page


@pytest.fixture(scope="session", autouse=True)
def hub_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What `datasets` prepares from a file goes to a folder of the test run."""
    datasets = pytest.importorskip("datasets")
    datasets.config.HF_DATASETS_CACHE = tmp_path_factory.mktemp("prepared")
