"""What a voter is asked next: the pair of clips that says most, sides drawn from a seed, attention checks
between.

The next pair of generators is the one whose strengths are least known against each other, as far as votes so
far say; its prompt is the one that this voter judged least often. Every eighth question is a check.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from vbench_lite.errors import StoreError
from vbench_lite.results.arms import CEILING
from vbench_lite.stats.bradley_terry import components
from vbench_lite.votes.ballot import OVERALL, Answer, Check, Shown, Vote
from vbench_lite.votes.board import counted, outcomes_of, strengths_of
from vbench_lite.votes.clips import Request, RunClips

CHECK_EVERY = 8
LEAST_VOTES = 4  # on a pair of generators before strengths say what to ask
_FLOORS = ("frozen", "shuffled", "noise")


@dataclass(frozen=True)
class Question:
    """Two clips to judge; `check` says why if it is an attention check."""

    prompt: str
    seed: int
    left: Shown
    right: Shown
    check: str | None = None


class Questions:
    """The questions of one voter about one run; equal votes and seed give equal questions.

    Args:
        run: whose clips are shown.
        seed: of sides and of the order in which prompts come.

    Raises:
        StoreError: no two generators of the run have a clip of one request.
    """

    def __init__(self, run: RunClips, voter: str, axis: str = OVERALL, seed: int = 0) -> None:
        self._run, self._voter, self._axis, self._seed = run, voter, axis, seed
        names = sorted(run.clips)
        self._requests: dict[tuple[str, str], list[Request]] = {
            pair: common
            for pair in combinations(names, 2)
            if (common := _common(run.clips[pair[0]], run.clips[pair[1]]))
        }
        if not self._requests:
            raise StoreError(f"run {run.run_id} has no two generators with a clip of one prompt and seed")

    def next(self, votes: Sequence[Vote]) -> Question | None:
        """The next question after these votes (of every voter); None when this voter saw every pair."""
        mine = [v for v in votes if v.voter == self._voter and v.axis == self._axis]
        draw = random.Random(f"{self._seed}/{self._voter}/{self._axis}/{len(mine)}")
        if len(mine) % CHECK_EVERY == CHECK_EVERY - 1:
            check = self._check(mine, draw)
            if check is not None:
                return check
        seen = {v.about for v in mine if v.check is None}
        open_pairs = {
            pair: left
            for pair, requests in self._requests.items()
            if (left := [r for r in requests if (*r, pair) not in seen])
        }
        if not open_pairs:
            return None
        pair = self._most_useful(votes, sorted(open_pairs), draw)
        judged = Counter(v.prompt for v in mine)
        least = min(judged[prompt] for prompt, _ in open_pairs[pair])
        request = draw.choice([r for r in open_pairs[pair] if judged[r[0]] == least])
        return self._ask(request, *pair, draw)

    def left(self, votes: Sequence[Vote]) -> int:
        """How many pairs of clips this voter has not judged."""
        seen = {v.about for v in votes if v.voter == self._voter and v.axis == self._axis and v.check is None}
        return sum((*r, pair) not in seen for pair, requests in self._requests.items() for r in requests)

    def _most_useful(
        self, votes: Sequence[Vote], pairs: Sequence[tuple[str, str]], draw: random.Random
    ) -> tuple[str, str]:
        those = counted(votes, self._axis)
        asked = Counter(vote.pair for vote in those)
        fewest = min(asked[pair] for pair in pairs)
        names = sorted({name for pair in self._requests for name in pair})
        those = [vote for vote in those if set(vote.pair) <= set(names)]
        if fewest < LEAST_VOTES or len(components(outcomes_of(those, names), len(names))) > 1:
            return draw.choice([pair for pair in pairs if asked[pair] == fewest])
        model = strengths_of(those, names)

        def doubt(pair: tuple[str, str]) -> float:
            lead, se, _ = model.difference(names.index(pair[0]), names.index(pair[1]))
            return se / (abs(lead) + se) if se else 0.0

        most = max(doubt(pair) for pair in pairs)
        return draw.choice([pair for pair in pairs if doubt(pair) >= most - 1e-12])

    def _check(self, mine: Sequence[Vote], draw: random.Random) -> Question | None:
        kinds = [self._control, self._swap, self._same]
        start = sum(v.check is not None for v in mine) % len(kinds)
        for place in range(len(kinds)):
            question = kinds[(start + place) % len(kinds)](mine, draw)
            if question is not None:
                return question
        return None

    def _control(self, mine: Sequence[Vote], draw: random.Random) -> Question | None:
        arms = self._run.control_names
        floors = [arms[floor] for floor in _FLOORS if floor in arms]
        if CEILING not in arms or not floors:
            return None
        floor = draw.choice(floors)
        common = _common(self._run.of(arms[CEILING]), self._run.of(floor))
        return self._ask(draw.choice(common), arms[CEILING], floor, draw, Check.CONTROL) if common else None

    def _swap(self, mine: Sequence[Vote], draw: random.Random) -> Question | None:
        repeated = {v.about for v in mine if v.check == Check.SWAP}
        before = [
            v
            for v in mine[:-2]
            if v.check is None
            and v.answer != Answer.SKIP
            and v.about not in repeated
            and self._run.of(v.left.generator).get((v.prompt, v.seed)) == v.left.clip_sha256
            and self._run.of(v.right.generator).get((v.prompt, v.seed)) == v.right.clip_sha256
        ]
        if not before:
            return None
        vote = draw.choice(before)
        return Question(vote.prompt, vote.seed, vote.right, vote.left, Check.SWAP)

    def _same(self, mine: Sequence[Vote], draw: random.Random) -> Question | None:
        name = draw.choice(sorted(self._run.clips))
        request = draw.choice(sorted(self._run.clips[name]))
        shown = Shown(name, self._run.clips[name][request])
        return Question(*request, shown, shown, Check.SAME)

    def _ask(
        self, request: Request, one: str, other: str, draw: random.Random, check: str | None = None
    ) -> Question:
        sides = [Shown(name, self._run.of(name)[request]) for name in (one, other)]
        if draw.random() < 0.5:
            sides.reverse()
        return Question(*request, sides[0], sides[1], check)


def _common(one: dict[Request, str], other: dict[Request, str]) -> list[Request]:
    """Requests for which two generators have clips that differ; two equal clips cannot be told apart."""
    return sorted(request for request in one.keys() & other.keys() if one[request] != other[request])
