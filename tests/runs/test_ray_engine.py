"""The engine `ray` against the local one, with workers, machines and the driver killed. `make ray` runs these."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures.object_store import Bucket
from fixtures.shards import Diary, work
from safetensors.numpy import load_file

from docrerank.evaluation import evaluate, read_evaluation
from docrerank.generation import generate
from docrerank.mining import mine
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.records import Page, UserError
from docrerank.retrieval import ENCODINGS, PageStore, encode_ahead, load_untrained
from docrerank.runs import Run, ShardFailure, run_shards
from docrerank.training import train

pytestmark = pytest.mark.ray

SAMPLES = Path(__file__).parents[2] / "samples" / "benchmark"
#: A training of seconds.
SMALL = [
    "train.groups=8",
    "train.batch_groups=4",
    "train.evaluations=1",
    "train.dev_pages=6",
    "train.dev_queries=8",
    "evaluate.resamples=100",
]
MakePage = Callable[..., Page]
SHARDS = [f"s{number:02}" for number in range(24)]


@pytest.fixture(scope="module", autouse=True)
def _ray() -> Iterator[None]:
    """Ray's workers find this folder's modules as the driver does."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        yield
        ray.shutdown()


def make_run(folder: Path, *overrides: str) -> Run:
    return Run.create(folder, load_recipe("cpu", ["workers=2", *overrides]))


def do(run: Run, function: Any, shards: list[str], seconds: float = 60.0) -> dict[str, Any]:
    return dict(run_shards(run, function, shards, seconds))


def contents(run: Run) -> dict[str, bytes]:
    """The bytes of every part and marker."""
    files = [path for ending in ("*.parquet", "*._done") for path in run.path.rglob(ending)]
    return {str(path.relative_to(run.path)): path.read_bytes() for path in sorted(files)}


def test_a_shard_fails_alone_and_in_the_words_of_the_local_engine(tmp_path: Path) -> None:
    shards = ["a", "crash", "b", "hang", "raise", "bloat", "c"]
    ours = do(make_run(tmp_path / "ray", "engine=ray"), work, shards, seconds=5)
    assert [ours[name] for name in "abc"] == ["A", "B", "C"]
    assert ours == do(make_run(tmp_path / "local"), work, shards, seconds=5)
    assert sum(isinstance(result, ShardFailure) for result in ours.values()) == 4


@pytest.mark.parametrize(("shard", "message"), [("user", "mend this; do that"), ("extra", "docrerank.ocr.")])
def test_an_error_that_the_user_must_mend_stops_the_pipeline(tmp_path: Path, shard: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        do(make_run(tmp_path / "run", "engine=ray"), work, [shard, "a"])


def test_the_main_job_on_the_samples_is_that_of_the_local_engine(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "local", *SMALL), make_run(tmp_path / "ray", "engine=ray", *SMALL)]
    for run in runs:
        ingest(run, [SAMPLES / "corpus"])
        generate(run)
        mine(run)
        train(run)
        evaluate(run, SAMPLES)
    ours, theirs = (contents(run) for run in runs)
    assert len(ours) > 60
    assert ours == theirs
    ours, theirs = (encodings(run) for run in runs)
    assert len(ours) == 3 * len(list((SAMPLES / "corpus").glob("*.pdf")))  # by MiniLM, the start, the trained model
    assert ours == theirs
    local, ray = (measured(run) for run in runs)
    assert local == ray


def encodings(run: Run) -> dict[str, dict[str, bytes]]:
    """The vectors of every file of encodings; the order of a file's head is left to chance."""
    files = (run.path / ENCODINGS).rglob("*.safetensors")
    arrays = {str(path.relative_to(run.path)): load_file(path) for path in files}
    return {name: {key: value.tobytes() for key, value in own.items()} for name, own in arrays.items()}


def measured(run: Run) -> dict[str, Any]:
    """An evaluation without what a clock says."""
    content = read_evaluation(run)
    for system in content["comparison"]["systems"].values():
        system.pop("ms_per_query")
    return {key: value for key, value in content.items() if key != "table"}


def test_workers_encode_what_is_new_or_changed_and_nothing_else(tmp_path: Path, make_page: MakePage) -> None:
    run, encoder = make_run(tmp_path / "run", "engine=ray"), load_untrained()
    for name in "abc":
        run.pages.write(name, [make_page([f"net sales of {name}"], name)], "")
    run.pages.write("empty", [], "")
    homes = dict.fromkeys(run.pages.names(), run.path)
    assert encode_ahead(run, encoder, homes) == 3
    run.pages.write("b", [make_page(["gross sales"], "b"), make_page([], "b", 2)], "")
    assert [encode_ahead(run, encoder, homes) for _ in range(2)] == [2, 0]
    assert PageStore(run.path / ENCODINGS, encoder).fill(run.pages.read()) == 0


def test_a_machine_with_other_weights_encodes_nothing(tmp_path: Path, make_page: MakePage) -> None:
    run, encoder = make_run(tmp_path / "run", "engine=ray"), load_untrained()
    run.pages.write("a", [make_page(["net sales"], "a")], "")
    encoder.weights = "newer"
    with pytest.raises(UserError, match="loads other weights"):
        encode_ahead(run, encoder, {"a": run.path})
    assert not (run.path / ENCODINGS).exists()


@pytest.mark.parametrize("place", ["folder", "store"])
def test_workers_mine_over_the_index_on_disk_as_the_local_engine(
    tmp_path: Path, bucket: Bucket, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docrerank.retrieval.run_index.LARGE", 1)
    monkeypatch.setattr("docrerank.mining.shards.QUERIES_PER_SHARD", 100)
    import ray

    ray.shutdown()
    there = f"{bucket.url}/mined" if place == "store" else tmp_path / "ray"
    runs = [make_run(tmp_path / "local"), Run.create(there, load_recipe("cpu", ["workers=2", "engine=ray"]))]
    for run in runs:
        with run.locked():
            ingest(run, [SAMPLES / "corpus"])
            generate(run)
            assert mine(run)["redone"] > 100
    ours, theirs = ({name: value for name, value in contents(run).items() if "mined" in name} for run in runs)
    assert len(ours) > 6
    assert ours == theirs
    assert mine(runs[1])["redone"] == 0
    if place == "store":
        assert any(name.startswith("index/") for name in bucket.names("mined"))


def test_a_run_in_a_store_is_the_local_one(tmp_path: Path, bucket: Bucket) -> None:
    import ray

    ray.shutdown()  # workers take the keys of the store from the environment that Ray begins in
    documents = sorted((SAMPLES / "corpus").glob("brankholm-*.pdf"))
    names = [bucket.put(path, f"docs/{path.name}") for path in documents]
    runs = [
        make_run(tmp_path / "local"),
        Run.create(f"{bucket.url}/run", load_recipe("cpu", ["workers=2", "engine=ray"])),
    ]
    for run in runs:
        with run.locked():
            ingest(run, names)
            generate(run)
    found = {name: value for name, value in contents(runs[1]).items() if not name.startswith(".store")}
    assert found == contents(runs[0])
    assert set(contents(runs[0])) <= set(bucket.names("run"))


def test_a_killed_worker_costs_the_shard_it_was_at_and_no_other(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", "engine=ray")
    diary = Diary(str(tmp_path), deadly=("s05", "s17"))
    assert do(run, diary, SHARDS) == {shard: shard.upper() for shard in SHARDS}
    assert [diary.count("s05"), diary.count("s17")] == [2, 2]
    assert sum(map(diary.count, SHARDS)) <= len(SHARDS) + 2


def test_a_shard_that_kills_every_worker_fails_and_its_neighbours_do_not(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", "engine=ray")
    results = do(run, Diary(str(tmp_path), deadly=("s05",), times=99), SHARDS)
    failure = results.pop("s05")
    assert isinstance(failure, ShardFailure)
    assert failure.detail == "its worker was killed 8 times: out of memory?"
    assert results == {shard: shard.upper() for shard in SHARDS if shard != "s05"}


DRIVER = """
import sys
from docrerank.pages import ingest
from docrerank.runs import Run
if __name__ == "__main__":
    with Run.open(sys.argv[1]).locked():
        ingest(Run.open(sys.argv[1]), [sys.argv[2]])
"""


def test_a_killed_driver_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "driver.py").write_text(DRIVER)
    run, whole = make_run(tmp_path / "run", "engine=ray"), make_run(tmp_path / "whole")
    command = [sys.executable, str(tmp_path / "driver.py"), str(run.path), str(SAMPLES / "corpus")]
    driver = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    while driver.poll() is None and len(run.pages.names()) < 3:
        time.sleep(0.005)
    driver.kill()
    assert driver.wait() == -signal.SIGKILL
    done = len(run.pages.names())
    with run.locked():
        assert ingest(run, [SAMPLES / "corpus"])["read"] <= 26 - done
    ingest(whole, [SAMPLES / "corpus"])
    assert contents(run) == contents(whole)


def test_a_lost_machine_costs_the_shard_it_was_at_and_no_other(tmp_path: Path) -> None:
    import ray
    from ray.cluster_utils import Cluster

    ray.shutdown()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        other = cluster.add_node(num_cpus=1)
        run = make_run(tmp_path / "run", "engine=ray", f"ray_address={cluster.address}")
        diary, results = Diary(str(tmp_path)), {}
        for shard, result in run_shards(run, diary, SHARDS, 60.0):
            if not results:
                cluster.remove_node(other, allow_graceful=False)
            results[shard] = result
        assert results == {shard: shard.upper() for shard in SHARDS}
        assert sum(map(diary.count, SHARDS)) <= len(SHARDS) + 1
    finally:
        ray.shutdown()
        cluster.shutdown()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense"])
def test_an_address_without_a_cluster_is_told_in_a_line(tmp_path: Path, address: str) -> None:
    import ray

    ray.shutdown()
    with pytest.raises(UserError, match="no Ray at"):
        do(make_run(tmp_path / "run", "engine=ray", f"ray_address={address}"), work, ["a"])
