"""The number that a requirement speaks of: a metric, an axis of the board, or a derived quantity.

A metric is looked up in the suite that was asked for and then in the run's other suites, so that a limit
on a stall can stand beside a ranking by the default suite.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from vbench_lite import registry
from vbench_lite.advise.requirements import Quantity
from vbench_lite.compare.differences import Side
from vbench_lite.errors import SpecError, VBenchLiteError
from vbench_lite.grouping import grouped
from vbench_lite.metric import Axis, Measurement
from vbench_lite.results.arms import Arm, Run, read_arms, suite_of
from vbench_lite.results.board import BoardRow
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.results.from_calls import estimate_from_calls, warm_calls
from vbench_lite.results.prices import declared_costs
from vbench_lite.stats.delta import Delta
from vbench_lite.stats.means import mean_estimate
from vbench_lite.stats.rounds import USUAL
from vbench_lite.store.run_names import in_words
from vbench_lite.store.schema import GeneratorEntry, Level, RunDocument
from vbench_lite.suite import load_suite

COVERAGE, COST, CLIP_SECONDS = "coverage", "cost_per_clip", "clip_seconds"
DERIVED = {
    COVERAGE: "share of requests that were answered",
    COST: "what a service takes for a clip, else the seconds of a call for each of its clips times "
    "--price-per-hour",
    CLIP_SECONDS: "length of the longest clip that was made",
}
LATENCY = "speed/latency_s"


@dataclass(frozen=True)
class Found:
    """A metric of a generator, where it was found."""

    estimate: MetricEstimate
    arm: Arm
    hardware: Mapping[str, Any]

    @property
    def side(self) -> Side:
        """The arm as one side of a comparison, without the controls of its run."""
        return Side(self.arm, None, (), self.hardware, occasions=USUAL)


class Numbers:
    """Every number that a requirement can ask for, by generator.

    A metric comes from the row of the board; else from another suite of its run; else from another run of
    the same generator (equal label and fingerprint), on equal hardware where it was timed. What a
    requirement asks of timed calls is taken from the calls of the run itself, where no suite has it.
    """

    def __init__(
        self, runs: Sequence[Run], *, support: Sequence[Run] = (), price_per_hour: float | None = None
    ) -> None:
        """Nothing is read before it is asked for. runs: those of the board; support: others, newest first."""
        self._price = price_per_hour
        self._runs = list({run.run_id: run for run in [*runs, *support]}.values())
        self._where: dict[str, str] = {}
        self._arms: dict[tuple[str, str], dict[str, Arm]] = {}
        self._calls: dict[tuple[str, str], dict[str, list[Measurement]]] = {}
        self._longest: dict[str, dict[str, float]] = {}
        self._costs: dict[str, Mapping[tuple[str, str], list[float]]] = {}

    @cached_property
    def _documents(self) -> dict[str, RunDocument]:
        return {run.run_id: run.document() for run in self._runs}

    @cached_property
    def _entries(self) -> dict[tuple[str, str], GeneratorEntry]:
        """What is stored of a generator, by its run and label."""
        documents = self._documents.items()
        return {(run, entry.label): entry for run, document in documents for entry in document.generators}

    @cached_property
    def _holders(self) -> dict[tuple[str, str], list[Run]]:
        """The runs that hold a generator, by its label and fingerprint."""
        runs = {run.run_id: run for run in self._runs}
        entries = self._entries.items()
        return grouped(((label, entry.fingerprint), runs[run]) for (run, label), entry in entries)

    def _same(self, row: BoardRow) -> list[Run]:
        """The runs that hold the generator of a row, its own first."""
        entry = self._entries.get((row.arm.run_id, row.arm.generator))
        if entry is None:
            return [run for run in self._runs if run.run_id == row.arm.run_id]
        holders = self._holders[entry.label, entry.fingerprint]
        return sorted(holders, key=lambda run: run.run_id != row.arm.run_id)

    def known(self, name: str, rows: Sequence[BoardRow]) -> None:
        """Check that a requirement speaks of something.

        Raises:
            SpecError: the name is no metric, no axis and no derived quantity.
        """
        stored = {metric for row in rows for metric in row.arm.estimates}
        names = {*DERIVED, *map(str, Axis), *stored, *registry.names("metrics")}
        if name not in names:
            near = difflib.get_close_matches(name, sorted(names), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "see: vbench-lite list metrics"
            raise SpecError(f"requirement on {name!r}: no metric, axis or quantity has that name; {hint}")

    def of(self, row: BoardRow, name: str) -> Quantity:
        """The number of one generator; without a value it says why, and what would measure it."""
        if name == COVERAGE:
            return _coverage(row.arm)
        if name == COST:
            return self.cost(row)
        if name == CLIP_SECONDS:
            return self._clip_seconds(row)
        if name in map(str, Axis):
            return _axis(row, Axis(name))
        found = self.find(row, name)
        if isinstance(found, Found):
            return _metric(found.estimate, found.arm)
        derived = self._from_calls(row, name)
        if derived is not None:
            return _metric(derived, row.arm)
        return Quantity(name, None, unit=metric_facts(name, {}).unit, reason=found)

    def find(self, row: BoardRow, metric: str) -> Found | str:
        """Where a metric of a generator has a value, or why it has none."""
        reasons = []
        mine = self._documents[row.arm.run_id].hardware
        for arm, hardware in self._places(row):
            measured = arm.estimates.get(metric)
            if measured is None:
                continue
            if measured.level is Level.CALL and hardware != mine:
                reasons.append(f"timed on other hardware in {in_words(self._documents[arm.run_id])}")
            elif measured.value is not None:
                return Found(measured, arm, hardware)
            elif measured.reason:
                reasons.append(measured.reason)
        if reasons:
            return reasons[0]
        if metric not in self._where:
            self._where[metric] = where(metric)
        return self._where[metric]

    def cost(self, row: BoardRow) -> Quantity:
        """Money for one clip: what its service took, else the price of an hour times the latency of a call,
        over the clips of that call.

        The time that a client waits for a service is no time of one's own machine.
        """
        if (told := self._declared(row)) is not None:
            return told
        if self._price is None:
            return Quantity(COST, None, reason="give the price of an hour with --price-per-hour")
        latency = self.of(row, LATENCY)
        factor = self._price / 3600 / self._clips_of_a_call(row)

        def cost(seconds: float | None) -> float | None:
            return None if seconds is None else seconds * factor

        return replace(
            latency,
            name=COST,
            unit="",
            value=cost(latency.value),
            low=cost(latency.low),
            high=cost(latency.high),
        )

    def _clips_of_a_call(self, row: BoardRow) -> int:
        """Of the timed calls that the latency is of: as their suite says, or as their run asked for."""
        found = self.find(row, LATENCY)
        arm = found.arm if isinstance(found, Found) else row.arm
        timed = suite_of(self._documents[arm.run_id], arm.suite).performance
        entry = self._entries.get((arm.run_id, arm.generator))
        asked = timed.batch if timed is not None else None
        return asked or (entry.batch if entry is not None else 1)

    def _declared(self, row: BoardRow) -> Quantity | None:
        """The mean of what clips of the row took by their generator's word; None where it said nothing."""
        run_id = row.arm.run_id
        if run_id not in self._costs:
            run = next((run for run in self._runs if run.run_id == run_id), None)
            self._costs[run_id] = {} if run is None else declared_costs(run)
        costs = self._costs[run_id].get((row.arm.generator, row.arm.suite))
        if not costs:
            return None
        mean, n = sum(costs) / len(costs), len(costs)
        if len(set(costs)) == 1:
            return Quantity(COST, mean, low=mean, high=mean, n=n, exact=True)
        low, high = Delta.of(np.array(costs)).interval()
        return Quantity(COST, mean, low=low, high=high, n=n)

    def _places(self, row: BoardRow) -> Iterator[tuple[Arm, Mapping[str, Any]]]:
        """Arms of the same generator: the row's own, then other suites and runs."""
        yield row.arm, self._documents[row.arm.run_id].hardware
        for run in self._same(row):
            document = self._documents[run.run_id]
            for content in document.suites:
                name = str(content["name"])
                if (run.run_id, name) == (row.arm.run_id, row.arm.suite):
                    continue
                if (run.run_id, name) not in self._arms:
                    arms = read_arms(run, name)
                    self._arms[run.run_id, name] = {arm.generator: arm for arm in arms}
                if (arm := self._arms[run.run_id, name].get(row.arm.generator)) is not None:
                    yield arm, document.hardware

    def _from_calls(self, row: BoardRow, metric: str) -> MetricEstimate | None:
        """A metric of timed calls that no suite of the run has, from the calls that it stored."""
        run = next((run for run in self._runs if run.run_id == row.arm.run_id), None)
        if run is None or metric in row.arm.estimates:
            return None
        key = run.run_id, row.arm.suite
        if key not in self._calls:
            self._calls[key] = warm_calls(run, row.arm.suite)
        return estimate_from_calls(self._calls[key].get(row.arm.generator, ()), metric)

    def _clip_seconds(self, row: BoardRow) -> Quantity:
        made, most = self._made_seconds(row), self._most_seconds(row)
        if made is None:
            return Quantity(CLIP_SECONDS, None, unit="s", reason="no clip of a known length in this run")
        if most is not None and most <= made:
            return Quantity(CLIP_SECONDS, made, n=row.arm.ok, unit="s", exact=True)
        reason = "longer clips were not asked for in these runs"
        most = math.inf if most is None else most
        return Quantity(CLIP_SECONDS, made, made, most, row.arm.ok, _clips(row.arm), "s", reason)

    def _made_seconds(self, row: BoardRow) -> float | None:
        """Length of the longest clip that the generator returned in any of the runs."""
        longest = 0.0
        for run in self._same(row):
            if run.run_id not in self._longest:
                self._longest[run.run_id] = _longest_clips(run)
            longest = max(longest, self._longest[run.run_id].get(row.arm.generator, 0.0))
        return longest or None

    def _most_seconds(self, row: BoardRow) -> float | None:
        """Length of the longest clip that the generator says it can make, at the suite's rate."""
        entry = self._entries.get((row.arm.run_id, row.arm.generator))
        most = (entry.info.get("frames") or {}).get("maximum") if entry is not None else None
        return None if most is None else float(most) / row.suite.request.fps


def _longest_clips(run: Run) -> dict[str, float]:
    """Seconds of the longest clip that a run holds of each generator, of samples and timed calls."""
    longest: dict[str, float] = {}
    for kind, frames in (("sample", "num_frames"), ("measurement", "frames_returned")):
        for record in run.table(kind, ("generator", "status", frames, "fps")).to_pylist():
            if record.get("status", "ok") == "ok" and record[frames] and record["fps"]:
                seconds = float(record[frames]) / float(record["fps"])
                longest[record["generator"]] = max(longest.get(record["generator"], 0.0), seconds)
    return longest


def where(metric: str) -> str:
    """What to run for a metric that a run does not have."""
    area = metric.split("/")[0]
    for name in sorted(registry.names("suites"), key=lambda name: (name != area, name != "quick", name)):
        try:
            suite = load_suite(name)
        except VBenchLiteError:
            continue
        if metric in suite.metrics:
            return f"not in this run; it is in: vbench-lite run --suite {name}"
    return "not in this run; put it into a suite, or: vbench-lite score RUN --metric " + metric


def _metric(measured: MetricEstimate, arm: Arm) -> Quantity:
    low, high = measured.facts.bounds
    call = measured.level is Level.CALL
    # Counts and peaks that are equal in every call are what they are; clips could still have varied.
    steady = call and measured.low is None and len(measured.calls) > 1
    n, units = len(arm.prompts), _clips(arm)
    if call or measured.facts.axis == Axis.PREFERENCE:
        n, units = measured.n, "rounds" if call else "votes"
    return Quantity(
        measured.metric,
        measured.value,
        measured.value if steady else measured.low,
        measured.value if steady else measured.high,
        n,
        units,
        measured.facts.unit,
        on_bound=measured.value in (low, high),
    )


def _axis(row: BoardRow, axis: Axis) -> Quantity:
    score = row.axes.get(axis)
    if score is None:
        return Quantity(str(axis), None, reason=f"suite {row.suite.name} has no axis {axis}")
    if score.value is None:
        return Quantity(str(axis), None, reason=score.reason)
    counted = {Axis.SPEED: "rounds", Axis.MEMORY: "rounds", Axis.PREFERENCE: "votes"}.get(axis)
    n, units = (score.n, counted) if counted else (len(row.arm.prompts), _clips(row.arm))
    return Quantity(str(axis), score.value, score.low, score.high, n, units)


def _coverage(arm: Arm) -> Quantity:
    if arm.ok == arm.planned:
        answers = [(prompt, True) for prompt in arm.prompts]
    else:
        answers = [(request[0], sample in arm.clips) for sample, request in sorted(arm.requests.items())]
    if not answers:
        return Quantity(COVERAGE, None, reason="no request in this run")
    prompts = [prompt for prompt, _ in answers]
    found = mean_estimate([float(answered) for _, answered in answers], prompts, bounds=(0.0, 1.0))
    n = len(set(prompts))
    units = "clips" if n == arm.planned else "prompts"
    return Quantity(
        COVERAGE, found.value, found.low, found.high, n, units, on_bound=found.value in (0.0, 1.0)
    )


def _clips(arm: Arm) -> str:
    """What a prompt is counted as: with one clip a prompt the two are the same."""
    return "clips" if len(arm.prompts) == arm.ok else "prompts"
