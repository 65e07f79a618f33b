"""What a board of votes says, in sentences: the same on a terminal, on a page and in a report."""

from __future__ import annotations

from vbench_lite.format import about_more, percent, plural
from vbench_lite.votes.board import Interval, PairState, VoteBoard, Voter

FEW_VOTERS = "few voters: intervals hold for these voters, not for people in general"


def headline(board: VoteBoard) -> str:
    """Who is preferred, in one sentence."""
    best = board.rows[0]
    total = sum(row.votes for row in board.rows) // 2
    if best.rank == (1, 1):
        return f"Preferred: {best.generator} ({plural(total, 'vote')} on {board.axis})."
    among = ", ".join(row.generator for row in board.rows if row.rank[0] == 1)
    return f"Open: {plural(total, 'vote')} on {board.axis} cannot say who is first among {among}."


def pair_text(pair: PairState) -> str:
    """What votes say of two generators."""
    ahead, behind = (pair.first, pair.second) if pair.lead >= 0 else (pair.second, pair.first)
    if pair.decision == "separated":
        return f"{ahead} is preferred to {behind}"
    if pair.decision == "equivalent":
        return f"{ahead} and {behind} are equally liked: more votes will not part them"
    return f"{ahead} and {behind}: open, {about_more(pair.more or 0, 'votes')} of this pair would settle it"


def log_odds(value: float, ends: Interval) -> str:
    """A strength or a lead with its interval: `+0.52 (+0.10 to +0.94)`."""
    return f"{value:+.2f} ({ends[0]:+.2f} to {ends[1]:+.2f})"


def shares_text(board: VoteBoard) -> str:
    """Ties, both bad, and how far voters agree with each other."""
    alpha = (
        "no pair was seen by two voters" if board.alpha is None
        else f"agreement of voters (Krippendorff's alpha) {board.alpha:.2f}"
    )  # fmt: skip
    return f"ties {percent(board.ties)}, both bad {percent(board.both_bad)}; {alpha}"


def order_text(board: VoteBoard) -> str:
    """The effect of being shown on the left."""
    if board.order_effect is None:
        return "effect of the left side: unknown, since no pair was shown both ways round"
    value, ends = board.order_effect
    sure = "; sides matter" if ends[0] > 0 or ends[1] < 0 else ""
    return f"effect of the left side: {log_odds(value, ends)}{sure}"


def checks_text(voter: Voter) -> str:
    """Attention checks passed, `3 of 4`; "" where there was none."""
    made = voter.passed + voter.failed
    return f"{voter.passed} of {made}" if made else ""


def voter_text(voter: Voter) -> str:
    """Who voted how much, and whether attention checks were failed."""
    checks = checks_text(voter)
    told = " · fails attention checks" if voter.unreliable else ""
    votes = plural(voter.votes, "vote")
    return f"voter {voter.name} ({voter.kind}): {votes}{checks and f', checks {checks}'}{told}"


def left_out_lines(board: VoteBoard) -> list[str]:
    """How many votes do not count, a line for each reason."""
    return [f"{count} left out: {reason}" for reason, count in board.left_out.items()]
