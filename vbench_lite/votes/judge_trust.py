"""How far a judge can be trusted here: its agreement with people on pairs that both judged, and whether it is
right as often as its probabilities say.

Both orders of a pair are one answer of the judge: the mean of its probabilities. Without votes of people a
judge is uncalibrated, whatever its audit says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from vbench_lite.format import percent
from vbench_lite.stats.clusters import MeanOverClusters, mean_over
from vbench_lite.votes.ballot import MODEL, Answer, Vote
from vbench_lite.votes.board import counted

_CERTAIN = {Answer.LEFT: 1.0, Answer.RIGHT: 0.0}


@dataclass(frozen=True)
class JudgeTrust:
    """One judge beside people.

    Attributes:
        agreement: share of people's decided votes, on pairs that the judge decided, with its preference; None
            without any.
        excess: its mean probability for what it preferred, less that share: above 0 it is too sure of itself.
    """

    judge: str
    agreement: MeanOverClusters | None
    excess: MeanOverClusters | None

    @property
    def verdict(self) -> str:
        """Calibrated (no sure difference), too sure, too unsure, or uncalibrated (nothing to tell by)."""
        low, high = (None, None) if self.excess is None else (self.excess.low, self.excess.high)
        if low is None or high is None:
            return "uncalibrated"
        return "too sure" if low > 0 else "too unsure" if high < 0 else "calibrated"

    def line(self) -> str:
        """What a reader has to know before the judge's votes are read."""
        if self.agreement is None or self.excess is None:
            return "uncalibrated: no person voted on pairs that it decided"
        low, high, right = self.agreement.low, self.agreement.high, self.agreement.value
        ends = "" if low is None or high is None else f" ({percent(low)} to {percent(high)})"
        return (
            f"{self.verdict}: agrees with {percent(right)}{ends} of {self.agreement.n} decided votes of "
            f"people, and gave what it preferred {percent(right + self.excess.value)}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "judge": self.judge,
            "verdict": self.verdict,
            "agreement": None if self.agreement is None else self.agreement.as_dict(),
            "excess": None if self.excess is None else self.excess.as_dict(),
        }


def judges_beside_people(votes: Sequence[Vote], axis: str) -> list[JudgeTrust]:
    """Every judge among the voters of an axis, by name."""
    those = counted(votes, axis)
    people = [vote for vote in those if vote.kind != MODEL and vote.winner() is not None]
    chances: dict[str, dict[object, list[float]]] = defaultdict(lambda: defaultdict(list))
    for vote in those:
        if vote.kind == MODEL:
            left = _CERTAIN.get(Answer(vote.answer), 0.5) if vote.probability is None else vote.probability
            first = left if vote.left.generator == vote.pair[0] else 1 - left
            chances[vote.voter][vote.about].append(first)
    return [_beside(name, found, people) for name, found in sorted(chances.items())]


def _beside(judge: str, chances: dict[object, list[float]], people: Sequence[Vote]) -> JudgeTrust:
    right, said, voters, prompts = [], [], [], []
    for vote in people:
        chance = mean(chances.get(vote.about, [0.5]))
        if chance != 0.5:
            right.append(float((chance > 0.5) == (vote.winner() == vote.pair[0])))
            said.append(max(chance, 1 - chance))
            voters.append(vote.voter)
            prompts.append(vote.prompt)
    if not right:
        return JudgeTrust(judge, None, None)
    agreement = mean_over(right, voters, prompts, bounds=(0.0, 1.0))
    return JudgeTrust(judge, agreement, _less(mean(said), agreement))


def _less(said: float, agreement: MeanOverClusters) -> MeanOverClusters:
    """A stated probability less the share that was right; what was said is known, its truth is not."""
    low, high = (None if end is None else said - end for end in (agreement.high, agreement.low))
    return MeanOverClusters(said - agreement.value, low, high, agreement.n)
