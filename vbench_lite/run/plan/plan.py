"""What a run will do, decided before anything is made: prompts x seeds x generators.

Everything that could make two runs differ is fixed here: the order of the requests, the seed of each, and
which requests share a batch. Who executes the plan, and in how many processes, changes nothing.

Requests go through all prompts with the first seed, then through all with the next. A longer plan begins
with the shorter one, so its clips can be taken over. Seeds depend on the plan's seed, the prompt and the
seed's index only: every generator gets the same one, and comparisons are paired.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from vbench_lite.datasets.given import given_frames
from vbench_lite.datasets.noise_walk import noise_on_walk
from vbench_lite.datasets.prompts import (
    Prompt,
    suite_folder,
    suite_prompts,
    with_prompt_sets,
    written_out,
)
from vbench_lite.datasets.shapes import parse_caption
from vbench_lite.errors import PromptError, RequestError, SpecError
from vbench_lite.generator import GenerationRequest, Generator, GeneratorInfo, Task
from vbench_lite.measure.hardware import environment
from vbench_lite.run.plan.build import resolve
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.threads import THREADS
from vbench_lite.store.schema import GeneratorEntry, SampleRecord, SampleStatus
from vbench_lite.suite import RequestSpec, ShapesPrompts, Suite, load_suite

__all__ = ["CONTROLS", "Batch", "Plan", "Sample", "build_plan", "suite_prompts"]

CONTROLS = ("real", "frozen", "noise", "shuffled")
_SORTED = json.JSONEncoder(sort_keys=True)  # made once: a plan has many batches
_FROM_TEXT = {Task.T2V, Task.CLASS2V, Task.UNCONDITIONAL}


@dataclass(frozen=True)
class Sample:
    """One clip to make for a suite.

    Attributes:
        asked: what the suite asks for. made: the same, snapped to what the generator can make.
    """

    sample_id: str
    prompt_id: str
    asked: GenerationRequest
    made: GenerationRequest


@dataclass(frozen=True)
class Batch:
    """Samples made in one call: the unit of work, of loss, and of resume."""

    generator: str
    suite: str
    samples: tuple[Sample, ...]

    @cached_property
    def key(self) -> str:
        """Hash of every request in it, in order.

        With a generator's fingerprint and the environment it says which clips come out, so equal keys need
        no second call. Hashed when asked for: of a long run that goes on few batches are.
        """
        facts = [
            {
                "prompt": sample.made.prompt,
                "negative_prompt": sample.made.negative_prompt,
                "frames": [sample.asked.num_frames, sample.made.num_frames],
                "size": [sample.made.height, sample.made.width],
                "fps": sample.made.fps,
                "seed": sample.made.seed,
                "params": dict(sample.made.params),
                **_given_hashes(sample.made),
            }
            for sample in self.samples
        ]
        return hashlib.sha256(_SORTED.encode(facts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Plan:
    """A resolved run.

    Attributes:
        batches: in the order of execution: generator by generator, each suite after the other.
        refused: samples that a generator can never make, as they will be recorded.
        identity: what `run_id` is the hash of, as JSON values.
        notes: what the user should know before the run.
    """

    run_id: str
    spec: RunSpec
    suites: tuple[Suite, ...]
    generators: tuple[GeneratorEntry, ...]
    batches: tuple[Batch, ...]
    refused: tuple[SampleRecord, ...]
    environment: Mapping[str, Any]
    identity: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """Samples of all generators, refused ones included."""
        return len(self.refused) + sum(len(batch.samples) for batch in self.batches)


def build_plan(spec: RunSpec, tell: Callable[[str, int, int], None] = lambda what, done, total: None) -> Plan:
    """Resolve a specification; `tell` hears whose samples come next, how many are planned, and of how many.

    Raises:
        SpecError, RegistryError, PromptError: something in it does not exist or does not fit.
    """
    suites, prompts = _load_suites(spec)
    wanted, notes = _with_controls(spec, suites)
    resolved = [resolve(generator) for generator in wanted]
    entries = tuple(entry for entry, _ in resolved)
    asked = [list(requests(suite, texts, spec)) for suite, texts in zip(suites, prompts, strict=True)]
    batches: list[Batch] = []
    refused: list[SampleRecord] = []
    done, total = 0, len(entries) * sum(map(len, asked))
    for entry, generator in resolved:
        for suite, wishes in zip(suites, asked, strict=True):
            tell(f"{entry.label}, suite {suite.name}", done, total)
            done += len(wishes)
            if suite.world is None and spec.controls and entry.label in CONTROLS:
                continue
            served, turned_down = _served(entry, generator, suite, wishes)
            if spec.controls and entry.label in CONTROLS and not served:
                reason = str(turned_down[0].reason).removeprefix("not applicable: ")
                notes.append(f"suite {suite.name} has no control arm {entry.label}: {reason}")
                continue
            refused += turned_down
            told = generator.remarks([sample.made for sample in served])
            notes += [f"{entry.label}, suite {suite.name}: {remark}" for remark in told]
            for start in range(0, len(served), entry.batch):
                batches.append(Batch(entry.label, suite.name, tuple(served[start : start + entry.batch])))
    facts = environment(threads=THREADS)
    identity = _identity(spec, suites, entries, facts)
    text = json.dumps(identity, sort_keys=True)
    return Plan(
        run_id=hashlib.sha256(text.encode()).hexdigest()[:12],
        spec=spec,
        suites=suites,
        generators=entries,
        batches=tuple(batches),
        refused=tuple(refused),
        environment=facts,
        identity=identity,
        notes=tuple(notes),
    )


def requests(
    suite: Suite, prompts: Sequence[Prompt], spec: RunSpec
) -> Iterator[tuple[Prompt, GenerationRequest]]:
    """The first N requests of a suite, as asked: all prompts with one seed, then with the next."""
    size = suite.request
    for index in range(spec.samples or suite.samples):
        seed_index, place = divmod(index, len(prompts))
        prompt = prompts[place]
        yield (
            prompt,
            GenerationRequest(
                sample_id=prompt.sample_id(seed_index),
                prompt=prompt.text,
                num_frames=size.num_frames,
                height=size.height,
                width=size.width,
                fps=size.fps,
                seed=sample_seed(spec.seed, prompt.prompt_id, seed_index),
                params=dict(size.params),
                repeat=seed_index,
            ),
        )


def sample_seed(plan_seed: int, prompt_id: str, seed_index: int) -> int:
    """The seed of a sample, in [0, 2**31): every library takes one of that size."""
    text = f"{plan_seed}|{prompt_id}|{seed_index}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1


# --- inside ---------------------------------------------------------------------------------------


def _load_suites(spec: RunSpec) -> tuple[tuple[Suite, ...], list[list[Prompt]]]:
    """Suites, with prompts that stood in a file written into them, so that a run needs no file."""
    suites: list[Suite] = []
    prompts: list[list[Prompt]] = []
    for name in spec.suites:
        suite = load_suite(name)
        if spec.prompts:
            suite = with_prompt_sets(suite, spec.prompts)
        if suite.name in [other.name for other in suites]:
            raise SpecError(f"suite {suite.name!r} is given twice; name it once")
        if not isinstance(suite.prompts, ShapesPrompts):
            listed = written_out(suite.prompts, suite_folder(name))
            suite = suite.model_copy(update={"prompts": listed})
        suites.append(suite)
        prompts.append(suite_prompts(suite))
    return tuple(suites), prompts


def _with_controls(spec: RunSpec, suites: Sequence[Suite]) -> tuple[list[GeneratorSpec], list[str]]:
    """The generators asked for and then the controls, where a suite has a data set to make them from."""
    generators = list(spec.generators)
    if not spec.controls:
        return generators, []
    without = [suite.name for suite in suites if suite.world is None]
    notes = [f"suite {name} has no data set, so it has no control arms" for name in without]
    if len(without) == len(suites):
        return generators, notes
    taken = {generator.label for generator in generators}
    for name in CONTROLS:
        if name in taken:
            raise SpecError(f"label {name!r} is that of a control arm; choose another, or leave controls out")
        generators.append(GeneratorSpec(label=name, adapter=f"control/{name}"))
    return generators, notes


def _served(
    entry: GeneratorEntry,
    generator: Generator,
    suite: Suite,
    asked: Sequence[tuple[Prompt, GenerationRequest]],
) -> tuple[list[Sample], list[SampleRecord]]:
    """Split requests into those the generator can serve and records of the others."""
    served, refused = [], []
    info = generator.info
    try:
        size = _size(info, suite.request)
    except RequestError as error:
        return [], [_refusal(entry, suite, prompt, request, error) for prompt, request in asked]
    for prompt, request in asked:
        try:
            made = _fit(generator, info, suite.request, request.sized(*size), prompt.walk)
        except (PromptError, RequestError) as error:
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


def _size(info: GeneratorInfo, asked: RequestSpec) -> tuple[int, int, int]:
    """Frames, height and width that a generator makes for a suite.

    Raises:
        RequestError: it can make nothing that the suite asks for.
    """
    if asked.given == "clip":
        if not info.latents:
            raise RequestError("it has no encoder and decoder that clips could be passed through")
    else:
        tasks, wanted = {
            None: (_FROM_TEXT, "asks for clips from text"),
            "image": ({Task.I2V}, "gives a first frame (i2v)"),
            "past_frames": ({Task.V2V}, "gives past frames to continue (v2v)"),
        }[asked.given]
        if not tasks.intersection(info.tasks):
            raise RequestError(f"it makes {', '.join(info.tasks)} only, and this suite {wanted}")
    return info.snapped(asked.num_frames, asked.height, asked.width)


def _fit(
    generator: Generator,
    info: GeneratorInfo,
    asked: RequestSpec,
    made: GenerationRequest,
    walk: float | None,
) -> GenerationRequest:
    """A request of the size that the generator makes, with the frames that the suite gives for it.

    Raises:
        PromptError, RequestError: the generator can never serve it.
    """
    if info.prompts == "closed" and info.vocabulary == "shapes":
        parse_caption(made.prompt)
    if asked.given is not None:
        given = given_frames(asked, made.prompt, made.seed, made.num_frames, made.height, made.width)
        made = replace(made, image=given.image, past_frames=given.past_frames, clip=given.clip)
    if walk is not None:
        if info.noise_dim is None:
            raise RequestError("it does not let a request set its initial noise")
        noise = noise_on_walk(walk, made.seed, made.num_frames, info.noise_dim)
        made = replace(made, params={**made.params, "noise": noise.tolist()})
    generator.check(made)
    return made


def _given_hashes(request: GenerationRequest) -> dict[str, str]:
    """What stands for the frames that come with a request; nothing where there are none."""
    given = {"image": request.image, "past_frames": request.past_frames, "clip": request.clip}
    return {
        name: hashlib.sha256(frames.tobytes()).hexdigest()[:16]
        for name, frames in given.items()
        if frames is not None
    }


def _identity(
    spec: RunSpec, suites: Sequence[Suite], entries: Sequence[GeneratorEntry], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that makes a run another run, independent of the order in which it was given."""
    return {
        "seed": spec.seed,
        "timeout_s": spec.timeout_s,
        **({} if spec.memory_limit_gib is None else {"memory_limit_gib": spec.memory_limit_gib}),
        "controls": spec.controls,
        "suites": {
            suite.name: {
                "version": suite.version,
                "content": suite.content_sha256()[:16],
                "samples": spec.samples or suite.samples,
            }
            for suite in suites
        },
        "generators": {
            entry.label: {
                "adapter": entry.adapter,
                "config": entry.config,
                "device": entry.device,
                "batch": entry.batch,
                "weights": entry.info.get("weights_sha256"),
                "fingerprint": entry.fingerprint,
            }
            for entry in entries
        },
        "environment": dict(facts),
    }
