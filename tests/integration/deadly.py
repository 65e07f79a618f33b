"""Metrics that end the process they are computed in."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from vbench_lite.metric import Axis, ClipMetric, MetricInfo


def about(name: str) -> MetricInfo:
    return MetricInfo(
        id=name,
        axis=Axis.QUALITY,
        bounds=(0.0, 1.0),
        higher_is_better=True,
        summary="A test.",
        source="definition",
    )


class Deadly(ClipMetric):
    def start(self, clip: Any, sample: Any) -> None:
        if self.deadly(sample):
            os.kill(os.getpid(), signal.SIGKILL)

    def deadly(self, sample: Any) -> bool:
        raise NotImplementedError

    def finish(self, features: Any) -> float:
        return 1.0


class DiesOnce(Deadly):
    """Dies on the first clip of all; the file named by the variable says that it did."""

    info = about("test/dies_once")

    def deadly(self, sample: Any) -> bool:
        mark = Path(os.environ["VBENCH_LITE_TEST_MARK"])
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


class DiesOnOne(Deadly):
    """Dies on every clip of one seed's first prompt."""

    info = about("test/dies_on_one")

    def deadly(self, sample: Any) -> bool:
        return bool(sample.sample_id == os.environ["VBENCH_LITE_TEST_SAMPLE"])
