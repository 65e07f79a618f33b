"""What metrics declare that read clips of a procedural world through its judge."""

from __future__ import annotations

from vbench_lite.metric import Axis, MetricInfo


def judged_info(
    id: str,
    summary: str,
    how: str,
    *,
    axis: Axis,
    low: float = 0.0,
    high: float | None = 1.0,
    min_frames: int = 1,
    min_n: int = 1,
    version: int = 1,
    world: str = "shapes",
    higher_is_better: bool | None = True,
    unit: str = "",
) -> MetricInfo:
    """What a metric over the judge's readings declares.

    Args:
        how: what the judge goes by.
        low: -1 for a difference of two shares.
        high: None for a distance.
        world: the data set whose judge it is, with the extractor of that name.
    """
    return MetricInfo(
        id=id,
        version=version,
        axis=axis,
        unit=unit,
        bounds=(low, high),
        higher_is_better=higher_is_better,
        summary=summary,
        source=f"vbench_lite.datasets.{world}.judge: {how}",
        extractors=(f"{world}-judge",),
        min_frames=min_frames,
        min_n=min_n,
        needs_world=world,
    )
