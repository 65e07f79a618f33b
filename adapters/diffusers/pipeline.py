"""The generator `diffusers`: one pipeline of the library behind the contract."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property, partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, ClassVar

from vbench_lite.adapters.code_references import load_reference, reference_sha256
from vbench_lite.adapters.diffusers import calls
from vbench_lite.adapters.diffusers.config import DiffusersConfig
from vbench_lite.adapters.diffusers.description import describe
from vbench_lite.adapters.diffusers.frames import clips_of, other_outputs, safety_flags, to_uint8
from vbench_lite.adapters.diffusers.prompts import prompt_facts
from vbench_lite.errors import ClipError, RequestError, SpecError
from vbench_lite.generator import (
    Frames,
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorConfig,
    GeneratorInfo,
    Task,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vbench_lite.adapters.diffusers.calls import Signature
    from vbench_lite.adapters.diffusers.description import Description
    from vbench_lite.adapters.diffusers.probe import Probe
    from vbench_lite.adapters.diffusers.speedups import CacheWatch
    from vbench_lite.adapters.diffusers.streaming import Stream


class Diffusers(Generator):
    """Any text-, image- or video-to-video pipeline of diffusers, by hub id or local folder."""

    Config: ClassVar[type[GeneratorConfig]] = DiffusersConfig
    _pipe: Any = None
    _probe: Probe
    _signature: Signature
    _cache: CacheWatch | None = None

    def __init__(self, config: Mapping[str, Any] | None = None, device: str = "cpu") -> None:
        super().__init__(config, device)
        if self.config.offload != "none" and device == "cpu":
            raise SpecError(f"offload: {self.config.offload} moves weights to an accelerator; device is cpu")

    @cached_property
    def _described(self) -> Description:
        return describe(self.config)

    @property
    def info(self) -> GeneratorInfo:
        """What the model's own files declare; reads no weights but to hash them."""
        return self._described.info

    def fingerprint(self) -> str:
        """Weights and configuration, and the libraries that decide on pixels as well."""
        import hashlib
        import json

        facts = {
            "base": super().fingerprint(),
            "libraries": {name: _version(name) for name in ("diffusers", "transformers", "accelerate")},
            "attention": os.environ.get("DIFFUSERS_ATTN_BACKEND"),
            **({} if self.config.hook is None else {"hook": reference_sha256(self.config.hook)}),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def check(self, request: GenerationRequest) -> None:
        """Refuse a request that lacks what the pipeline starts from."""
        tasks = self.info.tasks
        if Task.T2V in tasks or request.clip is not None:
            return
        if tasks == (Task.C2V,) and request.control_clip is None:
            raise RequestError(f"{request.sample_id}: {self._described.pipeline} needs a control clip")
        if Task.I2V in tasks and request.image is None:
            raise RequestError(f"{request.sample_id}: {self._described.pipeline} needs an image")
        if self._described.rule.returns_past:
            if request.past_frames is None:
                raise RequestError(
                    f"{request.sample_id}: {self._described.pipeline} continues a clip, and needs past frames"
                )
            calls.overlap_history(self.config, request.past_frames)
        elif tasks == (Task.V2V,) and (
            request.past_frames is None or len(request.past_frames) < request.num_frames
        ):
            raise RequestError(
                f"{request.sample_id}: {self._described.pipeline} edits a clip, and needs one of at least "
                f"{request.num_frames} frames"
            )

    def import_libraries(self) -> None:
        """Import diffusers and the pipeline's class, which takes seconds and hundreds of megabytes."""
        from vbench_lite.adapters.diffusers.loading import pipeline_class

        pipeline_class(self._described.pipeline)

    def load(self) -> None:
        """Import diffusers, load the weights, and check the configuration against the class."""
        from vbench_lite.adapters.diffusers.loading import load_pipeline
        from vbench_lite.adapters.diffusers.probe import Probe
        from vbench_lite.adapters.diffusers.speedups import apply

        pipe = load_pipeline(self._described.pipeline, self.config, self.device)
        self._signature = calls.Signature.of_loaded(pipe)
        self._signature.check(list(self.config.call))
        self._described.agree(pipe)
        if self.config.hook is not None:
            pipe = self._hooked(pipe)
        self._probe = Probe(pipe)
        self._cache = apply(pipe, self.config, self._probe.denoisers)
        self._pipe = pipe

    def _hooked(self, pipe: Any) -> Any:
        """The pipeline as the configuration's hook leaves it."""
        try:
            found = load_reference(self.config.hook)(pipe)
        except SpecError:
            raise
        except Exception as error:
            why = " ".join(str(error).split())
            raise SpecError(f"hook {self.config.hook}: {type(error).__name__}: {why}") from error
        return pipe if found is None else found

    def close(self) -> None:
        """Let go of the pipeline."""
        self._pipe = None

    def denoisers(self) -> Sequence[Any]:
        """The transformers or UNets of the pipeline."""
        return () if self._pipe is None else self._probe.denoisers

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """One pipeline call for requests that can share it, or one for each."""
        for request in requests:
            self.check(request)
        for indices in self._groups(requests):
            self._call(indices, [requests[i] for i in indices], context, len(requests))

    def encode(self, frames: Frames) -> Any:
        """Latents of the VAE, and how many frames they are of.

        Raises:
            RequestError: the pipeline has no VAE whose compression is known.
        """
        from vbench_lite.adapters.diffusers.latents import encode

        if self._pipe is None or not self.info.latents or self._described.geometry is None:
            raise RequestError(f"{self._described.pipeline} is not loaded, or has no encoder")
        return encode(self._pipe.vae, frames, self._described.geometry.temporal), len(frames)

    def decode(self, latents: Any) -> Frames:
        """Frames of what `encode` returned."""
        from vbench_lite.adapters.diffusers.latents import decode

        return decode(self._pipe.vae, *latents)

    def _not_generated(self, request: GenerationRequest) -> tuple[int, int]:
        """Frames of the pipeline's count that repeat what was given, and frames that come before them."""
        rule, past = self._described.rule, request.past_frames
        if rule.returns_past and past is not None:
            return calls.overlap_history(self.config, past), len(past)
        if rule.keeps_past and past is not None:
            return len(past), 0
        return int(self._described.drops_first and request.image is not None), 0

    def _groups(self, requests: Sequence[GenerationRequest]) -> list[list[int]]:
        alike = all(dict(r.params) == dict(requests[0].params) for r in requests)
        bare = all(r.image is r.past_frames is r.control_clip is None for r in requests)
        everyone = list(range(len(requests)))
        return [everyone] if self._described.rule.batches and alike and bare else [[i] for i in everyone]

    def _call(
        self,
        indices: Sequence[int],
        requests: Sequence[GenerationRequest],
        context: GenerationContext,
        clips: int,
    ) -> None:
        """Make some of the `clips` of a batch in one call of the pipeline."""
        import torch

        from vbench_lite.adapters.diffusers.loading import fresh_scheduler, guider_at, tiles_within
        from vbench_lite.adapters.diffusers.streaming import open_stream

        if self._pipe is None:
            raise RuntimeError("Diffusers is not loaded; call load() first")
        pipe, known, first = self._pipe, self._described, requests[0]
        repeated, handed_back = self._not_generated(first)
        dropped = repeated + handed_back
        plan = known.plan(first.num_frames + repeated)
        asked = calls.arguments(requests, self.config, known.rule, self._signature, plan.num_frames)
        if plan.partition is not None:
            asked["chunk_partition"] = list(plan.partition)
        pipe.scheduler = fresh_scheduler(pipe.scheduler)
        seeds = [torch.Generator("cpu").manual_seed(request.seed) for request in requests]
        if "generator" in self._signature:
            asked["generator"] = seeds[0] if len(seeds) == 1 else seeds
        stream = None
        if len(requests) == 1:
            emit = partial(context.emit, indices[0])
            stream = open_stream(known, self.config, plan, asked, pipe, emit, dropped, first.num_frames)
        steps = calls.steps_of(asked, self._signature, known.rule) * plan.chunks
        tiles = tiles_within(pipe, known.rule, plan.num_frames, first.height, first.width)
        if self._cache is not None:
            self._cache.start()
        with guider_at(pipe, asked.pop(calls.GUIDER_SCALE, None)), tiles:
            output = self._run(asked, stream, self._probe.following(context, steps, clips), first.seed)
        made, flagged = clips_of(output), safety_flags(output)
        if left_out := other_outputs(output):
            context.note(left_out=" ".join(left_out))
        if len(made) != len(requests):
            raise ClipError(f"{known.pipeline} returned {len(made)} clips for {len(requests)} requests")
        nonfinite = 0
        for index, request, clip in zip(indices, requests, made, strict=True):
            frames, wrong = to_uint8(clip)
            self._check_form(frames, request, dropped if stream is None else None)
            if stream is not None:
                wrong = stream.finish(frames)
            else:
                context.emit(index, frames[dropped : dropped + request.num_frames])
            nonfinite += wrong
        if nonfinite:
            context.note(nonfinite=nonfinite)
        if flagged:
            context.note(safety_flagged=flagged)
        if self._cache is not None:
            context.note(**self._cache.facts())
        context.note(pipeline_frames=stream.made if stream else len(made[0]), fps_source=known.fps_source)
        context.note(**prompt_facts(pipe, self._probe.prompt, asked))

    def _check_form(self, frames: Frames, request: GenerationRequest, dropped: int | None) -> None:
        """Raise ClipError if another size or fewer frames came back than the class was understood to make.

        Args:
            dropped: frames that were given; None for a stream, whose pieces count themselves.
        """
        known, size = self._described, (request.height, request.width)
        if frames.shape[1:3] != size:
            height, width = frames.shape[1:3]
            raise ClipError(
                f"{known.pipeline} returned {width}x{height} pixels for {size[1]}x{size[0]}; it chooses its "
                "size itself: ask for that one, or name its setting under call"
            )
        if dropped is not None and len(frames) < dropped + request.num_frames:
            raise ClipError(
                f"{known.pipeline} returned {len(frames)} frames, of which {dropped} were given, for "
                f"{request.num_frames}; say under frames what it can make"
            )

    def _run(
        self,
        asked: dict[str, Any],
        stream: Stream | None,
        following: AbstractContextManager[None],
        seed: int,
    ) -> Any:
        """The pipeline's call itself, followed by the probe and listened to by the stream."""
        import torch

        if stream is None:
            with self._seeded(seed), torch.inference_mode(), following:
                return self._pipe(**asked)
        stream.attach(self._probe)
        try:
            with self._seeded(seed), torch.inference_mode(), following:
                return self._pipe(**asked, **stream.arguments())
        finally:
            stream.detach()

    @contextmanager
    def _seeded(self, seed: int) -> Iterator[None]:
        """The global generator seeded for pipelines that draw from it, and left as it was."""
        import torch

        devices = [self.device] if self.device.startswith("cuda") else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            yield


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
