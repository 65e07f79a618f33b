"""The base of set metrics over what the judge of the stage world reads from clips."""

from __future__ import annotations

from dataclasses import dataclass

from vbench_lite.datasets.stage import judge, words
from vbench_lite.metric import Features, SampleInfo
from vbench_lite.suites.judged_set import ReadSet
from vbench_lite.suites.stage_readings import judgement, scene_of


@dataclass(frozen=True)
class StageClip:
    """A clip with what was asked for and what it shows."""

    prompt_id: str
    scene: words.Scene
    shown: judge.Judgement


class StageSet(ReadSet[StageClip]):
    """A set metric over clips of the stage world."""

    def read(self, rows: Features, sample: SampleInfo) -> StageClip:
        return StageClip(sample.prompt_id, scene_of(sample), judgement(rows))
