"""The suites of a run: read, put on the data set, prompts and size that the run asks for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from vbench_lite.dataset import Prompt, parse_size
from vbench_lite.errors import SpecError
from vbench_lite.generator import Generator
from vbench_lite.run.plan.data import (
    suite_dataset,
    with_answers,
    with_dataset,
    with_found_dataset,
    with_size,
)
from vbench_lite.run.plan.prompts import suite_folder, suite_prompts, with_prompt_sets, written_out
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.plan.sweep import with_fidelity
from vbench_lite.suite import DatasetPrompts, Suite, load_suite


def load_suites(spec: RunSpec) -> tuple[tuple[Suite, ...], list[list[Prompt]]]:
    """Suites with their prompts; what stood in a file is written into them, so that a run needs no file.

    Suites that another one brings along (`Suite.also`) follow those that were asked for; a sweep, and a run
    with prompts of its own, hold no others.
    """
    suites: list[Suite] = []
    prompts: list[list[Prompt]] = []
    brought: list[str] = []
    for name in itertools.chain(spec.suites, brought):
        suite, folder = load_suite(name), suite_folder(name)
        if spec.prompts:
            suite = with_prompt_sets(suite, spec.prompts)
        if spec.dataset is not None:
            suite, folder = with_dataset(suite, spec.dataset), Path()
        if spec.size is not None:
            suite = with_size(suite, parse_size(spec.size))
        if spec.sweep is not None:
            suite = with_fidelity(suite, len(spec.generators or ()))
        if suite.name in [other.name for other in suites]:
            if name in brought:
                continue
            raise SpecError(f"suite {suite.name!r} is given twice; name it once")
        alone = spec.prompts or spec.sweep is not None
        brought += [] if alone else [other for other in suite.also if other not in spec.suites]
        suite = with_found_dataset(suite, folder)
        if not isinstance(suite.prompts, DatasetPrompts):
            listed = written_out(suite.prompts, suite_folder(name))
            suite = suite.model_copy(update={"prompts": listed})
        suites.append(suite)
        prompts.append(suite_prompts(suite))
    return tuple(suites), prompts


def asked_generators(spec: RunSpec, suites: Sequence[Suite]) -> tuple[GeneratorSpec, ...]:
    """Those that a run names, or else those of its first suite under their own names."""
    first = suites[0]
    named = tuple(GeneratorSpec(label=name, adapter=name, batch=first.batch) for name in first.generators)
    return spec.generators or named


def sample_count(suite: Suite, suites: Sequence[Suite], asked: int | None) -> int:
    """Requests of a suite for each generator: as many as a run asks for, in proportion where another one of
    its suites brings this one along; else as many as the suite says."""
    if asked is None:
        return suite.samples
    main = next((other for other in suites if suite.name in other.also), None)
    return asked if main is None else math.ceil(asked * suite.samples / main.samples)


def on_their_prompts(
    suites: Sequence[Suite], prompts: Sequence[list[Prompt]], generators: Sequence[Generator]
) -> tuple[tuple[Suite, ...], list[list[Prompt]], list[str]]:
    """Open suites ask for what clips made elsewhere answer, where those answer none of the suite's prompts.

    Returns:
        suites, their prompts, and notes.
    """
    answered = [list(texts) for generator in generators if (texts := generator.answers()) is not None]
    known = {text for texts in answered for text in texts}
    common = [text for text in answered[0] if all(text in texts for texts in answered)] if answered else []
    asked: list[Suite] = []
    listed: list[list[Prompt]] = []
    notes: list[str] = []
    for suite, own in zip(suites, prompts, strict=True):
        chosen, wanted = suite, own
        if suite.open and suite.request.given is None and common and known.isdisjoint(p.text for p in own):
            chosen = with_answers(suite, common)
            wanted = suite_prompts(chosen)
            notes.append(
                f"suite {suite.name} asks for the {len(common)} prompts that the clips made elsewhere "
                f"answer; real clips of {suite.dataset}, of other things, make its scale"
            )
        asked.append(chosen)
        listed.append(wanted)
    return tuple(asked), listed, notes


def left_out(suites: Sequence[Suite]) -> Iterator[str]:
    """What a data set leaves out at the size of a suite."""
    for suite in suites:
        dataset = suite_dataset(suite)
        if dataset is not None:
            name = f"suite {suite.name}, data set {dataset.info.name}"
            size = suite.request.size
            if suite.request.scripts:  # a steered world goes on from one frame
                size = replace(size, num_frames=1)
            yield from (f"{name}: {remark}" for remark in dataset.remarks(size))
