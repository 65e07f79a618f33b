"""A candidate against a baseline, metric by metric, and one verdict over the primary ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from vbench_lite.compare.differences import Pairing, Side, pair
from vbench_lite.compare.environment import broken_promise, differing
from vbench_lite.compare.fidelity import Fidelity, fidelity
from vbench_lite.compare.headline import PARTS, counts, counts_text
from vbench_lite.compare.judging import QUALITY, SPEED, MetricResult, deciding, judge, overall
from vbench_lite.compare.occasions import occasions
from vbench_lite.compare.policy import COVERAGE, Policy, load_policy
from vbench_lite.compare.preference import with_votes
from vbench_lite.compare.slow_stage import SlowStage, slow_stage
from vbench_lite.errors import StoreError
from vbench_lite.metric import Measurement
from vbench_lite.results.arms import Arm, Run, read_arms, scale_ends, suite_of
from vbench_lite.results.axes import named_ends
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.results.measured import joint_blocks
from vbench_lite.results.repeats import seed_remark
from vbench_lite.results.trust import trust_flags
from vbench_lite.run.plan.sweep import LATENCY
from vbench_lite.run.scoring.joint_sets import JointSets, StoredArm
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.store import run_names
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import RunDocument
from vbench_lite.suite import Suite

if TYPE_CHECKING:
    from vbench_lite.compare.remeasure import Remeasured

TIMED_AGAIN = "speed and memory are of both timed again, interleaved in one pass on this machine"


@dataclass(frozen=True)
class RunArm:
    """One generator of one run."""

    run: Run
    generator: str


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
    slow_stage: SlowStage | None = None

    @property
    def update(self) -> bool:
        """Whether both sides are one generator; two different ones are no update of one another."""
        return bool(self.baseline["generator"] == self.candidate["generator"])

    @property
    def parts(self) -> dict[str, Verdict]:
        """The verdict of quality (with coverage), and that of speed and memory where either was judged.

        Of a part without a primary metric, of all its metrics: it is shown, and decides nothing.
        """
        found = {}
        for part in (QUALITY, SPEED):
            mine = [result for result in self.metrics if result.part == part]
            if any(result.verdict is not None for result in mine):
                alone = part == QUALITY and self.coverage_alone
                if not alone and not any(result.primary and result.metric != COVERAGE for result in mine):
                    mine = [replace(result, primary=True) for result in mine]
                found[part] = overall(mine, coverage_alone=alone)
        return found

    def part_lines(self) -> list[tuple[str, str, str]]:
        """(part, its verdict, its counts) of quality, and of speed and memory."""
        return [
            (PARTS[part], str(verdict), counts_text([one for one in self.metrics if one.part == part]))
            for part, verdict in self.parts.items()
        ]

    @property
    def coverage_alone(self) -> bool:
        """Whether coverage may decide without any metric."""
        return self.identical or self.policy.named == {COVERAGE}

    @property
    def fails(self) -> bool:
        """Whether a gate stops here: the policy's `fail_on` holds the verdict."""
        return self.verdict in self.policy.fail_on

    def decides(self, result: MetricResult) -> bool:
        """Whether the overall verdict depends on a metric."""
        return result.primary and result in deciding([result], self.policy)

    def fails_by(self, result: MetricResult) -> bool:
        """Whether a metric alone fails the gate."""
        return self.decides(result) and result.verdict in self.policy.fail_on

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values.

        Keys: verdict; parts{quality, speed}: verdicts of their own; counts{verdict: metrics}; baseline and
        candidate {run, called (its name, or when it began), generator, ok, planned}; suite; policy;
        identical; metrics[] {metric, primary, level, verdict, baseline, candidate, delta, ci, margin,
        p_value, n, units, unit, higher_is_better, scale, reason, more_units, detectable, needed, part,
        contended};
        environment[] {field, baseline, candidate};
        notes[]; fidelity {pairs, identical, metrics{id: {value, ci, n, unit, higher_is_better}},
        most_changed[] {prompt, seed, baseline, candidate, values{}}, reasons{}} or null; slow_stage {stage,
        seconds, total_s} or null.
        """
        return {
            "verdict": str(self.verdict),
            "parts": {part: str(verdict) for part, verdict in self.parts.items()},
            "counts": {str(verdict): count for verdict, count in counts(self.metrics).items()},
            "baseline": self.baseline,
            "candidate": self.candidate,
            "suite": self.suite,
            "policy": self.policy.model_dump(mode="json"),
            "identical": self.identical,
            "metrics": [result.as_dict() for result in self.metrics],
            "environment": list(self.environment),
            "notes": list(self.notes),
            "fidelity": self.fidelity.as_dict() if self.fidelity is not None else None,
            "slow_stage": self.slow_stage.as_dict() if self.slow_stage is not None else None,
        }


def compare(
    baseline: RunArm,
    candidate: RunArm,
    *,
    suite: str | None = None,
    policy: Policy | None = None,
    pools: tuple[Pool, Pool] | None = None,
    remeasured: Remeasured | None = None,
) -> Comparison:
    """Compare two generators, of one run or of two.

    Args:
        suite: its name; None takes the first that both runs have.
        policy: None takes the default one.
        pools: where the clips of the two are; with them, clips of equal seeds are compared as well.
        remeasured: both timed again in one pass, in place of what their runs hold.

    Raises:
        StoreError: a generator is not in its run, or the runs have no suite in common.
    """
    policy = policy or load_policy()
    documents = (baseline.run.document(), candidate.run.document())
    name = suite if suite is not None else _common_suite(*documents)
    contents = [suite_of(document, name) for document in documents]
    first, arms = _side(baseline, contents[0], documents[0])
    second, _ = _side(candidate, contents[1], documents[1])
    if remeasured is not None:
        first = _timed_again(first, remeasured.baseline, remeasured.hardware)
        second = _timed_again(second, remeasured.candidate, remeasured.hardware)
    elif first.arm.run_id != second.arm.run_id:
        first = replace(first, occasions=occasions(baseline.run, name, policy))
    pairing = replace(pair(first.arm, second.arm), sets=_joint_sets(baseline, candidate, contents))
    primary = policy.primary_metrics(contents[0])
    first, second, pairing, told = with_votes(first, second, pairing, (baseline.run, candidate.run), policy)
    results = judge(first, second, pairing, primary, policy)
    slower = None
    if _is_slower(results):
        slower = slow_stage(
            *(remeasured.calls if remeasured is not None else _calls(baseline, candidate, name))
        )
    notes = [] if slower is None else [slower.line()]
    notes += [TIMED_AGAIN] if remeasured is not None else []
    notes += _notes(contents, pairing, first, arms, primary)
    notes += told
    notes += _on_verdict(results, pairing, policy)
    notes += dict.fromkeys(
        remark for side in (first, second) if (remark := seed_remark(side.arm)) is not None
    )
    differences = differing(documents[0], baseline.generator, documents[1], candidate.generator)
    broken = broken_promise((documents[0], first.arm), (documents[1], second.arm), differences)
    notes += [] if broken is None else [broken]
    found = Comparison(
        verdict=Verdict.PASS,
        baseline=_identity(first.arm),
        candidate=_identity(second.arm),
        suite=name,
        policy=policy,
        identical=pairing.identical,
        metrics=results,
        environment=differences,
        notes=notes,
        fidelity=fidelity(first.arm, second.arm, pairing, pools) if pools is not None else None,
        slow_stage=slower,
    )
    verdict = overall(deciding(results, policy), coverage_alone=found.coverage_alone)
    return replace(found, verdict=verdict)


def common_suite(first: RunDocument, second: RunDocument, name: str | None = None) -> Suite:
    """The suite of a name as the first of two runs holds it, or the first that both have.

    Raises:
        StoreError: there is none.
    """
    return suite_of(first, name if name is not None else _common_suite(first, second))


def _common_suite(first: RunDocument, second: RunDocument) -> str:
    theirs = [str(content["name"]) for content in second.suites]
    common = [str(content["name"]) for content in first.suites if content["name"] in theirs]
    if not common:
        raise StoreError(f"runs {first.run_id} and {second.run_id} have no suite in common")
    return common[0]


def _side(chosen: RunArm, suite: Suite, document: RunDocument) -> tuple[Side, list[Arm]]:
    arms = read_arms(chosen.run, suite.name)
    arm = next((a for a in arms if a.generator == chosen.generator), None)
    if arm is None:
        known = ", ".join(a.generator for a in arms)
        called = run_names.in_words(chosen.run.document())
        raise StoreError(f"{called} has no generator {chosen.generator!r}; it has: {known}")
    return Side(arm, *scale_ends(arms), document.hardware, named_ends(suite)), arms


def _joint_sets(baseline: RunArm, candidate: RunArm, contents: Sequence[Suite]) -> JointSets | None:
    """What computes set metrics again, where both runs are on disk."""
    if not isinstance(baseline.run, RunDir) or not isinstance(candidate.run, RunDir):
        return None
    return JointSets(
        StoredArm(baseline.run, baseline.generator, contents[0]),
        StoredArm(candidate.run, candidate.generator, contents[1]),
    )


def _timed_again(side: Side, estimates: Mapping[str, MetricEstimate], hardware: Mapping[str, object]) -> Side:
    arm = replace(side.arm, estimates={**side.arm.estimates, **estimates})
    return replace(side, arm=arm, hardware=hardware, occasion=TIMED_AGAIN)


def _is_slower(results: Sequence[MetricResult]) -> bool:
    """Whether the whole interval of the latency's change lies on the side of a loss."""
    latency = next((one for one in results if one.metric == LATENCY), None)
    return latency is not None and latency.ci is not None and latency.ci[1] < 0


def _calls(baseline: RunArm, candidate: RunArm, suite: str) -> list[list[Measurement]]:
    """The timed calls of both, where their runs are on disk."""
    return [
        [call for call in arm.run.calls(suite) if call.generator == arm.generator]
        if isinstance(arm.run, RunDir)
        else []
        for arm in (baseline, candidate)
    ]


def _identity(arm: Arm) -> dict[str, Any]:
    called = arm.settings.get("run", arm.run_id)
    counts = {"ok": arm.ok, "planned": arm.planned}
    return {"run": arm.run_id, "called": called, "generator": arm.generator, **counts}


def _on_verdict(results: Sequence[MetricResult], pairing: Pairing, policy: Policy) -> list[str]:
    """What bears on the overall verdict beside the primary metrics."""
    notes = []
    contended = [one.metric for one in results if one.contended]
    if contended and policy.timed == "calm":
        notes.append(
            f"speed is not comparable and decided nothing: other processes disturbed the timed calls of "
            f"{', '.join(contended)}; time again with run --retime --when-idle"
        )
    results = deciding(results, policy)
    beside = [one.metric for one in results if not one.primary and one.verdict is Verdict.REGRESSED]
    if beside:
        notes.append(f"outside the primary metrics REGRESSED: {', '.join(beside)}; so this is no PASS")
    if all(one.verdict is None for one in results if one.metric != COVERAGE) and not pairing.identical:
        notes.append("no metric was judged, so nothing says that the candidate may pass")
    return notes


# --- what else a reader must know ------------------------------------------------------------


def _notes(
    contents: Sequence[Suite], pairing: Pairing, first: Side, arms: Sequence[Arm], primary: Sequence[str]
) -> list[str]:
    suite, notes = contents[0], []
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
