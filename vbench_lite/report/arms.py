"""An arm: one generator (or control) of one run, read into numbers with their uncertainty.

The only place where score rows become estimates. Three kinds of evidence, one interface: the value,
its interval, and the value without some prompts (for joint jackknives over metrics and arms).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from vbench_lite.errors import NotApplicable, StoreError
from vbench_lite.generator import Family
from vbench_lite.metric import Axis
from vbench_lite.report.catalogue import MetricFacts, metric_facts, summary_metric
from vbench_lite.stats.jackknife import fold
from vbench_lite.stats.means import cluster_means, cluster_sums
from vbench_lite.stats.medians import median_estimate
from vbench_lite.stats.over_set import set_estimate, set_weights
from vbench_lite.store.schema import Level, RunDocument, SampleStatus, ScoreStatus

Record = dict[str, Any]

CEILING = "real"
FLOORS = ("frozen", "noise", "shuffled")
BASE_CASE = "base"  # the request size of the suite; sweeps have other cases


class Run(Protocol):
    """What is read of a run directory (`store.rundir.RunDir` has it)."""

    @property
    def run_id(self) -> str: ...

    def document(self) -> RunDocument: ...

    def rows(self, kind: str, *, generator: str | None = None) -> list[dict[str, Any]]:
        """Records of one kind ("sample", "score") as plain values, columns of `store.schema`.

        generator: only those of this one: a million rows at once would fill the memory.
        """

    def generators(self, kind: str) -> set[str]:
        """Labels that have a record of this kind."""


@dataclass(frozen=True)
class Evidence:
    """What a run says about one metric of one arm.

    Attributes:
        value: None when there is none; `reason` says why.
        low, high: 95% interval; None where nothing can vary or n is too small to say.
        n: clips, or warm calls.
        missing: how many clips (or calls) have no value, by reason.
        by_prompt: mean of each prompt's clips (sample level); prompt_weights: of each prompt in the
            value, where a published rule weights clips (else every prompt counts once).
        by_sample: value of each clip by sample id (sample level), in the unit of `value`.
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
    prompts: tuple[str, ...] = ()
    replicates: tuple[float, ...] = ()
    calls: Mapping[str, float] = field(default_factory=dict)
    first_call: float | None = None
    contended: frozenset[str] = frozenset()
    fingerprints: tuple[str, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def resamples(self) -> bool:
        """Whether leaving prompts out can change the value."""
        return len(self.by_prompt) > 1 or len(self.replicates) > 1

    @cached_property
    def _blocks(self) -> dict[str, int]:
        return {str(p): i for i, block in enumerate(fold(self.prompts)) for p in block}

    def without(self, prompts: frozenset[str]) -> float:
        """The value without some prompts; exact where they are a block of this set, else linear.

        A set's replicates say what happens when one of its blocks leaves. For other prompts the
        changes of the blocks that they belong to are added in proportion.
        """
        assert self.value is not None
        if self.level is Level.SAMPLE:
            kept = [prompt for prompt in self.by_prompt if prompt not in prompts]
            weights = [self.prompt_weights.get(prompt, 1.0) for prompt in kept]
            means = [self.by_prompt[prompt] for prompt in kept]
            return float(np.average(means, weights=weights)) if kept else self.value
        if not self.replicates:
            return self.value
        sizes = Counter(self._blocks.values())
        hit = Counter(self._blocks[prompt] for prompt in prompts if prompt in self._blocks)
        return self.value + sum(
            (self.replicates[block] - self.value) * count / sizes[block] for block, count in hit.items()
        )


@dataclass(frozen=True)
class Arm:
    """One generator or control of one run under one suite.

    Attributes:
        control: "real", "frozen", "noise", "shuffled", or None for a generator.
        ok, planned: samples that ended well, and samples asked for.
        failures: samples that did not end well, by "status: reason".
        clips: content hash by sample id, of samples that ended well.
        requests: (prompt, seed) by sample id, of every sample; what pairs are made by.
        prompts: ids of prompts with a sample that ended well, sorted; prompt_of: by sample id.
    """

    generator: str
    family: str
    control: str | None
    run_id: str
    suite: str
    ok: int
    planned: int
    failures: Mapping[str, int]
    clips: Mapping[str, str]
    prompts: tuple[str, ...]
    prompt_of: Mapping[str, str]
    requests: Mapping[str, tuple[str, int]]
    evidence: Mapping[str, Evidence]

    @property
    def coverage(self) -> float:
        """Share of samples that ended well, in [0, 1]."""
        return self.ok / self.planned if self.planned else 0.0


def control_of(label: str, family: str | None) -> str | None:
    """Which control a label stands for, or None if it is a generator."""
    last = label.rsplit("/", 1)[-1]
    return last if family in (None, Family.CONTROL) and last in (CEILING, *FLOORS) else None


def read_arms(run: Run, suite: str) -> list[Arm]:
    """Every generator and control of a run under a suite, in the order of the plan, controls last.

    Raises:
        StoreError: the run has no such suite.
    """
    document = run.document()
    content = next((s for s in document.suites if s["name"] == suite), None)
    if content is None:
        has = ", ".join(str(s["name"]) for s in document.suites) or "none"
        raise StoreError(f"run {run.run_id} has no suite {suite!r}; it has: {has}")
    samples = _by_generator(row for row in run.rows("sample") if row["suite"] == suite)
    families = {entry.label: str(entry.info.get("family", "unknown")) for entry in document.generators}
    seen = [*families, *sorted({*samples, *run.generators("score")} - set(families))]
    planned = _planned(document, samples)
    arms = [
        _arm(
            run.run_id,
            suite,
            label,
            families.get(label),
            samples.get(label, []),
            [row for row in run.rows("score", generator=label) if row["suite"] == suite],
            planned,
            content["metrics"],
        )
        for label in seen
    ]
    return sorted(arms, key=lambda arm: arm.control is not None)


def _by_generator(rows: Iterable[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for row in rows:
        found.setdefault(row["generator"], []).append(row)
    return found


def _planned(document: RunDocument, samples: Mapping[str, Sequence[Record]]) -> int:
    """Samples asked for of each generator: what the run says, or (all recorded) the fullest arm."""
    fullest = max(map(len, samples.values()), default=0)
    return fullest if document.status == "finished" else max(fullest, document.samples)


def _arm(
    run_id: str,
    suite: str,
    label: str,
    family: str | None,
    samples: Sequence[Record],
    scores: Sequence[Record],
    planned: int,
    metrics: Sequence[str],
) -> Arm:
    good = [row for row in samples if row["status"] == SampleStatus.OK]
    failures = Counter(
        f"{row['status']}: {row['reason']}" if row["reason"] else str(row["status"])
        for row in samples
        if row["status"] != SampleStatus.OK
    )
    prompts = tuple(sorted({str(row["prompt_id"]) for row in good}))
    by_metric: dict[str, list[Record]] = {}
    for row in scores:
        by_metric.setdefault(row["metric"], []).append(row)
    found = {metric: _evidence(metric, rows, prompts) for metric, rows in by_metric.items()}
    for metric in metrics:
        if metric not in found:
            found[metric] = _summary(metric, found) or _absent(metric)
    order = {metric: place for place, metric in enumerate(metrics)}
    control = control_of(label, family)
    return Arm(
        generator=label,
        family=str(Family.CONTROL) if control else (family or "unknown"),
        control=control,
        run_id=run_id,
        suite=suite,
        ok=len(good),
        planned=planned,
        failures=dict(failures),
        clips={row["sample_id"]: row["clip_sha256"] for row in good if row["clip_sha256"]},
        prompts=prompts,
        prompt_of={row["sample_id"]: str(row["prompt_id"]) for row in good},
        requests={str(row["sample_id"]): (str(row["prompt"]), int(row["seed"])) for row in samples},
        evidence={m: found[m] for m in sorted(found, key=lambda m: (order.get(m, len(order)), m))},
    )


def _summary(metric: str, found: Mapping[str, Evidence]) -> Evidence | None:
    """A metric that is made of the values of others; None if it is of another kind."""
    summary = summary_metric(metric)
    if summary is None:
        return None
    facts = metric_facts(metric, {})
    parts = [found[part] for part in summary.parts if part in found]
    known = {part.metric: part.value for part in parts if part.value is not None}
    try:
        value = summary.summarise(known)
    except NotApplicable as reason:
        return _nothing(metric, Level.SET, facts, str(reason))
    prints = tuple(sorted(f"{part.metric}:{one}" for part in parts for one in part.fingerprints))
    return Evidence(
        metric, Level.SET, facts, value, None, None, min(part.n for part in parts), fingerprints=prints
    )


def _absent(metric: str) -> Evidence:
    """A metric of the suite without any row."""
    facts = metric_facts(metric, {})
    if facts.axis in (Axis.SPEED, Axis.MEMORY):
        return _nothing(metric, Level.CALL, facts, "not timed in this run")
    return _nothing(metric, Level.SAMPLE, facts, "no row for it in this run; score the run again")


def _nothing(metric: str, level: Level, facts: MetricFacts, reason: str, **more: Any) -> Evidence:
    return Evidence(metric, level, facts, None, None, None, 0, reason=reason, **more)


def _evidence(metric: str, rows: Sequence[Record], prompts: tuple[str, ...]) -> Evidence:
    good = [row for row in rows if row["status"] == ScoreStatus.OK]
    missing = Counter(str(row["reason"]) for row in rows if row["status"] != ScoreStatus.OK)
    level = Level(rows[0]["level"])
    facts = metric_facts(metric, _extras(rows[0]))
    if not good:
        return _nothing(metric, level, facts, missing.most_common(1)[0][0], missing=dict(missing))
    shared = {
        "missing": dict(missing),
        "fingerprints": tuple(sorted({str(row["fingerprint"]) for row in good})),
    }
    if level is Level.SAMPLE:
        return _sample_evidence(metric, good, facts, shared)
    if level is Level.SET:
        return _set_evidence(metric, good[-1], facts, prompts, shared)
    return _call_evidence(metric, good, facts, shared)


def _sample_evidence(
    metric: str, good: Sequence[Record], facts: MetricFacts, shared: dict[str, Any]
) -> Evidence:
    values = [float(row["value"]) for row in good]
    clusters = [str(row["prompt_id"]) for row in good]
    rule = facts.over_set
    weights = None if rule is None else [float(_extras(row).get("weight", 1.0)) for row in good]
    estimate = set_estimate(values, clusters, rule, weights=weights, bounds=facts.bounds)
    scale = 1.0
    prompt_weights: dict[str, float] = {}
    if rule is not None:
        scale, weights = rule.scale, set_weights(rule, weights, len(good))
        prompt_weights = {str(prompt): total for prompt, total in cluster_sums(weights, clusters).items()}
    means = cluster_means(values, clusters, weights)
    return Evidence(
        metric,
        Level.SAMPLE,
        facts,
        estimate.value,
        estimate.low,
        estimate.high,
        estimate.n,
        by_prompt={str(prompt): mean * scale for prompt, mean in means.items()},
        prompt_weights=prompt_weights,
        by_sample={str(row["sample_id"]): value * scale for row, value in zip(good, values, strict=True)},
        **shared,
    )


def _set_evidence(
    metric: str, row: Record, facts: MetricFacts, prompts: tuple[str, ...], shared: dict[str, Any]
) -> Evidence:
    extras = _extras(row)
    used = tuple(sorted(map(str, extras["prompts"]))) if "prompts" in extras else prompts
    replicates = tuple(map(float, row["replicates"] or ()))
    if replicates and len(replicates) != len(fold(used)):
        replicates = ()  # of other prompts than these: its own interval stands in for them
    return Evidence(
        metric,
        Level.SET,
        facts,
        float(row["value"]),
        row["low"],
        row["high"],
        int(row["n"]),
        prompts=used,
        replicates=replicates,
        extras=extras,
        **shared,
    )


def _call_evidence(
    metric: str, good: Sequence[Record], facts: MetricFacts, shared: dict[str, Any]
) -> Evidence:
    mine = [row for row in good if _case(row) == BASE_CASE] or list(good)
    shared |= {"fingerprints": tuple(sorted({str(row["fingerprint"]) for row in mine}))}
    calls = {str(row["sample_id"]): float(row["value"]) for row in mine if _call_kind(row) == "warm"}
    first = [float(row["value"]) for row in mine if _call_kind(row) == "first"]
    if not calls:
        return _nothing(metric, Level.CALL, facts, "no warm call", **shared)
    estimate = median_estimate(list(calls.values()))
    return Evidence(
        metric,
        Level.CALL,
        facts,
        estimate.value,
        estimate.low,
        estimate.high,
        estimate.n,
        calls=calls,
        first_call=float(np.median(first)) if first else None,
        contended=frozenset(str(row["sample_id"]) for row in mine if _extras(row).get("contended")),
        **shared,
    )


def _extras(row: Record) -> dict[str, Any]:
    return dict(json.loads(row["extras"] or "{}"))


def _case(row: Record) -> str:
    """Sample ids of calls are "case/round/index"."""
    return str(row["sample_id"]).rsplit("/", 2)[0]


def _call_kind(row: Record) -> str:
    return str(_extras(row).get("call", "warm"))
