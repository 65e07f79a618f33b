"""What a load says of a server: waiting times with the queue apart, deadlines, requests that were good.

Latency counts from the time when a request was due, not from when this client had a place for it: a server
that is slow would otherwise be asked more slowly, and look faster than it is. Requests that had not ended
with the load are slower than every one that had: a quantile that falls among them is not known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vbench_lite.errors import NotApplicable, SpecError
from vbench_lite.format import TIMES
from vbench_lite.measure.load import LoadRequest, LoadStep
from vbench_lite.measure.playback import LIVE_START_S, deadlines
from vbench_lite.metric import Estimate
from vbench_lite.run.load.driver import UNFINISHED, Load
from vbench_lite.stats.rates import quantile, rate_estimate

_UNITS = {**TIMES, "m": TIMES["min"]}


@dataclass(frozen=True)
class Objective:
    """What a request has to reach to count as good; None where nothing is asked.

    Attributes:
        latency_s, first_frame_s: at most.
        on_time: share of its frames that come by their deadlines, at least.
    """

    latency_s: float | None = None
    first_frame_s: float | None = None
    on_time: float | None = None

    @classmethod
    def of(cls, texts: Sequence[str]) -> Objective:
        """From texts such as `latency=2s`, `first_frame=500ms` and `on_time=0.95`.

        Raises:
            SpecError: a text is none of these, or a number cannot be reached.
        """
        found: dict[str, float] = {}
        for text in texts:
            name, _, value = text.partition("=")
            try:
                match name:
                    case "latency" | "first_frame":
                        found[f"{name}_s"] = seconds(value)
                    case "on_time" if 0 < float(value) <= 1:
                        found[name] = float(value)
                    case _:
                        raise ValueError
            except ValueError:
                raise SpecError(
                    f"objective {text!r} is none: give latency=2s, first_frame=500ms or on_time=0.95"
                ) from None
        return cls(**found)

    def is_met(self, request: LoadRequest, start_s: float) -> bool:
        """Whether a request did not fail and reached all of it."""
        if request.latency_s is None or request.first_frame_s is None:
            return False
        return (
            (self.latency_s is None or request.latency_s <= self.latency_s)
            and (self.first_frame_s is None or request.first_frame_s <= self.first_frame_s)
            and (self.on_time is None or on_time_share(request, start_s) >= self.on_time)
        )


def seconds(text: str) -> float:
    """What `2`, `2s`, `500ms`, `1.5min` or `1h` means in seconds; raises ValueError for anything else."""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = _UNITS.get(text[len(number) :] or "s")
    value = 0.0 if unit is None else float(number) * unit
    if not 0 < value < float("inf"):
        raise ValueError(f"{text!r} is no time above 0, such as 30s, 500ms or 2min")
    return value


def on_time_share(request: LoadRequest, start_s: float) -> float:
    """Share of a request's frames that came in time; the first is wanted `start_s` after it was due."""
    shifted = [(request.wait_s + at_s, count) for at_s, count in request.arrivals]
    return deadlines(shifted, request.fps, start_s).share


@dataclass(frozen=True)
class Spread:
    """Quantiles of a time in seconds; None where one lies among the requests that did not end."""

    p50: float | None
    p95: float | None
    p99: float | None

    @classmethod
    def of(cls, values: Sequence[float], unfinished: int) -> Spread:
        return cls(*(quantile(values, share, unfinished) for share in (0.5, 0.95, 0.99)))


@dataclass(frozen=True)
class StepSummary:
    """One step of a load.

    Attributes:
        rate, concurrency: of the step, as it was asked for. seconds: that it really was held.
        sent: requests that were due in it. failed, unfinished: of them.
        finished: requests that ended well a second, while it was held; None if none did.
        latency, first_frame: from the time when a request was due.
        wait: until it was sent. queue: in the server's queue, and work: the rest; None if it does not tell.
        on_time: share of the frames that came by their deadlines, over the requests that ended well.
        goodput: requests a second that met the objective, of those that ended while it was held.
        reasons: how often each failure came.
        backlog: requests that were due and had not ended: at the begin, in the middle and at the end.
        due_late: requests that were due in the second half.
    """

    rate: float | None
    concurrency: int | None
    seconds: float
    sent: int
    failed: int
    unfinished: int
    finished: Estimate | None
    latency: Spread
    first_frame: Spread
    wait: Spread
    queue: Spread | None
    work: Spread | None
    on_time: float | None
    goodput: float
    reasons: Mapping[str, int]
    backlog: tuple[int, int, int]
    due_late: int


def step_summaries(
    steps: Sequence[LoadStep], load: Load, objective: Objective, start_s: float = LIVE_START_S
) -> list[StepSummary]:
    """Sum up each step that was begun.

    Args:
        start_s: when the first frame is wanted, after the request was due.
    """
    edges = zip(load.begins_s, load.ends_s, strict=True)
    return [
        _summary(place, step, load.requests, edge, objective, start_s)
        for place, (step, edge) in enumerate(zip(steps, edges, strict=False))
    ]


def _summary(
    place: int,
    step: LoadStep,
    requests: Sequence[LoadRequest],
    edge: tuple[float, float],
    objective: Objective,
    start_s: float,
) -> StepSummary:
    begin_s, end_s = edge
    mine = [request for request in requests if request.step == place]
    good = [request for request in mine if request.reason is None]
    open_ones = sum(request.reason == UNFINISHED for request in mine)
    middle_s = (begin_s + end_s) / 2

    def spread(values: Sequence[float | None]) -> Spread:
        return Spread.of([value for value in values if value is not None], open_ones)

    def backlog(at_s: float) -> int:
        # A request that was cut off has no end of its own: it was still open.
        return sum(r.due_s <= at_s and (r.ended_s > at_s or r.reason == UNFINISHED) for r in requests)

    done = [r for r in requests if r.reason is None and begin_s < r.ended_s <= end_s]
    try:
        finished = rate_estimate([r.ended_s for r in done], begin_s)
    except NotApplicable:
        finished = None
    tells = bool(good) and all(request.queue_s is not None for request in good)
    return StepSummary(
        rate=step.rate,
        concurrency=step.concurrency,
        seconds=end_s - begin_s,
        sent=len(mine),
        failed=len(mine) - len(good) - open_ones,
        unfinished=open_ones,
        finished=finished,
        latency=spread([request.latency_s for request in good]),
        first_frame=spread([request.first_frame_s for request in good]),
        wait=spread([request.wait_s for request in good]),
        queue=spread([request.queue_s for request in good]) if tells else None,
        work=spread([request.work_s for request in good]) if tells else None,
        on_time=sum(on_time_share(r, start_s) for r in good) / len(good) if good else None,
        goodput=sum(objective.is_met(r, start_s) for r in done) / (end_s - begin_s)
        if end_s > begin_s
        else 0.0,
        reasons=dict(Counter(r.reason for r in mine if r.reason is not None and r.reason != UNFINISHED)),
        backlog=(backlog(begin_s), backlog(middle_s), backlog(end_s)),
        due_late=sum(middle_s < request.due_s <= end_s for request in requests),
    )
