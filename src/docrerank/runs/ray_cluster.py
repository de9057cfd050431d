"""A run's connection to Ray: started here or joined, and machines that see the run folder as the driver does."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import socket
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from docrerank.recipe import Recipe, require
from docrerank.records import UserError
from docrerank.runs.atomic import write_text
from docrerank.runs.store import WORK, bind, find_store, find_working_folder, pull, sync
from docrerank.runs.workers import worker_count

SECONDS_TO_ANSWER = 10.0
_SHARE = "put run, documents and the folder you work in on storage that all machines mount under the same name"


def connect(recipe: Recipe) -> int:
    """Begin Ray on this machine, or join the cluster at the recipe's address; returns how many workers there will be.

    Raises:
        UserError: nothing answers there.
    """
    ray = require("ray", extra="ray")
    require("ray.data", extra="ray")
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated")  # it has no other name for max_retries
    if not ray.is_initialized():
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if recipe.ray_address:
            _knock(recipe.ray_address)
            options["address"] = recipe.ray_address
        else:
            os.environ.setdefault("RAY_worker_niceness", "0")  # as the local engine's; Ray's own is 15
            options |= {"address": "local", "num_cpus": worker_count(recipe.workers), "include_dashboard": False}
        _start(ray, options)
    return recipe.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))


def _start(ray: Any, options: dict[str, Any]) -> None:
    """Twice if need be: on a busy machine Ray's first start may miss the thirty seconds that it allows itself."""
    try:
        ray.init(**options)
    except Exception:  # Ray raises nothing more special
        ray.shutdown()
        try:
            ray.init(**options)
        except Exception as error:
            raise UserError(f"Ray did not start ({last_line(error)}): give the same command again") from error


def _knock(address: str) -> None:
    """Ray itself would wait for minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=SECONDS_TO_ANSWER).close()
    except (OSError, ValueError) as error:
        raise UserError(f"no Ray at '{address}' ({error}): give the host:port that `ray start --head` names") from None


@dataclass(frozen=True, slots=True)
class Site:
    """Where the driver works: machines of a cluster must see the same folder under the same name.

    Attributes:
        folder: the driver's, from which relative paths are read.
        witness: a file in the run folder.
        versions: of Python and docrerank.
        url: of a run in a store: then no folder need be shared, each machine has a working folder of the same name.
    """

    folder: str
    witness: str
    versions: tuple[str, str]
    url: str = ""

    def enter(self) -> None:
        """On a machine of the cluster.

        Raises:
            UserError: it has other versions, or sees another folder or none, or would work in another.
        """
        if (found := _versions()) != self.versions:
            raise UserError(f"{platform.node()} has {found}, the driver {self.versions}: install the same on both")
        if self.url:
            folder = Path(self.witness).parent
            if folder != find_working_folder(self.url):
                where = f"{platform.node()} would work in '{find_working_folder(self.url)}', the driver in '{folder}'"
                raise UserError(f"{where}: set {WORK} to the same on both")
            bind(folder, self.url)
            if self.is_lent():
                pull(folder)
            return
        try:
            os.chdir(self.folder)
        except OSError as error:
            raise UserError(f"{platform.node()} has no folder '{self.folder}' ({error.strerror}): {_SHARE}") from None
        if not Path(self.witness).is_file():
            raise UserError(f"{platform.node()} does not see '{Path(self.witness).parent}': {_SHARE}")

    def leave(self) -> None:
        """Put up what was made on a machine that works for another's command."""
        if self.is_lent():
            sync(Path(self.witness).parent)

    def is_lent(self) -> bool:
        """Whether this machine has a working folder of its own, not the driver's."""
        return bool(self.url) and not Path(self.witness).is_file()


@contextlib.contextmanager
def open_site(run: Path) -> Iterator[Site]:
    """Make a new file in the run folder, which shows that a machine sees the same folder."""
    witness = run.resolve() / f".{uuid.uuid4().hex}.tmp"
    write_text(witness, "")
    store = find_store(witness)
    try:
        yield Site(str(Path.cwd()), str(witness), _versions(), store.objects.url if store else "")
    finally:
        witness.unlink(missing_ok=True)


def last_line(error: BaseException) -> str:
    """Of an error's text: Ray puts tracebacks before it."""
    return str(error).strip().rpartition("\n")[2]


def _versions() -> tuple[str, str]:
    return f"Python {platform.python_version()}", f"docrerank {version('docrerank')}"
