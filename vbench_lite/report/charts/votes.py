"""Which metrics agree with the votes, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vbench_lite.format import percent
from vbench_lite.stats.clusters import MeanOverClusters
from vbench_lite.votes.agreement import Agreement


def share(found: MeanOverClusters) -> str:
    """A share with its interval, where it has one: `62% (51% to 73%)`."""
    if found.low is None or found.high is None:
        return percent(found.value)
    return f"{percent(found.value)} ({percent(found.low)} to {percent(found.high)})"


def agreement_rows(agreements: Sequence[Agreement], limit: MeanOverClusters | None) -> pd.DataFrame:
    """One row a metric, best first, and as the last what two people reach.

    Args:
        limit: how often two people prefer the same clip; None where no two saw one pair.
    """
    rows = [
        (
            one.metric,
            share(one.accuracy),
            percent(one.accuracy_with_ties.value),
            "–" if one.tau_b is None else f"{one.tau_b.value:.2f}",
            one.verdict,
        )
        for one in agreements
    ]
    if limit is not None:
        rows.append(("two people", share(limit), "", "", "ceiling"))
    return pd.DataFrame(rows, columns=["metric", "right on decided votes", "with ties", "tau-b", "says"])
