"""What comes with a prompt, as the classes of pipelines take it: a first frame, a past, a control clip.

Classes that take an image or a clip have arguments of those names. What is to be followed has a form of its
own in each family (`ControlForm`); two of these forms, the clip with a mask of Wan VACE and the conditions of
LTX-2, take images and pasts as well.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vbench_lite.adapters.diffusers.rules import ClassRule, ControlForm
from vbench_lite.generator import Frames, GenerationRequest
from vbench_lite.video.control_signals import HOLE_LEVEL, hole

if TYPE_CHECKING:
    from PIL.Image import Image


def given_arguments(
    request: GenerationRequest,
    rule: ClassRule,
    signature: Container[object],
    num_frames: int,
    indices: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Arguments of the call for what a request gives; none where it gives nothing.

    Args:
        signature: the arguments that the class takes.
        num_frames: what the pipeline is to be asked for.
        indices: the frames that a sparse control is given for; None: all.
    """
    match rule.control:
        case ControlForm.MASKED:
            return _masked(request, num_frames)
        case ControlForm.CONDITIONS:
            return _conditions(request, signature)
    found: dict[str, Any] = {}
    image = "image" if "image" in signature else "cond_image"
    if request.image is not None and image in signature:
        found[image] = _pictures(request.image[None], request)[0]
    if request.past_frames is not None and "video" in signature:
        kept = request.past_frames if rule.frames_argument else request.past_frames[:num_frames]
        found["video"] = _pictures(kept, request)
    if request.control_clip is not None and rule.control is not None:
        places = list(range(len(request.control_clip)) if indices is None else indices)
        found[rule.control_argument] = _pictures(request.control_clip[places], request)
        if rule.control is ControlForm.SPARSE:
            found["controlnet_frame_indices"] = places
    return found


def _masked(request: GenerationRequest, num_frames: int) -> dict[str, Any]:
    """A clip and a mask, black where the clip is kept and white where it is made anew (Wan VACE)."""
    shape = (num_frames, request.height, request.width, 3)
    clip, mask = np.full(shape, HOLE_LEVEL, np.uint8), np.full(shape, 255, np.uint8)
    if request.control_clip is not None:
        clip[: len(request.control_clip)] = request.control_clip
        if request.control_kind == "mask":
            mask[:] = 0
            mask[(slice(None), *hole(request.height, request.width))] = 255
    elif request.image is not None or request.past_frames is not None:
        given = request.image[None] if request.image is not None else request.past_frames
        assert given is not None
        clip[: len(given)], mask[: len(given)] = given, 0
    else:
        return {}
    return {"video": _pictures(clip, request), "mask": _pictures(mask, request)}


def _conditions(request: GenerationRequest, signature: Container[object]) -> dict[str, Any]:
    """Frames that stand at the beginning, and a clip that is read beside the one that is made (LTX-2)."""
    from diffusers.pipelines.ltx2 import LTX2ReferenceCondition, LTX2VideoCondition

    found: dict[str, Any] = {}
    given = request.past_frames if request.image is None else request.image[None]
    if given is not None:
        found["conditions"] = LTX2VideoCondition(frames=_pictures(given, request), index=0)
    if request.control_clip is not None and "reference_conditions" in signature:
        found["reference_conditions"] = LTX2ReferenceCondition(
            frames=_pictures(request.control_clip, request)
        )
    return found


def _pictures(frames: Frames, request: GenerationRequest) -> list[Image]:
    from PIL import Image

    size = (request.width, request.height)
    return [Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC) for frame in frames]
