"""What metrics of the stage world share: the caption's scene, and what they declare."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from vbench_lite.datasets.stage import judge, words
from vbench_lite.errors import NotApplicable, PromptError
from vbench_lite.metric import Features, SampleInfo
from vbench_lite.suites.judged_info import judged_info

EXTRACTOR = "stage-judge"
stage_info = partial(judged_info, world="stage")


def scene_of(sample: SampleInfo) -> words.Scene:
    """What the clip was asked to show.

    Raises:
        NotApplicable: there is no prompt, or it is no caption of the stage world.
    """
    if sample.prompt is None:
        raise NotApplicable("the clip has no prompt")
    try:
        return words.parse_caption(sample.prompt)
    except PromptError:
        raise NotApplicable("the prompt is no caption of the stage world") from None


def shown(features: Mapping[str, Features]) -> judge.Judgement:
    """What the clip shows."""
    return judge.judge_features(features[EXTRACTOR])
