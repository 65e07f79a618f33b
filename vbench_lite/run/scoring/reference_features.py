"""Features of a suite's reference clips, handed to one set metric after another."""

from __future__ import annotations

from vbench_lite.metric import Features, SampleInfo, SetMetric
from vbench_lite.run.scoring.clip_pass import ClipPass, ClipTask
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.run.scoring.reference import reference_clips, reference_lack, reference_name
from vbench_lite.run.scoring.set_scoring import SetScoring
from vbench_lite.suite import Suite


class ReferenceFeatures:
    """The features by extractor; they are read from the cache or made once, for all generators."""

    def __init__(self, suite: Suite, passes: ClipPass) -> None:
        self.suite, self.passes = suite, passes
        self._found: dict[str, list[tuple[SampleInfo, Features]]] = {}

    def add_to(self, one: SetScoring) -> Outcome | None:
        """Hand the reference clips' features to a metric; returns why there are none."""
        lack = reference_lack(self.suite)
        if lack is not None:
            return Outcome.not_applicable(lack)
        names = one.metric.info.extractors
        needed = [name for name in names if name not in self._found]
        if needed:
            clips = reference_clips(self.suite)
            tasks = (ClipTask(clip.source(), clip.sample, extractors=needed) for clip in clips)
            found: dict[str, list[tuple[SampleInfo, Features]]] = {name: [] for name in needed}
            for result in self.passes.run(tasks):
                for name, features in result.features.items():
                    if isinstance(features, Outcome):
                        return features
                    found[name].append((result.task.sample, features))
            self._found.update(found)
        for clip in zip(*(self._found[name] for name in names), strict=True):
            one.add_reference(clip[0][0], {name: f for name, (_, f) in zip(names, clip, strict=True)})
        return None


def set_reference(metric: SetMetric, suite: Suite) -> str | None:
    """What stands in a fingerprint for the clips that a metric compares a set with; None without any."""
    return reference_name(suite) if metric.needs_reference and reference_lack(suite) is None else None
