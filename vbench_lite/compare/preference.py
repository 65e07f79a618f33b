"""Votes between the clips of two arms, as one more metric of their comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vbench_lite.compare.differences import Pairing, Side
from vbench_lite.compare.policy import PREFERENCE, Policy
from vbench_lite.errors import StoreError
from vbench_lite.metric import Axis
from vbench_lite.results.arms import Arm, Run
from vbench_lite.results.catalogue import MetricFacts
from vbench_lite.results.cut import Cut
from vbench_lite.results.estimates import MetricEstimate, nothing
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import Level
from vbench_lite.votes.ballot import OVERALL, merge
from vbench_lite.votes.duel import Duel, duel
from vbench_lite.votes.preference import votes_that_count

_FACTS = MetricFacts(
    PREFERENCE, "", True, (0.0, 1.0), Axis.PREFERENCE,
    "Share of decided votes between the two that it wins.", True,
)  # fmt: skip


def with_votes(
    first: Side, second: Side, pairing: Pairing, runs: Sequence[Run], policy: Policy
) -> tuple[Side, Side, Pairing, list[str]]:
    """Both sides and their pairing with the votes between their clips, and what a reader must know of these.

    Where there are none and the policy names `preference`, both sides have the reason in place of a value.
    Journals that cannot be read are such a reason; under other policies they are a note.

    Args:
        runs: of both sides; votes lie beside those on disk.
    """
    found, why = None, _asked(first.arm, second.arm)
    try:
        found = _votes_between(first.arm, second.arm, runs)
    except StoreError as error:
        why = str(error)
        if PREFERENCE not in policy.named:
            return first, second, pairing, [f"{PREFERENCE} is not compared: {error}"]
    if found is None and PREFERENCE not in policy.named:
        return first, second, pairing, []
    even = 0.5 if pairing.identical else None  # equal clips cannot be told apart
    shares = (even, even) if found is None else (1 - found.share, found.share)
    count = len(pairing.answered) if found is None else found.lead.n
    sides = []
    for side, share in zip((first, second), shares, strict=True):
        estimate = nothing(PREFERENCE, Level.SET, _FACTS, why)
        if share is not None:
            estimate = MetricEstimate(PREFERENCE, Level.SET, _FACTS, share, None, None, count)
        arm = replace(side.arm, estimates={**side.arm.estimates, PREFERENCE: estimate})
        sides.append(replace(side, arm=arm))
    told = [f"{PREFERENCE}: {found.who}"] if found is not None else []
    return sides[0], sides[1], replace(pairing, votes=found), told


def _asked(first: Arm, second: Arm) -> str:
    """That there are no votes, and the command that collects some."""
    run = second.run_id
    if first.run_id != run:
        run = f"{run}:{second.generator} --against {first.run_id}:{first.generator}"
    return f"no votes between these clips; collect them with: vbench-lite vote {run}"


def _votes_between(first: Arm, second: Arm, runs: Sequence[Run]) -> Duel | None:
    stored = [run.run if isinstance(run, Cut) else run for run in runs]
    roots = list(dict.fromkeys(run.root for run in stored if isinstance(run, RunDir)))
    votes = merge(votes_that_count(root, OVERALL)[0] for root in roots)
    clips = [{arm.requests[sample]: sha for sample, sha in arm.clips.items()} for arm in (first, second)]
    return duel(votes, *clips) if votes else None
