"""Uploads a finished set to the hub; the token comes from the environment or from `hf auth login`, never from us."""

from __future__ import annotations

import re
from pathlib import Path

from docrerank.datasets.write_set import MANIFEST
from docrerank.recipe import require
from docrerank.records import UserError, one_line

_REPO = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}\Z")


def check_repo(repo: str) -> None:
    """Raise a UserError unless this names a repository of the hub."""
    if not _REPO.match(repo):
        raise UserError(f"'{repo}' is no repository: --push-to-hub takes OWNER/NAME")


def push_folder(folder: Path, repo: str, private: bool = False, kind: str = "dataset") -> str:
    """Upload a set or a model as one commit to a repository, which is made if it is not there.

    Args:
        folder: a finished set, or a trained model's.
        repo: `OWNER/NAME`.
        private: makes a new repository private; one that exists stays as it is.
        kind: `dataset` or `model`.

    Returns:
        The address of the repository.

    Raises:
        UserError: it is no finished set or model, there is no token, the hub does not answer, or `HF_HUB_OFFLINE` is
            set.

    Examples:
        >>> push_folder(Path("set"), "me/my-pages")  # doctest: +SKIP
        'https://huggingface.co/datasets/me/my-pages'
    """
    check_repo(repo)
    if not (folder / MANIFEST).is_file():
        what = "finished set: export it first" if kind == "dataset" else "trained model: docrerank train first"
        raise UserError(f"'{folder}' is no {what}")
    hub = require("huggingface_hub", extra="hub")
    try:
        api = hub.HfApi()
        url = api.create_repo(repo, repo_type=kind, private=private or None, exist_ok=True)
        api.upload_folder(
            repo_id=repo,
            repo_type=kind,
            folder_path=folder,
            commit_message=f"Made by docrerank: a {kind}",
            ignore_patterns=[".*"],
        )
    except Exception as error:
        raise UserError(f"'{repo}' was not uploaded: {_explain(error)}; it stays in '{folder}'") from None
    return str(url)


def _explain(error: Exception) -> str:
    if type(error).__name__ == "OfflineModeIsEnabled":
        return "HF_HUB_OFFLINE is set: unset it before huggingface_hub is imported"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == 401 or type(error).__name__ == "LocalTokenNotFoundError":
        return "the hub wants a token: set HF_TOKEN or run 'hf auth login'"
    if status == 403:
        return "the token may not write there: give another --push-to-hub or another token"
    told = one_line(error)
    return f"{told} (HTTP {status})" if status else f"the hub does not answer ({told}): check the network"
