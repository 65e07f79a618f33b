"""Do the objects of a clip of the stage world stay what they are, also through what hides them?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, FeatureMetric, Features, MetricInfo
from vbench_lite.suites.stage_readings import shown, stage_info

_info = partial(stage_info, axis=Axis.COHERENCE, min_frames=2)


class StageIdentity(FeatureMetric):
    """Share of readable frames, over both objects, that show the clip's shape of that object.

    Formula: frames in which an object is, or by its path should be, whole and uncovered, and shows its
        shape / all such frames.
    Traps: a frozen clip scores 1, and so does a clip that shows the wrong things throughout.
    """

    info: ClassVar[MetricInfo] = _info(
        "coherence/stage_identity",
        "Share of frames in which an object that should be seen whole shows the shape it has in the clip.",
        "templates, frame by frame, where the path says that it is in view",
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        return shown(features).identity


class StageReturn(FeatureMetric):
    """The same of frames after an object was covered or out of the frame, against its shape before.

    Formula: frames after the first in which an object was covered or away, in which it is readable and shows
        the shape that it had before / all such frames.
    Traps: clips in which nothing is hidden have no value.
    """

    info: ClassVar[MetricInfo] = _info(
        "coherence/stage_return",
        "Share of frames after an occlusion or absence in which the object is what it was before.",
        "templates, frame by frame, after the first in which the object is covered or away",
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        value = shown(features).identity_after
        if value is None:
            raise NotApplicable("no object of the clip is hidden and seen again")
        return value
