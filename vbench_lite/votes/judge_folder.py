"""A vision-language model of transformers in a folder, run in this process: the probability of each answer.

The model's own chat template makes the prompt, and the logits of the next token give the share of each
allowed word. Only what lies in the folder is read: no hub is asked, weights are safetensors, and code that
comes with a model is never run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jinja2 import TemplateError
from safetensors import SafetensorError

from vbench_lite.clip import Clip
from vbench_lite.errors import SpecError
from vbench_lite.votes.judge_spec import MOST_LIKELY, FolderSpec, Judge
from vbench_lite.weights.model_folder import ModelSource

# What transformers and torch say of files, devices and questions that do not fit.
_FAULTS = (ValueError, TypeError, RuntimeError, AssertionError, SafetensorError)
_SPACES = " \u0120\u2581"  # how vocabularies write the space before a word


class FolderJudge(Judge):
    """Asks a model in a folder.

    Raises:
        SpecError: transformers is missing, the device is not there, or the folder holds no such model.
    """

    def __init__(self, spec: FolderSpec, rubric: str) -> None:
        super().__init__(spec, rubric)
        self.spec, self._folder = spec, Path(spec.model).expanduser()
        self._sha256 = ModelSource(spec.model, self._folder).weights_sha256()
        self._model, self._processor = _load(self._folder, spec)
        self._tokens: dict[str, list[int]] = {}

    @property
    def identity(self) -> tuple[str, str]:
        """The folder's name with the hash of its files, and the type of its weights."""
        return f"{self._folder.resolve().name}@{self._sha256[:12]}", self.spec.dtype

    def shares(self, parts: Sequence[str | Clip], words: Sequence[str]) -> dict[str, float] | None:
        """As `Judge.shares`: the probability of each word as the next token, over that of all of them.

        Raises:
            SpecError: a word is no token of the vocabulary, or the model cannot take the question.
        """
        tokens = {word: self._tokens_of(word) for word in words}
        chances = self._next(parts)
        likely = set(np.argsort(-chances, kind="stable")[:MOST_LIKELY].tolist())
        weights = {word: float(chances[its].sum()) for word, its in tokens.items()}
        if likely.isdisjoint(token for its in tokens.values() for token in its):
            self.counts["unreadable"] += 1
            return None
        self.counts["answered"] += 1
        total = sum(weights.values())
        return {word: weight / total for word, weight in weights.items()}

    def close(self) -> None:
        """Let go of the model."""
        self._model = self._processor = None

    def _next(self, parts: Sequence[str | Clip]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Probability of every token as the first of the answer, float64 (vocabulary,)."""
        content = [piece for part in parts for piece in self._pieces(part)]
        try:
            inputs = self._processor.apply_chat_template(
                [{"role": "user", "content": content}],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            )
            floats = self._model.dtype
            inputs = {
                name: value.to(self.spec.device, floats if value.is_floating_point() else None)
                for name, value in inputs.items()
            }
            with torch.inference_mode():
                logits = self._model(**inputs).logits[0, -1]
        except (*_FAULTS, IndexError, TemplateError) as error:
            raise SpecError(f"judge {self.spec.model} cannot answer: {_line(error)}") from None
        return np.asarray(torch.softmax(logits.float(), dim=-1).cpu().double().numpy(), dtype=np.float64)

    def _pieces(self, part: str | Clip) -> list[Mapping[str, Any]]:
        from PIL import Image

        if isinstance(part, str):
            return [{"type": "text", "text": part}]
        return [{"type": "image", "image": Image.fromarray(frame)} for frame in self.shown(part)]

    def _tokens_of(self, word: str) -> list[int]:
        """Every token that spells a word, with or without a space before it, in any case."""
        if word not in self._tokens:
            vocabulary: Mapping[str, int] = self._processor.tokenizer.get_vocab()
            wanted = word.lower()
            found = [place for text, place in vocabulary.items() if text.strip(_SPACES).lower() == wanted]
            if not found:
                raise SpecError(f"judge {self.spec.model}: its vocabulary has no token for {word!r}")
            self._tokens[word] = sorted(found)
        return self._tokens[word]


def _load(folder: Path, spec: FolderSpec) -> tuple[Any, Any]:
    try:
        from transformers import AutoModelForImageTextToText, AutoProcessor
        from transformers.utils import logging
    except ImportError:
        raise SpecError(
            "a judge in a folder needs transformers; install it with: pip install 'vbench-lite[diffusers]'"
        ) from None
    logging.disable_progress_bar()
    only = {"local_files_only": True, "trust_remote_code": False}
    try:
        torch.empty(0, device=spec.device)
        processor = AutoProcessor.from_pretrained(folder, **only)
        model = AutoModelForImageTextToText.from_pretrained(
            folder, dtype=getattr(torch, spec.dtype), use_safetensors=True, **only
        )
        model = model.to(spec.device).eval().requires_grad_(False)
    except (*_FAULTS, OSError, KeyError, AttributeError, ImportError) as error:
        raise SpecError(f"judge {spec.model} cannot be loaded: {_line(error)}") from None
    if getattr(processor, "chat_template", None) is None:
        raise SpecError(f"judge {spec.model}: no chat template; a model tuned to instructions is needed")
    return model, processor


def _line(error: Exception) -> str:
    return " ".join((str(error) or type(error).__name__).split())
