"""The process in which one generator is timed: started fresh, used for one case and one round, ended.

It takes a `Setup`, answers with `Ready` or `Failed`, then takes one call at a time and answers each.
"""

from __future__ import annotations

import queue
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Literal

from vbench_lite.errors import is_out_of_memory, one_line
from vbench_lite.generator import Frames, GenerationRequest, Generator, Site
from vbench_lite.processes import pin_threads
from vbench_lite.run.worker_process import Stop, listen
from vbench_lite.secrets import redact
from vbench_lite.store.schema import GeneratorEntry
from vbench_lite.turns import answer, made_size

_LOADS = (Site.PROCESS, Site.WORKER)  # where `Generator.load` is what loads the weights


@dataclass(frozen=True)
class Setup:
    """The first message: what to load, and the compute threads it may use."""

    entry: GeneratorEntry
    threads: int


@dataclass(frozen=True)
class Ready:
    """The generator is loaded.

    Attributes:
        load_s: None where each call loads anew, or a server loaded long ago.
        baseline_bytes: bytes in use after torch and the adapter were imported, before `load`; None where
            the work is done in another process.
    """

    load_s: float | None
    baseline_bytes: int | None


@dataclass(frozen=True)
class Failed:
    """The generator raised; `reason` is one line."""

    reason: str
    oom: bool


@dataclass(frozen=True)
class Timed:
    """One timed call; fields as in `metric.Measurement`.

    Attributes:
        arrivals: of the call's first clip, every frame that was generated.
        num_frames: frames generated, for each clip of the call.
        height, width, fps: of the clips that were made.
        baseline_bytes: bytes that another process had in use before its load, where one does the work.
        controls: of the call's first clip.
    """

    total_s: float
    arrivals: tuple[tuple[float, int], ...]
    num_frames: tuple[int, ...]
    height: int
    width: int
    fps: float
    phases: dict[str, float]
    facts: dict[str, int | float | str | bool | None]
    peak_bytes: int | None
    energy_j: float | None
    contended: bool
    baseline_bytes: int | None = None
    controls: tuple[tuple[float, float, int], ...] = ()


@dataclass(frozen=True)
class Profiled:
    """What one call that was not timed counted; None where it means nothing for this generator."""

    nfe: float | None
    flops: float | None


Call = tuple[Literal["timed", "profiled"], Sequence[GenerationRequest]]


def main(pipe: Connection) -> None:
    """Serve one runner until it says stop or goes away."""
    setup: Setup = pipe.recv()
    inbox: queue.SimpleQueue[Call | Stop] = queue.SimpleQueue()
    listen(pipe, inbox.put)
    try:
        generator, ready = _load(setup.entry, setup.threads)
    except (Exception, SystemExit) as error:
        pipe.send(_failed("load", error))
        return
    pipe.send(ready)
    while not isinstance(call := inbox.get(), Stop):
        kind, requests = call
        try:
            if kind == "timed":
                answer: Timed | Profiled = _timed(generator, setup.entry, requests)
            else:
                answer = _profiled(generator, requests)
        except (Exception, SystemExit) as error:
            pipe.send(_failed("generate", error))
        else:
            pipe.send(answer)
    generator.close()


def _load(entry: GeneratorEntry, threads: int) -> tuple[Generator, Ready]:
    from vbench_lite.measure.call_clock import call_clock
    from vbench_lite.measure.memory import device_bytes
    from vbench_lite.run.plan.build import build_generator

    generator = build_generator(entry.adapter, entry.config, entry.device)
    site = generator.info.site
    if site is Site.PROCESS:
        import torch  # noqa: F401  part of the baseline, which is equal for all that compute here

        pin_threads(threads)
    generator.import_libraries()
    clock = call_clock(generator)
    baseline_bytes = device_bytes(entry.device) if site is Site.PROCESS else None
    start_s = clock.read()
    generator.load()
    load_s = clock.read() - start_s
    return generator, Ready(load_s if site in _LOADS else None, baseline_bytes)


def _timed(generator: Generator, entry: GeneratorEntry, requests: Sequence[GenerationRequest]) -> Timed:
    from vbench_lite.measure.call_clock import call_clock, call_meter
    from vbench_lite.measure.contention import ContentionWatch
    from vbench_lite.measure.context import RecordingContext
    from vbench_lite.measure.energy import EnergyMeter
    from vbench_lite.measure.steering import timed

    made = _fit(generator, requests)
    meter = call_meter(generator)
    remote = generator.info.site is Site.REMOTE
    watch, energy = ContentionWatch(entry.device), EnergyMeter(entry.device)
    energy.start()
    watch.start()
    context = RecordingContext(made, clock=call_clock(generator), memory=meter, on_frames=_let_go, paced=True)
    try:
        answer(generator, made, context)
        record = context.result()
    finally:
        if meter is not None:
            meter.close()
    baseline = record.facts.get("baseline_bytes")
    return Timed(
        total_s=record.total_s,
        arrivals=record.arrivals[0],
        num_frames=record.num_frames,
        height=made[0].height,
        width=made[0].width,
        fps=generator.info.native_fps or made[0].fps,
        phases=dict(record.phases),
        facts=dict(record.facts),
        peak_bytes=record.peak_bytes,
        energy_j=None if remote else energy.energy_j(),
        contended=not remote and watch.contended(),
        baseline_bytes=int(baseline) if isinstance(baseline, (int, float)) else None,
        controls=timed(record.sampled[0]),
    )


def _profiled(generator: Generator, requests: Sequence[GenerationRequest]) -> Profiled:
    from vbench_lite.measure.context import RecordingContext
    from vbench_lite.measure.work import WorkCounter

    made = _fit(generator, requests)

    def count(flops: bool) -> WorkCounter:
        context = RecordingContext(made, on_frames=_let_go)
        with WorkCounter(generator.denoisers(), flops) as work:
            answer(generator, made, context)
        return work

    try:
        work = count(flops=True)
    except Exception:  # torch cannot follow every call (flex attention); what fails by itself fails again
        work = count(flops=False)
    return Profiled(nfe=work.nfe(len(made)), flops=work.flops)


def _fit(generator: Generator, requests: Sequence[GenerationRequest]) -> list[GenerationRequest]:
    made = [made_size(generator.info, request) for request in requests]
    for request in made:
        generator.check(request)
    return made


def _let_go(request_index: int, frames: Frames) -> None:
    """A timed clip is not kept: its pixels were judged in the quality pass."""


def _failed(phase: str, error: BaseException) -> Failed:
    return Failed(f"{phase}: {redact(one_line(error))}", is_out_of_memory(error))
