"""What metrics of the stage world share: the caption's scene, and what they declare."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial

import numpy as np

from vbench_lite.datasets.stage import judge, words
from vbench_lite.metric import Features, SampleInfo
from vbench_lite.suites.captions import scene_in
from vbench_lite.suites.judged_info import judged_info

EXTRACTOR = "stage-judge"
stage_info = partial(judged_info, world="stage")


def scene_of(sample: SampleInfo) -> words.Scene:
    """What the clip was asked to show; raises as `scene_in`."""
    return scene_in("stage", words.parse_caption, sample)


def shown(features: Mapping[str, Features]) -> judge.Judgement:
    """What the clip shows."""
    return judgement(features[EXTRACTOR])


def judgement(rows: Features) -> judge.Judgement:
    """What a clip shows, by the rows of the extractor; read once for all metrics that ask in turn."""
    return _judged(rows.tobytes(), len(rows))


@lru_cache(maxsize=2)
def _judged(rows: bytes, frames: int) -> judge.Judgement:
    return judge.judge_features(np.frombuffer(rows, np.float32).reshape(frames, judge.FEATURE_DIM))
