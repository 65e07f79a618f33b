"""Whether a clip shows the human action that its prompt names, by I3D's Kinetics-400 labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import ClassVar

import numpy as np

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, MetricInfo, SampleInfo

TOP = 5


class HumanAction(ClipMetric):
    """1 if the prompt's action is among I3D's five most likely ones, else 0.

    The prompt names an action of Kinetics-400 either whole ("riding a bike") or after "person is", as
    VBench's prompts do. Logits are averaged over the clip's windows of 16 frames.

    Formula:
        1 if the prompt's label is among the 5 largest of mean over windows of I3D(window), else 0

    Traps:
        VBench judges with UMT-L/16, so this is another number than its `human_action`.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="alignment/human_action",
        axis=Axis.ALIGNMENT,
        bounds=(0.0, 1.0),
        higher_is_better=True,
        summary="1 if the prompt's action is among the five likeliest of Kinetics-400 by I3D, else 0.",
        source="VBench (Huang et al., CVPR 2024), human action, with I3D (Carreira & Zisserman, CVPR 2017)",
        extractors=("i3d",),
        min_frames=16,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._label = named_action(sample.prompt)
        if self._label is None:
            raise NotApplicable("the prompt names no action of Kinetics-400")

    def finish(self, features: Mapping[str, Features]) -> float:
        return float(self._label in likeliest(features["i3d"]))


def named_action(prompt: str | None) -> str | None:
    """The label that a prompt names, None if none."""
    if prompt is None:
        return None
    text = re.split(r"person is ", prompt.strip().rstrip("."), flags=re.IGNORECASE)[-1]
    return {label.lower(): label for label in labels()}.get(text.strip().lower())


def likeliest(logits: Features, count: int = TOP) -> list[str]:
    """Labels in falling order of the logits, float32 (windows, 400), averaged over windows."""
    order = np.argsort(-logits.mean(axis=0, dtype=np.float64), kind="stable")
    return [labels()[place] for place in order[:count]]


@cache
def labels() -> tuple[str, ...]:
    """The 400 labels of Kinetics-400 in the order of the logits (alphabetical), from torchvision."""
    from torchvision.models.video import R3D_18_Weights

    return tuple(R3D_18_Weights.KINETICS400_V1.meta["categories"])
