"""Prompt and frames by CLIP: the plain cosine, and the score that papers print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, MetricInfo, SampleInfo, Scored
from vbench_lite.suites.extractors import clip_text


class ClipPrompt(ClipMetric):
    """Mean over frames of the cosine of frame and prompt, by CLIP ViT-B/32.

    What stands here for VBench's overall consistency and temporal style, whose network (ViCLIP) is not here.

    Formula:
        mean over frames of cos(frame, prompt)

    Traps:
        CLIP reads 77 tokens; a longer prompt is cut, and the score says so. It sees single frames: nothing
        of motion or order enters.

    Cost: one pass of ViT-B/32 a frame, one of the text encoder a prompt.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="alignment/clip_prompt",
        axis=Axis.ALIGNMENT,
        bounds=(-1.0, 1.0),
        higher_is_better=True,
        summary="Mean cosine of frames and prompt, by CLIP ViT-B/32.",
        source="Radford et al., CLIP (ICML 2021)",
        extractors=("clip-vit-b32-pil",),
        weights=(clip_text.KEY,),
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        if not sample.prompt:
            raise NotApplicable("the clip has no prompt")
        self._text = clip_text.embed(sample.prompt)

    def cosines(self, features: Mapping[str, Features]) -> Floats:
        """One a frame, float64 (T,)."""
        return clip_text.cosines(features["clip-vit-b32-pil"], self._text)

    def finish(self, features: Mapping[str, Features]) -> Scored:
        return Scored(float(self.cosines(features).mean()), note=self._text.note)


class ClipScore(ClipPrompt):
    """CLIP score of frames and prompt, mean over frames, by CLIP ViT-B/32.

    Formula:
        mean over frames of 100 max(cos(frame, prompt), 0)

    Traps:
        Some print 2.5 or 1 times the cosine under this name. A prompt above 77 tokens is cut, and the score
        says so.

    Cost: as `alignment/clip_prompt`, with which it shares every pass.
    """

    info: ClassVar[MetricInfo] = replace(
        ClipPrompt.info,
        id="alignment/clip_score",
        bounds=(0.0, 100.0),
        summary="100 times the cosine of frame and prompt, not below 0, by CLIP ViT-B/32.",
        source="Hessel et al., CLIPScore (EMNLP 2021), scaled by 100",
    )

    def finish(self, features: Mapping[str, Features]) -> Scored:
        scores = 100 * np.maximum(self.cosines(features), 0)
        return Scored(float(scores.mean()), note=self._text.note)
