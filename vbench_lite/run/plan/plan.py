"""What a run will do, decided before anything is made: prompts x seeds x generators.

Everything that could make two runs differ is fixed here: the order of the requests, the seed of each, and
which requests share a batch. Who executes the plan, and in how many processes, changes nothing.

Requests go through all prompts with the first seed, then through all with the next. A longer plan begins
with the shorter one, so its clips can be reused. Seeds depend on the plan's seed, the prompt and the
seed's index only: every generator gets the same one, and comparisons are paired.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vbench_lite.control import parse_script
from vbench_lite.dataset import Prompt, script_number
from vbench_lite.errors import SpecError
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.hardware import environment
from vbench_lite.processes import THREADS
from vbench_lite.run.plan.build import resolve
from vbench_lite.run.plan.data import CONTROLS, STEERED_CONTROLS, controls_of
from vbench_lite.run.plan.fit import Sample, served_requests
from vbench_lite.run.plan.prompts import suite_prompts
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.plan.suites import (
    asked_generators,
    left_out,
    load_suites,
    on_their_prompts,
    sample_count,
)
from vbench_lite.run.plan.sweep import ROLES
from vbench_lite.store.schema import GeneratorEntry, SampleRecord
from vbench_lite.suite import RequestSpec, Suite

__all__ = ["CONTROLS", "Batch", "Plan", "Sample", "build_plan", "suite_prompts"]

EVERY_CONTROL = (*CONTROLS, *STEERED_CONTROLS)
UNSEEN_SEEDS = 2**30  # and above, below 2**31, which every API takes: no sample of a run has such a seed
_SORTED = json.JSONEncoder(sort_keys=True)  # made once: a plan has many batches


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

    @cached_property
    def samples(self) -> int:
        """Samples of all generators, refused ones included."""
        return len(self.refused) + sum(len(batch.samples) for batch in self.batches)

    def served_prompts(self, suite: Suite) -> list[Prompt]:
        """The prompts of a suite's batches, each text once with each of its scripts, in order."""
        samples = (sample for batch in self.batches if batch.suite == suite.name for sample in batch.samples)
        found: dict[tuple[str, int | None], Prompt] = {}
        for sample in samples:
            text, negative = sample.asked.prompt, sample.asked.negative_prompt
            script = script_number(sample.sample_id)
            prompt = Prompt(sample.prompt_id, text, negative_prompt=negative, script=script)
            found.setdefault((text, script), prompt)
        return list(found.values())


def build_plan(spec: RunSpec, tell: Callable[[str, int, int], None] = lambda what, done, total: None) -> Plan:
    """Resolve a specification; `tell` hears whose samples come next, how many are planned, and of how many.

    Raises:
        SpecError, RegistryError, PromptError: something in it does not exist or does not fit.
    """
    suites, prompts = load_suites(spec)
    wanted, notes = _with_controls(spec, suites)
    resolved = [resolve(generator) for generator in wanted]
    entries = tuple(entry for entry, _ in resolved)
    if spec.dataset is None and not spec.prompts:
        suites, prompts, told = on_their_prompts(suites, prompts, [generator for _, generator in resolved])
        notes += told
    asked = [
        list(requests(suite, texts, spec.seed, sample_count(suite, suites, spec.samples)))
        for suite, texts in zip(suites, prompts, strict=True)
    ]
    notes += left_out(suites)
    batches: list[Batch] = []
    refused: list[SampleRecord] = []
    done, total = 0, len(entries) * sum(map(len, asked))
    along = {name for suite in suites for name in suite.also}
    for entry, generator in resolved:
        for suite, shared in zip(suites, asked, strict=True):
            wishes = _own(entry, shared, spec.seed, suite.request)
            tell(f"{entry.label}, suite {suite.name}", done, total)
            done += len(wishes)
            if spec.controls and entry.label in EVERY_CONTROL and entry.label not in controls_of(suite):
                continue
            served, turned_down = served_requests(entry, generator, suite, wishes)
            if spec.controls and entry.label in EVERY_CONTROL and not served:
                reason = str(turned_down[0].reason).removeprefix("not applicable: ")
                notes.append(f"suite {suite.name} has no control arm {entry.label}: {reason}")
                continue
            if suite.name in along and turned_down and not served:  # nobody asked for it by name
                reason = str(turned_down[0].reason).removeprefix("not applicable: ")
                notes.append(f"suite {suite.name} leaves out {entry.label}: {reason}")
                continue
            refused += turned_down
            remarks = generator.remarks([sample.made for sample in served])
            notes += [f"{entry.label}, suite {suite.name}: {remark}" for remark in remarks]
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
    suite: Suite, prompts: Sequence[Prompt], seed: int, count: int
) -> Iterator[tuple[Prompt, GenerationRequest]]:
    """The first `count` requests of a suite, as asked: all prompts with one seed, then with the next."""
    of_prompts = [request_of(prompt, suite.request) for prompt in prompts]
    for index in range(count):
        seed_index, place = divmod(index, len(prompts))
        prompt = prompts[place]
        yield (
            prompt,
            of_prompts[place].changed(
                sample_id=prompt.sample_id(seed_index),
                seed=sample_seed(seed, prompt.prompt_id, seed_index),
                repeat=seed_index,
            ),
        )


def request_of(prompt: Prompt, size: RequestSpec) -> GenerationRequest:
    """What a suite asks for with a prompt; sample and seed are left to whoever plans it."""
    return GenerationRequest(
        sample_id="",
        prompt=prompt.text,
        negative_prompt=prompt.negative_prompt or size.negative_prompt,
        num_frames=size.num_frames,
        height=size.height,
        width=size.width,
        fps=size.fps,
        seed=0,
        params=dict(size.params),
        script=None if prompt.script is None else parse_script(size.scripts[prompt.script]),
    )


def sample_seed(plan_seed: int, prompt_id: str, seed_index: int, draw: int = 0) -> int:
    """The seed of a sample, in [0, 2**31): every library takes one of that size."""
    text = f"{plan_seed}{f'/{draw}' if draw else ''}|{prompt_id}|{seed_index}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1


# --- inside ---------------------------------------------------------------------------------------


def _own(
    entry: GeneratorEntry, shared: list[tuple[Prompt, GenerationRequest]], seed: int, spec: RequestSpec
) -> list[tuple[Prompt, GenerationRequest]]:
    """The requests of one generator: with its parameters, its draw of seeds, and seconds at its rate."""
    num_frames = spec.frames_at(entry.info.get("native_fps"))
    if not entry.params and not entry.draw and num_frames == spec.num_frames:
        return shared
    return [
        (
            prompt,
            asked.changed(
                seed=sample_seed(seed, prompt.prompt_id, asked.repeat, entry.draw),
                params={**asked.params, **entry.params},
                num_frames=num_frames if spec.seconds is not None else asked.num_frames,
            ),
        )
        for prompt, asked in shared
    ]


def _with_controls(spec: RunSpec, suites: Sequence[Suite]) -> tuple[list[GeneratorSpec], list[str]]:
    """The generators asked for and then the controls, where a suite has a data set to make them from."""
    generators = list(asked_generators(spec, suites))
    if not spec.controls:
        return generators, []
    without = [suite.name for suite in suites if suite.data is None]
    notes = [f"suite {name} has no data set, so it has no control arms" for name in without]
    if len(without) == len(suites):
        return generators, notes
    taken = {generator.label for generator in generators}
    for name in dict.fromkeys(name for suite in suites for name in controls_of(suite)):
        if name in taken:
            raise SpecError(f"label {name!r} is that of a control arm; choose another, or leave controls out")
        generators.append(GeneratorSpec(label=name, adapter=f"control/{name}"))
    return generators, notes


def _given_hashes(request: GenerationRequest) -> dict[str, str]:
    """What stands for the frames and the script that come with a request, and for the data set that a control
    shows."""
    given = {
        "image": request.image,
        "past_frames": request.past_frames,
        "clip": request.clip,
        f"control {request.control_kind}": request.control_clip,
    }
    hashes = {
        name: hashlib.sha256(frames.tobytes()).hexdigest()[:16]
        for name, frames in given.items()
        if frames is not None
    }
    if request.script is not None:
        hashes["script"] = str(request.script)
    return hashes if request.dataset is None else hashes | {"dataset": request.dataset.content}


def _identity(
    spec: RunSpec, suites: Sequence[Suite], entries: Sequence[GeneratorEntry], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that makes a run another run, independent of the order in which it was given."""
    return {
        "seed": spec.seed,
        "timeout_s": spec.timeout_s,
        **({} if spec.memory_limit_gib is None else {"memory_limit_gib": spec.memory_limit_gib}),
        **({} if spec.score_precision == "float32" else {"score_precision": spec.score_precision}),
        "controls": spec.controls,
        **({} if spec.sweep is None else {"sweep": ROLES}),
        "suites": {
            suite.name: {
                "version": suite.version,
                "content": suite.content_sha256()[:16],
                "samples": sample_count(suite, suites, spec.samples),
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
                **({"params": entry.params} if entry.params else {}),
                **({"draw": entry.draw} if entry.draw else {}),
            }
            for entry in entries
        },
        "environment": dict(facts),
    }
