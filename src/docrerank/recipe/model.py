"""The one declarative configuration of a run. Every number that shapes a result stands here and nowhere else."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from docrerank.recipe.roles import Role


class Section(BaseModel):
    """A part of the recipe; unknown keys are errors, values cannot change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Ingest(Section):
    """PDFs and images to pages."""

    ocr: Literal["auto", "never", "always"] = Field("auto", description="auto: pages without text, and pictures")
    ocr_below_words: int = Field(5, ge=0, description="a page with fewer words in its text layer is read by OCR")
    ocr_pixels: int = Field(1_200_000, ge=10_000, description="pixels of the bitmap that OCR reads")
    picture_share: float = Field(
        0.05, ge=0, le=1, description="OCR also reads pictures of at least this share of a page that has text; 0: none"
    )
    max_pages: int = Field(5_000, ge=1, description="a document with more pages is rejected")
    max_file_bytes: int = Field(500_000_000, ge=1, description="bytes; a larger file is rejected")
    max_page_words: int = Field(20_000, ge=1, description="words of a page beyond this are cut off")
    max_image_pixels: int = Field(80_000_000, ge=1, description="an image with more pixels is rejected")


class Generate(Section):
    """Positives, hard negatives and rephrasings of each page, and who judges them (paper section 2)."""

    positives_per_page: int = Field(4, ge=1, description="questions kept per page, at most")
    positive_candidates: int = Field(0, ge=0, le=24, description="positives a model is asked for; 0: twice as many")
    negative_candidates: int = Field(12, ge=1, description="edits tried per positive (the paper: 12)")
    negatives_per_positive: int = Field(3, ge=1, description="kept per positive (the paper: 3)")
    verify_negatives: bool = Field(True, description="false leaves out the judge of negatives, for ablations alone")
    min_negatives: int = Field(0, ge=0, description="a positive with fewer verified negatives is rejected")
    rephrasings_per_positive: int = Field(1, ge=0, le=3, description="kept per positive (the paper: 3)")
    near_duplicate: float = Field(0.85, gt=0, le=1, description="token Jaccard from which two queries are one")
    taxonomy: Literal["general", "finance"] = Field("general", description="properties that a negative's edit changes")
    title_strip: bool = Field(False, description="write company and period over the image of a filing's page")
    answer_check: bool = Field(False, description="third gate: the judge answers the positive, answers are compared")
    positive_writer: Role = Role()
    negative_writer: Role = Role()
    rephraser: Role = Role()
    judge: Role = Role()


class Mine(Section):
    """Wrong pages that the first stage finds for each positive."""

    pool: int = Field(10, ge=1, description="pages searched per query in its document, and in the others (paper: 10)")
    negatives_per_query: int = Field(3, ge=1, description="kept per query (the paper: 3)")
    same_document_share: float | None = Field(
        0.67, ge=0, le=1, description="share of them from the query's own document; null: the best of all (the paper)"
    )
    relative_margin: float | None = Field(0.05, ge=0, lt=1, description="below the own page's score; null: no margin")
    near_identical: float = Field(
        0.8, ge=0.7, le=1, description="Jaccard of three-word shingles, numbers aside, from which pages read alike"
    )


class Train(Section):
    """The reranker, its groups and its optimisation (paper section 3)."""

    base: str = Field("docrerank-mini", description="docrerank-mini, minilm, or any reranker's folder or hub name")
    base_tokens: int = Field(512, ge=32, description="tokens that another base than MiniLM reads at once, if it can")
    vectors: Literal["own", "tokens"] = Field("own", description="tokens: train a dense base by late interaction")
    groups: int = Field(3_000, ge=1, description="training groups of both kinds together, if there are as many")
    mined_share: float = Field(0.5, ge=0, le=1, description="share of groups with one query and several pages")
    negatives_per_group: int = Field(3, ge=1, le=64, description="wrong pages, or hard negatives, beside a positive")
    positive_weight: float = Field(3.0, gt=0, description="weight of a positive pair against a negative one")
    rephrased_share: float = Field(0.5, ge=0, le=1, description="of groups with a rephrasing, those that use it")
    dev_share: float = Field(0.15, gt=0, lt=1, description="share of positives, in whole documents, for the dev part")
    dev_pages: int = Field(200, ge=1, description="pages of the dev part that are measured, at most")
    dev_queries: int = Field(300, ge=1, description="queries of the dev part that are measured, at most")
    epochs: float = Field(1.0, gt=0, description="passes over the groups")
    batch_groups: int = Field(16, ge=1, description="groups of one step")
    learning_rate: float = Field(2e-5, gt=0, description="the highest, after the warm-up")
    warmup_share: float = Field(0.1, ge=0, lt=1, description="share of the steps in which the learning rate rises")
    temperature: float = Field(0.05, gt=0, description="scores are divided by this in the listwise losses")
    pointwise_weight: float = Field(0.2, ge=0, description="weight of the yes-or-no loss beside the listwise ones")
    in_batch_weight: float = Field(0.5, ge=0, description="weight of the loss against pages of other documents")
    blend: float = Field(0.5, gt=0, le=1, description="share of the trained weights in the delivered ones")
    false_answer_rate: float = Field(0.1, ge=0, lt=1, description="unanswerable dev questions that may pass")
    evaluations: int = Field(4, ge=1, description="times that the dev part is measured during training")
    teacher_weight: float = Field(0.0, ge=0, description="weight of the loss after the scores of docrerank label")
    window_tokens: int = Field(126, ge=16, le=400, description="tokens of a page window, special tokens not counted")
    window_overlap: int = Field(30, ge=0, description="tokens that a window repeats of the one before, at most")
    context_tokens: int = Field(24, ge=0, le=64, description="tokens of the page's heading in front of each window")

    @model_validator(mode="before")
    @classmethod
    def _read_old_start(cls, values: Any) -> Any:
        """Reads recipes that named a text model in `start`, with an empty `base`."""
        if not isinstance(values, dict) or not {"base", "start"} & set(values):
            return values
        kept = {key: value for key, value in values.items() if key not in ("base", "start")}
        return {**kept, "base": values.get("base") or values.get("start") or "docrerank-mini"}


class Vision(Section):
    """A vision-language `train.base`: how it reads pages and what of it learns (paper section 3)."""

    pixels: int = Field(602_112, ge=3_136, description="a page image has at most this many pixels (768 visual tokens)")
    prompt: Literal["", "own", "mono", "qwen3"] = Field("", description="read with a page; empty: the base's own")
    page_text: float = Field(0.0, ge=0, le=1, description="share of the pages that training reads with their text")
    loss: Literal["pointwise", "listwise"] = Field("pointwise", description="over two tokens, or over a group")
    lora_rank: int = Field(32, ge=0, description="0 trains the language model's own weights")
    lora_alpha: int = Field(32, ge=1, description="LoRA's change is scaled by this over the rank")
    lora_dropout: float = Field(0.1, ge=0, lt=1, description="share of LoRA's inputs that a step leaves out")
    train_vision: bool = Field(False, description="the vision tower learns too")
    gradient_checkpointing: bool = Field(True, description="recompute activations: less memory, a third more time")
    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="auto: bfloat16 on a GPU")
    lora_init: Literal["kaiming", "gaussian"] = Field("kaiming", description="how an adapter's first matrix begins")
    weight_decay: float = Field(0.01, ge=0, description="of AdamW")
    micro_tokens: int = Field(8_192, ge=1, description="tokens of one forward; a step accumulates as many as it needs")
    loader_workers: int = Field(-1, ge=-1, description="processes that draw pages; 0: the training one, -1: by cores")
    dev_candidates: int = Field(10, ge=2, description="pages that each query of the dev part is measured among")
    patience: int = Field(0, ge=0, description="measurements without a gain that end the training; 0 never does")
    save: Literal["merged", "float32", "adapter"] = Field(
        "merged", description="the whole model in the type it was trained in or in float32, or the adapter alone"
    )


class Evaluate(Section):
    """How systems are compared on a benchmark."""

    candidates: int = Field(20, ge=1, description="pages that the first stage hands to the reranker")
    resamples: int = Field(2_000, ge=100, description="bootstrap resamples of an interval")


class Recipe(Section):
    """A run's whole configuration.

    Examples:
        >>> from docrerank.recipe import load_recipe
        >>> load_recipe("cpu", ["train.groups=100"]).train.groups
        100
    """

    name: str = Field("cpu", description="stands in the report")
    seed: int = Field(13, ge=0, description="of every draw")
    workers: int = Field(0, ge=0, description="processes; 0 means one per core")
    engine: Literal["local", "ray"] = Field("local", description="what works on documents: this machine's processes")
    ray_address: str = Field("", description="with `engine: ray`: a cluster's host:port; empty starts one here")
    ingest: Ingest = Ingest()
    generate: Generate = Generate()
    mine: Mine = Mine()
    train: Train = Train()
    vision: Vision = Vision()
    evaluate: Evaluate = Evaluate()
