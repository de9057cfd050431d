"""The embedded server's own process: a crash or a large model there leaves the run alone. Ends with its parent."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

from docrerank.recipe import require


def main(settings: dict[str, Any]) -> None:
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
    main(json.loads(sys.argv[1]))
