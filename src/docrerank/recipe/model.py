"""A run's one configuration: every number that shapes a result stands here."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from docrerank.recipe.roles import Role


class Section(BaseModel):
    """A section of the recipe: unknown keys are errors, values are fixed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Ingest(Section):
    """How PDFs and images become pages."""

    ocr: Literal["auto", "never", "always"] = Field("auto", description="auto: pages without text, and pictures")
    ocr_below_words: int = Field(5, ge=0, description="OCR reads a page with fewer words in its text layer")
    ocr_pixels: int = Field(1_200_000, ge=10_000, description="pixels of the bitmap that OCR reads")
    picture_share: float = Field(
        0.05, ge=0, le=1, description="OCR also reads pictures that cover this share of a page with text; 0: none"
    )
    max_pages: int = Field(5_000, ge=1, description="reject a document with more pages")
    max_file_bytes: int = Field(500_000_000, ge=1, description="reject a larger file; bytes")
    max_page_words: int = Field(20_000, ge=1, description="cut off a page's words beyond this")
    max_image_pixels: int = Field(80_000_000, ge=1, description="reject an image with more pixels")


class Generate(Section):
    """Who writes and judges each page's positives, hard negatives and rephrasings (paper section 2)."""

    positives_per_page: int = Field(4, ge=1, description="most questions kept per page")
    positive_candidates: int = Field(0, ge=0, le=24, description="positives to ask a model for; 0: twice those kept")
    negative_candidates: int = Field(12, ge=1, description="edits tried per positive (the paper: 12)")
    negatives_per_positive: int = Field(3, ge=1, description="kept per positive (the paper: 3)")
    verify_negatives: bool = Field(True, description="false skips judging negatives; for ablations only")
    min_negatives: int = Field(0, ge=0, description="reject a positive with fewer verified negatives")
    rephrasings_per_positive: int = Field(1, ge=0, le=3, description="kept per positive (the paper: 3)")
    near_duplicate: float = Field(0.85, gt=0, le=1, description="queries of this token Jaccard or more are duplicates")
    taxonomy: Literal["general", "finance"] = Field("general", description="the properties that edits may change")
    title_strip: bool = Field(False, description="write company and period above a filing's page")
    answer_check: bool = Field(False, description="third gate: the judge must give the same answer")
    positive_writer: Role = Role()
    negative_writer: Role = Role()
    rephraser: Role = Role()
    judge: Role = Role()


class Mine(Section):
    """Which wrong pages the first stage finds for each positive."""

    pool: int = Field(10, ge=1, description="pages found per query in its document, and in the others (paper: 10)")
    negatives_per_query: int = Field(3, ge=1, description="kept per query (the paper: 3)")
    same_document_share: float | None = Field(
        0.67, ge=0, le=1, description="share from the query's own document; null: the best of all (paper)"
    )
    relative_margin: float | None = Field(0.05, ge=0, lt=1, description="gap below the own page's score; null: none")
    near_identical: float = Field(
        0.8, ge=0.7, le=1, description="pages with this Jaccard of three-word shingles, numbers masked, read alike"
    )


class Train(Section):
    """How the reranker learns, and from which groups (paper section 3)."""

    base: str = Field("docrerank-mini", description="docrerank-mini, minilm, or any reranker's folder or hub name")
    base_tokens: int = Field(512, ge=32, description="most tokens that a base other than MiniLM reads")
    vectors: Literal["own", "tokens"] = Field("own", description="tokens: train a dense base with late interaction")
    groups: int = Field(3_000, ge=1, description="most training groups, of both kinds together")
    mined_share: float = Field(0.5, ge=0, le=1, description="share of mined groups: one query, several pages")
    negatives_per_group: int = Field(3, ge=1, le=64, description="wrong pages or hard negatives per positive")
    positive_weight: float = Field(3.0, gt=0, description="weight of a positive pair over a negative one")
    rephrased_share: float = Field(0.5, ge=0, le=1, description="of groups with a rephrasing, the share that uses it")
    dev_share: float = Field(0.15, gt=0, lt=1, description="share of positives held out, in whole documents")
    dev_pages: int = Field(200, ge=1, description="most dev pages to measure on")
    dev_queries: int = Field(300, ge=1, description="most dev queries to measure")
    epochs: float = Field(1.0, gt=0, description="passes over the groups")
    batch_groups: int = Field(16, ge=1, description="groups per step")
    learning_rate: float = Field(2e-5, gt=0, description="the peak, after the warm-up")
    warmup_share: float = Field(0.1, ge=0, lt=1, description="share of the steps that warm up")
    temperature: float = Field(0.05, gt=0, description="divides scores in the listwise losses")
    pointwise_weight: float = Field(0.2, ge=0, description="weight of the yes-or-no loss beside the listwise ones")
    in_batch_weight: float = Field(0.5, ge=0, description="weight of the loss against pages of other documents")
    blend: float = Field(0.5, gt=0, le=1, description="share of the trained weights in the delivered model")
    false_answer_rate: float = Field(0.1, ge=0, lt=1, description="share of unanswerable questions that may pass")
    evaluations: int = Field(4, ge=1, description="measurements on the dev part during training")
    teacher_weight: float = Field(0.0, ge=0, description="weight of the loss on docrerank label's scores")
    window_tokens: int = Field(126, ge=16, le=400, description="tokens of a page window, without special ones")
    window_overlap: int = Field(30, ge=0, description="most tokens shared with the window before")
    context_tokens: int = Field(24, ge=0, le=64, description="tokens of the page's heading before each window")

    @model_validator(mode="before")
    @classmethod
    def _read_old_start(cls, values: Any) -> Any:
        """Read recipes that named a text model in `start`, with an empty `base`."""
        if not isinstance(values, dict) or not {"base", "start"} & set(values):
            return values
        kept = {key: value for key, value in values.items() if key not in ("base", "start")}
        return {**kept, "base": values.get("base") or values.get("start") or "docrerank-mini"}


class Vision(Section):
    """How a vision-language `train.base` reads pages and learns (paper section 3)."""

    pixels: int = Field(602_112, ge=3_136, description="most pixels of a page image (768 visual tokens)")
    prompt: Literal["", "own", "mono", "qwen3"] = Field("", description="wording around a page; empty: the base's own")
    page_text: float = Field(0.0, ge=0, le=1, description="share of the training pages read with their text")
    loss: Literal["pointwise", "listwise"] = Field("pointwise", description="pointwise: each pair; listwise: a group")
    lora_rank: int = Field(32, ge=0, description="0 trains the language model's weights themselves")
    lora_alpha: int = Field(32, ge=1, description="scales LoRA's change, divided by the rank")
    lora_dropout: float = Field(0.1, ge=0, lt=1, description="share of LoRA's inputs that a step drops")
    train_vision: bool = Field(False, description="train the vision tower too")
    gradient_checkpointing: bool = Field(True, description="recompute activations: less memory, a third more time")
    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="auto: bfloat16 on a GPU")
    lora_init: Literal["kaiming", "gaussian"] = Field("kaiming", description="how to draw an adapter's first matrix")
    weight_decay: float = Field(0.01, ge=0, description="weight decay of AdamW")
    micro_tokens: int = Field(8_192, ge=1, description="tokens of one forward pass; a step takes as many as it needs")
    loader_workers: int = Field(-1, ge=-1, description="extra processes that draw pages; -1: by cores")
    dev_candidates: int = Field(10, ge=2, description="pages to rank for each dev query")
    patience: int = Field(0, ge=0, description="stop after this many measurements without a gain; 0: never")
    save: Literal["merged", "float32", "adapter"] = Field(
        "merged", description="the whole model as trained, the whole model in float32, or the adapter alone"
    )


class Evaluate(Section):
    """How a benchmark compares systems."""

    candidates: int = Field(20, ge=1, description="pages that the first stage gives the reranker")
    resamples: int = Field(2_000, ge=100, description="bootstrap resamples per interval")


class Recipe(Section):
    """A run's whole configuration.

    Examples:
        >>> from docrerank.recipe import load_recipe
        >>> load_recipe("cpu", ["train.groups=100"]).train.groups
        100
    """

    name: str = Field("cpu", description="shown in the report")
    seed: int = Field(13, ge=0, description="seed of every random draw")
    workers: int = Field(0, ge=0, description="processes; 0: one per core")
    first_stage: str = Field("minilm", description="finds pages beside BM25: minilm, or any embedder's folder or name")
    engine: Literal["local", "ray"] = Field("local", description="local: this machine's processes; ray: Ray Data")
    ray_address: str = Field("", description="with `engine: ray`: a cluster's host:port; empty: start one here")
    ingest: Ingest = Ingest()
    generate: Generate = Generate()
    mine: Mine = Mine()
    train: Train = Train()
    vision: Vision = Vision()
    evaluate: Evaluate = Evaluate()
