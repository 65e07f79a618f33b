"""Which metric agrees with the votes: every metric and its accuracy beside the agreement of people.

A metric is judged on the pairs of clips that were voted on, in its own direction; a metric without a
direction, or without a value for both clips of enough pairs, is left out. Intervals are clustered over
voters and prompts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from vbench_lite.arrays import Floats
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.stats.bradley_terry import components
from vbench_lite.stats.clusters import MeanOverClusters, mean_over
from vbench_lite.stats.rank_agreement import decided_right, right_with_ties, soft_pairwise_accuracy
from vbench_lite.stats.student import cdf
from vbench_lite.votes.ballot import MODEL, Vote
from vbench_lite.votes.board import counted, outcomes_of, strengths_of, units
from vbench_lite.votes.clips import RunClips
from vbench_lite.votes.preference import people_first

LEAST_PAIRS = 8  # decided votes below which nothing is said of a metric
CHANCE = 0.5
SHARE = (0.0, 1.0)


@dataclass(frozen=True)
class Agreement:
    """How well a metric predicts the votes of one axis.

    Attributes:
        accuracy: share of decided votes in which the better-scored clip was preferred; chance is .5.
        accuracy_with_ties: share of all votes predicted right, ties included.
        tau_b: mean over prompts of Kendall's tau-b between scores and points won.
        soft: soft pairwise accuracy over generators; None with fewer than two, or without a spread.
        verdict: "agrees" (surely above chance), "contradicts" (surely below), or neither.
    """

    metric: str
    accuracy: MeanOverClusters
    accuracy_with_ties: MeanOverClusters
    tau_b: MeanOverClusters | None
    soft: float | None

    @property
    def verdict(self) -> str:
        """What the interval of the accuracy says."""
        low, high = self.accuracy.low, self.accuracy.high
        if low is not None and low > CHANCE:
            return "agrees"
        if high is not None and high < CHANCE:
            return "contradicts"
        return "not surely better than chance"

    def as_dict(self, ceiling: MeanOverClusters | None) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "metric": self.metric,
            "accuracy": _plain(self.accuracy),
            "accuracy_with_ties": _plain(self.accuracy_with_ties),
            "tau_b": _plain(self.tau_b),
            "soft_pairwise_accuracy": self.soft,
            "verdict": self.verdict,
            "ceiling": _plain(ceiling),
        }


def _plain(found: MeanOverClusters | None) -> dict[str, Any] | None:
    return None if found is None else found.as_dict()


def ceiling(votes: Sequence[Vote], axis: str) -> MeanOverClusters | None:
    """How often two people who both decided prefer the same clip of a pair; None if no two saw one pair."""
    same, prompts, couples = [], [], []
    people = [vote for vote in counted(votes, axis) if vote.kind != MODEL]
    for (prompt, _, pair), said in units(people).items():
        for one, other in combinations(sorted(said), 2):
            if said[one] in pair and said[other] in pair:
                same.append(float(said[one] == said[other]))
                prompts.append(prompt)
                couples.append((one, other))
    return mean_over(same, couples, prompts, bounds=SHARE) if same else None


def agreements(votes: Sequence[Vote], axis: str, run: RunClips) -> list[Agreement]:
    """Every metric of the run with a direction and values of clips, best accuracy first.

    Args:
        votes: about clips of the run (`clips.of_run`); those of models count only where no person voted.
    """
    those = people_first(counted(votes, axis))
    people = _certainties(those)
    metrics = list(dict.fromkeys(metric for arm in run.arms for metric in arm.estimates))
    found = [_agreement(_Scores.of(metric, run), those, people) for metric in metrics]
    return sorted((one for one in found if one is not None), key=lambda one: -one.accuracy.value)


@dataclass(frozen=True)
class _Scores:
    """What one metric says of the clips of a run. estimates: by generator."""

    metric: str
    run: RunClips
    estimates: Mapping[str, MetricEstimate]

    @classmethod
    def of(cls, metric: str, run: RunClips) -> _Scores:
        measured = (arm for arm in run.arms if metric in arm.estimates)
        return cls(metric, run, {arm.generator: arm.estimates[metric] for arm in measured})

    def score(self, generator: str, vote: Vote) -> float | None:
        """Value of a clip, + is better; None without a value or a direction."""
        estimate = self.estimates.get(generator)
        sample = self.run.samples.get((generator, vote.prompt, vote.seed))
        if estimate is None or estimate.facts.higher_is_better is None or sample is None:
            return None
        value = estimate.by_sample.get(sample)
        return None if value is None else value if estimate.facts.higher_is_better else -value


def _agreement(
    of: _Scores, votes: Sequence[Vote], people: Mapping[tuple[str, str], float] | None
) -> Agreement | None:
    rows = []
    for vote in votes:
        scores = [of.score(shown.generator, vote) for shown in (vote.left, vote.right)]
        if scores[0] is not None and scores[1] is not None:
            rows.append((vote, scores[0] - scores[1]))
    leads = np.array([lead for _, lead in rows])
    judged = np.array([_sign(vote) for vote, _ in rows], dtype=np.int64)
    if np.count_nonzero(judged) < LEAST_PAIRS:
        return None
    voters, prompts = [vote.voter for vote, _ in rows], [vote.prompt for vote, _ in rows]
    right, places = decided_right(leads, judged)
    tied = right_with_ties(leads, judged, prompts)
    return Agreement(
        of.metric,
        mean_over(right.tolist(), [voters[p] for p in places], [prompts[p] for p in places], bounds=SHARE),
        mean_over(tied.tolist(), voters, prompts, bounds=SHARE),
        _tau(of, votes),
        _soft(of, people),
    )


def _sign(vote: Vote) -> int:
    winner = vote.winner()
    return 0 if winner is None else 1 if winner == vote.left.generator else -1


def _tau(of: _Scores, votes: Sequence[Vote]) -> MeanOverClusters | None:
    points: dict[str, dict[tuple[str, int], list[float]]] = defaultdict(lambda: defaultdict(list))
    scores: dict[tuple[str, str, int], float] = {}
    for vote in votes:
        for shown, sign in ((vote.left, 1), (vote.right, -1)):
            score = of.score(shown.generator, vote)
            if score is not None:
                points[vote.prompt][shown.generator, vote.seed].append(_sign(vote) * sign)
                scores[vote.prompt, shown.generator, vote.seed] = score
    values, prompts = [], []
    for prompt, those in points.items():
        clips = sorted(those)
        tau = kendalltau([np.mean(those[clip]) for clip in clips], [scores[prompt, *clip] for clip in clips])
        if np.isfinite(tau.statistic):
            values.append(float(tau.statistic))
            prompts.append(prompt)
    return mean_over(values, prompts, prompts, bounds=(-1.0, 1.0)) if values else None


def _certainties(votes: Sequence[Vote]) -> dict[tuple[str, str], float] | None:
    """P(the first is stronger) by the votes, of every two generators; None where no pair has a spread."""
    names = sorted({name for vote in votes for name in vote.pair})
    outcomes = outcomes_of(votes, names)
    if len(names) < 2 or len(components(outcomes, len(names))) > 1:
        return None
    model = strengths_of(votes, names)
    found = {}
    for i, j in combinations(range(len(names)), 2):
        lead, se, dof = model.difference(i, j)
        if se == 0:
            return None
        found[names[i], names[j]] = cdf(lead / se, dof)
    return found


def _soft(of: _Scores, people: Mapping[tuple[str, str], float] | None) -> float | None:
    if people is None:
        return None
    machine = {}
    for pair in people:
        ours = _certainty([of.estimates.get(name) for name in pair])
        if ours is None:
            return None
        machine[pair] = ours
    return soft_pairwise_accuracy(people, machine)


def _certainty(estimates: Sequence[MetricEstimate | None]) -> float | None:
    """P(the first generator is better on a metric) by a paired t test over prompts."""
    first, second = estimates
    if first is None or second is None:
        return None
    common = sorted(set(first.by_prompt) & set(second.by_prompt))
    if len(common) < 2:
        return None
    sign = 1.0 if first.facts.higher_is_better else -1.0
    leads: Floats = sign * np.array([first.by_prompt[p] - second.by_prompt[p] for p in common])
    se = float(leads.std(ddof=1)) / np.sqrt(len(leads))
    return cdf(float(leads.mean()) / se, len(leads) - 1) if se > 0 else CHANCE + np.sign(leads.mean()) / 2


def sentence(found: Sequence[Agreement], limit: MeanOverClusters | None) -> str:
    """What the agreements mean for a reader, in one or two sentences."""
    if not found:
        return f"No metric has values for both clips of {LEAST_PAIRS} decided votes."
    good = [one.metric for one in found if one.verdict == "agrees"][:3]
    bad = [one.metric for one in found if one.verdict == "contradicts"]
    said = (
        f"On your clips trust {', '.join(good)}."
        if good
        else "No metric is surely better than chance on these votes."
    )
    if bad:
        said += f" {', '.join(bad)} point{'s' if len(bad) == 1 else ''} the other way."
    if limit is not None:
        said += f" Two people agree on {limit.value:.0%} of the pairs that both decided."
    return said
