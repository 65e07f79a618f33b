"""What metrics declare that read clips of a procedural world through its judge."""

from __future__ import annotations

from typing import Any

from vbench_lite.metric import MetricInfo


def judged_info(
    id: str,
    summary: str,
    how: str,
    *,
    bounds: tuple[float | None, float | None] = (0.0, 1.0),
    higher_is_better: bool | None = True,
    world: str = "shapes",
    **more: Any,
) -> MetricInfo:
    """What a metric over the judge's readings declares.

    Args:
        how: what the judge goes by.
        bounds: of a share, where nothing else is said.
        world: the data set whose judge it is, with the extractor of that name.
        more: what else it declares (`MetricInfo`).
    """
    return MetricInfo(
        id=id,
        bounds=bounds,
        higher_is_better=higher_is_better,
        summary=summary,
        source=f"vbench_lite.datasets.{world}.judge: {how}",
        extractors=(f"{world}-judge",),
        needs_world=world,
        **more,
    )
