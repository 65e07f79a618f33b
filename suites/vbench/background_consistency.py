"""VBench's background consistency."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.metric import MetricInfo
from vbench_lite.suites.vbench.consistency import PublishedConsistency, consistency_info


class BackgroundConsistency(PublishedConsistency):
    """How much each frame resembles the one before it and the first, by CLIP ViT-B/32.

    A frozen clip scores 1, so read it beside motion. Over a set frames count, not videos: a clip weighs as
    many frames as it has after the first.

    Formula:
        mean over i >= 1 of (max(0, cos(f[i-1], f[i])) + max(0, cos(f[0], f[i]))) / 2

    Traps:
        The embedding is of the whole frame, subject and all; the name is the published tool's.

    Cost: one pass of ViT-B/32 a frame.
    """

    info: ClassVar[MetricInfo] = consistency_info("background_consistency", "clip-vit-b32", "CLIP ViT-B/32")
