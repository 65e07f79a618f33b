"""VBench's dynamic degree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from vbench_lite.clip import ClipInfo
from vbench_lite.metric import Axis, Features, MetricInfo, SampleInfo, SetRule
from vbench_lite.suites.vbench.prompt_lists import PublishedMetric, published_info

THRESHOLD = 6 / 256  # of the short side, in pixels


class DynamicDegree(PublishedMetric):
    """Whether a clip moves: 1 or 0; over a set the share of clips that do.

    Formula:
        Of n frames taken at about 8 a second, at least round(4 n / 16) pairs of neighbours (halves to even)
        have a mean of the top 5% of flow lengths above 6 * min(h, w) / 256 pixels.

    Traps:
        For two frames the number needed is 0, so that any such clip is "dynamic", a still one too: the
        published tool's quirk. `coherence/dynamic` has it not, `coherence/flow_radius` is the length itself.

    Cost: one encoding of RAFT a frame and 20 updates a pair.
    """

    info: ClassVar[MetricInfo] = published_info(
        "dynamic_degree",
        "Whether a clip moves (1) or not (0), by the largest 5% of RAFT's flow.",
        axis=Axis.COHERENCE,
        bounds=(0.0, 1.0),
        extractors=("raft-things",),
        min_frames=2,
        over_set=SetRule(),
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        self._threshold = THRESHOLD * min(clip.height, clip.width)

    def finish(self, features: Mapping[str, Features]) -> float:
        radii = features["raft-things"][:, 0]
        frames = len(radii) + 1
        return float((radii > self._threshold).sum() >= round(4 * frames / 16))
