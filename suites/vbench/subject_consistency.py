"""VBench's subject consistency."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.metric import MetricInfo
from vbench_lite.suites.vbench.consistency import PublishedConsistency, consistency_info


class SubjectConsistency(PublishedConsistency):
    """How much each frame resembles the one before it and the first, by DINO's class token.

    A frozen clip scores 1, so read it beside motion. Over a set frames count, not videos: a clip weighs as
    many frames as it has after the first.

    Formula:
        mean over i >= 1 of (max(0, cos(f[i-1], f[i])) + max(0, cos(f[0], f[i]))) / 2

    Traps:
        Negative cosines are cut to 0, as in the published tool; `coherence/subject_consistency` keeps them.
        The published tool divides by zero on a clip of one frame; here it is not applicable.

    Cost: one pass of ViT-B/16 a frame.
    """

    info: ClassVar[MetricInfo] = consistency_info("subject_consistency", "dino-vitb16", "DINO ViT-B/16")
