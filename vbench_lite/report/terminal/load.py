"""A load on a terminal: a row for each step, waiting times with the queue apart, the saturation point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from vbench_lite.format import NONE, number, percent, plural, significant, with_interval
from vbench_lite.results.load import Spread, StepSummary
from vbench_lite.results.load_test import LoadResult

HEADINGS = ("load", "sent", "failed", "done/s", "p50", "p95", "p99", "first p95", "on time", "good/s")
_MOST_LISTED = 5  # causes of failures; the stored document has every request


def step_rows(steps: Sequence[StepSummary]) -> list[list[str]]:
    """Each step in one row under `HEADINGS`, at most 80 characters wide."""
    return [
        [
            load_of(step),
            f"{step.sent}",
            f"{step.failed + step.unfinished}",
            NONE if step.finished is None else significant(step.finished.value),
            *(_seconds(value) for value in (step.latency.p50, step.latency.p95, step.latency.p99)),
            _seconds(step.first_frame.p95),
            NONE if step.on_time is None else percent(step.on_time),
            significant(step.goodput),
        ]
        for step in steps
    ]


def load_of(step: StepSummary) -> str:
    """`4/s` of an open loop, `8 open` of a closed one."""
    return f"{step.concurrency} open" if step.rate is None else f"{significant(step.rate)}/s"


def spread_rows(step: StepSummary) -> list[list[str]]:
    """The waiting times of one step: what it is, and its quantiles."""
    parts: list[tuple[str, Spread | None]] = [
        ("latency, from when it was due", step.latency),
        ("  until it was sent", step.wait),
        ("  in the server's queue", step.queue),
        ("  at work", step.work),
        ("first frame, from when it was due", step.first_frame),
    ]
    return [
        [name, *(_seconds(value) for value in (spread.p50, spread.p95, spread.p99))]
        for name, spread in parts
        if spread is not None
    ]


def heading(label: str, adapter: str, result: LoadResult) -> str:
    """What was loaded and how, in one line."""
    loop = "open loop" if result.plan.concurrency is None else "closed loop"
    held = sum(step.seconds for step in result.steps)
    ended = ", interrupted" if result.load.interrupted else ""
    return f"{label} ({adapter}), {loop}, {held:.0f} s, {plural(len(result.load.requests), 'request')}{ended}"


def closing_lines(result: LoadResult) -> list[str]:
    """What the tables do not hold: the saturation point, what counts as good, what failed, what to know."""
    found, objective = result.saturation, result.plan.objective
    rate = "" if found.rate is None else f"{with_interval(found.rate)} requests a second; "
    lines = ["", f"saturation: {rate}{found.words}"]
    asked = [
        f"latency at most {number(objective.latency_s, 's')}" if objective.latency_s else "",
        f"first frame within {number(objective.first_frame_s, 's')}" if objective.first_frame_s else "",
        f"{percent(objective.on_time)} of the frames on time" if objective.on_time else "",
    ]
    lines.append(f"good: {', '.join(filter(None, asked)) or 'whatever did not fail (no --objective)'}")
    lines.append(f"on time: the first frame is wanted {number(result.plan.start_s, 's')} after its request")
    if unfinished := sum(step.unfinished for step in result.steps):
        lines.append(f"{plural(unfinished, 'request')} had not ended; times that fall among those are a dash")
    reasons: Counter[str] = Counter()
    for step in result.steps:
        reasons.update(step.reasons)
    lines += [f"failed, {count} times: {reason}" for reason, count in reasons.most_common(_MOST_LISTED)]
    return [*lines, *(f"! {note}" for note in result.notes)]


def _seconds(value: float | None) -> str:
    return number(value, "s")
