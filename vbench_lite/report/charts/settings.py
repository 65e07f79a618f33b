"""A sweep as tables of text and one sentence: what every face shows, computed by `compare.sweep`."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from vbench_lite.compare.nearness import Near
from vbench_lite.compare.sweep_table import AxisChange, Kind, Ratio, SweepRow, SweepTable
from vbench_lite.compare.tradeoff import costs
from vbench_lite.format import NONE, about_more, multiple, number, percent, significant
from vbench_lite.report.charts.style import axis_order
from vbench_lite.run.plan.sweep import AGAIN, BASE, SEEDS
from vbench_lite.stats.noninferiority import Verdict

MARKS = {
    Verdict.IMPROVED: "▲",
    Verdict.PASS: "✓",
    Verdict.INCONCLUSIVE: "?",
    Verdict.INCOMPARABLE: "!",
    Verdict.REGRESSED: "✗",
}
_NEAR = {"psnr": ("PSNR dB", 1), "ssim": ("SSIM", 3), "lpips": ("LPIPS", 3), "tlpips": ("tLPIPS", 4)}
_COUNTS = 0.01  # of the call: a stage below this is not worth a speed-up
_FLOORS = {"again": AGAIN, "seeds": SEEDS}


def verdicts(found: SweepTable) -> list[str]:
    """`free: a (1.5x as fast), ...`, `worth its loss: ...`, `avoid: ...`: every setting once."""
    parts = {kind: [_named(row, found) for row in found.of_kind(kind)] for kind in Kind}
    told = [f"{kind}: {', '.join(named)}" for kind, named in parts.items() if named]
    unsettled = [c.more_prompts or 0 for row in found.of_kind(Kind.OPEN) for c in row.axes.values()]
    if any(unsettled):
        told.append(f"{about_more(max(unsettled), 'prompts')} would settle what is open")
    return told


def sentence(found: SweepTable) -> str:
    """The verdicts as one sentence."""
    return "; ".join(verdicts(found))


def tables(found: SweepTable) -> Iterator[tuple[str, pd.DataFrame, str]]:
    """Every table with its title and how it is read."""
    yield (
        "what each setting gives",
        gains(found),
        "speed-up: how many times as fast as the base, ± is the wider side of the 95% interval; memory: how "
        "many times the base's; motion: how much of the base's is kept; *: on the Pareto front of "
        "speed, memory and the axes",
    )
    yield (
        "how near its clips are to the base's",
        nearness(found),
        "clips: identical byte for byte, or nearer, as far or farther than a clip of another seed lies; "
        f"{AGAIN}: the base once more from the same seeds, by another process; {SEEDS}: from other seeds, so "
        "far do two good clips of one prompt lie apart",
    )
    scored = axes(found)
    if len(scored.columns) > 1:
        yield (
            "what it costs on each axis",
            scored,
            "axis score less the base's; ▲ better, ✓ no loss beyond the margin, ✗ worse, ? too few samples "
            f"to tell, ! not comparable; margin {significant(found.policy.margin_fraction)}, Holm over all "
            "settings and axes",
        )
    seconds = stages(found)
    if not seconds.empty:
        yield "where the seconds go", seconds, "seconds of a call, and how many times as fast each stage is"


def gains(found: SweepTable) -> pd.DataFrame:
    """setting, speed-up, memory, motion, verdict, what comes of it; the noise of both last."""
    rows = [
        {
            "setting": f"{row.setting} *" if row.pareto else row.setting,
            "speed-up": multiple(row.speed.inverse),
            "memory": _short(row.memory),
            "motion": NONE if row.motion.value is None else percent(row.motion.value),
            "verdict": NONE if row.verdict is None else str(row.verdict),
            "so": _so(row, found),
        }
        for row in found.rows
    ]
    again = found.floors.get("again")
    if again is not None and rows:
        noise = {
            "setting": AGAIN,
            "speed-up": multiple(again.speed.inverse),
            "memory": _short(again.memory),
            "so": "noise",
        }
        rows.append({name: noise.get(name, "") for name in rows[0]})
    return pd.DataFrame(rows)


def nearness(found: SweepTable) -> pd.DataFrame:
    """setting, each measure of nearness, and where that is against other seeds; both floors come first."""
    return pd.DataFrame(
        {
            "setting": label,
            **{title: _fixed(row.near.metrics.get(name), digits) for name, (title, digits) in _NEAR.items()},
            "clips": row.near.place or "",
        }
        for label, row in _with_floors(found, "again", "seeds")
    )


def axes(found: SweepTable) -> pd.DataFrame:
    """setting, and the difference of each axis with the mark of its verdict; other seeds come first."""
    order = axis_order({str(axis) for row in found.rows for axis in row.axes})
    rows = []
    for label, row in _with_floors(found, "seeds"):
        changes = {str(axis): change for axis, change in row.axes.items()}
        rows.append({"setting": label, **{axis: _change(changes[axis]) for axis in order if axis in changes}})
    return pd.DataFrame(rows)


def stages(found: SweepTable) -> pd.DataFrame:
    """setting, and the seconds of each stage with its speed-up; stages that nobody has are left out."""
    names = [name for row in found.rows for name in row.stages]
    rows = []
    first = next((row for row in found.rows if row.stages), None)
    if first is not None:
        base = {name: number(first.stages[name].base, "s") for name in first.stages}
        rows.append({"setting": BASE, "call": number(first.speed.base, "s"), **base})
    for row in found.rows:
        cells = {"setting": row.setting, "call": number(row.speed.own, "s")}
        for name in dict.fromkeys(names):
            if name in row.stages:
                cells[name] = _stage(row.stages[name], row.speed.base)
        rows.append(cells)
    return pd.DataFrame(rows).fillna(NONE)


def _with_floors(found: SweepTable, *roles: str) -> Iterator[tuple[str, SweepRow]]:
    yield from ((_FLOORS[role], found.floors[role]) for role in roles if role in found.floors)
    yield from ((row.setting, row) for row in found.rows)


def _named(row: SweepRow, found: SweepTable) -> str:
    told = []
    speed = row.speed.inverse
    if row.kind is not Kind.UNCHANGED and speed.value is not None:
        told.append(f"{significant(speed.value, 2)}x as fast")
    if row.verdict is Verdict.REGRESSED:
        lost = {str(axis): c for axis, c in row.axes.items() if c.verdict is Verdict.REGRESSED}
        told += [f"{axis} {_delta(lost[axis])}" for axis in axis_order(set(lost))]
    if row.kind is Kind.OPEN:
        told.append(_open(row))
    if row.kind is Kind.UNCHANGED:
        told.append("byte-identical" + (", and slower" if costs(row, found.policy) else ""))
    return f"{row.setting} ({', '.join(told)})" if told else row.setting


def _open(row: SweepRow) -> str:
    """What keeps a setting from being judged."""
    unsure = {
        str(axis): change.ci[0]
        for axis, change in row.axes.items()
        if change.verdict is Verdict.INCONCLUSIVE and change.ci is not None
    }
    if row.verdict is None:
        return "no axis is scored"
    if row.verdict is Verdict.REGRESSED or not unsure:
        return "its gain is not known"
    axis = min(unsure, key=unsure.__getitem__)
    return f"{axis} may lose up to {min(-unsure[axis], 1.0):.2f}"


def _so(row: SweepRow, found: SweepTable) -> str:
    slower = ", and costs time" if row.kind is Kind.UNCHANGED and costs(row, found.policy) else ""
    return f"{row.kind}{slower}"


def _fixed(near: Near | None, digits: int) -> str:
    """A value and the wider side of its interval, with so many digits: beyond them clips look alike."""
    if near is None or near.value is None:
        return NONE
    text = f"{near.value:.{digits}f}"
    if near.low is None or near.high is None:
        return text
    return f"{text} ±{max(near.high - near.value, near.value - near.low):.{digits}f}"


def _change(change: AxisChange) -> str:
    mark = "" if change.verdict is None else f" {MARKS[change.verdict]}"
    if change.difference is None:
        return f"{NONE}{mark}"
    if change.ci is None:
        return f"{_delta(change)}{mark}"
    value, (low, high) = change.difference.value, change.ci
    if low == high == 0:
        return f"={mark}"
    return f"{value:+.3f} ±{max(high - value, value - low):.3f}{mark}"


def _delta(change: AxisChange) -> str:
    return NONE if change.difference is None else f"{change.difference.value:+.2f}"


def _short(ratio: Ratio) -> str:
    return NONE if ratio.value is None else f"{significant(ratio.value)}x"


def _stage(ratio: Ratio, call_s: float | None) -> str:
    """Seconds of a stage, with its speed-up where it is a part of the call that counts."""
    seconds = number(ratio.own, "s")
    if ratio.value is None or (ratio.base or 0.0) < _COUNTS * (call_s or 0.0):
        return seconds
    return f"{seconds} ({significant(ratio.inverse.value or 1.0, 2)}x)"
