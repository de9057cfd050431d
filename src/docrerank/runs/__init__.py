"""A run's folder, and how a stage works through shards of documents so that nothing is lost or done twice."""

from __future__ import annotations

from docrerank.runs.atomic import replacing, write_text
from docrerank.runs.engine import run_shards
from docrerank.runs.files import hash_file, parse_json, read_json
from docrerank.runs.journal import Journal
from docrerank.runs.lock import hold, take_turns
from docrerank.runs.manifest import Manifest
from docrerank.runs.objects import Objects, is_url
from docrerank.runs.parts import Parts
from docrerank.runs.progress import Progress, tell, watching
from docrerank.runs.ray_engine import pack
from docrerank.runs.record_tables import schema_of
from docrerank.runs.run import Run
from docrerank.runs.split import Split, hash_name, sort_by_hash, split_run
from docrerank.runs.stage import Stage
from docrerank.runs.store import fetch_late, locate, pull, sync, work_folder
from docrerank.runs.workers import ShardFailure, end_with_parent, map_shards, open_pool, worker_count

__all__ = [
    "Journal",
    "Manifest",
    "Objects",
    "Parts",
    "Progress",
    "Run",
    "ShardFailure",
    "Split",
    "Stage",
    "end_with_parent",
    "fetch_late",
    "hash_file",
    "hash_name",
    "hold",
    "is_url",
    "locate",
    "map_shards",
    "open_pool",
    "pack",
    "parse_json",
    "pull",
    "read_json",
    "replacing",
    "run_shards",
    "schema_of",
    "sort_by_hash",
    "split_run",
    "sync",
    "take_turns",
    "tell",
    "watching",
    "work_folder",
    "worker_count",
    "write_text",
]
