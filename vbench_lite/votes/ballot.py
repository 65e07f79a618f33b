"""One vote, and the append-only journal that keeps votes beside the runs.

A journal `ROOT/votes/NAME.jsonl` has one writer and one record a line, on the disk when `VoteJournal.add`
returns. Nothing in it is changed: a vote that was taken back is followed by a record that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import uuid4

from vbench_lite.errors import StoreError
from vbench_lite.store.journal import JournalReader, JournalWriter

FOLDER = "votes"
OVERALL = "overall"
MODEL = "model"  # the kind of a vote that no person gave
_QUESTIONS = {
    OVERALL: "Which clip is the better answer to the text?",
    "quality": "Which clip looks better, frame by frame?",
    "coherence": "In which clip do things move and stay themselves more believably?",
    "alignment": "Which clip shows more of what the text says?",
}


def question_of(axis: str) -> str:
    """The text above two clips that are judged on an axis."""
    return _QUESTIONS.get(axis, f"Which clip is better on {axis}?")


class Answer(StrEnum):
    """What a voter said of a pair."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    SKIP = "skip"  # no judgement; kept so that the pair is not asked again


class Check(StrEnum):
    """Why a pair was shown other than to learn which generator is better."""

    CONTROL = "control"  # real clips against a control without content: right is the real one
    SAME = "same"  # one clip twice: right is a tie
    SWAP = "swap"  # a pair of before with its sides exchanged: right is the same clip


@dataclass(frozen=True)
class Shown:
    """One side of a vote: whose clip it was, and its content hash (None where no clip is known)."""

    generator: str
    clip_sha256: str | None = None


@dataclass(frozen=True)
class Vote:
    """One judgement.

    Attributes:
        id: unique; the same vote read twice counts once.
        voter: name of a person, a file's rater or a model.
        kind: "person", "imported" or "model".
        prompt, seed: the request that both clips answer; seed -1 where it is not known.
        axis: what was asked: "overall" or an axis of the leaderboard.
        question: the text that stood above the clips.
        sided: whether left and right were seen so; ratings turned into pairs have no sides.
        check: why the pair was shown if it was an attention check.
        run: the run whose clips were shown, or "".
        probability: P(left is better), where a model gives it.
        made: ISO 8601, UTC.
    """

    voter: str
    prompt: str
    left: Shown
    right: Shown
    answer: str
    seed: int = -1
    axis: str = OVERALL
    question: str = ""
    kind: str = "person"
    sided: bool = True
    check: str | None = None
    run: str = ""
    probability: float | None = None
    id: str = ""
    made: str = ""

    def stamped(self) -> Vote:
        """The vote with an id and a time, where it has none."""
        return replace(
            self,
            id=self.id or uuid4().hex,
            made=self.made or datetime.now(UTC).isoformat(timespec="seconds"),
        )

    @property
    def about(self) -> tuple[str, int, tuple[str, str]]:
        """Prompt, seed and pair: what it is a judgement of."""
        return self.prompt, self.seed, self.pair

    @property
    def pair(self) -> tuple[str, str]:
        """Both generators, in the order of their names."""
        first, second = sorted((self.left.generator, self.right.generator))
        return first, second

    def winner(self) -> str | None:
        """The generator that was preferred; None for a tie, both bad or a skip."""
        return {Answer.LEFT: self.left.generator, Answer.RIGHT: self.right.generator}.get(Answer(self.answer))


def parse_vote(record: Mapping[str, Any], where: str) -> Vote:
    """One record of a journal as a vote.

    Raises:
        StoreError: a field is missing or of another type; the message says where.
    """
    known = {field.name for field in fields(Vote)}
    facts = {key: value for key, value in record.items() if key in known}
    try:
        facts["left"], facts["right"] = (Shown(**facts[side]) for side in ("left", "right"))
        vote = Vote(**facts)
        Answer(vote.answer)
        if vote.check is not None:
            Check(vote.check)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{where}: not a vote ({error}); restore the file from a copy") from None
    texts = (vote.voter, vote.prompt, vote.left.generator, vote.right.generator, vote.axis, vote.id)
    if not all(isinstance(text, str) and text for text in texts) or not isinstance(vote.seed, int):
        raise StoreError(f"{where}: not a vote (a text is missing); restore the file from a copy")
    return vote


class VoteJournal:
    """The journal of one voter (or one imported file) under a root; it is the only writer while open."""

    def __init__(self, root: Path, name: str) -> None:
        self._writer = JournalWriter(root / FOLDER / f"{re.sub('[^A-Za-z0-9._-]', '-', name) or '-'}.jsonl")

    def add(self, *votes: Vote) -> list[Vote]:
        """Keep votes; they are on the disk when this returns, with ids and times."""
        stamped = [vote.stamped() for vote in votes]
        self._writer.extend({"record": "vote", **asdict(vote)} for vote in stamped)
        return stamped

    def take_back(self, vote: Vote) -> None:
        """Record that a vote no longer counts."""
        self._writer.append({"record": "taken back", "id": vote.id})

    def close(self) -> None:
        """Let another process write."""
        self._writer.close()

    def __enter__(self) -> VoteJournal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_votes(root: Path) -> list[Vote]:
    """Every vote under a root that was not taken back, in the order of files and lines, each id once.

    Raises:
        StoreError: a line other than a torn last one is no record.
    """
    folder = root / FOLDER
    return merge(_read(path) for path in sorted(folder.glob("*.jsonl"))) if folder.is_dir() else []


def merge(parts: Iterable[Sequence[Vote]]) -> list[Vote]:
    """Votes of several files, each id once."""
    return list({vote.id: vote for part in parts for vote in part}.values())


def _read(path: Path) -> list[Vote]:
    votes: dict[str, Vote] = {}
    for number, record in enumerate(JournalReader(path), start=1):
        if record.get("record") == "taken back":
            votes.pop(str(record.get("id")), None)
            continue
        vote = parse_vote({k: v for k, v in record.items() if k != "record"}, f"{path}, line {number}")
        votes[vote.id] = vote
    return list(votes.values())
