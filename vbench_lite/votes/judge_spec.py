"""What a judge is: its specification, and what a model behind an API and one from a folder have in common."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import cv2
import httpx
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from vbench_lite.clip import Clip
from vbench_lite.errors import SpecError
from vbench_lite.validation_errors import validated
from vbench_lite.yaml_text import read_yaml

MOST_LIKELY = 10  # next words looked at; an answer with none of the allowed words among them cannot be read
Frame = np.ndarray[Any, np.dtype[np.uint8]]


class JudgeSpec(BaseModel):
    """A model as voter.

    Attributes:
        model: As the API names it; without a url, a folder as save_pretrained writes it.
        frames: How many frames of a clip are shown, evenly spaced from the first to the last.
        max_side: Their longer side in pixels; larger ones are reduced.
    """

    model_config = ConfigDict(extra="forbid")

    model: str
    frames: int = Field(default=8, ge=1, le=64)
    max_side: int = Field(default=512, ge=32, le=2048)


class ServerSpec(JudgeSpec):
    """A model behind an OpenAI-compatible API (`chat/completions` with image parts).

    Attributes:
        url: Of the API, up to and without `/chat/completions`.
        key_env: The environment variable that holds the key; the key itself stands in no file.
        temperature: Of the answers.
        draws: How often a question is asked where no log-probabilities come back: an even number.
        timeout_s: Seconds of a call.
        attempts: Of a call that fails for a while.
        requests_per_minute: At most so many.
        price_per_call: In your currency, for the estimate that is told first.
    """

    url: str
    key_env: str | None = None
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


class FolderSpec(JudgeSpec):
    """A vision-language model of transformers in a folder, run in this process; no hub is asked.

    Attributes:
        device: cpu, cuda:0 and so on.
        dtype: Of the weights; the probabilities of words are float32.
    """

    draws: ClassVar[int] = 1  # probabilities are read, so one answer says all

    device: str = "cpu"
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"


def load_judge(path: Path) -> ServerSpec | FolderSpec:
    """Read a judge's specification: one with a `url` is behind an API, one without in a folder.

    Raises:
        SpecError: the file, a key or a value is wrong, there is no such folder, or the key's variable is not
            set.
    """
    facts = read_yaml(path, f"judge {path}") or {}
    served = isinstance(facts, dict) and "url" in facts
    kind: type[ServerSpec] | type[FolderSpec] = ServerSpec if served else FolderSpec
    spec = validated(kind, facts, f"judge {path}")
    if isinstance(spec, FolderSpec) and not Path(spec.model).expanduser().is_dir():
        raise SpecError(f"judge {path}: model {spec.model} is no folder; a model behind an API needs its url")
    if isinstance(spec, ServerSpec) and spec.key_env is not None and not os.environ.get(spec.key_env):
        raise SpecError(f"judge {path}: the environment variable {spec.key_env} is not set")
    return spec


class Judge(ABC):
    """Asks a model.

    Attributes:
        counts: calls by how they ended: "answered", "failed", "refused", "unreadable".
    """

    def __init__(self, spec: JudgeSpec, rubric: str) -> None:
        self.counts = Counter[str]()
        self._spec, self._rubric = spec, hashlib.sha256(rubric.encode()).hexdigest()[:8]

    @property
    @abstractmethod
    def identity(self) -> tuple[str, str]:
        """The model as precisely as is known, and how it answers."""

    @property
    def name(self) -> str:
        """Who votes: model, rubric, frames and how it answers."""
        (model, way), spec = self.identity, self._spec
        return f"{model} · rubric {self._rubric} · {spec.frames} frames of {spec.max_side} · {way}"

    @abstractmethod
    def shares(self, parts: Sequence[str | Clip], words: Sequence[str]) -> dict[str, float] | None:
        """Share of each allowed word among answers; None if no answer could be read.

        Args:
            parts: texts and clips in the order in which the model gets them.
            words: what may be answered, one word each.
        """

    @property
    def coverage(self) -> float:
        """Share of calls that gave an answer."""
        return self.counts["answered"] / self.counts.total() if self.counts else 0.0

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds."""

    def shown(self, clip: Clip) -> list[Frame]:
        """The frames of a clip that the model sees: evenly spaced, first and last among them."""
        count = len(clip.frames)
        at = np.linspace(0, count - 1, min(self._spec.frames, count)).round().astype(int)
        return [_within(clip.frames[place], self._spec.max_side) for place in at]


def _within(frame: Frame, max_side: int) -> Frame:
    ratio = max_side / max(frame.shape[:2])
    if ratio >= 1:
        return frame
    size = max(1, round(frame.shape[1] * ratio)), max(1, round(frame.shape[0] * ratio))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
