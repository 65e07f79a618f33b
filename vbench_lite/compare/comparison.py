"""A candidate against a baseline, metric by metric, and one verdict over the primary ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from vbench_lite.compare.differences import Pairing, Side, Subtracted, margin_of, pair, subtract
from vbench_lite.compare.fidelity import Fidelity, fidelity
from vbench_lite.compare.policy import COVERAGE, Policy, load_policy
from vbench_lite.engine.joint_sets import JointSets, StoredArm
from vbench_lite.errors import IncomparableError, StoreError
from vbench_lite.report.arms import CEILING, Arm, Evidence, Run, read_arms
from vbench_lite.report.board import joint_blocks
from vbench_lite.report.trust import trust_flags
from vbench_lite.stats.multiple import benjamini_hochberg, holm
from vbench_lite.stats.noninferiority import Decision, Question, Verdict, decide, worst
from vbench_lite.stats.paired import mcnemar
from vbench_lite.stats.power import detectable_effect, units_to_settle
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import Level, RunDocument
from vbench_lite.suite import Suite, parse_suite


@dataclass(frozen=True)
class RunArm:
    """One generator of one run."""

    run: Run
    generator: str


@dataclass(frozen=True)
class MetricResult:
    """What a comparison says of one metric.

    Attributes:
        baseline, candidate: values over the requests that both answered.
        delta: candidate minus baseline, + is better; for speed and memory the natural log of the
            ratio of typical calls (`scale` is "log_ratio"). ci: its 95% interval, unadjusted.
        margin: how much worse is still no loss, on the scale of delta.
        p_value: of the one-sided test that decided, adjusted over its family.
        verdict: None for a description that is neither good nor bad.
        reason: why there is no number, beginning with the field that differs; or what the margin is.
        n: independent units behind delta; units: what they are (prompts, calls, rounds).
        more_units: about how many more of them would settle an inconclusive one.
        detectable: the smallest true loss that would have been called one in 4 of 5 such comparisons,
            on the scale of delta.
    """

    metric: str
    primary: bool
    level: str
    verdict: Verdict | None
    baseline: float | None = None
    candidate: float | None = None
    delta: float | None = None
    ci: tuple[float, float] | None = None
    margin: float | None = None
    p_value: float | None = None
    n: int = 0
    units: str = "prompts"
    unit: str = ""
    higher_is_better: bool | None = None
    scale: str = "difference"
    reason: str | None = None
    more_units: int | None = None
    detectable: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"ci": list(self.ci) if self.ci is not None else None}


@dataclass(frozen=True)
class Comparison:
    """A verdict with everything behind it. `as_dict` is the documented `compare --json` form."""

    verdict: Verdict
    baseline: dict[str, Any]
    candidate: dict[str, Any]
    suite: str
    policy: Policy
    identical: bool
    metrics: list[MetricResult]
    environment: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fidelity: Fidelity | None = None

    @property
    def fails(self) -> bool:
        """Whether a gate stops here: the policy's `fail_on` holds the verdict."""
        return self.verdict in self.policy.fail_on

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values.

        Keys: verdict; baseline and candidate {run, generator, ok, planned}; suite; policy; identical;
        metrics[] {metric, primary, level, verdict, baseline, candidate, delta, ci, margin, p_value, n,
        units, unit, higher_is_better, scale, reason, more_units, detectable}; environment[] {field,
        baseline, candidate}; notes[]; fidelity {pairs, identical, metrics{id: {value, ci, n, unit,
        higher_is_better}}, most_changed[] {prompt, seed, baseline, candidate, values{}}, reasons{}} or null.
        """
        return {
            "verdict": str(self.verdict),
            "baseline": self.baseline,
            "candidate": self.candidate,
            "suite": self.suite,
            "policy": self.policy.model_dump(mode="json"),
            "identical": self.identical,
            "metrics": [result.as_dict() for result in self.metrics],
            "environment": list(self.environment),
            "notes": list(self.notes),
            "fidelity": self.fidelity.as_dict() if self.fidelity is not None else None,
        }


def compare(
    baseline: RunArm,
    candidate: RunArm,
    *,
    suite: str | None = None,
    policy: Policy | None = None,
    pools: tuple[Pool, Pool] | None = None,
) -> Comparison:
    """Compare two generators, of one run or of two.

    Args:
        suite: its name; None takes the first that both runs have.
        policy: None takes the default one.
        pools: where the clips of the two are; with them, clips of equal seeds are compared as well.

    Raises:
        StoreError: a generator is not in its run, or the runs have no suite in common.
    """
    policy = policy or load_policy()
    documents = (baseline.run.document(), candidate.run.document())
    name = suite if suite is not None else _common_suite(*documents)
    contents = [_suite(document, name) for document in documents]
    first, arms = _side(baseline, name, documents[0])
    second, _ = _side(candidate, name, documents[1])
    pairing = replace(pair(first.arm, second.arm), sets=_joint_sets(baseline, candidate, contents))
    primary = policy.primary_metrics(contents[0])
    results = judge(first, second, pairing, primary, policy)
    notes = _notes(contents, pairing, first, arms, contents[0], primary)
    return Comparison(
        verdict=overall(results),
        baseline=_identity(first.arm),
        candidate=_identity(second.arm),
        suite=name,
        policy=policy,
        identical=pairing.identical,
        metrics=results,
        environment=_environment(baseline, candidate, *documents),
        notes=notes,
        fidelity=fidelity(first.arm, second.arm, pairing, pools) if pools is not None else None,
    )


def judge(
    first: Side, second: Side, pairing: Pairing, primary: Sequence[str], policy: Policy
) -> list[MetricResult]:
    """Coverage and every metric of two arms, the primary ones first.

    Args:
        primary: ids of the metrics that decide; coverage always does.
    """
    metrics = list(dict.fromkeys([*first.arm.evidence, *second.arm.evidence]))
    results = [_coverage(first.arm, second.arm, pairing, policy)]
    results += _judge([m for m in metrics if m in primary], True, first, second, pairing, policy)
    results += _judge([m for m in metrics if m not in primary], False, first, second, pairing, policy)
    return results


def overall(results: Sequence[MetricResult]) -> Verdict:
    """The gravest verdict of the primary metrics."""
    return worst([result.verdict for result in results if result.primary and result.verdict is not None])


def _common_suite(first: RunDocument, second: RunDocument) -> str:
    theirs = [str(content["name"]) for content in second.suites]
    common = [str(content["name"]) for content in first.suites if content["name"] in theirs]
    if not common:
        raise StoreError(f"runs {first.run_id} and {second.run_id} have no suite in common")
    return common[0]


def _suite(document: RunDocument, name: str) -> Suite:
    content = next((s for s in document.suites if s["name"] == name), None)
    if content is None:
        raise StoreError(f"run {document.run_id} has no suite {name!r}")
    return parse_suite(content, f"run {document.run_id}, suite {name}")


def _side(chosen: RunArm, suite: str, document: RunDocument) -> tuple[Side, list[Arm]]:
    arms = read_arms(chosen.run, suite)
    arm = next((a for a in arms if a.generator == chosen.generator), None)
    if arm is None:
        known = ", ".join(a.generator for a in arms)
        raise StoreError(f"run {chosen.run.run_id} has no generator {chosen.generator!r}; it has: {known}")
    real = next((a for a in arms if a.control == CEILING), None)
    floors = tuple(a for a in arms if a.control not in (None, CEILING))
    return Side(arm, real, floors, document.hardware), arms


def _joint_sets(baseline: RunArm, candidate: RunArm, contents: Sequence[Suite]) -> JointSets | None:
    """What computes set metrics again, where both runs are on disk."""
    if not isinstance(baseline.run, RunDir) or not isinstance(candidate.run, RunDir):
        return None
    return JointSets(
        StoredArm(baseline.run, baseline.generator, contents[0]),
        StoredArm(candidate.run, candidate.generator, contents[1]),
    )


def _identity(arm: Arm) -> dict[str, Any]:
    return {"run": arm.run_id, "generator": arm.generator, "ok": arm.ok, "planned": arm.planned}


# --- coverage --------------------------------------------------------------------------------


def _coverage(baseline: Arm, candidate: Arm, pairing: Pairing, policy: Policy) -> MetricResult:
    """Requests answered, over those asked of both. A loss beyond the margin is a fact, not a sample."""
    result = MetricResult(
        COVERAGE, True, "sample", Verdict.PASS, margin=policy.coverage_margin, higher_is_better=True
    )
    if pairing.asked_share < policy.minimum_overlap:
        reason = f"requests: {len(pairing.asked)} of {pairing.union} (prompt, seed) were asked of both"
        return replace(result, verdict=Verdict.INCOMPARABLE, reason=reason)
    mine = {key: ids[0] in baseline.clips for key, ids in pairing.asked.items()}
    its = {key: ids[1] in candidate.clips for key, ids in pairing.asked.items()}
    count = len(mine)
    lost = sum(mine[key] and not its[key] for key in mine)
    gained = sum(its[key] and not mine[key] for key in mine)
    delta = (gained - lost) / count
    se = math.sqrt(max(lost + gained - (gained - lost) ** 2 / count, 0.0)) / count
    verdict = Verdict.REGRESSED if delta < -policy.coverage_margin else Verdict.PASS
    return replace(
        result,
        verdict=Verdict.IMPROVED if delta > policy.coverage_margin else verdict,
        baseline=sum(mine.values()) / count,
        candidate=sum(its.values()) / count,
        delta=delta,
        ci=(max(-1.0, delta - 1.96 * se), min(1.0, delta + 1.96 * se)),
        p_value=mcnemar(mine, its),
        n=count,
    )


# --- metrics ---------------------------------------------------------------------------------


def _judge(
    metrics: Sequence[str], primary: bool, first: Side, second: Side, pairing: Pairing, policy: Policy
) -> list[MetricResult]:
    """Subtract and judge one family: Holm over primary metrics, Benjamini-Hochberg over the others."""
    results: dict[str, MetricResult] = {}
    asked: dict[str, tuple[Subtracted, Question, str]] = {}
    for metric in metrics:
        evidence = first.arm.evidence.get(metric) or second.arm.evidence[metric]
        blank = MetricResult(
            metric,
            primary,
            str(evidence.level),
            None,
            units="calls" if evidence.level is Level.CALL else "prompts",
            unit=evidence.facts.unit,
            higher_is_better=evidence.facts.higher_is_better,
        )
        results[metric] = blank
        try:
            found = subtract(metric, first, second, pairing, policy.minimum_overlap)
            if evidence.facts.sign == 0:
                results[metric] = _with_numbers(blank, found)
                continue
            question, why = _question(metric, found, evidence, first, policy)
        except IncomparableError as error:
            results[metric] = replace(blank, verdict=Verdict.INCOMPARABLE, reason=str(error))
            continue
        asked[metric] = (found, question, why)
    adjust = holm if primary else benjamini_hochberg
    decisions = decide([question for _, question, _ in asked.values()], adjust, policy.alpha)
    for (metric, (found, question, why)), decision in zip(asked.items(), decisions, strict=True):
        level = policy.alpha / len(asked) if primary else policy.alpha
        results[metric] = _decided(results[metric], found, question, why, decision, level)
    return list(results.values())


def _question(
    metric: str, found: Subtracted, evidence: Evidence, first: Side, policy: Policy
) -> tuple[Question, str]:
    if found.logarithmic:
        ratio = policy.margins.get(metric, policy.minimum_effect)
        return Question(found.delta, math.log1p(ratio), math.log1p(ratio)), f"a change of {ratio:.0%}"
    if metric in policy.margins:
        return Question(found.delta, policy.margins[metric]), "set by the policy"
    margin, why = margin_of(metric, first, evidence, policy.margin_fraction)
    return Question(found.delta, margin), why


def _with_numbers(result: MetricResult, found: Subtracted) -> MetricResult:
    low, high = found.delta.interval()
    return replace(
        result,
        baseline=found.baseline,
        candidate=found.candidate,
        delta=found.delta.value,
        ci=(low, high),
        n=found.delta.n,
        units=found.units,
        scale="log_ratio" if found.logarithmic else "difference",
    )


def _decided(
    blank: MetricResult, found: Subtracted, question: Question, why: str, decision: Decision, level: float
) -> MetricResult:
    more = None
    if decision.verdict is Verdict.INCONCLUSIVE:
        more = units_to_settle(question.delta, question.margin, alpha=level)
    delta = question.delta
    detectable = detectable_effect(delta.se, delta.dof, alpha=level) if delta.se else delta.reach
    return replace(
        _with_numbers(blank, found),
        verdict=decision.verdict,
        margin=question.margin,
        p_value=decision.p_value,
        reason=f"margin: {why}",
        more_units=more,
        detectable=max(detectable, question.least),
    )


# --- what else a reader must know ------------------------------------------------------------


def _environment(
    baseline: RunArm, candidate: RunArm, first: RunDocument, second: RunDocument
) -> list[dict[str, Any]]:
    """Fields of software, hardware and the generators themselves that differ."""
    mine = _facts(baseline, first)
    its = _facts(candidate, second)
    return [
        {"field": name, "baseline": mine.get(name), "candidate": its.get(name)}
        for name in sorted({*mine, *its})
        if mine.get(name) != its.get(name)
    ]


def _facts(chosen: RunArm, document: RunDocument) -> dict[str, Any]:
    entry = next((e for e in document.generators if e.label == chosen.generator), None)
    facts = {
        **_flat("environment", document.environment),
        **_flat("hardware", document.hardware),
        "generator": chosen.generator,
    }
    if entry is not None:
        facts |= {
            "generator.fingerprint": entry.fingerprint,
            "generator.adapter": entry.adapter,
            "generator.weights_sha256": entry.info.get("weights_sha256"),
            **_flat("generator.config", entry.config),
        }
    return facts


def _flat(prefix: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {prefix: value}
    return {
        name: leaf for key, inner in value.items() for name, leaf in _flat(f"{prefix}.{key}", inner).items()
    }


def _notes(
    contents: Sequence[Suite],
    pairing: Pairing,
    first: Side,
    arms: Sequence[Arm],
    suite: Suite,
    primary: Sequence[str],
) -> list[str]:
    notes = []
    if contents[0].content_sha256() != contents[1].content_sha256():
        versions = " and ".join(f"v{content.version}" for content in contents)
        notes.append(f"the suite {suite.name} differs between the runs ({versions})")
    if pairing.identical:
        notes.append("both made the same clips, byte for byte")
    elif len(pairing.answered) < pairing.union:
        notes.append(f"{len(pairing.answered)} of {pairing.union} requests were answered by both")
    for flag in trust_flags(first.real, first.floors, suite.axes, joint_blocks(arms)):
        if flag.metric in primary:
            notes.append(f"{flag.metric} cannot be trusted on this data: {flag.reason}")
    return notes
