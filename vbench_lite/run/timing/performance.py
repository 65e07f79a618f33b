"""The performance pass: every generator timed on the same requests, by the same clock.

How it is done, and what was accepted:

- Each (generator, case, round) gets a fresh process: cold load, first call, warm calls. A
  fresh process a round rather than a parked one costs an import each time, and buys intervals that
  hold the differences between processes (memory layout, allocator state) as well.
- Rounds interleave the generators, and every second round goes backwards (A, B, C, C, B, A), so that a
  steady drift of the machine falls on all of them alike.
- A timed call runs without hooks or profilers. Work is counted in a call of its own.
- The pass keeps below the suite's limit by making fewer warm calls, then fewer rounds; a generator
  always gets two warm calls, even if two take longer than the limit.
- A call asks for what the suite asks for, given frames included (`timed_requests`); a server never for the
  same (prompt, seed) twice: not over rounds, reruns and fresh runs, nor what the quality pass asked.
- A round's records are handed over together when its process is done, so a pass that was killed
  repeats whole processes only.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from vbench_lite.dataset import Prompt
from vbench_lite.errors import ClipError, DatasetError, PromptError, RequestError
from vbench_lite.format import number, plural
from vbench_lite.generator import Family, GenerationRequest, Site
from vbench_lite.metric import Measurement
from vbench_lite.run.plan.prompts import suite_prompts
from vbench_lite.run.timing.timed_requests import Slot, TimedRequests, suite_cases
from vbench_lite.run.timing.timed_worker import Call, Failed, Profiled, Ready, Timed
from vbench_lite.store.schema import GeneratorEntry
from vbench_lite.suite import PerformanceSpec, Suite

LEAST_WARM_CALLS = 2


@dataclass(frozen=True)
class PerformanceSummary:
    """How the pass ended.

    Attributes:
        failures: reason by (generator, case); these have no measurement, and their metrics are not
            applicable.
        skipped: what was left out to keep below the limit, a line for each generator and round.
    """

    failures: dict[tuple[str, str], str]
    skipped: tuple[str, ...]


class TimedSession(Protocol):
    """A generator in a process of its own, as `TimedProcess` provides it."""

    def ready(self) -> Ready | Failed: ...
    def ask(self, call: Call) -> Timed | Profiled | Failed: ...
    def close(self) -> None: ...


def measure(
    entries: Sequence[GeneratorEntry],
    suite: Suite,
    *,
    on_record: Callable[[Measurement], None],
    open_session: Callable[[GeneratorEntry], TimedSession],
    done: Sequence[Measurement] = (),
    on_progress: Callable[[str, int, int], None] | None = None,
    prompts: Sequence[Prompt] | None = None,
    now: Callable[[], float] = time.monotonic,
    wait: Callable[[str, Callable[[str], None]], None] | None = None,
) -> PerformanceSummary:
    """Time every generator of a run that is no control and whose clips were not made before.

    Args:
        entries: the run's generators.
        suite: its `performance` section says how often; nothing is done without one.
        on_record: takes each measurement.
        open_session: starts a process with a generator.
        done: measurements that an interrupted pass has already made; they are not made again.
        on_progress: told about each process: what happened, how many are finished, and how many there are.
        prompts: what to ask for; the suite's own prompts if None.
        now: the pass's own clock.
        wait: called with a device before each process, and with what to tell meanwhile; its time does not
            count towards the suite's limit.

    Returns:
        What failed and what was skipped; a generator that fails never stops the others.
    """
    spec = suite.performance
    if spec is None:
        return PerformanceSummary({}, ())
    slots = list(_slots(entries, suite, spec))
    made = {(m.generator, m.case, m.round, m.call) for m in done}
    work = {(m.generator, m.case): Profiled(m.nfe, m.flops) for m in done if m.flops is not None}
    open_slots = [s for s in slots if (s.entry.label, s.case.name, s.round, "warm") not in made]
    requests = TimedRequests(suite, prompts or suite_prompts(suite))
    failures: dict[tuple[str, str], str] = {}
    skipped: Counter[str] = Counter()
    least_s: dict[tuple[str, str], float] = {}  # what the shortest process took, start to end
    deadline_s = now() + spec.limit_s

    for index, slot in enumerate(open_slots):
        key = (slot.entry.label, slot.case.name)

        def tell(text: str, count: int = len(slots) - len(open_slots) + index, name: str = slot.name) -> None:
            if on_progress is not None:
                on_progress(f"{name}: {text}", count, len(slots))

        if key in failures:
            continue
        if slot.round > 0 and now() + least_s.get(key, 0.0) > deadline_s:
            skipped[f"{slot.entry.label} round {slot.round + 1}"] += 1
            tell(f"left out, it would not end within the limit of {spec.limit_s:g} s")
            continue
        if wait is not None:
            waited_s = now()
            wait(slot.entry.device, tell)
            deadline_s += now() - waited_s
        tell("started")
        started_s = now()
        share_s = max(deadline_s - started_s, 0.0) / (len(open_slots) - index)
        try:
            with closing(open_session(slot.entry)) as session:
                records = _time_slot(session, slot, spec, requests, work, now, now() + share_s)
        except _SlotFailed as failed:
            failures[key] = str(failed)
            tell(f"failed: {failed}")
            continue
        for record in records:
            if (record.generator, record.case, record.round, record.call) not in made:
                on_record(record)
        warm = [r.total_s for r in records if r.call == "warm"]
        least_s[key] = now() - started_s - max(len(warm) - LEAST_WARM_CALLS, 0) * min(warm)
        tell(f"{plural(len(warm), 'warm call')}, fastest {number(min(warm), 's')}")
    left_out = (f"{name}, {count} request size(s)" for name, count in skipped.items())
    return PerformanceSummary(failures, tuple(left_out))


class _SlotFailed(Exception):
    """The generator of a slot cannot be measured; the message is the reason."""


def _slots(entries: Sequence[GeneratorEntry], suite: Suite, spec: PerformanceSpec) -> Iterator[Slot]:
    timed = [
        entry
        for entry in entries
        # Other seeds are the same work, so an arm of another draw is not timed.
        if entry.info["family"] != Family.CONTROL
        and entry.info.get("site") != Site.RECORDED
        and not entry.draw
    ]
    for at, case in itertools.product(range(spec.rounds), suite_cases(suite)):
        for entry in reversed(timed) if at % 2 else timed:
            if case.applies(entry):
                yield Slot(entry, case.for_generator(entry, suite.request), at)


def _time_slot(
    session: TimedSession,
    slot: Slot,
    spec: PerformanceSpec,
    requests: TimedRequests,
    work: dict[tuple[str, str], Profiled],
    now: Callable[[], float],
    deadline_s: float,
) -> list[Measurement]:
    ready = session.ready()
    if isinstance(ready, Failed):
        raise _SlotFailed(ready.reason)
    calls: list[Timed] = []
    longest_s = 0.0
    while len(calls) <= spec.warm_calls:
        warm = len(calls) - 1
        if warm >= min(LEAST_WARM_CALLS, spec.warm_calls) and now() + longest_s > deadline_s:
            break
        before_s = now()
        answer = session.ask(("timed", _of_call(requests, slot, len(calls))))
        if not isinstance(answer, Timed):
            raise _SlotFailed(answer.reason if isinstance(answer, Failed) else "no timed answer")
        if calls:  # the first call is slower than those whose time has to be foreseen
            longest_s = max(longest_s, now() - before_s)
        calls.append(answer)
    key = (slot.entry.label, slot.case.name)
    here = slot.entry.info.get("site", Site.PROCESS) == Site.PROCESS  # elsewhere nothing can be hooked
    if spec.profile and here and key not in work:
        counted = session.ask(("profiled", _of_call(requests, slot, 0)))
        if not isinstance(counted, Profiled):
            raise _SlotFailed(counted.reason if isinstance(counted, Failed) else "no profiled answer")
        work[key] = counted
    return [_measurement(slot, index, call, ready, work.get(key)) for index, call in enumerate(calls)]


def _of_call(requests: TimedRequests, slot: Slot, index: int) -> list[GenerationRequest]:
    try:
        return requests.of_call(slot, index)
    except (PromptError, RequestError, ClipError, DatasetError) as error:
        raise _SlotFailed(str(error)) from None


def _measurement(slot: Slot, index: int, call: Timed, ready: Ready, counted: Profiled | None) -> Measurement:
    asked = slot.case.num_frames
    counted_nfe = counted.nfe if counted else None
    return Measurement(
        generator=slot.entry.label,
        case=slot.case.name,
        round=slot.round,
        call="warm" if index else "first",
        load_s=ready.load_s,
        total_s=call.total_s,
        arrivals=returned_arrivals(call.arrivals, asked),
        frames_generated=sum(call.num_frames),
        frames_returned=sum(min(count, asked) for count in call.num_frames),
        batch=len(call.num_frames),
        height=call.height,
        width=call.width,
        fps=call.fps,
        phases=call.phases,
        peak_bytes=call.peak_bytes,
        baseline_bytes=ready.baseline_bytes if call.baseline_bytes is None else call.baseline_bytes,
        nfe=counted_nfe if counted_nfe is not None else _number(call.facts.get("nfe")),
        tokens=_number(call.facts.get("tokens")),
        kv_cache_bytes=_number(call.facts.get("kv_cache_bytes")),
        flops=counted.flops if counted else None,
        energy_j=call.energy_j,
        contended=call.contended,
        controls=call.controls,
    )


def returned_arrivals(
    arrivals: Sequence[tuple[float, int]], num_frames: int
) -> tuple[tuple[float, int], ...]:
    """Arrivals of the first `num_frames` frames: what was generated beyond them is trimmed away."""
    begins = itertools.accumulate((count for _, count in arrivals), initial=0)
    return tuple(
        (arrived_s, min(count, num_frames - begin))
        for (arrived_s, count), begin in zip(arrivals, begins, strict=False)
        if begin < num_frames
    )


def _number(fact: int | float | str | bool | None) -> float | None:
    return float(fact) if isinstance(fact, (int, float)) and not isinstance(fact, bool) else None
