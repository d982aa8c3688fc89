"""A Hugging Face hub on this machine, as much of it as a download needs, which can be told to misbehave.

Like the hub it answers HEAD with commit, check sum and size, sends large files from another address, and resumes.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from huggingface_hub import constants

from core.model.store import importing

COMMIT = "1" * 40
LARGE_BYTES = 10_000


@dataclass
class Hub:
    """What the server holds and how it behaves; `requests` is what it was asked.

    files: content by "repository/name". cut_after: for these names, the connection is cut once so many bytes of an
    answer are out; used up entry by entry. changed: these names arrive with one byte altered. ignores_range: answers
    with the whole file whatever was asked. statuses: errors by "GET name" or "HEAD name"; used up entry by entry.
    commits: those of the main branch that answers tell, one an answer while there are some; other revisions have their
    own. hides_size: says of no large file how large it is. refuses_range: has no part of any file.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: dict[str, list[int]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    ignores_range: bool = False
    statuses: dict[str, list[int]] = field(default_factory=dict)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    hides_size: bool = False
    refuses_range: bool = False
    url: str = ""

    def add(self, repository: str, name: str, content: bytes) -> None:
        """Put a file there."""
        self.files[f"{repository}/{name}"] = content

    def ranges_of(self, name: str) -> list[str]:
        """The Range of every GET that brought bytes of the file, "" for none."""
        return [wanted for verb, file, wanted in self.requests if verb == "GET" and file.endswith(name)]


def etag_of(content: bytes) -> str:
    """SHA-256 of a large file, git's SHA-1 of a small one."""
    if len(content) >= LARGE_BYTES:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def hub_server() -> Iterator[Hub]:
    """A hub that serves until the block ends."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (_Answers,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def take_for_the_hub(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let huggingface_hub in this process take the server for the hub and keep everything below `home`, as
    HF_ENDPOINT and HF_HOME do it for a new process. The models that lie there are small: any AST counts as the
    published one."""
    monkeypatch.setattr(importing, "fits_row", lambda *_: True)
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_HOME", str(home))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub
    commit = COMMIT

    def do_HEAD(self) -> None:
        self._answer(sends_body=False)

    def do_GET(self) -> None:
        self._answer(sends_body=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read `requests`."""

    def _answer(self, sends_body: bool) -> None:
        is_elsewhere = self.path.startswith("/large/")
        repository, _, rest = unquote(self.path).removeprefix("/large").strip("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        newest = self.hub.commits.pop(0) if self.hub.commits and revision == "main" else COMMIT
        self.commit = newest if revision == "main" else revision
        content = self.hub.files.get(f"{repository}/{name}")
        waiting = self.hub.statuses.get(f"{self.command} {name}")
        if waiting:
            self._refuse(waiting.pop(0), "")
        elif content is None:
            has_repository = any(key.startswith(f"{repository}/") for key in self.hub.files)
            self._refuse(*((404, "EntryNotFound") if has_repository else (401, "RepoNotFound")))
        elif len(content) >= LARGE_BYTES and not is_elsewhere:
            self._send_elsewhere(content)
        elif sends_body:
            self.hub.requests.append(("GET", f"{repository}/{name}", self.headers.get("Range", "")))
            self._send(name, content)
        else:
            self._start(200, content, len(content))

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", self.commit)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_elsewhere(self, content: bytes) -> None:
        self.send_response(302)
        self.send_header("Location", self.hub.url.replace("127.0.0.1", "localhost") + f"/large{self.path}")
        self.send_header("X-Repo-Commit", self.commit)
        self.send_header("X-Linked-Etag", f'"{etag_of(content)}"')
        self.send_header("X-Linked-Size", "0" if self.hub.hides_size else str(len(content)))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _start(self, status: int, content: bytes, n_bytes: int) -> None:
        self.send_response(status)
        self.send_header("X-Repo-Commit", self.commit)
        self.send_header("ETag", f'"{etag_of(content)}"')
        self.send_header("Content-Length", str(n_bytes))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()

    def _send(self, name: str, content: bytes) -> None:
        body = content
        if name in self.hub.changed:
            body = content[:-1] + bytes([content[-1] ^ 1])
        wanted = self.headers.get("Range", "")
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and not self.hub.ignores_range else 0
        if first >= len(content) or (first and self.hub.refuses_range):
            self._refuse(416, "")
            return
        self._start(206 if first else 200, content, len(content) - first)
        cuts = self.hub.cut_after.get(name)
        if cuts:
            self.wfile.write(body[first : first + cuts.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        else:
            self.wfile.write(body[first:])
