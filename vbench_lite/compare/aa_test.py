"""A/A: what a comparison says of a generator and itself, on this machine and under this suite.

The generators of a run are repeated with other seeds. Two arms are then drawn from the repeats of one
generator: each prompt's clip from two different repeats, at random; sets and timed calls from two whole
repeats. They go through the same judgement as any baseline and candidate, many times. How often that says
REGRESSED is the false-alarm rate; the smallest loss that it would find is what the number of prompts and
rounds is good for. An update that keeps the seeds changes less than another seed does, so for such an
update both numbers are on the safe side.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median, median_low
from typing import Any

import numpy as np
from scipy import stats

from vbench_lite.compare.differences import Side, pair
from vbench_lite.compare.judging import MetricResult, deciding, judge, overall
from vbench_lite.compare.occasions import estimate
from vbench_lite.compare.policy import Policy, load_policy
from vbench_lite.errors import StoreError
from vbench_lite.format import about, listed
from vbench_lite.results.arms import Arm, Run, read_arms, scale_ends, suite_of
from vbench_lite.results.axes import named_ends
from vbench_lite.results.estimates import MetricEstimate, sample_estimate
from vbench_lite.stats.means import Clusters
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.stats.rounds import Occasions
from vbench_lite.store import run_names
from vbench_lite.store.schema import Level

DRAWS = 200
MEANT = 0.05  # false alarms that a gate may have
LEAST_REPEATS = 2


@dataclass(frozen=True)
class Rate:
    """How many of some draws, with the 95% interval of Clopper and Pearson (1934).

    The draws share the repeats, so the interval says how sure the rate is for these repeats.
    """

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.count / self.of


@dataclass(frozen=True)
class MetricCalibration:
    """What the A/A draws say of one metric of one generator.

    Attributes:
        alarms: how often it was REGRESSED. verdicts: all verdicts, by name.
        n, units: independent units behind a comparison (prompts, rounds).
        detectable: the smallest true loss that is found in 4 of 5 comparisons, the median over draws;
            a log ratio where `scale` is "log_ratio". margin: what is still no loss, on the same scale.
        needed: units that would tell a loss as large as the margin from none; None where no number would.
        reason: why nothing can be said, where that is so.
    """

    generator: str
    metric: str
    primary: bool
    alarms: Rate
    verdicts: Mapping[str, int]
    n: int
    units: str
    unit: str
    scale: str
    detectable: float | None
    margin: float | None
    needed: int | None
    reason: str | None = None


@dataclass(frozen=True)
class Calibration:
    """False alarms and detectable losses of a suite on a machine; `as_dict` is `calibrate --json`."""

    run: str
    called: str
    suite: str
    policy: str
    repeats: int
    draws: int
    samples: int
    gate: Mapping[str, Rate]
    metrics: Sequence[MetricCalibration]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values.

        Keys: run, called (the run in words), suite, policy, repeats, draws, samples; gate{generator: {count,
        of, low, high, value}}; metrics[] {generator, metric, primary, alarms{}, verdicts{}, n, units, unit,
        scale, detectable, margin, needed, reason}; advice[].
        """
        plain = asdict(self)
        for generator, rate in self.gate.items():
            plain["gate"][generator]["value"] = rate.value
        for row, metric in zip(plain["metrics"], self.metrics, strict=True):
            row["alarms"]["value"] = metric.alarms.value
        return plain | {"advice": advice(self)}


def calibrate(
    run: Run,
    repeats: Sequence[Run],
    *,
    suite: str | None = None,
    policy: Policy | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Calibration:
    """Compare the generators of a run with themselves.

    Args:
        run: gives margins their scale (its controls).
        repeats: the same generators and requests with other seeds, at least two.
        suite: its name; None takes the run's first.

    Raises:
        StoreError: there are fewer than two repeats, or a generator is missing in one.
        SpecError: the policy does not fit the suite.
    """
    if len(repeats) < LEAST_REPEATS:
        raise StoreError(f"an A/A comparison needs {LEAST_REPEATS} repeats, there are {len(repeats)}")
    policy = policy or load_policy()
    document = run.document()
    name = suite if suite is not None else str(document.suites[0]["name"])
    arms = read_arms(run, name)
    parsed = suite_of(document, name)
    primary, named = policy.primary_metrics(parsed), named_ends(parsed)
    real, floors = scale_ends(arms)
    copies = [{arm.generator: arm for arm in read_arms(repeat, name)} for repeat in repeats]
    # Repeats are occasions of their own: they say themselves how much times move between two of them.
    between = estimate(run, name, repeats) or Occasions(policy.occasion_sd)
    gate: dict[str, Rate] = {}
    metrics: list[MetricCalibration] = []
    for arm in arms:
        if arm.control is not None:
            continue
        label = arm.generator
        for repeat, copy in zip(repeats, copies, strict=True):
            if label not in copy:
                raise StoreError(f"repeat {repeat.run_id} has no generator {label!r}")
        rng = np.random.default_rng(seed)
        found: list[list[MetricResult]] = []
        for _ in range(draws):
            first, second = _two_arms([copy[label] for copy in copies], rng)
            baseline, candidate = (
                Side(one, real, floors, document.hardware, named, between) for one in (first, second)
            )
            found.append(judge(baseline, candidate, pair(first, second), primary, policy))
        gate[label] = _rate(
            sum(overall(deciding(results, policy)) is Verdict.REGRESSED for results in found), draws
        )
        metrics += _by_metric(label, found)
    return Calibration(
        run.run_id,
        run_names.in_words(document),
        name,
        policy.name,
        len(repeats),
        draws,
        document.samples,
        gate,
        tuple(metrics),
    )


def advice(calibration: Calibration) -> list[str]:
    """What to do about it, in plain words, the most urgent first."""
    lines = []
    for generator, rate in calibration.gate.items():
        told = f"{generator}: the gate called an equal generator REGRESSED in {rate.count} of {rate.of} draws"
        if rate.low > MEANT:
            told += f"; more than {MEANT:.0%}: raise the margins or name fewer primary metrics"
        lines.append(told)
    weak: dict[tuple[str, str], tuple[int, str]] = {}
    for row in calibration.metrics:
        if row.primary and row.needed is not None and row.needed > row.n:
            known = weak.get((row.metric, row.units), (0, ""))
            weak[row.metric, row.units] = max(known, (row.needed, row.generator))
    for units in dict.fromkeys(units for _, units in weak):
        needed = {metric: count for (metric, kind), (count, _) in weak.items() if kind == units}
        worst, count = max(needed.items(), key=lambda item: item[1])
        told = f"to tell a loss as small as the margin from none: {about(count)} {units} for {worst}"
        if len(needed) > 2:
            told += f", at most {median_low(needed.values())} for half of the {len(needed)} that have too few"
        lines.append(told)
    apart = dict.fromkeys(
        row.metric
        for row in calibration.metrics
        if row.primary and row.units == "rounds" and row.margin and row.needed is None
    )
    if apart:
        lines.append(
            f"no number of rounds tells a loss as small as the margin from none between two runs: "
            f"{listed(list(apart))}; time both in one pass (compare --remeasure)"
        )
    blind = sorted({f"{row.metric} ({row.reason})" for row in calibration.metrics if row.reason})
    lines += [f"no comparison of {who}" for who in blind]
    return lines


# --- drawing two arms -------------------------------------------------------------------------


def _two_arms(repeats: Sequence[Arm], rng: np.random.Generator) -> tuple[Arm, Arm]:
    """Two arms of one generator: clips prompt by prompt from different repeats, the rest from whole ones."""
    samples = sorted({sample for arm in repeats for sample in arm.requests})
    picks = {sample: rng.choice(len(repeats), size=2, replace=False) for sample in samples}
    whole = rng.choice(len(repeats), size=2, replace=False)
    first, second = (
        _mixed(repeats, {sample: int(pick[side]) for sample, pick in picks.items()}, int(whole[side]))
        for side in (0, 1)
    )
    return first, second


def _mixed(repeats: Sequence[Arm], picks: Mapping[str, int], whole: int) -> Arm:
    chosen = {sample: repeats[pick] for sample, pick in picks.items()}
    good = {sample: arm for sample, arm in chosen.items() if sample in arm.clips}
    base = repeats[whole]
    return replace(
        base,
        ok=len(good),
        planned=len(chosen),
        failures={},
        clips={sample: arm.clips[sample] for sample, arm in good.items()},
        prompts=tuple(sorted({arm.prompt_of[sample] for sample, arm in good.items()})),
        prompt_of={sample: arm.prompt_of[sample] for sample, arm in good.items()},
        # Seeds differ between repeats by design; what is paired is the same sample of the plan.
        requests={
            sample: (arm.requests[sample][0], place) for place, (sample, arm) in enumerate(chosen.items())
        },
        estimates={metric: _metric_estimate(metric, base, good) for metric in base.estimates},
    )


def _metric_estimate(metric: str, base: Arm, good: Mapping[str, Arm]) -> MetricEstimate:
    """A metric's estimate of a mixed arm; for sets and calls that of the whole repeat."""
    own = base.estimates[metric]
    if own.level is Level.SET:
        return replace(own, fingerprints=own.fingerprints and ("a-a",))  # the requests' seeds are part of it
    if own.level is not Level.SAMPLE:
        return own
    found = [
        (sample, arm.prompt_of[sample], arm.estimates[metric])
        for sample, arm in good.items()
        if metric in arm.estimates and sample in arm.estimates[metric].by_sample
    ]
    if not found:
        return replace(own, value=None)
    facts = found[0][2].facts  # the whole repeat may have no value of its own
    rule = facts.over_set
    scale = 1.0 if rule is None else rule.scale
    return sample_estimate(
        metric,
        facts,
        [sample for sample, _, _ in found],
        np.array([measured.by_sample[sample] for sample, _, measured in found]) / scale,
        Clusters.of([prompt for _, prompt, _ in found]),
        None if rule is None else [measured.sample_weights[sample] for sample, _, measured in found],
        interval=False,
        fingerprints=tuple(sorted({one for _, _, measured in found for one in measured.fingerprints})),
    )


# --- counting ---------------------------------------------------------------------------------


def _by_metric(generator: str, found: Sequence[Sequence[MetricResult]]) -> list[MetricCalibration]:
    rows: dict[str, list[MetricResult]] = defaultdict(list)
    for results in found:
        for result in results:
            if result.verdict is not None:
                rows[result.metric].append(result)
    return [_calibrated(generator, metric, results) for metric, results in rows.items()]


def _calibrated(generator: str, metric: str, results: Sequence[MetricResult]) -> MetricCalibration:
    verdicts = Counter(str(result.verdict) for result in results)
    numbers = [result for result in results if result.delta is not None]
    shown = numbers[0] if numbers else results[0]
    detectable = [result.detectable for result in numbers if result.detectable is not None]
    margins = [result.margin for result in numbers if result.margin is not None]
    loss = median(detectable) if detectable else None
    margin = median(margins) if margins else None
    wanted = [result.needed if result.needed is not None else math.inf for result in numbers if result.margin]
    enough = median_low(wanted) if wanted else math.inf
    needed = None if math.isinf(enough) else max(shown.n, int(enough))
    return MetricCalibration(
        generator=generator,
        metric=metric,
        primary=shown.primary,
        alarms=_rate(verdicts[str(Verdict.REGRESSED)], len(results)),
        verdicts=dict(verdicts),
        n=shown.n,
        units=shown.units,
        unit=shown.unit,
        scale=shown.scale,
        detectable=loss,
        margin=margin,
        needed=needed,
        reason=None if numbers else shown.reason,
    )


def _rate(count: int, of: int) -> Rate:
    interval = stats.binomtest(count, of).proportion_ci(method="exact")
    return Rate(count, of, float(interval.low), float(interval.high))
