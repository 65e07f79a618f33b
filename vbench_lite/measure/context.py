"""The sink that a generator pushes into: it times every arrival and checks every frame.

One object serves one call. The clock starts when it is built, so build it directly before
`generate`. The quality pass and the performance pass both use it: one clock for both, and for
every family.

What the harness itself does inside a call (checking frames, handing them on, reporting progress)
is taken off the clock: a time says what the generator took. A generator whose own threads work on
meanwhile gains that overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from vbench_lite.control import Action
from vbench_lite.errors import Cancelled, ClipError
from vbench_lite.generator import Frames, GenerationContext, GenerationRequest
from vbench_lite.measure.clock import Clock
from vbench_lite.measure.memory import PeakMeter
from vbench_lite.measure.steering import Sampled, Steering

Fact = int | float | str | bool | None

ADDED_FACTS = frozenset({"nfe", "tokens"})
LARGEST_FACTS = frozenset({"kv_cache_bytes", "peak_bytes"})


@dataclass(frozen=True)
class CallRecord:
    """One finished call.

    Attributes:
        total_s: from the request to the last frame handed over.
        arrivals: for each request, (seconds since the request, frames in the piece) per emit.
        phases: seconds by phase name, up to the last frame; a phase entered again adds up. Time before the
            first phase is not in it.
        facts: what the generator noted; see `RecordingContext.note`.
        frames: for each request uint8 (T, H, W, 3), or None where frames were handed over.
        peak_bytes: peak of memory during the call, None if it is not known.
        sampled: for each request, the changes of control that the generator sampled.
    """

    total_s: float
    arrivals: tuple[tuple[tuple[float, int], ...], ...]
    phases: Mapping[str, float]
    facts: Mapping[str, Fact]
    frames: tuple[Frames | None, ...]
    peak_bytes: int | None
    sampled: tuple[tuple[Sampled, ...], ...] = ()

    @property
    def num_frames(self) -> tuple[int, ...]:
        """Frames that were handed over, for each request."""
        return tuple(sum(count for _, count in pieces) for pieces in self.arrivals)


class RecordingContext(GenerationContext):
    """Times and checks one call of `Generator.generate`.

    Args:
        requests: what was asked for, in the order given to the generator.
        clock: where times are read; it waits for the device first.
        cancelled: whether the runner wants the call to stop.
        on_frames: takes (request index, frames) at once; then nothing is kept in memory.
        on_progress: takes (phase, steps done, steps in all) at each step.
        memory: the meter of the peak; reset here, read in `result`. Without one the generator may note
            `peak_bytes`, where its work is done in another process.
        paced: whether controls are issued by a viewer's wall clock, and not by frames (`measure.steering`).
    """

    def __init__(
        self,
        requests: Sequence[GenerationRequest],
        *,
        clock: Clock | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        on_frames: Callable[[int, Frames], None] | None = None,
        on_progress: Callable[[str, int, int], None] | None = None,
        memory: PeakMeter | None = None,
        paced: bool = False,
    ) -> None:
        self._requests = tuple(requests)
        self._clock = clock or Clock()
        self._cancelled = cancelled
        self._on_frames, self._on_progress = on_frames, on_progress
        self._memory = memory
        self._arrivals: list[list[tuple[float, int]]] = [[] for _ in self._requests]
        self._kept: list[list[Frames]] = [[] for _ in self._requests]
        self._sizes: list[tuple[int, int] | None] = [None for _ in self._requests]
        self._facts: dict[str, Fact] = {}
        self._phases: dict[str, float] = {}  # that have ended
        self._phases_to_last_frame: dict[str, float] = {}
        self._phase: str | None = None
        self._phase_start_s = 0.0
        self._harness_s = 0.0
        pause = self._pause if paced else None
        self._steering = [
            None if one.script is None else Steering(one.script, one.fps, self._elapsed_s, pause)
            for one in self._requests
        ]
        if memory is not None:
            memory.reset()
        self._start_s = self._clock.read()

    # --- what the generator calls ---------------------------------------------------------------

    def step(self, done: int, total: int) -> None:
        if self._on_progress is not None:
            with self._off_the_clock():
                self._on_progress(self._phase or "", done, total)
        self._stop_if_asked()

    def emit(self, request_index: int, frames: Frames) -> None:
        self._clock.synchronise()
        with self._off_the_clock() as arrived_s:
            self._check(request_index, frames)
            self._arrivals[request_index].append((arrived_s, len(frames)))
            self._phases_to_last_frame = self._phases_until(arrived_s)
            if self._on_frames is not None:
                self._on_frames(request_index, frames)
            else:
                # A copy: a generator may reuse its buffer for the next piece.
                self._kept[request_index].append(frames.copy())
        self._stop_if_asked()

    def control(self, request_index: int, *, ahead: int = 0) -> Action:
        self._stop_if_asked()
        self._check_index("control", request_index)
        steering = self._steering[request_index]
        return Action() if steering is None else steering.sample(self._arrivals[request_index], ahead)

    def phase(self, name: str) -> None:
        now_s = self._elapsed_s(synchronise=True)
        self._phases = self._phases_until(now_s)
        self._phase, self._phase_start_s = name, now_s

    def note(self, **facts: Fact) -> None:
        """Record facts. `nfe` and `tokens` add up over a call, of `kv_cache_bytes` and `peak_bytes` the
        largest is kept, and of every other fact the last."""
        for name, value in facts.items():
            known = self._facts.get(name)
            if known is None or value is None or isinstance(known, str) or isinstance(value, str):
                self._facts[name] = value
            elif name in ADDED_FACTS:
                self._facts[name] = known + value
            elif name in LARGEST_FACTS:
                self._facts[name] = max(known, value)
            else:
                self._facts[name] = value

    @property
    def cancelled(self) -> bool:
        return self._cancelled()

    # --- what the engine calls ------------------------------------------------------------------

    @property
    def current_phase(self) -> str | None:
        """The phase the generator is in; says where a call failed."""
        return self._phase

    def result(self) -> CallRecord:
        """Return the record of the call; call it when `generate` has returned.

        Raises:
            ClipError: the generator returned without a frame for one of the requests.
        """
        for request, pieces in zip(self._requests, self._arrivals, strict=True):
            if not pieces:
                raise ClipError(
                    f"the generator returned without emitting a frame for sample {request.sample_id}; "
                    "every request needs at least one context.emit"
                )
        facts = dict(self._facts)
        if self._memory is not None:
            peak_bytes = self._memory.peak_bytes()
            facts.update(self._memory.facts())
        else:
            noted = facts.pop("peak_bytes", None)
            peak_bytes = int(noted) if isinstance(noted, (int, float)) else None
        return CallRecord(
            total_s=max(pieces[-1][0] for pieces in self._arrivals),
            arrivals=tuple(tuple(pieces) for pieces in self._arrivals),
            phases=self._phases_to_last_frame,
            facts=facts,
            frames=tuple(np.concatenate(kept) if kept else None for kept in self._kept),
            peak_bytes=peak_bytes,
            sampled=tuple(() if one is None else tuple(one.samples) for one in self._steering),
        )

    # --- inside ---------------------------------------------------------------------------------

    def _elapsed_s(self, synchronise: bool = False) -> float:
        now_s = self._clock.read() if synchronise else self._clock.now()
        return now_s - self._start_s - self._harness_s

    @contextmanager
    def _off_the_clock(self) -> Iterator[float]:
        """Take the block off the clock; gives the seconds since the request at its start."""
        before_s = self._elapsed_s()
        try:
            yield before_s
        finally:
            self._harness_s += self._elapsed_s() - before_s

    def _phases_until(self, now_s: float) -> dict[str, float]:
        if self._phase is None:
            return dict(self._phases)
        before_s = self._phases.get(self._phase, 0.0)
        return {**self._phases, self._phase: before_s + now_s - self._phase_start_s}

    def _pause(self, seconds: float) -> None:
        """Wait for the viewer, in a phase of its own; the generator's goes on behind it."""
        before = self._phase
        if before is not None:
            self.phase("wait")
        self._clock.sleep(seconds)
        if before is not None:
            self.phase(before)
        self._stop_if_asked()

    def _stop_if_asked(self) -> None:
        if self._cancelled():
            raise Cancelled("the runner asked the generator to stop")

    def _check_index(self, called: str, index: int) -> None:
        if not 0 <= index < len(self._requests):
            raise ClipError(
                f"{called} was called for request {index}, but the call has {len(self._requests)} request(s)"
            )

    def _check(self, index: int, frames: Any) -> None:
        self._check_index("emit", index)
        sample = self._requests[index].sample_id
        if not isinstance(frames, np.ndarray):
            raise ClipError(
                f"sample {sample}: emit takes a numpy array, got {type(frames).__name__}; "
                "convert it to uint8 (T, H, W, 3) on the CPU"
            )
        if np.issubdtype(frames.dtype, np.floating):
            wrong = int(np.size(frames) - np.isfinite(frames).sum())
            raise ClipError(
                f"sample {sample}: emit takes uint8 frames, got {frames.dtype} with {wrong} non-finite "
                "value(s); clip to [0, 1], times 255, round, astype(uint8)"
            )
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or 0 in frames.shape:
            raise ClipError(
                f"sample {sample}: emit takes uint8 (T, H, W, 3) with at least one frame, "
                f"got {frames.dtype} {frames.shape}"
            )
        size = (frames.shape[1], frames.shape[2])
        known = self._sizes[index]
        if known is not None and known != size:
            raise ClipError(
                f"sample {sample}: the frame size changed within the clip, "
                f"from {known[1]}x{known[0]} to {size[1]}x{size[0]}"
            )
        self._sizes[index] = size
