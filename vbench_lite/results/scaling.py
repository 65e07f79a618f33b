"""How time and memory of each generator grow with the request: from timed calls to fits.

Reads the sweep of a suite (`performance.sweep`) out of a run's timed calls. Each process gives one
observation a size, the median of its warm calls. The check length of a sweep is kept out of every
fit and compared with what the fit says of it.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Measurement
from vbench_lite.stats.scaling import (
    Crossing,
    Interval,
    Line,
    find_crossing,
    fit_line,
    fit_power,
    largest_within,
)
from vbench_lite.store.schema import RunDocument
from vbench_lite.suite import Suite, parse_suite

SWEEPS = ("frames", "side", "steps", "batch")


@dataclass(frozen=True)
class Point:
    """What was measured at one size.

    Attributes:
        size: frames of a clip, side in pixels, steps, or clips in a call, as really made.
        rounds: the round of each process, in the order of `seconds` and `peak_bytes`.
        seconds: latency, the median of each process's warm calls.
        peak_bytes: peak with imports, likewise; empty where it is unknown.
    """

    size: float
    rounds: tuple[int, ...]
    seconds: tuple[float, ...]
    peak_bytes: tuple[float, ...]


@dataclass(frozen=True)
class Check:
    """One size beyond the sweep: what the fits said, and what came.

    Attributes:
        seconds_within, peak_within: whether the measured value lies in the predicted interval.
    """

    size: float
    seconds: float
    seconds_predicted: Interval
    seconds_within: bool
    peak_bytes: float | None
    peak_predicted: Interval | None
    peak_within: bool | None


@dataclass(frozen=True)
class Curve:
    """How one generator grows along one sweep.

    Attributes:
        exponent: p of seconds = c size^p over the measured sizes; None with a reason.
        fits_well: share of the variance of log seconds that the power law explains.
        bytes_per_unit: memory that one more frame (pixel of side, step, clip) takes.
        largest: the largest size within the memory limit; None where memory does not grow.
        contended: warm calls during which another process was busy.
        reasons: why something above is None, by its name.
    """

    generator: str
    sweep: str
    points: tuple[Point, ...]
    exponent: Interval | None
    fits_well: float | None
    bytes_per_unit: Interval | None
    largest: Interval | None
    check: Check | None
    calls: int
    contended: int
    reasons: Mapping[str, str]


@dataclass(frozen=True)
class Overtaking:
    """Whether and where one generator becomes slower than another within the measured sizes."""

    sweep: str
    first: str
    second: str
    crossing: Crossing

    def sentence(self) -> str:
        """One line for a reader."""
        names = (self.first, self.second)
        found = self.crossing
        if found.at is not None and found.smaller_below is not None:
            faster, slower = names[found.smaller_below], names[1 - found.smaller_below]
            return (
                f"{slower} overtakes {faster} at {self.sweep} {found.at.value:.3g} "
                f"({found.at.low:.3g} to {found.at.high:.3g}): {faster} is faster below, {slower} above"
            )
        if found.smaller_below is not None and found.smaller_below == found.smaller_above:
            faster, slower = names[found.smaller_below], names[1 - found.smaller_below]
            return f"{faster} is faster than {slower} over all of {self.sweep}: no crossing in range"
        return f"{self.first} and {self.second} over {self.sweep}: too close to say where they cross"


@dataclass(frozen=True)
class ScalingReport:
    """Everything a scaling run says."""

    suite: str
    memory_limit_bytes: float
    curves: tuple[Curve, ...]
    overtakings: tuple[Overtaking, ...]

    def disturbed(self, sweep: str) -> str | None:
        """How many calls of a sweep other processes disturbed; None where there are none."""
        curves = [curve for curve in self.curves if curve.sweep == sweep]
        contended, calls = sum(curve.contended for curve in curves), sum(curve.calls for curve in curves)
        if not contended:
            return None
        return (
            f"{contended} of {calls} calls were disturbed by other processes; "
            "time again with run --retime --when-idle"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values: curves with points and fits, crossings with a sentence each."""
        return {
            "suite": self.suite,
            "memory_limit_bytes": self.memory_limit_bytes,
            "curves": [asdict(curve) for curve in self.curves],
            "crossings": [
                {
                    "sweep": pair.sweep,
                    "first": pair.first,
                    "second": pair.second,
                    "state": str(pair.crossing.state),
                    "at": asdict(pair.crossing.at) if pair.crossing.at else None,
                    "sentence": pair.sentence(),
                }
                for pair in self.overtakings
            ],
        }


class TimedRun(Protocol):
    """A run as far as scaling reads it; `store.rundir.RunDir` is one."""

    def document(self) -> RunDocument: ...
    def calls(self, suite: str) -> list[Measurement]: ...


def run_scaling(run: TimedRun, suite: str | None = None) -> list[ScalingReport]:
    """The reports of a run: one for each of its suites that has a sweep, or for the named one.

    The limit of the largest request is the memory of the machine that the run was made on, or of its
    first accelerator.
    """
    document = run.document()
    contents = [content for content in document.suites if suite in (None, content["name"])]
    suites = [parse_suite(content, f"run {document.run_id}") for content in contents]
    return [
        scaling_report(run.calls(each.name), each, memory_limit(document.hardware))
        for each in suites
        if each.performance and each.performance.sweep
    ]


def memory_limit(hardware: Mapping[str, Any]) -> float:
    """Bytes that a request may take on a machine: of its first accelerator, else its main memory."""
    devices = [device for device in hardware.get("devices", []) if device.get("memory_bytes")]
    return float(devices[0]["memory_bytes"] if devices else hardware["memory_bytes"])


def scaling_report(calls: Sequence[Measurement], suite: Suite, memory_limit_bytes: float) -> ScalingReport:
    """Fit the sweep of a suite.

    Args:
        calls: timed calls of that suite; calls of its base request are left out.
        memory_limit_bytes: for the largest request; the machine's memory, say.
    """
    asked = suite.performance.sweep if suite.performance else None
    check = asked.check_frames if asked else None
    curves = []
    for sweep, group in _by_sweep(calls).items():
        for generator in dict.fromkeys(call.generator for call in group):
            mine = [call for call in group if call.generator == generator]
            curves.append(_curve(generator, sweep, mine, check, memory_limit_bytes))
    pairs = [
        _overtaking(first, second)
        for first, second in itertools.combinations(curves, 2)
        if first.sweep == second.sweep
    ]
    return ScalingReport(
        suite.name, memory_limit_bytes, tuple(curves), tuple(pair for pair in pairs if pair is not None)
    )


def _by_sweep(calls: Iterable[Measurement]) -> dict[str, list[Measurement]]:
    groups: dict[str, list[Measurement]] = defaultdict(list)
    for call in calls:
        sweep, equals, _ = call.case.partition("=")
        if equals and sweep in SWEEPS and call.call == "warm":
            groups[sweep].append(call)
    return {sweep: groups[sweep] for sweep in SWEEPS if sweep in groups}


def _curve(
    generator: str, sweep: str, calls: Sequence[Measurement], check: int | None, limit_bytes: float
) -> Curve:
    check_case = f"frames={check}"
    points = _points(sweep, [call for call in calls if call.case != check_case])
    beyond = _points(sweep, [call for call in calls if call.case == check_case])
    reasons: dict[str, str] = {}
    seconds = _fit(reasons, "exponent", fit_power, points, lambda point: point.seconds)
    memory = _fit(reasons, "bytes_per_unit", fit_line, points, lambda point: point.peak_bytes)
    largest = largest_within(memory, limit_bytes) if memory else None
    if largest is None:
        reasons["largest"] = (
            "memory does not grow measurably over the sweep" if memory else reasons["bytes_per_unit"]
        )
    return Curve(
        generator=generator,
        sweep=sweep,
        points=tuple(points),
        exponent=seconds.slope_interval() if seconds else None,
        fits_well=seconds.r_squared if seconds else None,
        bytes_per_unit=memory.slope_interval() if memory else None,
        largest=largest,
        check=_check(beyond[0], seconds, memory) if beyond and seconds else None,
        calls=len(calls),
        contended=sum(call.contended for call in calls),
        reasons=reasons,
    )


def _points(sweep: str, calls: Sequence[Measurement]) -> list[Point]:
    """Points in order of size, each with one value a process."""
    processes: dict[float, dict[int, list[Measurement]]] = defaultdict(lambda: defaultdict(list))
    for call in calls:
        processes[_size(sweep, call)][call.round].append(call)
    points = []
    for size in sorted(processes):
        rounds = dict(sorted(processes[size].items()))
        peaks = [[c.peak_bytes for c in group if c.peak_bytes is not None] for group in rounds.values()]
        points.append(
            Point(
                size,
                tuple(rounds),
                tuple(float(np.median([c.total_s for c in group])) for group in rounds.values()),
                tuple(float(np.median(group)) for group in peaks) if all(peaks) else (),
            )
        )
    return points


def _size(sweep: str, call: Measurement) -> float:
    if sweep == "frames":
        return call.frames_generated / call.batch
    if sweep == "side":
        return math.sqrt(call.height * call.width)
    if sweep == "batch":
        return float(call.batch)
    return float(call.case.partition("=")[2])


def _fit(
    reasons: dict[str, str],
    name: str,
    fit: Callable[[Sequence[float], Sequence[float]], Line],
    points: Sequence[Point],
    values: Callable[[Point], Sequence[float]],
) -> Line | None:
    sizes = [point.size for point in points for _ in values(point)]
    try:
        return fit(sizes, [value for point in points for value in values(point)])
    except NotApplicable as error:
        reasons[name] = str(error)
        return None


def _check(beyond: Point, seconds: Line, memory: Line | None) -> Check:
    told = seconds.prediction(math.log(beyond.size))
    told_s = Interval(*(math.exp(end) for end in (told.value, told.low or 0.0, told.high or 0.0)))
    took_s = float(np.median(beyond.seconds))
    peak = float(np.median(beyond.peak_bytes)) if beyond.peak_bytes else None
    told_bytes = memory.prediction(beyond.size) if memory else None
    return Check(
        beyond.size,
        took_s,
        told_s,
        _within(took_s, told_s),
        peak,
        told_bytes,
        _within(peak, told_bytes) if peak is not None and told_bytes is not None else None,
    )


def _within(value: float, told: Interval) -> bool:
    return (told.low is None or told.low <= value) and (told.high is None or value <= told.high)


def _overtaking(first: Curve, second: Curve) -> Overtaking | None:
    """Compare two curves on the sizes and rounds that both have; None where that is too little."""
    theirs = {
        (point.size, number): value
        for point in second.points
        for number, value in zip(point.rounds, point.seconds, strict=True)
    }
    both = [
        (point.size, value, theirs[point.size, number])
        for point in first.points
        for number, value in zip(point.rounds, point.seconds, strict=True)
        if (point.size, number) in theirs
    ]
    try:
        crossing = find_crossing(*([row[i] for row in both] for i in range(3)))
    except NotApplicable:  # not a fault: two generators that share too few sizes cannot be compared
        return None
    return Overtaking(first.sweep, first.generator, second.generator, crossing)
