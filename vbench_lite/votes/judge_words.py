"""What a judge is asked, and how its answer is read: two clips and one word, or one clip and yes or no."""

from __future__ import annotations

from collections.abc import Mapping

from vbench_lite.clip import Clip
from vbench_lite.votes.ballot import question_of
from vbench_lite.votes.judge_spec import Judge

WORDS = ("A", "B", "tie")
YES = ("yes", "no")
RUBRIC = (
    "You see frames, in their order, of two video clips, A and B, that were made for this text: {prompt}\n"
    "{question}\nAnswer with one word: A, B or tie."
)
ASKED = "You see frames of a video clip in their order. {question}\nAnswer with one word: yes or no."


def compare(judge: Judge, left: Clip, right: Clip, prompt: str, axis: str) -> dict[str, float] | None:
    """Shares of A (the left clip), B and tie; None without an answer."""
    text = RUBRIC.format(prompt=prompt, question=question_of(axis))
    return judge.shares([text, "Clip A:", left, "Clip B:", right], WORDS)


def said(shares: Mapping[str, float]) -> str:
    """The word with the largest share; equal shares of A and B are a tie."""
    best = max(shares.values())
    words = [word for word, share in shares.items() if share >= best - 1e-9]
    return words[0] if len(words) == 1 else "tie"
