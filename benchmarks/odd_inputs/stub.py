"""A server on this machine that answers each step of a video API with bytes that it was given."""

from __future__ import annotations

import contextlib
import re
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class Stub(socketserver.ThreadingTCPServer):
    """Answers one request a connection, then closes it.

    Attributes:
        answers: by step ("create", "job", "content"), the whole answer with its head.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: Mapping[str, bytes] = {}

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            head, _, body = self._until(b"", b"\r\n\r\n").partition(b"\r\n\r\n")
            found = _LENGTH.search(head)
            while found is not None and len(body) < int(found[1]):
                body += self.request.recv(2**16) or b"\0" * int(found[1])
            content = head.split(b"\r\n")[0].split(b" HTTP/")[0].split(b"?")[0].endswith(b"/content")
            step = "create" if head.startswith(b"POST") else "content" if content else "job"
            assert isinstance(self.server, Stub)
            self.request.sendall(self.server.answers[step])

    def _until(self, have: bytes, end: bytes) -> bytes:
        while end not in have and (more := self.request.recv(2**16)):
            have += more
        return have


@contextmanager
def running() -> Iterator[Stub]:
    """A stub at work."""
    with Stub() as stub:
        thread = threading.Thread(target=stub.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield stub
        finally:
            stub.shutdown()


def answer(body: bytes, kind: str = "application/json", status: str = "200 OK", extra: str = "") -> bytes:
    """A whole answer; `extra` are further lines of its head, each with its end."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}"
    return f"{head}Connection: close\r\n\r\n".encode() + body
