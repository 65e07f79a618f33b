"""What timed calls ask for: the sizes of a suite, its prompts, and what it gives with them.

Calls differ from one another, and are equal for every generator and round. A server outlives the process that
is timed and may answer from what it kept, so it gets seeds that it was never asked for.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vbench_lite.dataset import Prompt
from vbench_lite.errors import RequestError
from vbench_lite.generator import Family, GenerationRequest, Site
from vbench_lite.metric import BASE_CASE
from vbench_lite.run.plan.data import suite_dataset
from vbench_lite.run.plan.given import with_given
from vbench_lite.run.plan.plan import UNSEEN_SEEDS, request_of
from vbench_lite.size_rules import FrameRule, SizeRule
from vbench_lite.store.schema import GeneratorEntry
from vbench_lite.suite import PerformanceSpec, RequestSpec, Suite

_DENOISING = {Family.LATENT_DIFFUSION, Family.PIXEL_DIFFUSION, Family.HYBRID}


@dataclass(frozen=True)
class Case:
    """One request size that is timed.

    Attributes:
        name: "base", or "size=value" in a sweep.
        batch: clips in one call; None is what the generator's entry says.
        denoising_only: the case means nothing for a generator without sampling steps.
        varies_size: the case means nothing for a generator with one fixed frame size.
    """

    name: str
    num_frames: int
    height: int
    width: int
    batch: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    denoising_only: bool = False
    varies_size: bool = False

    def applies(self, entry: GeneratorEntry) -> bool:
        """Whether it means anything for a generator: it has steps, and can make more than one size."""
        if self.denoising_only and entry.info["family"] not in _DENOISING:
            return False
        fixed = entry.info.get("size", {}).get("fixed")
        return not self.varies_size or fixed is None

    def for_generator(self, entry: GeneratorEntry, asked: RequestSpec) -> Case:
        """With the frames of the asked seconds at the generator's rate, unless frames are what is varied."""
        if self.num_frames != asked.num_frames:
            return self
        return replace(self, num_frames=asked.frames_at(entry.info.get("native_fps")))


@dataclass(frozen=True)
class Slot:
    """One fresh process: a generator, a case and a round."""

    entry: GeneratorEntry
    case: Case
    round: int

    @property
    def name(self) -> str:
        return f"{self.entry.label} {self.case.name} round {self.round + 1}"


def suite_cases(suite: Suite) -> list[Case]:
    """The requests a suite times: its own, then those of its sweep."""
    asked, timed = suite.request, suite.performance or PerformanceSpec()
    base = Case(BASE_CASE, asked.num_frames, asked.height, asked.width, timed.batch, dict(asked.params))
    sweep = timed.sweep
    if sweep is None:
        return [base]
    cases = [base]
    lengths = [*sweep.frames, *([sweep.check_frames] if sweep.check_frames else [])]
    cases += [replace(base, name=f"frames={n}", num_frames=n) for n in lengths]
    cases += [replace(base, name=f"side={n}", height=n, width=n, varies_size=True) for n in sweep.sides]
    cases += [
        replace(base, name=f"steps={n}", params={**base.params, "steps": n}, denoising_only=True)
        for n in sweep.steps
    ]
    cases += [replace(base, name=f"batch={n}", batch=n) for n in sweep.batch]
    return cases


class TimedRequests:
    """The requests of a suite's timed calls.

    Args:
        prompts: what to ask for, each once.
    """

    def __init__(self, suite: Suite, prompts: Sequence[Prompt]) -> None:
        self._suite, self._prompts = suite, list(prompts)
        self._unseen = itertools.count(UNSEEN_SEEDS + secrets.randbelow(UNSEEN_SEEDS // 2))

    def of_call(self, slot: Slot, index: int) -> list[GenerationRequest]:
        """The requests of one call of a process.

        Raises:
            PromptError, RequestError, ClipError, DatasetError: what is given cannot be had at this size.
        """
        batch = slot.case.batch or slot.entry.batch
        return [self._request(slot, index, row, index * batch + row) for row in range(batch)]

    def _request(self, slot: Slot, index: int, row: int, place: int) -> GenerationRequest:
        case, size = slot.case, self._suite.request
        prompt = self._prompts[place % len(self._prompts)]
        varied = {name: value for name, value in case.params.items() if size.params.get(name) != value}
        request = request_of(prompt, size).changed(
            sample_id=f"{case.name}/{slot.round}/{index}/{row}",
            num_frames=case.num_frames,
            height=case.height,
            width=case.width,
            seed=place,
            params={**size.params, **slot.entry.params, **varied},
        )
        if size.given is not None:
            request = self._given(request, slot.entry)
        remote = slot.entry.info.get("site") == Site.REMOTE
        return replace(request, seed=next(self._unseen)) if remote else request

    def _given(self, request: GenerationRequest, entry: GeneratorEntry) -> GenerationRequest:
        """With frames of the size that the generator makes. They are read here, so that the process that is
        timed has neither the time nor the memory of it."""
        frames, size = FrameRule(**entry.info["frames"]), SizeRule(**entry.info["size"])
        if request.script is not None and not entry.info.get("actions"):
            frames = FrameRule()  # a session of turns has any length
        made = request.sized(frames.snap(request.num_frames), *size.snap(request.height, request.width))
        dataset = suite_dataset(self._suite)
        if dataset is None:
            raise RequestError(f"suite {self._suite.name} gives frames of a data set and names none")
        # What others begin with needs no real clip that goes on.
        begins = self._suite.request.given in ("image", "past_frames")
        ahead = replace(made, num_frames=1) if begins else made
        return replace(with_given(ahead, dataset, self._suite.request), num_frames=made.num_frames)
