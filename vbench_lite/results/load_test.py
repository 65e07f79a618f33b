"""One load test: a server is put under load, and what came of it becomes a document."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from vbench_lite.errors import SpecError
from vbench_lite.measure.hardware import environment
from vbench_lite.measure.load import LoadStep
from vbench_lite.measure.playback import LIVE_START_S
from vbench_lite.results.load import Objective, StepSummary, step_summaries
from vbench_lite.results.load_store import LoadDocument
from vbench_lite.results.saturation import Saturation, levels_off, piles_up, saturation
from vbench_lite.run.load.driver import Client, Driver, Load
from vbench_lite.run.load.schedule import Arrival, due_times, steps

_BUSY = 0.8  # of one processor, from which on this client, whose threads share an interpreter, may be slow


@dataclass(frozen=True)
class LoadPlan:
    """What is asked of a load test.

    Attributes:
        rate: requests a second of an open loop, from the first step to the last. concurrency: requests under
            way of a closed one. One of them is given.
        seconds: how long requests are sent, over all steps.
        arrivals, seed: of an open loop, see `schedule.due_times`.
        start_s: when the first frame is wanted after its request.
        most_requests, most_under_way, drain_s: bounds, see `Driver`.
    """

    rate: tuple[float, float] | None
    concurrency: tuple[int, int] | None
    seconds: float = 60.0
    arrivals: Arrival = "poisson"
    seed: int = 0
    objective: Objective = field(default_factory=Objective)
    start_s: float = LIVE_START_S
    most_requests: int = 1000
    most_under_way: int = 64
    drain_s: float = 60.0

    def steps(self) -> list[LoadStep]:
        """The loads, in rising order; raises SpecError where neither or both loops are asked for."""
        if (self.rate is None) == (self.concurrency is None):
            raise SpecError("give one of --rate R (open loop) and --concurrency C (closed loop)")
        return steps(self.seconds, rate=self.rate, concurrency=self.concurrency)


@dataclass(frozen=True)
class LoadResult:
    """What came of a load test; times of `load` are in seconds since it began."""

    plan: LoadPlan
    load: Load
    steps: tuple[StepSummary, ...]
    saturation: Saturation
    notes: tuple[str, ...]

    def document(self, generator: dict[str, Any]) -> LoadDocument:
        """The form in which it is stored and printed as JSON."""
        return LoadDocument(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            generator=generator,
            asked=asdict(self.plan),
            steps=[_plain(asdict(step)) for step in self.steps],
            saturation=_plain(asdict(self.saturation)),
            requests=[asdict(request) for request in self.load.requests],
            interrupted=self.load.interrupted,
            notes=list(self.notes),
            environment=environment(),
        ).named()


def put_under_load(
    connect: Callable[[], Client], plan: LoadPlan, tell: Callable[[int, int, float], None] = lambda *_: None
) -> LoadResult:
    """Put a server under load, step by step until it is saturated.

    Args:
        connect: makes a client; `tell` hears how far it is, see `Driver`.
    """
    asked = plan.steps()

    def goes_on(so_far: Load) -> bool:
        found = step_summaries(asked, so_far, plan.objective, plan.start_s)
        return not (piles_up(found[-1]) if plan.concurrency is None else levels_off(found))

    driver = Driver(
        connect,
        most_under_way=plan.most_under_way if plan.concurrency is None else plan.concurrency[1],
        most_requests=plan.most_requests,
        drain_s=plan.drain_s,
        tell=tell,
    )
    began_s, used_s = time.monotonic(), time.process_time()
    load = driver.run(
        asked,
        lambda place, step: due_times(step.rate or 0.0, step.seconds, plan.arrivals, plan.seed + place),
        goes_on,
    )
    busy = (time.process_time() - used_s) / (time.monotonic() - began_s)
    notes = list(load.notes)
    if busy > _BUSY:
        notes.append(f"this client used {busy:.0%} of a processor: it may be what is slow, not the server")
    found = step_summaries(asked, load, plan.objective, plan.start_s)
    return LoadResult(plan, load, tuple(found), saturation(found), tuple(notes))


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what an estimate has only within a run."""
    for name in ("finished", "rate"):
        if isinstance(fields.get(name), dict):
            fields[name] = {key: fields[name][key] for key in ("value", "low", "high", "n", "note")}
    return fields
