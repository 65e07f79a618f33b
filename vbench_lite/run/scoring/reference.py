"""The real clips that a suite's set metrics compare with, out of the suite's data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vbench_lite.clip import Clip
from vbench_lite.dataset import Draw, RealClip
from vbench_lite.errors import DatasetError, RequestError
from vbench_lite.metric import SampleInfo
from vbench_lite.run.plan.data import suite_dataset
from vbench_lite.run.scoring.fingerprint import short_hash
from vbench_lite.run.scoring.sources import MemorySource
from vbench_lite.store.schema import GeneratorEntry
from vbench_lite.suite import DatasetPrompts, Suite


def baseline_arm(suite: Suite, generators: Sequence[GeneratorEntry]) -> str | None:
    """The label of the arm whose clips pair metrics compare with, where the suite names one."""
    return generators[0].label if suite.baseline == "first" else None


def reference_lack(suite: Suite) -> str | None:
    """Why a suite has no reference clips; None where it has some."""
    if suite.reference is None or suite.dataset is None:
        return "the suite has no reference clips"
    try:
        _drawn(suite)
    except (DatasetError, RequestError) as error:
        return str(error)
    return None


def reference_name(suite: Suite) -> str:
    """What stands for the reference in a fingerprint: equal names, equal clips."""
    assert suite.reference is not None
    reference, dataset = suite.reference, suite_dataset(suite)
    assert dataset is not None
    split = suite.prompts.split if isinstance(suite.prompts, DatasetPrompts) else None
    facts = f"{reference.seed}|{split}|{suite.request.size}|{dataset.info.content}"
    return f"{dataset.info.name}:{reference.count}#{short_hash([facts])}"


@dataclass(frozen=True)
class ReferenceClip:
    """A clip of the reference; it is read where it is used, and in memory only as long as that."""

    sample: SampleInfo
    clip: RealClip
    fps: float

    def source(self) -> MemorySource:
        """Read it."""
        return MemorySource(Clip(self.clip.frames(), self.fps), self.sample.sample_id)


def reference_clips(suite: Suite) -> Iterator[ReferenceClip]:
    """The clips in their order."""
    for clip in _drawn(suite):
        sample = SampleInfo("reference", clip.name, clip.name, clip.prompt, clip.seed)
        yield ReferenceClip(sample, clip, suite.request.fps)


def _drawn(suite: Suite) -> Sequence[RealClip]:
    """Raises DatasetError or RequestError where the data set has no reference of this size."""
    dataset, reference = suite_dataset(suite), suite.reference
    assert dataset is not None and reference is not None
    split = suite.prompts.split if isinstance(suite.prompts, DatasetPrompts) else None
    return dataset.reference(Draw(reference.count, reference.seed, split), suite.request.size)
