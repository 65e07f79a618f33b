"""The scene that a clip's caption describes, for metrics of the procedural worlds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vbench_lite.datasets import shapes
from vbench_lite.errors import NotApplicable, PromptError
from vbench_lite.metric import SampleInfo

Scene = TypeVar("Scene")


def scene_in(world: str, parse: Callable[[str], Scene], sample: SampleInfo) -> Scene:
    """What the clip was asked to show, in a world whose captions `parse` reads.

    Raises:
        NotApplicable: there is no prompt, or it is no caption of the world.
    """
    if sample.prompt is None:
        raise NotApplicable("the clip has no prompt")
    try:
        return parse(sample.prompt)
    except PromptError:
        raise NotApplicable(f"the prompt is no caption of the {world} world") from None


def scene_of(sample: SampleInfo) -> shapes.Scene:
    """What the clip was asked to show, in the shapes world; raises as `scene_in`."""
    return scene_in("shapes", shapes.parse_caption, sample)
