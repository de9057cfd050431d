"""The text encoder: any bi-encoder turns a page into vectors once, for all its queries."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import Page
from docrerank.retrieval.page_heading import find_heading
from docrerank.retrieval.windows import WindowCutter, WindowSettings, clean_text

#: Rows of float32, or of float16 where they come from disk.
Vectors = npt.NDArray[np.float32]
Precision = Literal["auto", "bfloat16", "float32"]
#: Neither special tokens nor punctuation take part in late interaction, on both sides.
SKIPPED = ["[CLS]", "[SEP]", *string.punctuation]
QUERY_TOKENS = 64
#: Names under which a model keeps the prompt of what is searched.
DOCUMENT_PROMPTS = ("document", "passage", "corpus")
BATCH_TOKENS = 8_192


@dataclass(frozen=True, slots=True)
class Encoding:
    """A page, or a query, as the encoder sees it.

    Attributes:
        tokens: (n, d), one unit vector for each token that counts, of all windows one after the other. A dense
            encoder has one for each window, as it compares them.
        windows: (w, d), one unit vector for each window: the mean of all its tokens.
    """

    tokens: Vectors
    windows: Vectors


class PageEncoder(Protocol):
    """What a first stage and a page store ask of an encoder, of texts (`TokenEncoder`) or of page images.

    Attributes:
        fingerprint: names all that a page's encoding depends on, beside the page.
        dimension: numbers in a vector.
        late: whether a query has many vectors in `Encoding.windows`, and the best of a page counts for each.
        precision: that pages are encoded in.
        opener: loads the same encoder in another process; None if nothing does.
    """

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def late(self) -> bool: ...

    precision: Precision
    opener: Callable[[], Any] | None

    def key(self, page: Page) -> list[Any]:
        """What a page's encoding is made from."""

    def read(self, pages: Sequence[Page]) -> list[Encoding]:
        """Encode pages."""

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode queries."""


class TokenEncoder:
    """Encodes queries and windows with a MultiVectorEncoder of sentence-transformers, or a dense SentenceTransformer.

    Args:
        model: the model; its own prompts stand in front of queries and windows.
        settings: how pages are cut into windows.
        weights: names the weights (a hash), for `fingerprint`.
        precision: of the transformer on pages; `auto` takes bfloat16 where the processor has it. Queries are float32.
        opener: loads the same encoder in another process, which must be able to import it; None if nothing does.

    Attributes:
        late: whether `windows` has many vectors of a query, and the best of a page counts for each.
    """

    late = False

    def __init__(
        self,
        model: Any,
        settings: WindowSettings,
        weights: str = "",
        precision: Precision = "auto",
        opener: Callable[[], Any] | None = None,
    ) -> None:
        self.model = model
        self.settings = settings
        self.precision = choose_precision(model.device.type) if precision == "auto" else precision
        self.opener = opener
        self.weights = weights
        self.cutter = WindowCutter(model.tokenizer, settings)
        self.dense = type(model).__name__ == "SentenceTransformer"
        self.prompts = {"query": find_prompt(model, "query"), "document": find_prompt(model, *DOCUMENT_PROMPTS)}

    @property
    def fingerprint(self) -> str:
        """Names all that a page's encoding depends on, beside its text."""
        return fingerprint(self.weights, asdict(self.settings), self.precision)

    def key(self, page: Page) -> list[Any]:
        """What a page's encoding is made from."""
        return [page.id, page.text, find_heading(page)]

    def read(self, pages: Sequence[Page]) -> list[Encoding]:
        """Encode pages, each window under the page's heading."""
        return self.encode_pages([page.text for page in pages], [find_heading(page) for page in pages])

    def encode_pages(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[Encoding]:
        """Encode page texts; a page without text has no tokens and no windows."""
        cut = self.cutter.cut(texts, contexts)
        encoded = self.encode([window for windows in cut for window in windows], "document")
        ends = np.cumsum([len(windows) for windows in cut]).tolist()
        return [self._join(encoded[end - len(windows) : end]) for windows, end in zip(cut, ends, strict=True)]

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode queries, each as one window."""
        return self.encode(texts, "query")

    def encode(self, texts: Sequence[str], task: str) -> list[Encoding]:
        """Encode texts of one window each, in batches of similar length."""
        torch = require("torch", extra="train")
        texts = [clean_text(text) for text in texts]
        sizes = np.asarray(self.cutter.count(texts), dtype=np.int64)
        found: list[Encoding] = [_NOTHING] * len(texts)
        self.model.eval()
        # For one short query the cast costs more than it saves.
        low = self.precision == "bfloat16" and task == "document"
        with torch.inference_mode(), torch.autocast(self.model.device.type, torch.bfloat16, enabled=low):
            for batch in batch_by_size(sizes):
                for index, encoding in zip(batch, self._forward([texts[i] for i in batch], task), strict=True):
                    found[index] = encoding
        return found

    def embed(self, texts: Sequence[str], task: str) -> tuple[Any, Any, dict[str, Any]]:
        """One batch as tensors, with gradients where they are on.

        Returns:
            vectors (texts, tokens, d) in float32, which of them count (texts, tokens), and the model's features; a
            dense encoder gives one vector for each text.
        """
        torch = require("torch", extra="train")
        features = self.model.preprocess(list(texts), task=task, prompt=self.prompts[task])
        device = self.model.device
        features = {key: value.to(device) if hasattr(value, "to") else value for key, value in features.items()}
        features = self.model(features, task=task)
        if not self.dense:
            return features["token_embeddings"].float(), features["attention_mask"].bool(), features
        vectors = features["sentence_embedding"].float()
        if self.model.similarity_fn_name == "cosine":
            vectors = torch.nn.functional.normalize(vectors, dim=1)
        return vectors[:, None], torch.ones(len(texts), 1, dtype=torch.bool, device=device), features

    def _forward(self, texts: list[str], task: str) -> list[Encoding]:
        vectors, counted, features = self.embed(texts, task)
        tokens, masks = vectors.cpu().numpy(), counted.cpu().numpy()
        windows = tokens[:, 0] if self.dense else _window_vectors(features, tokens, masks)
        return [Encoding(t[m], w[None]) for t, m, w in zip(tokens, masks, windows, strict=True)]

    def _join(self, encodings: Sequence[Encoding]) -> Encoding:
        if not encodings:
            return Encoding(*[np.zeros((0, self.dimension), np.float32)] * 2)
        return Encoding(
            np.concatenate([encoding.tokens for encoding in encodings]),
            np.concatenate([encoding.windows for encoding in encodings]),
        )

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self.model.get_embedding_dimension())


class TokenWindows(TokenEncoder):
    """Late interaction as a first stage: the vector of each token stands where a window's stands otherwise."""

    late = True

    @property
    def fingerprint(self) -> str:
        """See `TokenEncoder`."""
        return fingerprint("tokens as windows", super().fingerprint)

    def _forward(self, texts: list[str], task: str) -> list[Encoding]:
        return [Encoding(one.tokens[:0], one.tokens) for one in super()._forward(texts, task)]


def find_prompt(model: Any, *names: str) -> str | None:
    """The first of a model's prompts that it has under these names, else its default one."""
    prompts = model.prompts or {}
    return next((prompts[name] for name in names if name in prompts), prompts.get(model.default_prompt_name)) or None


def choose_precision(device: str) -> Precision:
    """bfloat16 where it is fast (a GPU, a processor with the instructions), else float32."""
    torch = require("torch", extra="train")
    if device != "cpu":
        return "bfloat16" if device == "cuda" else "float32"
    # An older torch does not say: float32 is always right.
    known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return "bfloat16" if known.get("avx512_bf16") else "float32"


def batch_by_size(sizes: npt.NDArray[np.int64], budget: int = BATCH_TOKENS) -> list[list[int]]:
    """Indices in batches of at most `budget` padded tokens, longest first; the same for the same sizes."""
    batches: list[list[int]] = []
    longest = 0
    for index in np.argsort(-sizes, kind="stable").tolist():
        if not batches or (len(batches[-1]) + 1) * longest > budget:
            batches.append([])
            longest = int(sizes[index]) + 2
        batches[-1].append(index)
    return batches


def build_model(folder: Path, settings: WindowSettings) -> Any:
    """A late-interaction model from a plain transformer's folder: no new weights, so it ranks before any training."""
    encoders = require("sentence_transformers", extra="train")
    modules = require("sentence_transformers.sentence_transformer.modules", extra="train")
    masks = require("sentence_transformers.multi_vector_encoder.modules", extra="train")
    transformer = modules.Transformer(str(folder), max_seq_length=max(settings.longest, QUERY_TOKENS))
    size = transformer.get_embedding_dimension()
    layers = [
        transformer,
        modules.Pooling(size, pooling_mode="mean"),
        modules.Normalize(),
        masks.MultiVectorMask(SKIPPED, skiplist_tasks=["query", "document"]),
        modules.Normalize(module_input_name="token_embeddings"),
    ]
    return encoders.MultiVectorEncoder(modules=layers, similarity_fn_name="meanmaxsim")


def _window_vectors(features: dict[str, Any], tokens: Vectors, masks: npt.NDArray[np.bool_]) -> Vectors:
    """The model's own text vector; for a model that has none, the mean of its token vectors."""
    if "sentence_embedding" in features:
        return np.asarray(features["sentence_embedding"].float().cpu().numpy(), np.float32)
    sums = (tokens * masks[..., None]).sum(axis=1)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9), np.float32)


_NOTHING = Encoding(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
