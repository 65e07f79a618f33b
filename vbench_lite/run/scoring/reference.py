"""The real clips that a suite's set metrics compare with.

They are drawn as the suite's prompts are, of the same world, split and size, from the reference's own
seed. Their clips' seeds lie at 2**31 and above, where no sample of a run has one, so they never are the
clips of the `real` control.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vbench_lite.clip import Clip
from vbench_lite.datasets import shapes
from vbench_lite.metric import SampleInfo
from vbench_lite.run.scoring.fingerprint import short_hash
from vbench_lite.run.scoring.sources import MemorySource
from vbench_lite.store.schema import GeneratorEntry
from vbench_lite.suite import RequestSpec, ShapesPrompts, Suite

LEAST_SEED = 2**31


def baseline_arm(suite: Suite, generators: Sequence[GeneratorEntry]) -> str | None:
    """The label of the arm whose clips pair metrics compare with, where the suite names one."""
    return generators[0].label if suite.baseline == "first" else None


def has_reference(suite: Suite) -> bool:
    """Whether a suite names reference clips that can be made."""
    return suite.reference is not None and isinstance(suite.prompts, ShapesPrompts)


def reference_name(suite: Suite) -> str:
    """What stands for the reference in a fingerprint: equal names, equal clips."""
    assert suite.reference is not None and isinstance(suite.prompts, ShapesPrompts)
    request, reference = suite.request, suite.reference
    size = f"{request.num_frames}x{request.height}x{request.width}@{request.fps:g}"
    seed = f"{reference.seed}|{suite.prompts.split}|{size}"
    return f"shapes:{reference.count}#{short_hash([seed])}"


@dataclass(frozen=True)
class ReferenceClip:
    """A clip of the reference; it is drawn where it is read, and in memory only as long as it is used.

    Attributes:
        request: its frames, size and rate.
    """

    sample: SampleInfo
    scene: shapes.Scene
    request: RequestSpec

    def source(self) -> MemorySource:
        """Draw it."""
        asked = self.request
        assert self.sample.seed is not None
        frames = shapes.real_clip(self.scene, self.sample.seed, asked.num_frames, asked.height, asked.width)
        return MemorySource(Clip(frames, asked.fps), self.sample.sample_id)


def reference_clips(suite: Suite) -> Iterator[ReferenceClip]:
    """The clips in their order."""
    assert suite.reference is not None and isinstance(suite.prompts, ShapesPrompts)
    reference = suite.reference
    scenes = shapes.sample_scenes(reference.count, seed=reference.seed, split=suite.prompts.split)
    for index, scene in enumerate(scenes):
        seed = reference_seed(reference.seed, index)
        name = f"reference-{index:05d}"
        yield ReferenceClip(SampleInfo("reference", name, name, scene.caption, seed), scene, suite.request)


def reference_seed(seed: int, index: int) -> int:
    """The seed of one clip, in [2**31, 2**32)."""
    digest = hashlib.sha256(f"reference|{seed}|{index}".encode()).digest()
    return LEAST_SEED | int.from_bytes(digest[:4])
