"""Temporal LPIPS compares changes between neighbours, whatever the pieces in which a clip comes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import SampleInfo
from vbench_lite.suites.reconstruction.temporal_lpips import TemporalLpips

LEVELS = (0, 51, 51, 102)  # of grey: changes of 0.2, 0, 0.2
REFERENCE = (0, 51, 153, 153)  # 0.2, 0.4, 0


class ByBrightness(TemporalLpips):
    """With the difference of mean brightness in place of the network's distance."""

    def build(self, tensors: dict[str, Any]) -> Any:
        return object()

    def distances(self, network: Any, frames: Any, reference: Any) -> Any:
        return (frames - reference).flatten(1).mean(1).abs()


def value(pieces: list[slice], length: int = 4) -> float:
    metric = ByBrightness()
    metric._network = object()  # type: ignore[assignment]
    clips = [np.stack([np.full((32, 32, 3), v, np.uint8) for v in vs[:length]]) for vs in (LEVELS, REFERENCE)]
    info = ClipInfo("", length, 32, 32, 8.0)
    metric.start(info, info, SampleInfo("", "", "", None, None))
    for piece in pieces:
        metric.push(clips[0][piece], clips[1][piece], np.arange(length)[piece])
    return metric.finish()


@pytest.mark.parametrize("pieces", [[slice(4)], [slice(1), slice(1, 4)], [slice(i, i + 1) for i in range(4)]])
def test_it_is_the_mean_difference_of_changes(pieces: list[slice]) -> None:
    assert value(pieces) == pytest.approx((0 + 0.4 + 0.2) / 3)


def test_one_frame_has_no_neighbours() -> None:
    with pytest.raises(NotApplicable, match="no neighbours"):
        value([slice(1)], length=1)
