"""What VBench's dimensions share: how they are declared, and on which clips they are measured."""

from __future__ import annotations

from typing import Any

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import ClipMetric, MetricInfo, SampleInfo

PREFIX = "vbench/"


def published_info(dimension: str, summary: str, **facts: Any) -> MetricInfo:
    """What a dimension declares that is computed as published; `facts` are the other fields."""
    return MetricInfo(
        id=f"{PREFIX}{dimension}",
        higher_is_better=True,
        summary=summary,
        source=f"VBench (Huang et al., CVPR 2024), vbench/{dimension}.py",
        **facts,
    )


def on_the_list(sample: SampleInfo, dimension: str) -> None:
    """Raise NotApplicable if VBench's list gives the prompt of this sample to other dimensions only.

    Without a list (no full_info.json) every clip counts, as in the published tool's mode for own videos.
    """
    listed = sample.facts.get("dimension")
    if listed is not None and dimension not in listed:
        raise NotApplicable(f"the prompt list has this prompt for {', '.join(listed)} only")


class PublishedMetric(ClipMetric):
    """A dimension of those clips that the published list asks it of."""

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        on_the_list(sample, self.info.id.removeprefix(PREFIX))
