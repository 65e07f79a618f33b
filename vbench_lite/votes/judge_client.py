"""A vision-language model behind an OpenAI-compatible `chat/completions`: one question, one answer with its
probability.

Frames go as JPEG in data URIs. Where the server gives log-probabilities, the share of each allowed word at
the first place is used; else the question is drawn an even number of times. A failure, a refusal or an
answer that cannot be read is no answer, and is counted by its kind.
"""

from __future__ import annotations

import base64
import hashlib
import math
import os
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from vbench_lite.clip import Clip
from vbench_lite.errors import SpecError
from vbench_lite.validation_errors import validation_error
from vbench_lite.yaml_text import parse_yaml

RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504})
_QUALITY = 90  # of a JPEG


class JudgeSpec(BaseModel):
    """A model as voter, read from a YAML file.

    Attributes:
        url: of the API, up to and without `/chat/completions`.
        model: as the API names it.
        key_env: the environment variable that holds the key; the key itself stands in no file.
        frames, max_side: how many frames are shown, evenly spaced, and their longer side in pixels.
        draws: questions asked of each order where no log-probabilities come back; two or more, an even
        number. requests_per_minute: at most so many. price_per_call: in your currency, for the estimate
        that is told first.
    """

    model_config = ConfigDict(extra="forbid")

    url: str
    model: str
    key_env: str | None = None
    frames: int = Field(default=8, ge=1, le=64)
    max_side: int = Field(default=512, ge=32, le=2048)
    temperature: float = Field(default=0.0, ge=0, le=2)
    draws: int = Field(default=2, ge=2, le=32)
    timeout_s: float = Field(default=60.0, gt=0)
    attempts: int = Field(default=4, ge=1, le=10)
    requests_per_minute: float | None = Field(default=None, gt=0)
    price_per_call: float | None = Field(default=None, ge=0)

    @field_validator("draws")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("an even number is needed, so that no order weighs more")
        return value

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        parsed = httpx.URL(value)
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
            raise ValueError(
                "an address http://HOST/... or https://HOST/... is needed, without a name or key"
            )
        return value.rstrip("/")


def load_judge(path: Path) -> JudgeSpec:
    """Read a judge's specification.

    Raises:
        SpecError: the file, a key or a value is wrong, or the key's variable is not set.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"judge {path} cannot be read: {error}") from None
    try:
        spec = JudgeSpec.model_validate(parse_yaml(text, f"judge {path}") or {})
    except ValidationError as error:
        raise SpecError(f"judge {path}: {validation_error(error, JudgeSpec)}") from None
    if spec.key_env is not None and not os.environ.get(spec.key_env):
        raise SpecError(f"judge {path}: the environment variable {spec.key_env} is not set")
    return spec


class Judge:
    """Asks a model.

    Attributes:
        counts: calls by how they ended: "answered", "failed", "refused", "unreadable".
        returned: the model's id as the server gives it; that of the specification before the first answer.
    """

    def __init__(self, spec: JudgeSpec, rubric: str) -> None:
        self.spec, self.counts, self.returned = spec, Counter[str](), spec.model
        self._rubric = hashlib.sha256(rubric.encode()).hexdigest()[:8]
        key = os.environ.get(spec.key_env) if spec.key_env else None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(headers=headers, timeout=spec.timeout_s, follow_redirects=False)
        self._next_at = 0.0

    @property
    def name(self) -> str:
        """Who votes: model as returned, rubric, frames and temperature."""
        spec = self.spec
        return (
            f"{self.returned} · rubric {self._rubric} · {spec.frames} frames of {spec.max_side} · "
            f"temperature {spec.temperature:g}"
        )

    def shares(self, parts: Sequence[str | Clip], words: Sequence[str]) -> dict[str, float] | None:
        """Share of each allowed word among answers; None if no answer could be read.

        Args:
            parts: texts and clips in the order in which the model gets them.
            words: what may be answered, one word each.
        """
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

    @property
    def coverage(self) -> float:
        """Share of calls that gave an answer."""
        return self.counts["answered"] / self.counts.total() if self.counts else 0.0

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
            "top_logprobs": 10,
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
        count = len(part.frames)
        at = np.linspace(0, count - 1, min(self.spec.frames, count)).round().astype(int)
        return [
            {"type": "image_url", "image_url": {"url": _jpeg(part.frames[place], self.spec.max_side)}}
            for place in at
        ]


class _Later(Exception):
    """The server asks to come again."""


def _jpeg(frame: np.ndarray[Any, np.dtype[np.uint8]], max_side: int) -> str:
    ratio = max_side / max(frame.shape[:2])
    if ratio < 1:
        size = max(1, round(frame.shape[1] * ratio)), max(1, round(frame.shape[0] * ratio))
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
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
