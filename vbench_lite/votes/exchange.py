"""Lists of votes made elsewhere: pair votes as arenas give them, and ratings, as CSV or JSON lines.

Pair votes have the columns `model_a, model_b, winner` (a, b, tie, both bad, or as arenas write them:
"model_a", "tie (bothbad)"), and if there are any `voter` (or `judge`), `prompt`, `seed`, `axis`. Ratings
have `generator` (or `model`), `prompt`, `score` and if there are any `rater`, `seed`, `axis`; each two
generators that one rater rated on one prompt, seed and axis become a pair without sides.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from vbench_lite.errors import ClipError, SpecError
from vbench_lite.store.output_file import write_output
from vbench_lite.video.list_rows import list_rows
from vbench_lite.votes.ballot import OVERALL, Answer, Shown, Vote

_ANSWERS = {
    **dict.fromkeys(("a", "left", "model_a", "1"), Answer.LEFT),
    **dict.fromkeys(("b", "right", "model_b", "2"), Answer.RIGHT),
    **dict.fromkeys(("tie", "draw", "equal", "0"), Answer.TIE),
    **dict.fromkeys(("both_bad", "both bad", "bothbad", "tie (bothbad)", "neither"), Answer.BOTH_BAD),
}
COLUMNS = ("voter", "prompt", "seed", "axis", "model_a", "model_b", "winner", "sided", "clip_a", "clip_b")


def read_list(path: Path) -> list[Vote]:
    """Votes of a file (.csv or .jsonl), without clips; ratings are turned into pairs.

    Raises:
        SpecError: the file is not there, is neither form, or a row cannot be read; the message names the
        line.
    """
    try:
        rows = list(list_rows(path, aliases={}))
    except ClipError as error:
        raise SpecError(f"votes: {error}") from None
    if not rows:
        raise SpecError(f"votes {path}: holds no row")
    columns = set(rows[0][1])
    if {"model_a", "model_b", "winner"} <= columns:
        return [_pair(row, f"votes {path}, line {line}", number) for number, (line, row) in enumerate(rows)]
    if "score" in columns and columns & {"generator", "model"} and "prompt" in columns:
        return _rated(rows, path)
    raise SpecError(
        f"votes {path}: neither pair votes (model_a, model_b, winner) nor ratings (generator, prompt, "
        f"score); its columns are {', '.join(sorted(map(str, columns)))}"
    )


def _text(row: Mapping[str, Any], where: str, *names: str, default: str | None = None) -> str:
    found = next((str(row[name]) for name in names if row.get(name) not in (None, "")), default)
    if found is None:
        raise SpecError(f"{where}: {names[0]} is missing")
    return found


def _seed(row: Mapping[str, Any], where: str) -> int:
    text = _text(row, where, "seed", default="-1")
    try:
        return int(text)
    except ValueError:
        raise SpecError(f"{where}: seed must be a whole number, got {text!r}") from None


def _pair(row: Mapping[str, Any], where: str, number: int) -> Vote:
    said = _text(row, where, "winner").strip().lower()
    if said not in _ANSWERS:
        raise SpecError(f"{where}: winner must be a, b, tie or both_bad, got {said!r}")
    left, right = _text(row, where, "model_a"), _text(row, where, "model_b")
    if left == right:
        raise SpecError(f"{where}: both sides are {left!r}")
    return Vote(
        voter=_text(row, where, "voter", "judge", "rater", default="unknown"),
        prompt=_text(row, where, "prompt", "question", default=f"row {number + 1}"),
        left=Shown(left, row.get("clip_a") or None),
        right=Shown(right, row.get("clip_b") or None),
        answer=_ANSWERS[said],
        seed=_seed(row, where),
        axis=_text(row, where, "axis", default=OVERALL),
        kind="imported",
        sided=_text(row, where, "sided", default="true").lower() not in ("false", "0", "no"),
    )


def _rated(rows: Sequence[tuple[int, Mapping[str, Any]]], path: Path) -> list[Vote]:
    scores: dict[tuple[str, str, int, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for line, row in rows:
        where = f"votes {path}, line {line}"
        text = _text(row, where, "score")
        try:
            score = float(text)
        except ValueError:
            score = math.nan
        if not math.isfinite(score):
            raise SpecError(f"{where}: score must be a number, got {text!r}")
        cell = (
            _text(row, where, "rater", "voter", default="unknown"),
            _text(row, where, "prompt"),
            _seed(row, where),
            _text(row, where, "axis", default=OVERALL),
        )
        scores[cell][_text(row, where, "generator", "model")].append(score)
    votes = []
    for (rater, prompt, seed, axis), rated in scores.items():
        means = {name: sum(values) / len(values) for name, values in rated.items()}
        for first, second in combinations(sorted(means), 2):
            lead = means[first] - means[second]
            answer = Answer.TIE if lead == 0 else Answer.LEFT if lead > 0 else Answer.RIGHT
            votes.append(
                Vote(
                    rater,
                    prompt,
                    Shown(first),
                    Shown(second),
                    answer,
                    seed,
                    axis,
                    kind="imported",
                    sided=False,
                )
            )
    if not votes:
        raise SpecError(f"votes {path}: no rater rated two generators on one prompt, so there is no pair")
    return votes


def write_list(votes: Iterable[Vote], path: Path) -> int:
    """Write judgements (skips and checks left out) as pair votes, .csv or .jsonl; returns how many."""
    rows = [_row(vote) for vote in votes if vote.answer != Answer.SKIP and vote.check is None]
    if path.suffix == ".jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, COLUMNS, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        text = buffer.getvalue()
    write_output(path, text)
    return len(rows)


def identified(votes: Sequence[Vote]) -> list[Vote]:
    """Votes with ids made of their content and of how often it came before, so that a file counts once."""
    seen: Counter[str] = Counter()
    found = []
    for vote in votes:
        content = json.dumps({**_row(vote), "clip_a": "", "clip_b": "", "seed": ""}, sort_keys=True)
        number = seen[content]
        seen[content] += 1
        digest = hashlib.sha256(f"{content}/{number}".encode()).hexdigest()[:32]
        found.append(replace(vote, id=digest))
    return found


def _row(vote: Vote) -> dict[str, Any]:
    winner = {Answer.LEFT: "a", Answer.RIGHT: "b"}.get(Answer(vote.answer), vote.answer)
    sides = (vote.left, vote.right)
    models, clips = [s.generator for s in sides], [s.clip_sha256 or "" for s in sides]
    cells = (vote.voter, vote.prompt, vote.seed, vote.axis, *models, winner, vote.sided, *clips)
    return dict(zip(COLUMNS, cells, strict=True))
