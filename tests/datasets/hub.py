"""A hub of the tests' own: the part of its protocol that an upload uses, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_of_the_tests"


class Hub:
    """Repositories as {path: bytes}; parquet and images go the way of large files, as on the real hub.

    Attributes:
        files: by repository.
        fail: status that every write answers with; 0 for none.
        made: bodies of the requests that made a repository.
    """

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.large: dict[str, bytes] = {}
        self.made: list[dict[str, Any]] = []
        self.commits = 0
        self.fail = 0
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None: ...

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    return self.answer({"error": "Invalid credentials"}, 401)
                if hub.fail:
                    return self.answer({"error": "no"}, hub.fail)
                return self.answer(hub.act(self.path, body, self.server.server_address[1]))

            def do_PUT(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                hub.large[hashlib.sha256(content).hexdigest()] = content
                self.answer({})

            def do_GET(self) -> None:
                self.answer({"error": "not found"}, 404)

            def answer(self, content: dict[str, Any], status: int = 200) -> None:
                data = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def act(self, path: str, body: bytes, port: int) -> dict[str, Any]:
        if path == "/api/repos/create":
            wanted = json.loads(body)
            self.made.append(wanted)
            name = f"{wanted['organization']}/{wanted['name']}" if wanted.get("organization") else wanted["name"]
            self.files.setdefault(name, {})
            return {"url": f"{self.url}/datasets/{name}", "id": name, "name": name}
        if path.endswith("/info/lfs/objects/batch"):
            objects = json.loads(body)["objects"]
            return {"transfer": "basic", "objects": [self.place(one, port) for one in objects]}
        if "/preupload/" in path:
            asked = json.loads(body)["files"]
            return {
                "files": [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith((".parquet", ".png")) else "regular",
                        "shouldIgnore": False,
                    }
                    for file in asked
                ]
            }
        if "/commit/" in path:
            kind = "/models/" if "/models/" in path else "/datasets/"
            return self.commit(path.split(kind)[1].split("/commit/")[0], body)
        return {}

    def place(self, one: dict[str, Any], port: int) -> dict[str, Any]:
        href = f"http://127.0.0.1:{port}/large/{one['oid']}"
        return {"oid": one["oid"], "size": one["size"], "actions": {"upload": {"href": href}}}

    def commit(self, repo: str, body: bytes) -> dict[str, Any]:
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                self.files[repo][value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                self.files[repo][value["path"]] = self.large[value["oid"]]
        self.commits += 1
        return {"commitUrl": f"{self.url}/{repo}/commit/1", "commitOid": "1" * 40, "success": True}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
