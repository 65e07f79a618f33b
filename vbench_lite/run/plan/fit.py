"""Which requests of a suite a generator can serve, and in which form it is asked them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from vbench_lite.dataset import Dataset, Prompt, load_dataset
from vbench_lite.errors import ClipError, DatasetError, PromptError, RequestError
from vbench_lite.generator import Family, GenerationRequest, Generator, GeneratorInfo, Task
from vbench_lite.run.plan.data import suite_dataset
from vbench_lite.run.plan.given import with_given
from vbench_lite.run.plan.noise_walk import noise_on_walk
from vbench_lite.store.schema import GeneratorEntry, SampleRecord, SampleStatus
from vbench_lite.suite import RequestSpec, Suite
from vbench_lite.turns import made_size, turn_frames

_SIZE = ("num_frames", "height", "width")
_FROM_TEXT = {Task.T2V, Task.CLASS2V, Task.UNCONDITIONAL}


@dataclass(frozen=True, slots=True)
class Sample:
    """One clip to make for a suite.

    Attributes:
        asked: what the suite asks for. made: the same, snapped to what the generator can make.
    """

    sample_id: str
    prompt_id: str
    asked: GenerationRequest
    made: GenerationRequest


def served_requests(
    entry: GeneratorEntry,
    generator: Generator,
    suite: Suite,
    asked: Sequence[tuple[Prompt, GenerationRequest]],
) -> tuple[list[Sample], list[SampleRecord]]:
    """Split requests into those the generator can serve and records of the others."""
    served, refused = [], []
    info, dataset = generator.info, suite_dataset(suite)
    if info.family is Family.CONTROL and dataset is not None:  # it shows what the data set has
        info = replace(info, size=dataset.info.size)
    try:
        check_task(info, suite.request)
    except RequestError as error:
        return [], [_refusal(entry, suite, prompt, request, error) for prompt, request in asked]
    shown = suite.data.ref if info.family is Family.CONTROL and suite.data is not None else None
    changes: dict[tuple[object, ...], dict[str, Any]] = {}  # very many requests are of few sizes
    for prompt, request in asked:
        shape = (request.num_frames, request.height, request.width, request.script)
        try:
            change = changes.get(shape)
            if change is None:
                size = made_size(info, request)
                change = {n: v for n in _SIZE if (v := getattr(size, n)) != getattr(request, n)}
                change |= {} if shown is None else {"dataset": shown}
                changes[shape] = change
            made = request.changed(**change) if change else request
            made = _fit(generator, info, suite, dataset, made, prompt.walk)
        except (PromptError, RequestError, ClipError, DatasetError) as error:
            refused.append(_refusal(entry, suite, prompt, request, error))
        else:
            served.append(Sample(request.sample_id, prompt.prompt_id, request, made))
    return served, refused


def _refusal(
    entry: GeneratorEntry, suite: Suite, prompt: Prompt, request: GenerationRequest, error: Exception
) -> SampleRecord:
    return SampleRecord(
        generator=entry.label,
        suite=suite.name,
        sample_id=request.sample_id,
        prompt_id=prompt.prompt_id,
        prompt=prompt.text,
        seed=request.seed,
        status=SampleStatus.FAILED,
        reason=f"not applicable: {error}",
        phase="plan",
        requested_frames=request.num_frames,
        requested_height=request.height,
        requested_width=request.width,
        fps=request.fps,
    )


def check_task(info: GeneratorInfo, asked: RequestSpec) -> None:
    """Raise RequestError where a generator makes nothing of the kind that a suite asks for."""
    if asked.given == "clip":
        if not info.latents:
            raise RequestError("it has no encoder and decoder that clips could be passed through")
    elif asked.scripts:
        if not info.actions:
            turn_frames(info)
    else:
        tasks, wanted = {
            None: (_FROM_TEXT, "asks for clips from text"),
            "image": ({Task.I2V, Task.WORLD}, "gives a first frame (i2v)"),
            "past_frames": ({Task.V2V}, "gives past frames to continue (v2v)"),
            "control": ({Task.C2V}, f"gives a control clip of {asked.control_kind} (c2v)"),
        }[asked.given]
        if not tasks.intersection(info.tasks):
            raise RequestError(f"it makes {', '.join(info.tasks)} only, and this suite {wanted}")
        if asked.control_kind is not None and info.controls and asked.control_kind not in info.controls:
            raise RequestError(f"it follows {', '.join(info.controls)} only, and this suite {wanted}")


def _fit(
    generator: Generator,
    info: GeneratorInfo,
    suite: Suite,
    dataset: Dataset | None,
    made: GenerationRequest,
    walk: float | None,
) -> GenerationRequest:
    """A request of the size that the generator makes, with the frames that the suite gives for it.

    Raises:
        PromptError, RequestError, ClipError, DatasetError: the generator can never serve it.
    """
    if info.prompts == "closed" and info.vocabulary is not None:
        load_dataset(info.vocabulary).check(made.prompt)
    if suite.request.given is not None:
        assert dataset is not None  # the suite says so
        made = with_given(made, dataset, suite.request)
    if walk is not None:
        if info.noise_dim is None:
            raise RequestError("it does not let a request set its initial noise")
        noise = noise_on_walk(walk, made.seed, made.num_frames, info.noise_dim)
        made = made.changed(params={**made.params, "noise": noise.tolist()})
    generator.check(made)
    return made
