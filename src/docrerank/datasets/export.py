"""Writes a run as a training set in one of the forms that trainers and benchmarks read."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from docrerank.datasets.audited import describe_audit
from docrerank.datasets.beir import write_beir, write_benchmark
from docrerank.datasets.card import CardFacts, select_recipe, write_card
from docrerank.datasets.group_tables import GROUP_FORMS, GroupForm, build_rows, find_columns
from docrerank.datasets.job import FORMS, ExportOptions, Job
from docrerank.datasets.shards import Progress
from docrerank.datasets.staging import MANIFEST, check_target, staged
from docrerank.datasets.tables import QUERIES, describe_query
from docrerank.datasets.trainers import write_swift, write_tevatron
from docrerank.datasets.usage import USAGE
from docrerank.recipe import fingerprint
from docrerank.runs import Run, split_run, write_text

#: Raised when the same run and options would give another set than before.
VERSION = 1


def export_run(
    run: Run, out: Path, options: ExportOptions, progress: Progress = lambda done, total: None
) -> dict[str, Any]:
    """Write a run's pages and queries as a set; the same set again is not written twice.

    Memory does not grow with the run: pages are drawn in worker processes, a few at a time. A killed export leaves
    nothing at `out`, and goes on when it is given again. The same run and options give the same bytes.

    Args:
        run: a run with pages and queries.
        out: a folder that is empty or not there.
        options: form and details.
        progress: told (shards done, shards in all).

    Returns:
        What the set's `docrerank.json` says: `form`, `rows` by table and split, `left_out` by reason, `missing` pages
        with reasons, and `redone`, 0 if it was there already.

    Raises:
        UserError: an option is wrong, the run has nothing to export, a page's file is gone for all pages, or `out`
            holds something else.

    Example:
        >>> export_run(run, Path("set"), ExportOptions("hf"))["rows"]  # doctest: +SKIP
        {'default': {'train': 117}}
    """
    options.check()
    origin = made_from(run, options)
    if there := check_target(out, origin):
        return {**there, "redone": 0}
    with staged(out, origin) as staging:
        job = Job(run, options, staging, progress, _find_dev(run, options.dev_share))
        _write(job)
        facts = CardFacts(
            (options.form, FORMS[options.form]),
            job.configs,
            USAGE[options.form],
            +(job.left_out + Counter({"pages that could not be drawn": len(job.missing)})),
            options.license,
            describe_audit(run),
        )
        write_text(staging.set / "README.md", write_card(run, facts))
        manifest = {
            "form": options.form,
            "made_from": origin,
            "rows": {config.name: dict(config.rows) for config in job.configs},
            "left_out": dict(sorted(job.left_out.items())),
            "missing": dict(sorted(job.missing.items())),
        }
        write_text(staging.set / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return {**manifest, "redone": 1}


def _find_dev(run: Run, share: float) -> frozenset[str]:
    """The documents that training keeps for its dev part at this share; none of a single document."""
    split = split_run(run, share) if share else None
    if split is None or split.unit == "page":
        return frozenset()
    return frozenset(page.rpartition("/")[0] for page in split.dev)


def made_from(run: Run, options: ExportOptions) -> str:
    """Fingerprint of all that a set depends on."""
    parts = (run.pages, run.queries, run.verdicts, run.mined, run.rejected("generate"), run.rejected("import"))
    origins = [[[name, part.made_from(name)] for name in part.names()] for part in parts]
    return fingerprint("export", VERSION, asdict(options), select_recipe(run), origins, describe_audit(run))


def _write(job: Job) -> None:
    match job.options.form:
        case "hf":
            outcome = job.draw("released", "data", job.splits, asked=True)
            job.add("default", "data", {split: outcome.rows[split] for split in job.splits})
        case "ms-swift":
            write_swift(job)
        case "tevatron":
            write_tevatron(job)
        case "beir":
            write_beir(job)
        case "benchmark":
            write_benchmark(job)
        case _:
            _write_groups(job, next(form for form in GROUP_FORMS if form == job.options.form))


def _write_groups(job: Job, form: GroupForm) -> None:
    pages, count = job.draw("pages", "pages", ["train"]), job.options.negatives
    tables = find_columns(form, count)
    with job.writing({"queries": QUERIES}, ["train"]) as write_query, job.writing(tables, job.splits) as write:
        for group in job.groups().read():
            family = group.family
            for query in (*family.wordings(), *family.negatives):
                write_query("queries", "train", describe_query(query))
            if form == "n-tuple":
                short = sum(found < count for found in (len(family.mined), len(family.negatives)))
                job.left_out[f"groups with fewer than {count} negatives"] += short
            for table, row in build_rows(form, group, count):
                write(table, group.split, row)
    job.add("pages", "pages", {"train": pages.rows["train"]})
