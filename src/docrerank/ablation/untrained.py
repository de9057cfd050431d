"""The arm that learns nothing: the model as it comes, where the evaluation looks for a trained one."""

from __future__ import annotations

from docrerank.reranker import ModelCard
from docrerank.runs import Run


def put_untrained(run: Run) -> None:
    """Save a vision-language base as the run's model; the embedded model's own rows are untrained already.

    Raises:
        UserError: the base cannot be loaded.
    """
    if not run.recipe.train.base or run.model.is_dir():
        return
    from docrerank.reranker.vision import save_reranker
    from docrerank.reranker.vision.load import load_parts

    partial = run.model.with_name("model.partial")
    save_reranker(load_parts(run.recipe.train.base, pixels=run.recipe.vision.pixels), partial, "")
    ModelCard(made_from="untrained").write(partial)
    partial.rename(run.model)
