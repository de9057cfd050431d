"""The commands: `python -m benchmarks.start train ../shared/human-questions --out start`, `ship` and `measure`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.retrieval import MINI, TokenEncoder, load_start, load_untrained
from docrerank.retrieval.start_models import MINILM_SHA256
from docrerank.runs import hash_file

CHECKPOINT = "checkpoint.pt"
SHOWN = 8
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Folder = Annotated[Path, typer.Argument(help="passages.jsonl.gz and questions.jsonl.gz")]
Out = Annotated[Path, typer.Option("--out", help="folder of the training")]


@app.command()
def train(folder: Folder, out: Out, steps: int = 2000, seed: int = 1) -> None:
    """Train docrerank-mini, or go on where a killed training stopped."""
    import torch

    from benchmarks.start.batches import Batches
    from benchmarks.start.questions import read_questions
    from benchmarks.start.train import StartTrainer

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    questions = read_questions(folder).train
    hashes = [hash_file(folder / name) for name in ("passages.jsonl.gz", "questions.jsonl.gz")]
    encoder = load_untrained()
    origin = fingerprint(MINILM_SHA256, hashes, steps, seed, encoder.precision)
    trainer = StartTrainer(encoder, Batches(questions, encoder, seed), steps, out / CHECKPOINT, origin)
    trainer.run(lambda step, loss, seconds: print(f"{step}\t{loss:.4f}\t{seconds:.2f}", flush=True))


@app.command()
def ship(out: Out, file: Annotated[Path, typer.Option(help="where the small file goes")]) -> None:
    """Write the trained layers as a difference to MiniLM's in int8; prints its sha256, for MINI_SHA256."""
    from benchmarks.start.compress import write_difference

    write_difference(load_untrained().model, load_trained(out).model, file)
    print(hash_file(file), file.stat().st_size, "bytes")


@app.command()
def measure(
    folder: Folder,
    out: Annotated[Path | None, typer.Option("--out", help="measure this training's weights, not the shipped")] = None,
    kept: Annotated[bool, typer.Option("--kept", help="contexts kept back from the trained sources instead")] = False,
) -> None:
    """NDCG@5 beside MiniLM's on the sources held out whole, the weights of a fusion, the calibration of scores."""
    from benchmarks.start.fusion import try_weights
    from benchmarks.start.measure import fit_scores, list_parts, look_at
    from benchmarks.start.questions import read_questions

    parts = list_parts(read_questions(folder), kept)
    untrained, start = load_untrained(), load_trained(out) if out else load_start(MINI)
    looks = []
    print("| source | system | NDCG@5 | difference to MiniLM |\n|---|---|---|---|")
    for part in parts:
        looks.append(look_at(part, untrained, start))
        print(*looks[-1].table(), sep="\n", flush=True)
    print(*(line for look in looks for line in look.answerable()), sep="\n")
    if kept:
        return
    for mean, weights, each in list(try_weights(parts, [look.views() for look in looks]))[:SHOWN]:
        print(f"{mean:.4f} {weights} {[round(value, 4) for value in each]}")
    print(fit_scores(looks))


@app.command()
def threshold(folder: Folder) -> None:
    """The shipped start's relevance threshold, on the sources held out whole: see MINI_CARD."""
    from benchmarks.start.measure import list_parts
    from benchmarks.start.questions import read_questions
    from benchmarks.start.threshold import judge, show
    from docrerank.retrieval import describe_start

    parts = list_parts(read_questions(folder), kept=False)
    judged = judge(parts, load_start(MINI), load_untrained(), describe_start(MINI).calibration)
    print(*show(judged), sep="\n")


def load_trained(out: Path) -> TokenEncoder:
    """MiniLM with the layers of a training's last checkpoint.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    import torch

    from benchmarks.start.train import load_layers

    encoder = load_untrained()
    try:
        load_layers(encoder.model, torch.load(out / CHECKPOINT, map_location="cpu", weights_only=True)["weights"])
    except Exception as error:
        raise UserError(f"{out / CHECKPOINT} cannot be read: train first") from error
    return encoder


def main() -> None:
    """Run a command; a fault of the input is one line."""
    try:
        app()
    except UserError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
