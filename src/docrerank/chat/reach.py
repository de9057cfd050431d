"""Whether an endpoint is there and has its model: asked before hours of work depend on it."""

from __future__ import annotations

import os
import urllib.error
import urllib.request

from docrerank.recipe.endpoints import Endpoint
from docrerank.runs import parse_json

SECONDS = 10.0
MAX_BYTES = 1_000_000


def find_fault(endpoint: Endpoint) -> str:
    """Why an endpoint cannot do its work as it is, or nothing.

    It is asked for its models, which costs nothing. One that does not know this question, or wants another key for it,
    is there all the same.

    Examples:
        >>> find_fault(Endpoint(base_url="http://127.0.0.1:9/v1", model="any"))  # doctest: +SKIP
        'any at http://127.0.0.1:9/v1 does not answer ([Errno 111] Connection refused): start its server'
    """
    key = os.environ.get(endpoint.api_key_env, "") if endpoint.api_key_env else ""
    if endpoint.api_key_env and not key:
        return f"{endpoint.model} at {endpoint.base_url} wants its key in ${endpoint.api_key_env}, which is not set"
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(endpoint.base_url.rstrip("/") + "/models", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as reply:
            rows = parse_json(reply.read(MAX_BYTES)).get("data") or ()
    except urllib.error.HTTPError:
        return ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return f"{endpoint.model} at {endpoint.base_url} does not answer ({reason}): start its server"
    served = [str(row["id"])[:200] for row in rows if isinstance(row, dict) and row.get("id")]
    if served and endpoint.model not in served:
        return f"the server at {endpoint.base_url} has {', '.join(served[:3])}, not {endpoint.model}"
    return ""
