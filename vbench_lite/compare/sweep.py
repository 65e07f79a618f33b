"""Settings of one generator against its base: what each is faster by, and what it costs.

Everything is read from one run. Speed and memory are ratios of interleaved rounds, as `differences` has
them; an axis is the paired difference of axis scores, as the leaderboard has them; both are judged with the
margins of the policy. All axes of all settings are one family (Holm), so that a sweep of settings that are
no worse calls one REGRESSED as rarely as a single comparison does. Settings that change no clip are facts
and ask no question.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from vbench_lite.compare.differences import Pairing, Side, Subtracted, pair, subtract
from vbench_lite.compare.nearness import nearness
from vbench_lite.compare.policy import Policy, load_policy
from vbench_lite.compare.sweep_table import AxisChange, Ratio, SweepRow, SweepTable
from vbench_lite.compare.tradeoff import classify, on_front
from vbench_lite.errors import IncomparableError, StoreError
from vbench_lite.format import listed, percent, plural
from vbench_lite.grouping import grouped
from vbench_lite.metric import Axis
from vbench_lite.results.arms import Arm, Run, read_arms, scale_ends, suite_of
from vbench_lite.results.axes import RELATIVE_AXES, AxisScore, axis_score, difference, named_ends
from vbench_lite.results.measured import joint_blocks
from vbench_lite.run.plan.sweep import LATENCY, MEMORY, MOTION, STAGES
from vbench_lite.stats.delta import Delta
from vbench_lite.stats.multiple import holm
from vbench_lite.stats.noninferiority import Question, Verdict, decide, worst
from vbench_lite.stats.power import units_to_settle
from vbench_lite.store.columns import texts
from vbench_lite.store.json_text import json_object
from vbench_lite.store.schema import RunDocument


def sweep(run: Run, *, suite: str | None = None, policy: Policy | None = None) -> SweepTable:
    """Hold the settings of a stored sweep against its base.

    Args:
        suite: its name; None takes the first.
        policy: None takes the default one.

    Raises:
        StoreError: the run is no sweep, or has no such suite.
    """
    document, policy = run.document(), policy or load_policy()
    if document.sweep is None:
        raise StoreError(f"run {run.run_id} is no sweep; make one with: vbench-lite sweep SPEC.yaml")
    reader = _Reader(run, document, suite or str(document.suites[0]["name"]), policy)
    rows = [reader.row(arm) for arm in reader.settings]
    floors = {name: reader.row(arm) for name, arm in reader.floors.items()}
    rows = on_front(_judged(rows, policy), reader.base_axes, policy)
    rows = [replace(row, kind=classify(row, policy)) for row in rows]
    return SweepTable(
        run=run.run_id,
        suite=reader.suite,
        policy=policy,
        base=reader.base.settings,
        samples=reader.base.planned,
        rows=tuple(rows),
        floors=floors,
        notes=tuple(_notes(rows, floors)),
    )


class _Reader:
    """One suite of a sweep's run, read once."""

    def __init__(self, run: Run, document: RunDocument, name: str, policy: Policy) -> None:
        roles = document.sweep
        assert roles is not None
        self.suite, self.policy = suite_of(document, name), policy
        arms = {arm.generator: arm for arm in read_arms(run, name)}
        if roles["base"] not in arms:
            raise StoreError(f"run {run.run_id} has no base; run its sweep again")
        self.base = arms[roles["base"]]
        self.floors = {role: arms[label] for role, label in roles.items() if role != "base" and label in arms}
        self.settings = [
            arm for label, arm in arms.items() if label not in roles.values() and arm.control is None
        ]
        self.real, self.controls = scale_ends(arms.values())
        self.blocks = joint_blocks(list(arms.values()))
        self.hardware = document.hardware
        self.noted: dict[str, list[str]] = {}
        table = run.table("sample", ("generator", "suite", "facts"))
        columns = (
            texts(table, column).of(np.arange(len(table))) for column in ("generator", "suite", "facts")
        )
        for label, suite, facts in zip(*columns, strict=True):
            if suite == name and facts:
                self.noted.setdefault(label, []).append(facts)
        self.base_axes = self.scores(self.base)
        seeds = self.floors.get("seeds")
        self.seeds = None if seeds is None else self.of_base_seeds(seeds)

    def subtracted(self, metric: str, arm: Arm, pairing: Pairing) -> Subtracted:
        """An arm less the base; raises IncomparableError."""
        base, own = (
            Side(one, self.real, self.controls, self.hardware, named_ends(self.suite))
            for one in (self.base, arm)
        )
        return subtract(metric, base, own, pairing, self.policy.minimum_overlap)

    def of_base_seeds(self, arm: Arm) -> Arm:
        """An arm whose clips stand for those of the base of the same sample, whatever their seeds."""
        requests = {name: self.base.requests.get(name, asked) for name, asked in arm.requests.items()}
        return replace(arm, requests=requests)

    def scores(self, arm: Arm) -> dict[Axis, AxisScore]:
        """Scores of the axes that need no clock; speed and memory have columns of their own."""
        return {
            axis: axis_score(axis, spec, arm, self.real, self.controls, self.blocks)
            for axis, spec in self.suite.axes.items()
            if axis not in RELATIVE_AXES
        }

    def row(self, arm: Arm) -> SweepRow:
        arm = self.of_base_seeds(arm)
        pairing = pair(self.base, arm)
        usual = self.base.settings
        stages = {name: self.ratio(metric, arm, pairing) for name, metric in STAGES.items()}
        return SweepRow(
            setting=arm.generator,
            identical=pairing.identical,
            changed={key: value for key, value in arm.settings.items() if usual.get(key) != value},
            speed=self.ratio(LATENCY, arm, pairing),
            stages={name: ratio for name, ratio in stages.items() if ratio.own is not None},
            memory=self.ratio(MEMORY, arm, pairing),
            near=nearness(arm, self.seeds, pairing.identical),
            motion=self.motion(arm, pairing),
            axes=self.changes(arm, pairing.identical),
            facts=tuple(_cache_facts(self.noted.get(arm.generator, ()))),
        )

    def ratio(self, metric: str, arm: Arm, pairing: Pairing) -> Ratio:
        """A number of timed calls as a multiple of the base's."""
        base, own = self.base.value(metric), arm.value(metric)
        try:
            found = self.subtracted(metric, arm, pairing)
        except IncomparableError as error:
            return Ratio(None, base=base, own=own, reason=str(error))
        if not found.logarithmic:
            return Ratio(None, base=base, own=own, reason="a number that may be 0 has no ratio")
        down, up = found.delta.interval()  # + is better, and less is better
        return Ratio(math.exp(-found.delta.value), math.exp(-up), math.exp(-down), base, own)

    def motion(self, arm: Arm, pairing: Pairing) -> Ratio:
        """Motion amount as a multiple of the base's, whose own mean is taken as given."""
        try:
            found = self.subtracted(MOTION, arm, pairing)
        except IncomparableError as error:
            return Ratio(None, reason=str(error))
        if found.baseline <= 0:
            return Ratio(None, base=found.baseline, own=found.candidate, reason="nothing moves in the base")
        low, high = (1 + end / found.baseline for end in found.delta.interval())
        value = found.candidate / found.baseline
        return Ratio(value, low, high, found.baseline, found.candidate)

    def changes(self, arm: Arm, identical: bool) -> dict[Axis, AxisChange]:
        """Differences of the axis scores, not yet judged."""
        scores = self.scores(arm)
        return {axis: self.change(arm, self.base_axes[axis], scores[axis], identical) for axis in scores}

    def change(self, arm: Arm, base: AxisScore, own: AxisScore, identical: bool) -> AxisChange:
        for score in (base, own):
            if score.value is None:
                return AxisChange(own.value, None, reason=score.reason)
        if identical:
            return AxisChange(own.value, Delta(0.0, 0.0, 1.0, own.n), Verdict.PASS)
        if arm.ok < arm.planned or self.base.ok < self.base.planned:
            short = arm if arm.ok < arm.planned else self.base
            reason = f"{short.generator} made {short.ok} of {short.planned} samples"
            return AxisChange(own.value, None, verdict=Verdict.INCOMPARABLE, reason=reason)
        found = difference(own, base)
        why = None if math.isfinite(found.se) else "too few prompts for an interval"
        return AxisChange(own.value, found.delta(min(own.n, len(arm.prompts))), reason=why)


def _cache_facts(noted: Iterable[str]) -> Iterator[str]:
    """What calls noted of a cache: whether it ever did anything."""
    shares: dict[str, list[float]] = {}
    for text in noted:
        facts = json_object(text, lambda: "what was noted of a sample")
        if isinstance(share := facts.get("cache_hit_share"), float | int):
            shares.setdefault(str(facts.get("cache")), []).append(float(share))
    for name, found in shares.items():
        if max(found) == 0:
            yield f"its cache, {name}, never hits: nothing left out in {plural(len(found), 'call')}"
        else:
            yield f"its cache, {name}, left out {percent(float(np.mean(found)))} of the attentions"


# --- judged together ------------------------------------------------------------------------------


def _judged(rows: Sequence[SweepRow], policy: Policy) -> list[SweepRow]:
    """Every axis of every setting, one family."""
    asked: list[tuple[int, Axis]] = []
    questions: list[Question] = []
    for place, row in enumerate(rows):
        for axis, change in row.axes.items():
            if change.difference is not None and change.verdict is None:
                asked.append((place, axis))
                questions.append(Question(change.difference, policy.margin_fraction))
    judged = [dict(row.axes) for row in rows]
    for (place, axis), decision in zip(asked, decide(questions, holm, policy.alpha), strict=True):
        change = judged[place][axis]
        more = None
        if (
            decision.verdict is Verdict.INCONCLUSIVE
            and change.ci is not None
            and change.difference is not None
        ):
            level = policy.alpha / len(asked)
            more = units_to_settle(change.difference, policy.margin_fraction, alpha=level)
        judged[place][axis] = replace(
            change, verdict=decision.verdict, p_value=decision.p_value, more_prompts=more
        )
    return [
        replace(row, axes=axes, verdict=_gravest(axes.values()))
        for row, axes in zip(rows, judged, strict=True)
    ]


def _gravest(changes: Iterable[AxisChange]) -> Verdict | None:
    verdicts = [change.verdict for change in changes if change.verdict is not None]
    return worst(verdicts) if verdicts else None


def _notes(rows: Sequence[SweepRow], floors: Mapping[str, SweepRow]) -> Iterator[str]:
    """What keeps numbers away, each reason once, and noise where none should be."""
    again = floors.get("again")
    if again is not None and not again.identical:
        yield "the base made again gives other clips from the same seeds: no setting can be nearer than that"
    reasons = grouped((reason, row.setting) for row in rows for reason in (*row.facts, *_lacking(row)))
    for reason, settings in reasons.items():
        yield f"{listed(settings) if len(settings) < max(len(rows), 2) else 'every setting'}: {reason}"


def _lacking(row: SweepRow) -> list[str]:
    """Why a row lacks numbers, each reason once."""
    found = [ratio.reason for ratio in (row.speed, row.memory, row.motion)]
    by_reason = grouped((one.reason, str(axis)) for axis, one in row.axes.items() if one.reason is not None)
    found += [
        reason if len(of) == len(row.axes) else f"{listed(of)}: {reason}" for reason, of in by_reason.items()
    ]
    found += [f"{name}: {one.reason}" for name, one in row.near.metrics.items() if one.reason]
    return list(dict.fromkeys(filter(None, found)))
