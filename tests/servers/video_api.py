"""A real video API on this machine, in the style of /v1/videos, that can be told to misbehave.

Jobs are queued, then in progress, then done; their clips come from the function that the API is given.
"""

from __future__ import annotations

import json
import re
import ssl
import tempfile
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from vbench_lite.clip import Clip
from vbench_lite.video.decode import write_lossless

Asked = dict[str, Any]
PATHS = {"create": "/v1/videos", "job": "/v1/videos/ID", "content": "/v1/videos/ID/content"}


@dataclass
class Seen:
    """One request that arrived."""

    step: str
    method: str
    path: str
    headers: Mapping[str, str]
    fields: Asked


@dataclass
class Answer:
    """What is answered in place of the right thing.

    Attributes:
        body: sent as it is. stated: the Content-Length that is told, if it is not the true one; -1: none.
        wait: the answer begins when this is set.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    stated: int | None = None
    wait: threading.Event | None = None


class VideoApi:
    """The server, at work within a `with` block.

    Attributes:
        answers: by step ("create", "job", "content"), answers that come first, in order.
        always: by step, an answer that comes whenever none of those is left.
        seen: every request, in order.
        stages: descriptions of a job that are told one after another; the last stays.
    """

    def __init__(self, make: Callable[[Asked], Clip], certificate: Path | None = None) -> None:
        self._make = make
        self.answers: dict[str, deque[Answer]] = defaultdict(deque)
        self.always: dict[str, Answer] = {}
        self.seen: list[Seen] = []
        self.stages: list[dict[str, Any]] = [
            {"status": "queued", "progress": 0},
            {"status": "in_progress", "progress": 50},
            {"status": "completed", "progress": 100},
        ]
        self._files: dict[str, bytes] = {}
        self._told: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._scheme = "http" if certificate is None else "https"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def steps(self) -> list[str]:
        """Which steps were asked for, in order."""
        return [seen.step for seen in self.seen]

    def __enter__(self) -> VideoApi:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, seen: Seen) -> Answer:
        """The answer to a request, right or as told."""
        with self._lock:
            self.seen.append(seen)
            if self.answers[seen.step]:
                return self.answers[seen.step].popleft()
            if seen.step in self.always:
                return self.always[seen.step]
            name = seen.path.split("/")[3] if seen.step in ("job", "content") else ""
            if seen.method == "DELETE":
                return Answer(body=b"{}")
            if seen.step == "create":
                name = f"video_{len(self._files)}"
                self._files[name] = self._file(self._make(seen.fields))
                return self._describe(name)
            if name not in self._files:
                return Answer(404, b'{"error": {"message": "no such job"}}')
            if seen.step == "content":
                return Answer(body=self._files[name], headers={"Content-Type": "video/x-matroska"})
            return self._describe(name)

    def _describe(self, name: str) -> Answer:
        stage = self.stages[min(self._told[name], len(self.stages) - 1)]
        self._told[name] += 1
        return Answer(body=json.dumps({"id": name, "object": "video", **stage}).encode())

    @staticmethod
    def _file(clip: Clip) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "clip.mkv")
            write_lossless(path, clip.frames, clip.fps)
            return path.read_bytes()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away, or refuse a certificate, are what some tests want."""


def _step(path: str) -> str:
    for step, pattern in PATHS.items():
        if re.fullmatch(pattern.replace("ID", "[^/]+"), path):
            return step
    return "other"


def _fields(headers: Message, body: bytes) -> Asked:
    """The fields of a create request, from JSON or a multipart form."""
    kind = headers.get("Content-Type", "")
    if not body:
        return {}
    if kind.startswith("application/json"):
        return dict(json.loads(body))
    form = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    parts: Any = form.get_payload()
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True).decode()
        for part in parts
    }


def _handler(api: VideoApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_DELETE(self) -> None:
            self._serve()

        def log_message(self, format: str, *args: Any) -> None:
            return

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.split("?")[0]
            fields = _fields(self.headers, body)
            answer = api.answer(Seen(_step(path), self.command, self.path, dict(self.headers), fields))
            if answer.wait is not None:
                answer.wait.wait(60)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            length = len(answer.body) if answer.stated is None else answer.stated
            if length >= 0:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(answer.body)

    return Handler
