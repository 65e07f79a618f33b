"""The open-vocabulary detector behind the metrics on objects: OWLv2 by transformers.

The loading and the arithmetic are tested with random weights; nobody has run them here with the published
ones, so what depends on the detector is marked "not validated" where it is described.

Source: Minderer et al., Scaling Open-Vocabulary Object Detection (NeurIPS 2023).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np

from vbench_lite.errors import WeightsError
from vbench_lite.metric import Frames
from vbench_lite.weights import files

KEY = "owlv2-base"
THRESHOLD = 0.2
_REMEMBERED = 64  # frames with their queries: several metrics ask the same of one clip


@dataclass(frozen=True)
class Box:
    """A detection: pixels from the left and the top of the frame, and how sure it is (0..1)."""

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


class Detector(Protocol):
    """What the metrics need of a detector."""

    def best(self, frame: Frames, texts: Sequence[str]) -> list[Box | None]:
        """The surest box for each text on a frame, uint8 (H, W, 3); None where nothing is sure enough."""
        ...


class Owlv2:
    """OWLv2 from the folder of the cache: weights, configuration and tokenizer."""

    def __init__(self) -> None:
        try:
            from transformers import Owlv2ForObjectDetection, Owlv2Processor
        except ImportError:
            raise WeightsError(
                "the detector needs transformers; install it with: pip install 'vbench-lite[diffusers]'"
            ) from None
        folder = files.path(KEY).parent
        self._model: Any = Owlv2ForObjectDetection.from_pretrained(folder, local_files_only=True).eval()
        self._processor: Any = Owlv2Processor.from_pretrained(folder, local_files_only=True)
        self._known: dict[str, list[Box | None]] = {}

    def best(self, frame: Frames, texts: Sequence[str]) -> list[Box | None]:
        asked = hashlib.sha256(np.ascontiguousarray(frame).data)
        asked.update(repr((frame.shape, tuple(texts))).encode())
        place = asked.hexdigest()
        if place not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[place] = self._detect(frame, texts)
        return self._known[place]

    def _detect(self, frame: Frames, texts: Sequence[str]) -> list[Box | None]:
        import torch

        queries = [f"a photo of a {text}" for text in texts]
        length = self._model.config.text_config.max_position_embeddings
        tokens = self._processor.tokenizer(
            queries, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
        )
        pixels = self._processor.image_processor(images=[frame], return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            found = self._model(
                input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"], pixel_values=pixels
            )
        (result,) = self._processor.post_process_grounded_object_detection(
            found, threshold=THRESHOLD, target_sizes=[frame.shape[:2]]
        )
        boxes: list[Box | None] = [None] * len(texts)
        for score, label, corners in zip(result["scores"], result["labels"], result["boxes"], strict=True):
            before = boxes[int(label)]
            if before is None or float(score) > before.score:
                left, top, right, bottom = (float(corner) for corner in corners)
                boxes[int(label)] = Box(left, top, right, bottom, float(score))
        return boxes


def detector() -> Detector:
    """The detector, loaded once for each file that its key stood for.

    Raises:
        WeightsError: its weights cannot be had, or transformers is not installed.
    """
    return _detector(files.fingerprint(KEY))


@cache
def _detector(fingerprint: str) -> Detector:
    return Owlv2()
