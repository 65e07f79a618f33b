"""Stored audits laid out: what each metric makes of each known damage, and whether it can be believed."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vbench_lite.sensitivity.judge import MetricVerdict, Seen
from vbench_lite.sensitivity.results import AuditResult

# How an outcome reads in a cell; the words stand beside the sign, so that none depends on the other.
SIGNS: dict[str, str] = {
    Seen.NOTICED: "✓",
    Seen.REWARDED: "✗",
    Seen.NOT_SEEN: "○",
    Seen.CANNOT_TELL: "?",
    Seen.MOVED: "↕",
    Seen.NO_VALUE: "–",
}
_GRAVEST = (
    MetricVerdict.FOOLED, MetricVerdict.BLIND, MetricVerdict.OFF_AXIS, MetricVerdict.CANNOT_TELL,
    MetricVerdict.SOUND, MetricVerdict.DESCRIPTION, MetricVerdict.NOT_APPLICABLE,
)  # fmt: skip


def titles(found: Sequence[AuditResult]) -> dict[str, str]:
    """A name for each audit by its id: on what, how many clips, when."""
    whens = {a.id: a.created[:16].replace("T", " ") for a in found}
    return {a.id: f"{a.data['name']}, {a.data['clips']} clips, {whens[a.id]} UTC ({a.id[:8]})" for a in found}


def verdicts(audit: AuditResult) -> pd.DataFrame:
    """One row a metric, the gravest verdicts first: metric, axis, verdict, in words."""
    order = [str(verdict) for verdict in _GRAVEST]
    rows = sorted(audit.metrics, key=lambda m: (order.index(m["verdict"]), m["metric"]))
    return pd.DataFrame(
        [(m["metric"], m["axis"], m["verdict"], m["words"]) for m in rows],
        columns=["metric", "axis", "verdict", "in words"],
    )


def cells(audit: AuditResult) -> pd.DataFrame:
    """One row for each metric and damage that has an outcome.

    Columns: metric, damage, kind, seen, sign (see SIGNS; * where the metric's axis is meant to notice the
    damage), effect (standard deviations, - is worse), low, high, rho, steady.
    """
    rows = []
    for metric in audit.metrics:
        for cell in metric["cells"]:
            low, high = cell["effect_ci"] or (None, None)
            rows.append(
                {
                    **cell,
                    "metric": metric["metric"],
                    "sign": SIGNS[cell["seen"]] + "*" * bool(cell["meant"]),
                    "low": low,
                    "high": high,
                    "steady": {None: "–", True: "yes", False: "no"}[cell["monotone"]],
                }
            )
    columns = ["metric", "damage", "kind", "seen", "sign", "effect", "low", "high", "rho", "steady"]
    frame = pd.DataFrame(rows, columns=columns)
    numbers = ["effect", "low", "high", "rho"]
    frame[numbers] = frame[numbers].astype(float)
    return frame


def grid(frame: pd.DataFrame) -> pd.DataFrame:
    """The signs of `cells` with one row a metric and one column a damage, in order of the audit."""
    damages = list(dict.fromkeys(frame["damage"]))
    metrics = list(dict.fromkeys(frame["metric"]))
    wide = frame.pivot(index="metric", columns="damage", values="sign").reindex(
        index=metrics, columns=damages
    )
    return wide.fillna("").reset_index()
