"""Metric estimates: what a run says about one metric of one arm, as a number with its uncertainty.

The only place where score rows become estimates. Three kinds of measured, one interface: the value,
its interval, and the value without some prompts (for joint jackknives over metrics and arms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from vbench_lite.arrays import Floats
from vbench_lite.errors import NotApplicable, StoreError
from vbench_lite.metric import BASE_CASE, Axis, Estimate, SummaryMetric
from vbench_lite.results.blocks import Blocks
from vbench_lite.results.catalogue import MetricFacts, metric_facts, summary_metric
from vbench_lite.stats.means import Clusters
from vbench_lite.stats.medians import median_estimate
from vbench_lite.stats.over_set import set_estimate_of, set_means
from vbench_lite.stats.rounds import by_round, medians
from vbench_lite.store.columns import Places, flags, numbers, texts
from vbench_lite.store.json_text import json_object
from vbench_lite.store.schema import Level, ScoreStatus

_NOBODY = Blocks((frozenset(),))


@dataclass(frozen=True)
class MetricEstimate:
    """What a run says about one metric of one arm.

    Attributes:
        value: None when there is none; `reason` says why.
        low, high: 95% interval; None where nothing can vary or n is too small to say.
        n: clips, or rounds of warm calls (fresh processes).
        missing: how many clips (or calls) have no value, by reason.
        by_prompt: mean of each prompt's clips (sample level); prompt_weights: of each prompt in the
            value, where a published rule weights clips (else every prompt counts once).
        by_sample: value of each clip by sample id (sample level), in the unit of `value`; sample_weights:
            of each clip, where a published rule sums clips.
        prompts, replicates: prompts of the set, sorted, and the value without each block of
            `stats.jackknife.fold(prompts)` (set level).
        calls: values of warm calls by call id; first_call: median over first calls;
            contended: ids of calls during which another process used the device (call level).
        fingerprints: of the measurement, as stored; more than one means mixed measurements.
    """

    metric: str
    level: Level
    facts: MetricFacts
    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None = None
    missing: Mapping[str, int] = field(default_factory=dict)
    by_prompt: Mapping[str, float] = field(default_factory=dict)
    prompt_weights: Mapping[str, float] = field(default_factory=dict)
    by_sample: Mapping[str, float] = field(default_factory=dict)
    sample_weights: Mapping[str, float] = field(default_factory=dict)
    prompts: tuple[str, ...] = ()
    replicates: tuple[float, ...] = ()
    calls: Mapping[str, float] = field(default_factory=dict)
    first_call: float | None = None
    contended: frozenset[str] = frozenset()
    fingerprints: tuple[str, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, metric: str, level: Level, facts: MetricFacts, found: Estimate, **more: Any
    ) -> MetricEstimate:
        """From an estimate of the metric, with further fields."""
        return cls(metric, level, facts, found.value, found.low, found.high, found.n, **more)

    @property
    def resamples(self) -> bool:
        """Whether leaving prompts out can change the value."""
        return len(self.by_prompt) > 1 or len(self.replicates) > 1

    @property
    def ends(self) -> tuple[float, float] | None:
        """The interval, or the value itself where fresh processes agree on it to the last bit, as those of an
        accelerator do on their peaks; None where nothing says how it varies."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        if self.level is Level.CALL and self.value is not None and self.n > 1:
            return self.value, self.value
        return None

    @property
    def disturbed(self) -> frozenset[str]:
        """Ids of calls that another process slowed down; it changes no peak of memory."""
        return frozenset() if self.facts.axis == Axis.MEMORY else self.contended

    @cached_property
    def calm_rounds(self) -> dict[int, list[float]]:
        """Values of warm calls by round, without those that another process slowed down."""
        return by_round({name: value for name, value in self.calls.items() if name not in self.disturbed})

    @cached_property
    def whole(self) -> float:
        """The value over all prompts, computed as `without` computes it."""
        return float(self.without(_NOBODY)[0])

    def without(self, blocks: Blocks) -> Floats:
        """The value without each block, float64 (blocks,); exact for blocks of this set, else linear.

        A set's replicates say what happens when one of its blocks leaves. For other prompts the
        changes of the blocks that they belong to are added in proportion. Controls are asked once for
        each generator that they scale, so the answer is kept.
        """
        if blocks not in self._left:
            self._left[blocks] = self._without(blocks)
        return self._left[blocks]

    @cached_property
    def _left(self) -> dict[Blocks, Floats]:
        return {}

    def _without(self, blocks: Blocks) -> Floats:
        assert self.value is not None
        if self.level is Level.SAMPLE:
            left = blocks.stay(tuple(self.by_prompt)).astype(np.float64)
            if self.prompt_weights:
                left *= [self.prompt_weights.get(prompt, 1.0) for prompt in self.by_prompt]
            totals = left.sum(axis=1)
            sums = (left * np.array(list(self.by_prompt.values()))).sum(axis=1)
            return np.where(totals > 0, sums / np.where(totals > 0, totals, 1.0), self.value)
        values = np.full(len(blocks), self.value)
        if self.replicates:
            own = Blocks.of(self.prompts)
            mine, theirs = own.places(self.prompts), blocks.places(self.prompts)
            changes = (np.array(self.replicates) - self.value) / np.bincount(mine)
            leave = theirs >= 0
            np.add.at(values, theirs[leave], changes[mine[leave]])
        return values


class ScoreColumns:
    """The score rows of a run, as columns."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self.value = numbers(table, "value")
        self.generator, self.suite, self.level = (texts(table, n) for n in ("generator", "suite", "level"))
        self.metric, self.status, self.sample = (texts(table, n) for n in ("metric", "status", "sample_id"))
        self.prompt, self.reason = texts(table, "prompt_id"), texts(table, "reason")
        self.fingerprint, self.extras = texts(table, "fingerprint"), texts(table, "extras")
        self._clusters: dict[bytes, Clusters] = {}
        self.weight = numbers(table, "weight")
        self.call, self.contended = texts(table, "call"), flags(table, "contended")
        self._facts: dict[int, Mapping[str, Any]] = {}

    def by_arm(self, suite: str) -> dict[str, dict[str, Places]]:
        """Places of the rows of a suite by generator and metric, in the order of the table."""
        places = np.flatnonzero(self.suite.among(suite))
        key = self.generator.codes[places].astype(np.int64) * len(self.metric.names)
        key += self.metric.codes[places]
        order = np.argsort(key, kind="stable")
        found: dict[str, dict[str, Places]] = {}
        for group in np.split(places[order], np.flatnonzero(np.diff(key[order])) + 1):
            if len(group):
                label, metric = self.generator.of(group[:1])[0], self.metric.of(group[:1])[0]
                found.setdefault(label, {})[metric] = group
        return found

    def cell(self, place: int, column: str) -> Any:
        """One value as it was stored."""
        return self._table.column(column)[place].as_py()

    def facts(self, place: int) -> Mapping[str, Any]:
        """What was stored beside a value."""
        code = int(self.extras.codes[place])
        if code not in self._facts:
            text = self.extras.names[code] if code >= 0 else None
            self._facts[code] = json_object(text, lambda: "what was stored beside a score")
        return self._facts[code]

    def clusters(self, places: Places) -> Clusters:
        """The prompts of some rows; metrics of one arm share them."""
        key = self.prompt.codes[places].tobytes()
        if key not in self._clusters:
            self._clusters[key] = Clusters.of(self.prompt.of(places))
        return self._clusters[key]


def estimate_of(
    metric: str, scores: ScoreColumns, places: Places, prompts: tuple[str, ...]
) -> MetricEstimate:
    """What the rows of one metric of one arm come to.

    Args:
        places: of the rows; at least one.
        prompts: of the arm, sorted.

    Raises:
        StoreError: a row that says it is ok has no number.
    """
    ok = scores.status.among(ScoreStatus.OK, places)
    # A failure may have left rows of another level (one a clip, before a set could be made) beside the value.
    shown = places[ok] if np.any(ok) else places
    level = Level(scores.level.of(shown[-1:])[0])
    here = scores.level.among(level, places)
    good, missing = places[ok & here], scores.reason.counts(places[~ok & here])
    facts = metric_facts(metric, scores.facts(int(shown[-1])))
    if not len(good):
        return nothing(metric, level, facts, max(missing, key=missing.__getitem__), missing=missing)
    if not np.all(np.isfinite(scores.value[good])):
        raise StoreError(
            f"a score of {metric} says ok and holds no number; restore the run from a copy, or score it again"
        )
    shared = {"missing": missing, "fingerprints": tuple(sorted(scores.fingerprint.used(good)))}
    if level is Level.SAMPLE:
        return _sample_estimate(metric, scores, good, facts, shared)
    if level is Level.SET:
        return _set_estimate(metric, scores, int(good[-1]), facts, prompts, shared)
    return _call_estimate(metric, scores, good, facts, shared)


def _sample_estimate(
    metric: str, scores: ScoreColumns, good: Places, facts: MetricFacts, shared: dict[str, Any]
) -> MetricEstimate:
    weights = None
    if facts.over_set is not None and facts.over_set.weighted:
        weights = np.nan_to_num(scores.weight[good], nan=1.0).tolist()
    samples, clusters = scores.sample.of(good), scores.clusters(good)
    return sample_estimate(metric, facts, samples, scores.value[good], clusters, weights, **shared)


def sample_estimate(
    metric: str,
    facts: MetricFacts,
    samples: Sequence[str],
    values: Floats,
    clusters: Clusters,
    weights: Sequence[float] | None,
    *,
    interval: bool = True,
    **shared: Any,
) -> MetricEstimate:
    """The estimate from the values of clips, under the metric's rule for sets.

    Args:
        values: in the metric's own unit, before the rule's scale. clusters: their prompts.
        weights: of each clip, where the rule weighs them.
        interval: whether one is wanted; it is most of the work.
    """
    rule = facts.over_set
    means = set_means(values, clusters, rule, weights)
    estimate = set_estimate_of(means, rule, facts.bounds, interval=interval)
    scale = 1.0 if rule is None else rule.scale
    shares = {} if means.weights is None else dict(zip(clusters.names, means.weights.tolist(), strict=True))
    each = None if rule is None else ([1.0] * len(samples) if weights is None else weights)
    return MetricEstimate.of(
        metric,
        Level.SAMPLE,
        facts,
        estimate,
        by_prompt=dict(zip(clusters.names, (means.means * scale).tolist(), strict=True)),
        prompt_weights=shares,
        by_sample=dict(zip(samples, (values * scale).tolist(), strict=True)),
        sample_weights={} if each is None else dict(zip(samples, each, strict=True)),
        **shared,
    )


def _set_estimate(
    metric: str,
    scores: ScoreColumns,
    place: int,
    facts: MetricFacts,
    prompts: tuple[str, ...],
    shared: dict[str, Any],
) -> MetricEstimate:
    extras = scores.facts(place)
    used = tuple(sorted(map(str, extras["prompts"]))) if "prompts" in extras else prompts
    replicates = tuple(map(float, scores.cell(place, "replicates") or ()))
    if replicates and len(replicates) != len(Blocks.of(used)):
        replicates = ()  # of other prompts than these: its own interval stands in for them
    return MetricEstimate(
        metric,
        Level.SET,
        facts,
        float(scores.value[place]),
        scores.cell(place, "low"),
        scores.cell(place, "high"),
        int(scores.cell(place, "n")),
        prompts=used,
        replicates=replicates,
        extras=extras,
        **shared,
    )


def _call_estimate(
    metric: str, scores: ScoreColumns, good: Places, facts: MetricFacts, shared: dict[str, Any]
) -> MetricEstimate:
    of_base = [_case(name) == BASE_CASE for name in scores.sample.of(good)]
    mine = good[of_base] if any(of_base) else good
    shared |= {"fingerprints": tuple(sorted(scores.fingerprint.used(mine)))}
    calls: dict[str, float] = {}
    first: list[float] = []
    contended = set()
    firsts = set(mine[scores.call.among("first", mine)].tolist())
    rows = zip(scores.sample.of(mine), scores.value[mine].tolist(), mine.tolist(), strict=True)
    for name, value, place in rows:
        if place in firsts:
            first.append(value)
        else:
            calls[name] = value
        if scores.contended[place]:
            contended.add(name)
    if not calls:
        return nothing(metric, Level.CALL, facts, "no warm call", **shared)
    return MetricEstimate.of(
        metric,
        Level.CALL,
        facts,
        median_estimate(medians(by_round(calls))),
        calls=calls,
        first_call=float(np.median(first)) if first else None,
        contended=frozenset(contended),
        **shared,
    )


def _case(sample_id: str) -> str:
    """Sample ids of calls are "case/round/index"."""
    return sample_id.rsplit("/", 2)[0]


def summary(metric: str, found: Mapping[str, MetricEstimate]) -> MetricEstimate | None:
    """A metric that is made of the values of others; None if it is of another kind."""
    rule = summary_metric(metric)
    if rule is None:
        return None
    facts = metric_facts(metric, {})
    parts = [found[part] for part in rule.parts if part in found]
    known = {part.metric: part.value for part in parts if part.value is not None}
    try:
        value = rule.summarise(known)
        low, high = _summary_ends(rule, known, parts)
    except NotApplicable as reason:
        return nothing(metric, Level.SET, facts, str(reason))
    prints = tuple(sorted(f"{part.metric}:{one}" for part in parts for one in part.fingerprints))
    return MetricEstimate(
        metric, Level.SET, facts, value, low, high, min(part.n for part in parts), fingerprints=prints
    )


def _summary_ends(
    rule: SummaryMetric, known: Mapping[str, float], parts: Sequence[MetricEstimate]
) -> tuple[float | None, float | None]:
    """Interval of a metric that is made of others: theirs joined, as if they erred together.

    None where one of them has none, since nobody knows how it could vary.
    """
    value = rule.summarise(known)
    low = high = value
    for part in parts:
        if part.low is None or part.high is None:
            return None, None
        ends = sorted(rule.summarise({**known, part.metric: end}) - value for end in (part.low, part.high))
        low, high = low + ends[0], high + ends[1]
    return low, high


def absent(metric: str, clips: int) -> MetricEstimate:
    """A metric of the suite without any row, of an arm with so many valid clips."""
    facts = metric_facts(metric, {})
    if facts.axis in (Axis.SPEED, Axis.MEMORY):
        return nothing(metric, Level.CALL, facts, "not timed in this run")
    why = "no row for it in this run; score the run again" if clips else "no valid clip"
    return nothing(metric, Level.SAMPLE, facts, why)


def nothing(metric: str, level: Level, facts: MetricFacts, reason: str, **more: Any) -> MetricEstimate:
    """An estimate without a value."""
    return MetricEstimate(metric, level, facts, None, None, None, 0, reason=reason, **more)
