"""From requests to the arguments of a pipeline's `__call__`."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vbench_lite.adapters.diffusers.config import DiffusersConfig
from vbench_lite.adapters.diffusers.given import given_arguments
from vbench_lite.adapters.diffusers.modular import ModularCall, inputs_of
from vbench_lite.adapters.diffusers.rules import ClassRule
from vbench_lite.errors import RequestError, SpecError
from vbench_lite.generator import Frames, GenerationRequest

# How suites name sampling parameters, whatever the pipeline calls them.
STEPS, GUIDANCE = "steps", "guidance"
GUIDER_SCALE = "guider scale"  # stands among the arguments for what the pipeline's guider is set to
# Arguments that decide on frame counts or on how a clip comes out; a suite may not change them.
STRUCTURAL = {
    "num_latent_frames_per_chunk",
    "latent_window_size",
    "sampling_type",
    "chunk_partition",
    "ar_step",
    "causal_block_size",
    "base_num_frames",
    "overlap_history",
}
_OVERLAP = 17  # frames, as SkyReels recommends
_ENHANCERS = ("enable_prompt_enhancement", "use_prompt_enhancer", "enhance_prompt")


@dataclass(frozen=True)
class Signature:
    """The arguments a pipeline class takes.

    Attributes:
        owner: name of the class. defaults: by argument; `inspect.Parameter.empty` where there is none.
        guided: whether its guidance is held by a component, the guider.
    """

    owner: str
    defaults: Mapping[str, Any]
    guided: bool = False

    @classmethod
    def of_loaded(cls, pipe: Any) -> Signature:
        """That of a loaded pipeline: its class's, or what the blocks of a modular one take."""
        if isinstance(pipe, ModularCall):
            return cls(type(pipe.inner).__name__, inputs_of(pipe), "guider" in pipe.components)
        return cls.of(type(pipe))

    @classmethod
    def of(cls, pipeline: Any) -> Signature:
        """Read it from the class."""
        parameters = inspect.signature(pipeline.__call__).parameters.values()
        defaults = {p.name: p.default for p in parameters if p.name != "self"}
        guided = "guider" in inspect.signature(pipeline.__init__).parameters
        return cls(pipeline.__name__, defaults, guided)

    def __contains__(self, name: object) -> bool:
        return name in self.defaults

    def check(self, names: Sequence[str]) -> None:
        """Raise SpecError for an argument that the class does not take."""
        for name in names:
            if name not in self.defaults:
                near = difflib.get_close_matches(name, self.defaults, n=3, cutoff=0.5)
                hint = f"did you mean {' or '.join(near)}?" if near else "see its documentation"
                raise SpecError(f"{self.owner} takes no argument {name!r}; {hint}")


def sampling(
    request: GenerationRequest, config: DiffusersConfig, rule: ClassRule, signature: Signature
) -> dict[str, Any]:
    """The sampling arguments: the configuration's, over which the request's parameters go.

    Raises:
        RequestError: a parameter of the request means nothing to this class.
    """
    chosen = {**rule.call, **config.call}
    for name, value in request.params.items():
        if name in STRUCTURAL:
            raise RequestError(f"{request.sample_id}: {name} belongs into the generator's config, under call")
        argument = {STEPS: rule.steps_argument, GUIDANCE: rule.cfg[0]}.get(name, name)
        if name == GUIDANCE and argument not in signature and signature.guided:
            argument = GUIDER_SCALE
        elif argument not in signature:
            raise RequestError(f"{request.sample_id}: {signature.owner} has no parameter for {name!r}")
        stages = chosen.get(str(argument), signature.defaults.get(str(argument)))
        if name == STEPS and isinstance(stages, (list, tuple)):
            value = [value] * len(stages)
        chosen[str(argument)] = value
    for name in _ENHANCERS:
        if name in signature:
            chosen.setdefault(name, False)
    return chosen


def steps_of(arguments: Mapping[str, Any], signature: Signature, rule: ClassRule) -> int:
    """Denoising steps that a call was given, over all stages; 1 if its class has no such argument."""
    name = rule.steps_argument or ""
    steps = arguments.get(name, signature.defaults.get(name, 1))
    if isinstance(steps, (list, tuple)):
        return sum(map(int, steps))
    return steps if isinstance(steps, int) else 1


def arguments(
    requests: Sequence[GenerationRequest],
    config: DiffusersConfig,
    rule: ClassRule,
    signature: Signature,
    num_frames: int,
) -> dict[str, Any]:
    """Everything but the seeds.

    Args:
        requests: of one size, length and parameters; more than one only where the class can batch.
        num_frames: what the pipeline is to be asked for.
    """
    first = requests[0]
    single = len(requests) == 1
    given: dict[str, Any] = sampling(first, config, rule, signature)
    if "prompt" in signature:
        given["prompt"] = first.prompt if single else [request.prompt for request in requests]
    if "negative_prompt" in signature and any(request.negative_prompt for request in requests):
        negative = [request.negative_prompt for request in requests]
        given["negative_prompt"] = negative[0] if single else negative
    if rule.frames_argument is not None and rule.frames_argument in signature:
        given[rule.frames_argument] = num_frames
    for name, value in (("height", first.height), ("width", first.width), ("output_type", "np")):
        if name in signature:
            given[name] = value
    if rule.fps_argument in signature and rule.fps_argument not in given:
        fps = config.fps or first.fps
        given[str(rule.fps_argument)] = int(fps) if float(fps).is_integer() else fps
    if "num_inference_steps" in signature:
        given["num_inference_steps"] = steps_of(given, signature, rule)
    if rule.returns_past and first.past_frames is not None:
        given["overlap_history"] = overlap_history(config, first.past_frames)
    given |= given_arguments(first, rule, signature, num_frames, config.call.get("controlnet_frame_indices"))
    return given


def overlap_history(config: DiffusersConfig, past_frames: Frames) -> int:
    """Frames of the past that a class reads and makes again, k*4 + 1 of them.

    Raises:
        RequestError: the past is shorter than what the configuration asks for.
    """
    stated = config.call.get("overlap_history")
    if stated is None:
        return min(_OVERLAP, (len(past_frames) - 1) // 4 * 4 + 1)
    if int(stated) > len(past_frames):
        raise RequestError(
            f"call.overlap_history = {stated} needs as many past frames, the request gives {len(past_frames)}"
        )
    return int(stated)
