"""Imitations of five kinds of video services on this machine, as far as their interfaces are documented.

Each is a function from a request to (status, headers, body), with the state of its one job. What it should
get wrong is set from outside: answers that come first, by what is asked for.
"""

from __future__ import annotations

import base64
import json
import tempfile
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from clip_files import moving_square

from vbench_lite.video.decode import write_lossless

Reply = tuple[int, dict[str, str], bytes]
KEY = "sesame-open-123"


def told(data: Any, status: int = 200, **headers: str) -> Reply:
    """An answer in JSON."""
    return status, {"Content-Type": "application/json", **headers}, json.dumps(data).encode()


class Service:
    """A server within a `with` block; subclasses say how the service speaks.

    Attributes:
        first: by step ("create", "job", "result", "file"), answers that come before the right one.
        seen: (method, path, body) of every request. keys: every value of the key's header.
        ends: what the job becomes after two questions: "ok" or "failed".
    """

    preset = ""
    model = "video-1"
    key_header, key_value = "Authorization", f"Bearer {KEY}"

    def __init__(self) -> None:
        self.first: dict[str, deque[Reply]] = defaultdict(deque)
        self.seen: list[tuple[str, str, Any]] = []
        self.keys: list[str | None] = []
        self.ends = "ok"
        self.asked = 0
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "clip.mkv")
            write_lossless(path, moving_square(4), 8.0)
            self.clip = path.read_bytes()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                return

            def _serve(self) -> None:
                data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                is_json = self.headers.get("Content-Type") == "application/json"
                body = json.loads(data) if is_json else data
                service.seen.append((self.command, self.path, body))
                service.keys.append(self.headers.get(service.key_header))
                step = service.step(self.command, self.path)
                if service.first[step]:
                    status, headers, answer = service.first[step].popleft()
                else:
                    service.asked += step == "job"
                    status, headers, answer = service.reply(step)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_DELETE = do_PUT = _serve  # noqa: N815  as http.server names them

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Service:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def step(self, method: str, path: str) -> str:
        """What a request is for."""
        raise NotImplementedError

    def reply(self, step: str) -> Reply:
        """The right answer."""
        raise NotImplementedError

    def file(self) -> Reply:
        return 200, {"Content-Type": "video/x-matroska"}, self.clip


class OpenAi(Service):
    preset = "openai"

    def step(self, method: str, path: str) -> str:
        if method == "DELETE":
            return "cancel"
        ends = {"/v1/videos": "create", "/v1/videos/video_1": "job", "/v1/videos/video_1/content": "file"}
        return ends[path]

    def reply(self, step: str) -> Reply:
        if step in ("file", "cancel"):
            return self.file() if step == "file" else told({"deleted": True})
        state: dict[str, Any] = {"id": "video_1", "object": "video", "seconds": "4", "error": None}
        if step == "create" or self.asked < 2:
            return told({**state, "status": "queued" if step == "create" else "in_progress", "progress": 40})
        if self.ends == "failed":
            error = {"code": "moderation_blocked", "message": "the prompt is not allowed"}
            return told({**state, "status": "failed", "error": error})
        return told({**state, "status": "completed", "progress": 100})


class Replicate(Service):
    preset, model = "replicate", "owner/video-1"

    def step(self, method: str, path: str) -> str:
        if path == "/v1/models/owner/video-1/predictions":
            return "create"
        return {"/v1/predictions/p1": "job", "/v1/predictions/p1/cancel": "cancel", "/out/clip": "file"}[path]

    def reply(self, step: str) -> Reply:
        if step == "file":
            return self.file()
        state: dict[str, Any] = {"id": "p1", "output": None, "error": None, "metrics": {}}
        if step == "create":
            return told({**state, "status": "starting"}, 201)
        if self.asked < 2:
            return told({**state, "status": "processing"})
        if self.ends == "failed":
            return told({**state, "status": "failed", "error": "CUDA out of memory"})
        done = {"output": [f"{self.url}/out/clip"], "metrics": {"predict_time": 12.5}}
        return told({**state, "status": "succeeded", **done})


class Fal(Service):
    preset, model = "fal", "fal-ai/video-1/fast"
    key_value = f"Key {KEY}"

    def step(self, method: str, path: str) -> str:
        base = "/fal-ai/video-1/requests/r1"
        if path == "/fal-ai/video-1/fast":
            return "create"
        return {f"{base}/status": "job", base: "result", f"{base}/cancel": "cancel", "/clip.mkv": "file"}[
            path
        ]

    def reply(self, step: str) -> Reply:
        base = f"{self.url}/fal-ai/video-1/requests/r1"
        places = {"status_url": f"{base}/status", "response_url": base, "cancel_url": f"{base}/cancel"}
        if step == "create":
            return told({"request_id": "r1", "status": "IN_QUEUE", **places})
        if step == "job":
            ends = {"ok": {"status": "COMPLETED"}, "failed": {"status": "COMPLETED", "error": "bad prompt"}}
            return told({"status": "IN_PROGRESS"}, 202) if self.asked < 2 else told(ends[self.ends])
        if step == "result":
            return told({"video": {"url": "/clip.mkv", "content_type": "video/x-matroska"}, "seed": 5})
        return self.file() if step == "file" else told({})


class Veo(Service):
    preset, model = "veo", "veo-1"
    key_header, key_value = "x-goog-api-key", KEY
    name = "models/veo-1/operations/op1"

    def step(self, method: str, path: str) -> str:
        if path == "/v1beta/models/veo-1:predictLongRunning":
            return "create"
        return {f"/v1beta/{self.name}": "job", "/v1beta/files/f1:download?alt=media": "file"}[path]

    def reply(self, step: str) -> Reply:
        if step == "file":
            return self.file()
        if step == "create" or self.asked < 2:
            return told({"name": self.name})
        if self.ends == "failed":
            return told({"name": self.name, "done": True, "error": {"code": 3, "message": "unsafe prompt"}})
        video = {"uri": f"{self.url}/v1beta/files/f1:download?alt=media"}
        response = {"generateVideoResponse": {"generatedSamples": [{"video": video}]}}
        return told({"name": self.name, "done": True, "response": response})


class VeoBase64(Veo):
    """The same operation, whose clip comes within the answer and which is asked for by POST."""

    def step(self, method: str, path: str) -> str:
        if path == "/v1beta/models/veo-1:fetch":
            assert self.seen[-1][2] == {"operationName": self.name}
            return "job"
        return super().step(method, path)

    def reply(self, step: str) -> Reply:
        if step != "job" or self.asked < 2:
            return super().reply(step)
        videos = [{"bytesBase64Encoded": base64.b64encode(self.clip).decode(), "mimeType": "video/mp4"}]
        return told({"name": self.name, "done": True, "response": {"videos": videos}})


class MiniMax(Service):
    preset = "minimax"

    def step(self, method: str, path: str) -> str:
        return {
            "/v1/video_generation": "create",
            "/v1/query/video_generation?task_id=176844028768320": "job",
            "/v1/files/retrieve?file_id=205258526306433": "result",
            "/clip.mkv": "file",
        }[path]

    def reply(self, step: str) -> Reply:
        fine = {"base_resp": {"status_code": 0, "status_msg": "success"}}
        if step == "create":
            return told({"task_id": "176844028768320", **fine})
        if step == "job":
            if self.asked < 2:
                return told({"status": "Preparing" if self.asked == 1 else "Processing", **fine})
            if self.ends == "failed":
                return told(
                    {"status": "Fail", "base_resp": {"status_code": 0, "status_msg": "no such style"}}
                )
            return told({"status": "Success", "file_id": 205258526306433, **fine})
        if step == "result":
            return told(
                {"file": {"file_id": 205258526306433, "download_url": f"{self.url}/clip.mkv"}, **fine}
            )
        return self.file()


SERVICES: tuple[Callable[[], Service], ...] = (OpenAi, Replicate, Fal, Veo, MiniMax)
