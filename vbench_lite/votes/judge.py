"""Votes of a model: every pair in both orders, or yes/no questions beside those of other prompts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from vbench_lite.clip import Clip
from vbench_lite.errors import StoreError
from vbench_lite.store.pool import Pool
from vbench_lite.votes.ballot import MODEL, OVERALL, Answer, Shown, Vote, question_of
from vbench_lite.votes.clips import RunClips
from vbench_lite.votes.judge_audit import LADDERS
from vbench_lite.votes.judge_client import ServerJudge
from vbench_lite.votes.judge_spec import FolderSpec, Judge, ServerSpec
from vbench_lite.votes.judge_words import ASKED, RUBRIC, YES, compare, said
from vbench_lite.weights.model_folder import ModelSource


def open_judge(spec: ServerSpec | FolderSpec) -> Judge:
    """The judge of a specification, ready to answer.

    Raises:
        SpecError: it is in a folder that holds no such model, or transformers is missing.
    """
    if isinstance(spec, ServerSpec):
        return ServerJudge(spec, RUBRIC)
    from vbench_lite.votes.judge_folder import FolderJudge  # loads torch, which a server's judge needs not

    return FolderJudge(spec, RUBRIC)


def told_first(spec: ServerSpec | FolderSpec, questions: int) -> str:
    """What so many questions take: calls, price and pace of a server; device and license of a folder."""
    if isinstance(spec, FolderSpec):
        license_ = ModelSource(spec.model, Path(spec.model).expanduser()).license() or "unknown"
        return f"{questions} questions to {spec.model} on {spec.device}, weights under license {license_}"
    most = questions * spec.draws
    price = f", about {most * spec.price_per_call:.2f}" if spec.price_per_call else ""
    pace = f", {most / spec.requests_per_minute:.0f} min at least" if spec.requests_per_minute else ""
    return f"at most {most} calls to {spec.url}{price}{pace}"


def rounds(run: RunClips, limit: int | None, audit_clips: int, *, questions: bool) -> int:
    """Questions that an audit and the votes ask, each answered by one call or by `draws` of them."""
    audit = 2 * audit_clips * len({name for names in LADDERS.values() for name in names})
    if questions:
        common = set.intersection(*(set(clips) for clips in run.clips.values()))
        return audit + 2 * len(run.clips) * min(len(common), limit or len(common))
    pairs = combinations(sorted(run.clips), 2)
    sizes = [len(run.clips[one].keys() & run.clips[other].keys()) for one, other in pairs]
    return audit + 2 * sum(min(size, limit or size) for size in sizes)


def vote_pairs(
    judge: Judge, root: Path, run: RunClips, *, axis: str = OVERALL, limit: int | None = None
) -> list[Vote]:
    """Let a judge compare every two generators on every request, each pair in both orders.

    Args:
        limit: requests for each pair of generators, the first in order; None for all.

    Returns:
        two votes a pair, less the ones without an answer (`judge.counts`).
    """
    pool, votes = Pool(root), []
    for first, second in combinations(sorted(run.clips), 2):
        common = sorted(run.clips[first].keys() & run.clips[second].keys())[:limit]
        for prompt, seed in common:
            for ends in ((first, second), (second, first)):
                sides = [Shown(name, run.clips[name][prompt, seed]) for name in ends]
                clips = [pool.read(str(side.clip_sha256)) for side in sides]
                shares = compare(judge, clips[0], clips[1], prompt, axis)
                if shares is not None:
                    votes.append(_vote(judge, run, prompt, seed, sides, shares, axis))
    return votes


def vote_by_questions(
    judge: Judge, root: Path, run: RunClips, look_for: Mapping[str, str], *, limit: int | None = None
) -> list[Vote]:
    """Score clips by P(yes | own question) - P(yes | another prompt's), and pair them on alignment."""
    pool = Pool(root)
    requests = sorted(set.intersection(*(set(clips) for clips in run.clips.values())))[:limit]
    texts = sorted({prompt for prompt, _ in requests})
    if len(texts) < 2:
        raise StoreError("questions of other prompts need two prompts or more")
    votes = []
    for prompt, seed in requests:
        other = texts[(texts.index(prompt) + 1) % len(texts)]
        scores = {}
        for name in sorted(run.clips):
            clip = pool.read(run.clips[name][prompt, seed])
            own, foreign = (_yes(judge, clip, text, look_for) for text in (prompt, other))
            if own is not None and foreign is not None:
                scores[name] = own - foreign
        for first, second in combinations(sorted(scores), 2):
            lead = scores[first] - scores[second]
            won = (1 + lead / 2) / 2
            shares = {"A": won, "B": 1 - won, "tie": 1.0 if lead == 0 else 0.0}
            sides = [Shown(name, run.clips[name][prompt, seed]) for name in (first, second)]
            votes.append(_vote(judge, run, prompt, seed, sides, shares, "alignment", sided=False))
    return votes


def _yes(judge: Judge, clip: Clip, prompt: str, look_for: Mapping[str, str]) -> float | None:
    question = look_for.get(prompt) or f"Does the clip show this: {prompt}?"
    shares = judge.shares([ASKED.format(question=question), clip], YES)
    return None if shares is None else shares["yes"]


def _vote(
    judge: Judge,
    run: RunClips,
    prompt: str,
    seed: int,
    sides: Sequence[Shown],
    shares: Mapping[str, float],
    axis: str,
    *,
    sided: bool = True,
) -> Vote:
    answer = {"A": Answer.LEFT, "B": Answer.RIGHT, "tie": Answer.TIE}[said(shares)]
    decided = shares["A"] + shares["B"]
    # What was asked makes the id, so that a judge that is asked again counts once, with its newest answer.
    asked = [judge.name, axis, prompt, seed, sided, *(side.clip_sha256 for side in sides)]
    return Vote(
        voter=judge.name,
        id=hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32],
        prompt=prompt,
        left=sides[0],
        right=sides[1],
        answer=answer,
        seed=seed,
        axis=axis,
        question=question_of(axis),
        kind=MODEL,
        sided=sided,
        run=run.run_id,
        probability=shares["A"] / decided if decided else 0.5,
    )
