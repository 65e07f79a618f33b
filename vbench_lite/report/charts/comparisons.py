"""A comparison laid out for people, the clips that changed most, and a measure over runs.

Differences, margins and verdicts come from `vbench_lite.compare`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from vbench_lite.arrays import Floats
from vbench_lite.compare import Comparison, MetricResult, RunArm, compare
from vbench_lite.compare.frame_fidelity import FrameFidelity
from vbench_lite.compare.headline import counts_text, settling
from vbench_lite.format import NONE, change_interval, change_text, interval, margin_text, number
from vbench_lite.grouping import grouped
from vbench_lite.metric import Axis
from vbench_lite.report.charts.boards import BoardTable
from vbench_lite.results.arms import Run
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.stats.rounds import of_any_occasion

CHANGED = ("metric", "prompt", "seed", "baseline", "candidate", "change", "baseline_clip", "candidate_clip")

MEANING = {
    "IMPROVED": "better on a primary metric and worse on none",
    "PASS": "no loss beyond the margins",
    "INCONCLUSIVE": "too few samples to tell",
    "REGRESSED": "worse than the baseline",
    "INCOMPARABLE": "it cannot be told: what decides was not measured alike, or not on the same requests",
}
READING = (
    "Right is better; the dashed line is the margin, the loss that still passes. Bars are 95% intervals, "
    "each for itself; verdicts hold for all starred (primary) metrics at once, so a bar only just beyond a "
    "line may still read INCONCLUSIVE, and coverage is judged by its value. Differences in speed and memory "
    "are relative. Beyond two margins the scale is logarithmic."
)


@dataclass(frozen=True)
class ComparisonTable:
    """A comparison as frames.

    Attributes:
        counts: metrics by verdict, as `9 worse, 1 better, 2 same, 3 open`.
        parts: (quality or "speed and memory", verdict, counts).
        forest: metric (primary ones with a star), effect, low, high (in margins, + is better), verdict;
            only what has a margin.
        table: every metric as text.
        environment: field, baseline, candidate of what differs between the runs.
        because: what primary metrics with the overall verdict say, one line for those that say the same.
        identical: both gave the same clips to every request.
    """

    verdict: str
    counts: str
    parts: tuple[tuple[str, str, str], ...]
    because: tuple[str, ...]
    forest: pd.DataFrame
    table: pd.DataFrame
    environment: pd.DataFrame
    identical: bool
    notes: tuple[str, ...]


def read_comparison(
    baseline: Run, generator: str, candidate: Run, other: str, suite: str | None
) -> ComparisonTable:
    """Compare `other` of the candidate run with `generator` of the baseline run, by the default policy.

    Raises:
        StoreError: a generator is not in its run, or the runs have no suite in common.
    """
    return table(compare(RunArm(baseline, generator), RunArm(candidate, other), suite=suite))


def table(found: Comparison) -> ComparisonTable:
    """A comparison laid out."""
    return ComparisonTable(
        verdict=str(found.verdict),
        counts=counts_text(found.metrics),
        parts=tuple(found.part_lines()),
        because=_because([m for m in found.metrics if m.primary and m.verdict == found.verdict]),
        forest=pd.DataFrame(
            [_bar(m) for m in found.metrics if m.margin and m.delta is not None],
            columns=["metric", "effect", "low", "high", "verdict"],
        ),
        table=pd.DataFrame([_line(m) for m in found.metrics]),
        environment=pd.DataFrame(
            [[_known(item[key]) for key in ("field", "baseline", "candidate")] for item in found.environment],
            columns=["field", "baseline", "candidate"],
        ),
        identical=found.identical,
        notes=tuple(found.notes),
    )


def _bar(result: MetricResult) -> dict[str, object]:
    assert result.margin is not None and result.delta is not None
    low, high = result.ci or (None, None)
    return {
        "metric": result.metric + (" *" if result.primary else ""),
        "effect": result.delta / result.margin,
        "low": None if low is None else low / result.margin,
        "high": None if high is None else high / result.margin,
        "verdict": str(result.verdict) if result.verdict is not None else "description",
    }


def _line(result: MetricResult) -> dict[str, object]:
    ratio = result.scale == "log_ratio"
    low, high = result.ci or (None, None)
    return {
        "metric": result.metric,
        "primary": "yes" if result.primary else "",
        "verdict": str(result.verdict) if result.verdict is not None else "–",
        "baseline": number(result.baseline, result.unit),
        "candidate": number(result.candidate, result.unit),
        "change, + is better": _change(result),
        "95%": change_interval(low, high, ratio=ratio, higher_is_better=result.higher_is_better),
        "margin": margin_text(result.margin, ratio=ratio, unit=result.unit),
        "p": "–" if result.p_value is None else f"{result.p_value:.3g}",
        "n": f"{result.n} {result.units}",
        "remark": _remark(result),
    }


def _known(value: object) -> str:
    """A fact of an environment as text; a dash where one side has none."""
    return "–" if value is None else str(value)


def _because(results: Sequence[MetricResult]) -> tuple[str, ...]:
    named = grouped((_why(result), result.metric) for result in results)
    return tuple(f"{', '.join(metrics)}: {why}" for why, metrics in named.items())


def _why(result: MetricResult) -> str:
    said = f"changed by {_change(result)}, + is better" if result.delta is not None else ""
    return "; ".join(part for part in (said, _remark(result)) if part)


def _change(result: MetricResult) -> str:
    """A difference, or for a log ratio the change in percent; + is better."""
    ratio = result.scale == "log_ratio"
    return change_text(result.delta, None, ratio=ratio, higher_is_better=result.higher_is_better)


def _remark(result: MetricResult) -> str:
    """What the margin is, or why there is no number; and what would settle an open question."""
    return "; ".join(part for part in (result.reason, settling(result)) if part)


def clip_changes(
    baseline: tuple[pd.DataFrame, pd.DataFrame],
    candidate: tuple[pd.DataFrame, pd.DataFrame],
    generators: tuple[str, str],
) -> pd.DataFrame:
    """Requests that both answered, by each metric of single clips: columns CHANGED.

    Args:
        baseline, candidate: samples with a clip, and scores of single clips (`gallery`).
        generators: the baseline's and the candidate's.
    """
    sides = []
    for (samples, scores), generator in zip((baseline, candidate), generators, strict=True):
        mine = samples.loc[samples["generator"] == generator, ["sample_id", "prompt", "seed", "clip_sha256"]]
        its = scores.loc[scores["generator"] == generator, ["sample_id", "metric", "value"]]
        sides.append(mine.merge(its, on="sample_id"))
    both = sides[0].merge(sides[1], on=["prompt", "seed", "metric"], suffixes=("_baseline", "_candidate"))
    names = {f"value_{side}": side for side in ("baseline", "candidate")}
    names |= {f"clip_sha256_{side}": f"{side}_clip" for side in ("baseline", "candidate")}
    found = both.rename(columns=names)
    return found.assign(change=found["candidate"] - found["baseline"])[list(CHANGED)]


def most_changed(changes: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of `clip_changes` of one metric, the largest change first."""
    mine = changes[changes["metric"] == metric]
    return mine.loc[mine["change"].abs().sort_values(ascending=False, kind="stable").index]


def closeness(found: FrameFidelity) -> str:
    """How close two clips are over all frames, and at the frame where they are least so."""
    parts = []
    for metric, value in found.clip.items():
        frames, unit = found.frames[metric], found.units[metric]
        least = min(range(len(frames)), key=frames.__getitem__)
        parts.append(
            f"{_short(metric)} {number(value, unit)} (least {number(frames[least], unit)}, frame {least + 1})"
        )
    parts += [f"{_short(metric)}: {why}" for metric, why in found.reasons.items()]
    return "; ".join(parts)


def closeness_by_frame(found: FrameFidelity) -> pd.DataFrame:
    """One row a frame: its number from 1, seconds from the start where the rate is known, each metric."""
    length = max(map(len, found.frames.values()), default=0)
    columns: dict[str, object] = {"frame": range(1, length + 1)}
    if found.fps is not None:
        columns["seconds"] = [place / found.fps for place in range(length)]
    for metric, values in found.frames.items():
        unit = found.units[metric]
        columns[f"{_short(metric)} ({unit})" if unit else _short(metric)] = values
    return pd.DataFrame(columns)


def _short(metric: str) -> str:
    return metric.rsplit("/", 1)[-1].upper()


def history(boards: Sequence[BoardTable], measure: str, generators: Sequence[str]) -> pd.DataFrame:
    """A measure over runs, oldest first: generator, family, run, created, value, low, high, step.

    `step` says that the interval (of a time: with what differs between two runs) does not overlap with the
    one before of the same generator: "yes"; or "disturbed" where other processes slowed timed calls of
    either, and "other requests" where the suite, the seed or the number of samples differs, so that nothing
    follows from it.
    """
    parts = [board.of(measure, generators) for board in boards]
    rows = pd.concat(parts) if parts else pd.DataFrame()
    if rows.empty:
        return pd.DataFrame(columns=["generator", "family", "run", "created", "value", "low", "high", "step"])
    rows = rows.sort_values(["created", "run"], kind="stable").reset_index(drop=True)
    ends = rows[["generator", "low", "high"]].assign(**_of_any_occasion(rows, measure))
    before = ends.groupby("generator")[["low", "high"]].shift()
    apart = (ends["low"] > before["high"]) | (ends["high"] < before["low"])
    busy = rows["disturbed"] | rows.groupby("generator")["disturbed"].shift(fill_value=False)
    asked = rows.groupby("generator")["protocol"].shift() != rows["protocol"]
    rows["step"] = np.select([apart & asked, apart & busy, apart], ["other requests", "disturbed", "yes"], "")
    return rows[["generator", "family", "run", "created", "value", "low", "high", "step"]]


def _of_any_occasion(rows: pd.DataFrame, measure: str) -> dict[str, Floats]:
    """Ends of the intervals; those of times are wide enough for what differs between two runs."""
    value, low, high = (rows[name].to_numpy(np.float64) for name in ("value", "low", "high"))
    axis = measure == Axis.SPEED
    if axis or (metric_facts(measure, {}).axis == Axis.SPEED and np.nanmin(low, initial=np.inf) > 0):
        low, high = of_any_occasion(value, low, high, ratio=not axis)
    return {"low": low, "high": high}


def _with_ends(row: Mapping[Hashable, Any], unit: str) -> str:
    """`0.755 (0.640 to 0.848)`; the value alone where nothing says how it varies."""
    ends = interval(row["low"], row["high"], unit)
    return number(row["value"], unit) + ("" if ends == NONE else f" ({ends})")


def changes(boards: Sequence[BoardTable], measures: Sequence[str]) -> pd.DataFrame:
    """Measures of the generators that two boards have in common, older board first, as text.

    Columns: generator, measure, before, now, step (as of `history`).
    """
    both = [set(b.arms.loc[~b.arms["control"], "generator"]) for b in boards]
    common = [g for g in dict.fromkeys(boards[-1].arms["generator"]) if g in both[0] & both[1]]
    boards = [replace(b, values=b.scored[b.scored["name"].isin(measures)]) for b in boards]  # searched often
    rows = []
    for measure in measures:
        found = history(boards, measure, common)
        unit = metric_facts(measure, {}).unit
        for generator in common:
            mine = found[found["generator"] == generator].tail(2).to_dict("records")
            if len(mine) == 2:
                rows.append((generator, measure, *(_with_ends(one, unit) for one in mine), mine[1]["step"]))
    return pd.DataFrame(rows, columns=["generator", "measure", "before", "now", "step"])


def first_changed(changes: pd.DataFrame, metrics: Sequence[str]) -> str:
    """The first of some metrics by which a clip changed; the first one where none did."""
    moved = set(changes.loc[changes["change"] != 0, "metric"])
    return next((metric for metric in metrics if metric in moved), metrics[0])


def history_table(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The history for people."""
    unit = metric_facts(measure, {}).unit
    return pd.DataFrame(
        {
            "run": rows["run"],
            "made": rows["created"].str.slice(0, 16),
            "generator": rows["generator"],
            "value": [number(v, unit) for v in rows["value"]],
            "95%": [interval(a, b, unit) for a, b in zip(rows["low"], rows["high"], strict=True)],
            "step": rows["step"],
        }
    )
