"""Frames that come with a prompt: a first frame, a past to continue, a clip to encode, or one to follow.

They are the data set's own for the prompt, or taken from the held-out real clip of the prompt and the
sample's seed, so they are known from the suite and the sample alone: the plan hands them to the generator,
and the scorer to metrics, from here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vbench_lite.clip import Frames
from vbench_lite.control import Script
from vbench_lite.dataset import ClipSize, Dataset
from vbench_lite.errors import RequestError
from vbench_lite.generator import GenerationRequest
from vbench_lite.run.plan.data import held_out_size
from vbench_lite.suite import RequestSpec
from vbench_lite.video.control_signals import DERIVED, control_signal


@dataclass(frozen=True)
class Given:
    """What is given with a prompt; at most one of these.

    Attributes:
        image: uint8 (H, W, 3). past_frames: uint8 (P, H, W, 3), shown before the clip to be made.
        clip: uint8 (T, H, W, 3). control_clip: uint8 (T, H, W, 3), of the kind that the suite says.
    """

    image: Frames | None = None
    past_frames: Frames | None = None
    clip: Frames | None = None
    control_clip: Frames | None = None


def given_frames(
    dataset: Dataset,
    spec: RequestSpec,
    prompt: str,
    seed: int,
    num_frames: int,
    height: int,
    width: int,
    script: Script | None = None,
) -> Given:
    """What a suite's request gives for one sample: what the data set has of its own for the prompt, or else
    frames of its real clip.

    Args:
        num_frames, height, width: of the clip that will be made, or was.
        script: of a steered clip, whose first frame is given.

    Raises:
        PromptError, RequestError, ClipError: the data set has no such clip of this prompt.
    """
    if spec.given is None:
        return Given()
    size = held_out_size(spec, num_frames, height, width)
    if script is not None:
        return Given(image=dataset.steered(prompt, script, seed, replace(size, num_frames=1)).frames()[0])
    length = {"image": 1, "past_frames": spec.given_frames}.get(spec.given, num_frames)
    kind = spec.control_kind or spec.given
    frames = dataset.own_input(prompt, kind, ClipSize(length, height, width, spec.fps))
    if frames is None:
        if spec.control_kind is not None and spec.control_kind not in DERIVED:
            raise RequestError(f"data set {dataset.info.name} has no {kind} for {prompt!r}")
        frames = dataset.real(prompt, seed, size).frames()
        if spec.control_kind is not None:
            frames = control_signal(spec.control_kind, frames)
    match spec.given:
        case "image":
            return Given(image=frames[0])
        case "past_frames":
            return Given(past_frames=frames[: spec.given_frames])
        case "clip":
            return Given(clip=frames)
        case "control":
            return Given(control_clip=frames)


def with_given(request: GenerationRequest, dataset: Dataset, spec: RequestSpec) -> GenerationRequest:
    """A request, of the size that will be made, with what the suite gives; raises as `given_frames`."""
    size = request.num_frames, request.height, request.width
    given = given_frames(dataset, spec, request.prompt, request.seed, *size, request.script)
    return replace(
        request,
        image=given.image,
        past_frames=given.past_frames,
        clip=given.clip,
        control_clip=given.control_clip,
        control_kind=spec.control_kind,
    )
