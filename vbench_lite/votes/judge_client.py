"""A vision-language model behind an OpenAI-compatible `chat/completions`: one question, one answer with its
probability.

Frames go as JPEG in data URIs. Where the server gives log-probabilities, the share of each allowed word at
the first place is used; else the question is drawn an even number of times. A failure, a refusal or an
answer that cannot be read is no answer, and is counted by its kind.
"""

from __future__ import annotations

import base64
import math
import os
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from vbench_lite.clip import Clip
from vbench_lite.votes.judge_spec import MOST_LIKELY, Frame, Judge, ServerSpec

RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504})
_QUALITY = 90  # of a JPEG


class ServerJudge(Judge):
    """Asks a server.

    Attributes:
        returned: the model's id as the server gives it; that of the specification before the first answer.
    """

    def __init__(self, spec: ServerSpec, rubric: str) -> None:
        super().__init__(spec, rubric)
        self.spec, self.returned = spec, spec.model
        key = os.environ.get(spec.key_env) if spec.key_env else None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(headers=headers, timeout=spec.timeout_s, follow_redirects=False)
        self._next_at = 0.0

    @property
    def identity(self) -> tuple[str, str]:
        """The id that the server returned, and the temperature."""
        return self.returned, f"temperature {self.spec.temperature:g}"

    def shares(self, parts: Sequence[str | Clip], words: Sequence[str]) -> dict[str, float] | None:
        """As `Judge.shares`, from log-probabilities where the server gives them, else from draws."""
        found: Counter[str] = Counter()
        for _ in range(self.spec.draws):
            answer = self._ask(parts)
            if answer is None:
                continue
            shares = _log_shares(answer, words)
            if shares is not None:
                self.counts["answered"] += 1
                return shares
            word = _word(answer, words)
            if word is None:
                text = str(_message(answer).get("content") or "")
                self.counts["refused" if _message(answer).get("refusal") or not text else "unreadable"] += 1
                continue
            self.counts["answered"] += 1
            found[word] += 1
        total = found.total()
        return {word: found[word] / total for word in words} if total else None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _ask(self, parts: Sequence[str | Clip]) -> Mapping[str, Any] | None:
        content = [piece for part in parts for piece in self._pieces(part)]
        body = {
            "model": self.spec.model,
            "messages": [{"role": "user", "content": content}],
            "temperature": self.spec.temperature,
            "max_tokens": 8,
            "logprobs": True,
            "top_logprobs": MOST_LIKELY,
        }
        retrying = Retrying(
            stop=stop_after_attempt(self.spec.attempts),
            wait=wait_exponential(multiplier=0.2, max=20),
            retry=retry_if_exception_type((httpx.TransportError, _Later)),
            reraise=True,
        )
        try:
            answer = retrying(self._post, body)
        except (httpx.HTTPError, _Later, ValueError):
            self.counts["failed"] += 1
            return None
        self.returned = str(answer.get("model") or self.returned)
        return answer

    def _post(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.spec.requests_per_minute:
            time.sleep(max(0.0, self._next_at - time.monotonic()))
            self._next_at = time.monotonic() + 60 / self.spec.requests_per_minute
        reply = self._client.post(f"{self.spec.url}/chat/completions", json=body)
        if reply.status_code in RETRIED:
            raise _Later(str(reply.status_code))
        reply.raise_for_status()
        answer = reply.json()
        if not isinstance(answer, dict) or not _choices(answer):
            raise ValueError("no choices")
        return answer

    def _pieces(self, part: str | Clip) -> list[dict[str, Any]]:
        if isinstance(part, str):
            return [{"type": "text", "text": part}]
        return [{"type": "image_url", "image_url": {"url": _jpeg(frame)}} for frame in self.shown(part)]


class _Later(Exception):
    """The server asks to come again."""


def _jpeg(frame: Frame) -> str:
    _, data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"


def _choices(answer: Mapping[str, Any]) -> list[Any]:
    choices = answer.get("choices")
    return choices if isinstance(choices, list) and choices and isinstance(choices[0], dict) else []


def _message(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    message = _choices(answer)[0].get("message")
    return message if isinstance(message, dict) else {}


def _word(answer: Mapping[str, Any], words: Sequence[str]) -> str | None:
    said = re.findall(r"\w+", str(_message(answer).get("content") or "").lower())
    return next((word for word in words if said[:1] == [word.lower()]), None)


def _log_shares(answer: Mapping[str, Any], words: Sequence[str]) -> dict[str, float] | None:
    """Shares of the words by the log-probabilities of the first token; None where the server gives none."""
    try:
        first = _choices(answer)[0]["logprobs"]["content"][0]["top_logprobs"]
        weights = dict.fromkeys(words, 0.0)
        for token in first:
            said = str(token["token"]).strip().lower()
            for word in words:
                if said == word.lower():
                    weights[word] += math.exp(float(token["logprob"]))
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    total = sum(weights.values())
    return {word: weight / total for word, weight in weights.items()} if total > 0 else None
