"""The scene that a clip's caption describes, for metrics of the shapes world."""

from __future__ import annotations

from vbench_lite.datasets import shapes
from vbench_lite.errors import NotApplicable, PromptError
from vbench_lite.metric import SampleInfo


def scene_of(sample: SampleInfo) -> shapes.Scene:
    """What the clip was asked to show.

    Raises:
        NotApplicable: there is no prompt, or it is no caption of the shapes world.
    """
    if sample.prompt is None:
        raise NotApplicable("the clip has no prompt")
    try:
        return shapes.parse_caption(sample.prompt)
    except PromptError:
        raise NotApplicable("the prompt is no caption of the shapes world") from None
