"""The blind page: a server of its own, for this machine only, that writes the vote journals and nothing else.

The browser is told no name, no hash and no file name: clips have addresses with random tokens of this
process, and both are re-encoded to one box and one rate. Several people vote at once under names of their
own; each has a journal of their own, so a vote is on the disk before the next question is shown.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import secrets
import tempfile
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np

from vbench_lite.clip import Clip
from vbench_lite.errors import StoreError, VBenchLiteError
from vbench_lite.format import about_more, plural
from vbench_lite.store.pool import Pool
from vbench_lite.video.decode import write_preview
from vbench_lite.votes.ballot import MODEL, OVERALL, Answer, Vote, VoteJournal, read_votes
from vbench_lite.votes.board import vote_board
from vbench_lite.votes.clips import RunClips, of_run
from vbench_lite.votes.pairs import Question, Questions

LOOPBACK = "127.0.0.1"
LEAST_SIDE, MOST_SIDE = 256, 640  # pixels of the box that both clips are brought to
FASTEST = 60.0
_MOST_BODY = 4096
_PAGE = "vote.html"
_FIRST = "every generator needs some votes first"


class Poll:
    """One run that is voted on: questions, journals and clips by token. Usable by several threads.

    Args:
        root: where clips lie and votes go.
        run: whose clips are shown.
        axis: what is asked.
        question: the text above the clips; a prompt's own `look_for` comes first if it has one.
        look_for: by prompt.
        seed: of sides and order.
    """

    def __init__(
        self,
        root: Path,
        run: RunClips,
        *,
        axis: str = OVERALL,
        question: str,
        look_for: Mapping[str, str] | None = None,
        seed: int = 0,
    ) -> None:
        self.axis = axis
        self._root, self._run, self._seed = root, run, seed
        self._question, self._look_for = question, look_for or {}
        self._lock = threading.RLock()
        self._journals: dict[str, VoteJournal] = {}
        self._asked: dict[str, tuple[str, Question, tuple[str, str]]] = {}  # voter: id, question, tokens
        self._clips: dict[str, tuple[str, str]] = {}  # token: clip, the clip beside it
        Questions(run, "", axis, seed)  # refuses a run without pairs before the server starts

    def ask(self, voter: str) -> dict[str, Any]:
        """The question that waits for a voter, the same until it is answered; without names and hashes."""
        with self._lock:
            votes = self._votes()
            questions = Questions(self._run, voter, self.axis, self._seed)
            if voter not in self._asked:
                question = questions.next(votes)
                if question is not None:
                    shas = [str(question.left.clip_sha256), str(question.right.clip_sha256)]
                    tokens = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
                    self._clips[tokens[0]] = shas[0], shas[1]
                    self._clips[tokens[1]] = shas[1], shas[0]
                    self._asked[voter] = secrets.token_urlsafe(12), question, tokens
            mine = [v for v in votes if v.voter == voter and v.axis == self.axis]
            state = {
                "done": len(mine),
                "remaining": questions.left(votes),
                "status": self._status(votes),
            }
            if voter not in self._asked:
                return state | {"finished": True}
            number, question, tokens = self._asked[voter]
            return state | {
                "finished": False,
                "question": number,
                "text": self._look_for.get(question.prompt) or self._question,
                "prompt": question.prompt,
                "left": f"clip/{tokens[0]}.mp4",
                "right": f"clip/{tokens[1]}.mp4",
            }

    def answer(self, voter: str, number: str, answer: str) -> None:
        """Keep the answer to the waiting question; the same answer sent twice counts once.

        Raises:
            ValueError: it is no answer.
        """
        said = Answer(answer)
        with self._lock:
            waiting = self._asked.get(voter)
            if waiting is None or waiting[0] != number:
                return  # answered already: a second click, or an old tab
            _, question, tokens = waiting
            self._journal(voter).add(
                Vote(
                    voter=voter,
                    prompt=question.prompt,
                    left=question.left,
                    right=question.right,
                    answer=said,
                    seed=question.seed,
                    axis=self.axis,
                    question=self._look_for.get(question.prompt) or self._question,
                    check=question.check,
                    run=self._run.run_id,
                )
            )
            del self._asked[voter]
            for token in tokens:
                self._clips.pop(token, None)

    def undo(self, voter: str) -> bool:
        """Take back the voter's last answer of this run; False if there is none."""
        with self._lock:
            mine = [
                v
                for v in read_votes(self._root)
                if v.voter == voter and v.axis == self.axis and v.run == self._run.run_id
            ]
            if not mine:
                return False
            self._journal(voter).take_back(mine[-1])
            self._asked.pop(voter, None)
            return True

    def clip(self, token: str) -> bytes | None:
        """An H.264 file of a clip on show, in the box and at the rate that it shares with its neighbour."""
        with self._lock:
            pair = self._clips.get(token)
        if pair is None:
            return None
        pool = Pool(self._root)
        return same_box(pool.read(pair[0]), pool.read(pair[1]))

    def close(self) -> None:
        """Close the journals."""
        for journal in self._journals.values():
            journal.close()

    def _votes(self) -> list[Vote]:
        """Of people: what judges said settles nothing here."""
        return [vote for vote in of_run(read_votes(self._root), self._run)[0] if vote.kind != MODEL]

    def _journal(self, voter: str) -> VoteJournal:
        if voter not in self._journals:
            self._journals[voter] = VoteJournal(self._root, voter)
        return self._journals[voter]

    def _status(self, votes: list[Vote]) -> str:
        try:
            board = vote_board(votes, self.axis)
        except StoreError:
            return _FIRST
        if not self._run.clips.keys() <= {row.generator for row in board.rows}:
            return _FIRST
        wanted = [pair.more for pair in board.pairs if pair.more is not None]
        if not wanted:
            return "enough votes: every pair is separated or equivalent; more only narrow the intervals"
        open_ones = plural(len(wanted), "pair")
        return f"{about_more(min(wanted), 'votes')} would settle the next pair; {open_ones} open"


def same_box(clip: Clip, beside: Clip) -> bytes:
    """Encode a clip as H.264 in the box that holds both clips, at the higher of both rates.

    Smaller clips are enlarged, larger ones reduced; the aspect is kept, the rest of the box is grey.
    """
    sizes = [c.frames.shape[1:3] for c in (clip, beside)]
    height, width = (max(shape[axis] for shape in sizes) for axis in (0, 1))
    scale = min(MOST_SIDE / max(height, width), max(1.0, LEAST_SIDE / max(height, width)))
    height, width = (max(2, round(side * scale / 2) * 2) for side in (height, width))
    rate = min(FASTEST, max(c.fps or 8.0 for c in (clip, beside)))
    own = clip.fps or 8.0
    count = max(1, math.floor(len(clip.frames) / own * rate + 1e-6))
    at = np.minimum((np.arange(count) * own / rate + 1e-9).astype(int), len(clip.frames) - 1)
    box = np.full((count, height, width, 3), 128, dtype=np.uint8)
    for place, frame in enumerate(clip.frames[at]):
        ratio = min(height / frame.shape[0], width / frame.shape[1])
        size = max(1, round(frame.shape[1] * ratio)), max(1, round(frame.shape[0] * ratio))
        scaled = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_NEAREST)
        top, left = (height - size[1]) // 2, (width - size[0]) // 2
        box[place, top : top + size[1], left : left + size[0]] = scaled
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "clip.mp4"
        write_preview(target, [box], rate)
        return target.read_bytes()


class _Handler(BaseHTTPRequestHandler):
    """Answers for one poll; `poll` is set by `server`."""

    poll: Poll
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        # A browser that closes its page, or seeks in a clip, hangs up in the middle of an answer.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().finish()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if not self._ours():
            return
        if parts.path == "/":
            page = (files("vbench_lite.votes") / _PAGE).read_bytes()
            self._send(page, "text/html; charset=utf-8")
        elif parts.path == "/ask":
            self._call(lambda: self.poll.ask(_voter(parse_qs(parts.query).get("voter", [""])[0])))
        elif parts.path.startswith("/clip/") and (
            clip := self.poll.clip(parts.path.removeprefix("/clip/").removesuffix(".mp4"))
        ):
            self._send(clip, "video/mp4")
        else:
            self._send(b"not found", "text/plain", HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        if not self._ours():
            return
        stated = self.headers.get("Content-Length") or ""
        size = int(stated) if re.fullmatch("[0-9]{1,4}", stated) else 0  # thousands of digits are no number
        if self.headers.get("Content-Type") != "application/json" or not 0 < size <= _MOST_BODY:
            told = f"send JSON of 1 to {_MOST_BODY} bytes, and say in Content-Length how many"
            self._send(told.encode(), "text/plain", HTTPStatus.BAD_REQUEST)
            return
        body = self.rfile.read(size)
        self._call(lambda: self._post(json.loads(body)))

    def _post(self, body: Any) -> dict[str, Any]:
        voter = _voter(str(body["voter"]))
        if self.path == "/answer":
            self.poll.answer(voter, str(body["question"]), str(body["answer"]))
        elif self.path == "/undo":
            self.poll.undo(voter)
        else:
            raise ValueError(f"no such address: {self.path}")
        return self.poll.ask(voter)

    def _ours(self) -> bool:
        """Whether the request names this machine; a page elsewhere could have the browser ask in its name."""
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        origin = self.headers.get("Origin")
        if host in (LOOPBACK, "localhost") and origin in (None, f"http://{self.headers['Host']}"):
            return True
        self._send(b"for this machine only", "text/plain", HTTPStatus.FORBIDDEN)
        return False

    def _call(self, work: Callable[[], dict[str, Any]]) -> None:
        try:
            self._send(json.dumps(work()).encode(), "application/json")
        except (VBenchLiteError, ValueError, KeyError, TypeError) as error:
            said = json.dumps({"error": str(error)}).encode()
            self._send(said, "application/json", HTTPStatus.BAD_REQUEST)

    def _send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if status is not HTTPStatus.OK:  # the body of what is refused is not read, and is no next request
            self.send_header("Connection", "close")
        self.send_header(
            "Content-Security-Policy", "default-src 'self' 'unsafe-inline'; media-src 'self' blob:"
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing; the terminal belongs to the verb."""


def _voter(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > 60 or not cleaned.isprintable():
        raise ValueError("give a name of 1 to 60 characters")
    return cleaned


def server(poll: Poll, port: int = 0) -> ThreadingHTTPServer:
    """A server on loopback for one poll, listening; port 0 takes a free one.

    Raises:
        StoreError: the port is taken.
    """
    handler = type("Handler", (_Handler,), {"poll": poll})
    try:
        made = ThreadingHTTPServer((LOOPBACK, port), handler)
    except OSError as error:
        raise StoreError(f"port {port}: {error.strerror}; take another with --port") from None
    made.daemon_threads = True
    return made
