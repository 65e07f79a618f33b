"""A static folder of some runs: card, leaderboard, trade-offs, wall of clips, methods, licenses, a badge.

Opens from a file address with the network off. Clips are files beside the page, loaded when they come into
view; everything else is in the page. The one script keeps the clips on one clock and is allowed by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from vbench_lite.advise import use_names
from vbench_lite.advise.card import Card, Fact, answer_card
from vbench_lite.compare import RunArm, compare
from vbench_lite.errors import ClipError, SpecError, StoreError
from vbench_lite.format import listed, plural, shorten
from vbench_lite.report.charts import boards, charts, comparisons, gallery, leaderboard, pairs
from vbench_lite.report.charts.style import family_title
from vbench_lite.report.html import markup
from vbench_lite.report.html.charts import chart
from vbench_lite.report.html.comparison import headline
from vbench_lite.report.html.votes import votes_section
from vbench_lite.results.board import Board
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.results.choice import Choice
from vbench_lite.results.labels import row_titles
from vbench_lite.results.signature import signature
from vbench_lite.store import atomic, run_names
from vbench_lite.store.rundir import RunDir
from vbench_lite.votes.preference import with_preference

PAGE, BADGE, CLIPS = "index.html", "badge.svg", "clips"
_PROMPT = 160  # characters of a prompt
_MOST_ACROSS = 8  # clips of one prompt
_MOST_COMPARED = 4  # pairs of rows


@dataclass(frozen=True)
class Published:
    """What was written."""

    files: int
    bytes: int
    clips: int


def publish(choice: Choice, folder: Path, *, prompts: int, title: str | None = None) -> Published:
    """Write the folder; an earlier publication in it is replaced.

    Args:
        prompts: of how many prompts clips go along.

    Raises:
        SpecError: the folder holds something else.
        StoreError: there is nothing to publish.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / PAGE).is_file():
        raise SpecError(f"{folder} is not empty and holds no earlier publication; give another folder")
    board = with_preference(choice.board(), choice.sound)
    if not board.rows:
        raise StoreError(
            f"suite {board.suite.name} has no generator in these runs; there is nothing to publish"
        )
    card = answer_card(board, choice.sound, use_names())
    shutil.rmtree(folder / CLIPS, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    clips = _Clips(choice.sound[0].root, folder)
    voted = list(_votes(board, choice.sound))
    parts = [
        markup.heading(1, title or card.title),
        markup.links(
            [
                ("#board", "Leaderboard"),
                ("#tradeoffs", "Trade-offs"),
                ("#compare", "Compare"),
                *([("#votes", "Votes")] if voted else []),
                ("#clips", "Clips"),
                ("#methods", "Methods"),
            ]
        ),
        markup.card(card),
        *_board(board, choice),
        *_tradeoffs(board),
        *_compare(board, choice),
        *voted,
        *_wall(board, choice.sound, clips, prompts),
        *_methods(board, choice.sound),
    ]
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data: file: 'self'; media-src file: 'self'; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )
    atomic.write_text(
        folder / PAGE, markup.document(title or card.title, parts, policy=policy, script=script)
    )
    atomic.write_text(folder / BADGE, badge(card))
    written = [path for path in folder.rglob("*") if path.is_file()]
    return Published(len(written), sum(path.stat().st_size for path in written), len(clips.written))


def _script() -> str:
    return f'{markup.clock_script()}\noneClock([...document.querySelectorAll("video[data-src]")]);\n'


def badge(card: Card) -> str:
    """A small picture with the first sure answer of a card."""
    sure = [fact for fact in (*card.facts, *card.take) if fact.sure == "sure" and fact.leaders]
    words = _said(sure[0]) if sure else "no sure winner"
    return markup.badge("vbench_lite", shorten(words, 48))


def _said(fact: Fact) -> str:
    return fact.words if fact.about == "take" else f"{fact.about}: {listed(fact.leaders)}"


def _board(board: Board, choice: Choice) -> Iterator[Markup]:
    yield markup.heading(2, "Leaderboard", "board")
    for table in leaderboard.tables(board):
        yield markup.leaderboard(table)
    if board.suite.axes:
        yield markup.paragraph(leaderboard.READING, "soft")
    if choice.extended:
        left = plural(len(choice.extended), "run")
        yield markup.paragraph(f"Left out: {left} that another with more samples extends.", "soft")


def _tradeoffs(board: Board) -> Iterator[Markup]:
    """Of the rows that were asked for the same as the first one: no front runs across protocols."""
    rows = [row for row in board.rows if row.protocol == board.rows[0].protocol]
    frames = boards.table(replace(board, rows=rows).as_dict())
    if len(frames.measures()) < 2:
        return
    pair = pairs.pair(frames, *pairs.default_pair(frames))
    if pair.points.empty:
        return
    yield markup.heading(2, "Trade-offs", "tradeoffs")
    drawing = charts.scatter(pair.points, pair.x, pair.y)
    yield chart(drawing, f"{pair.y.title} against {pair.x.title} with 95% intervals", pair.table())
    yield markup.paragraph(pair.reading(), "soft")


def _compare(board: Board, choice: Choice) -> Iterator[Markup]:
    """The first row against the others; each generator against the run before it where there is one."""
    runs = {run.run_id: run for run in choice.sound}
    rows = [row.arm for row in board.rows if row.arm.run_id in runs]
    sides_of = [
        (older, newer)
        for place, newer in enumerate(rows)
        for older in rows[place + 1 :]
        if older.generator == newer.generator
    ] or [(other, rows[0]) for other in rows[1:]]
    found = []
    for older, newer in sides_of[:_MOST_COMPARED]:
        sides = [RunArm(runs[arm.run_id], arm.generator) for arm in (older, newer)]
        try:
            found.append(compare(*sides, suite=board.suite.name))
        except StoreError:  # rows of other requests have nothing to subtract
            continue
    if found:
        yield markup.heading(2, "Compare", "compare")
    for one in found:
        names = [str(side["generator"]) for side in (one.candidate, one.baseline)]
        yield markup.heading(3, f"{names[0]} against {'the run before' if one.update else names[1]}")
        table = comparisons.table(one)
        yield headline(table, one.update)
        yield markup.folded("Every metric", markup.table(table.table, "Values, interval, verdict"))


def _votes(board: Board, runs: Sequence[RunDir]) -> Iterator[Markup]:
    """Votes on the clips of each run that has a row."""
    shown = {row.arm.run_id for row in board.rows}
    families = boards.table(board.as_dict()).families
    each = {run: list(votes_section(run, board.suite.name, families)) for run in runs if run.run_id in shown}
    found = {run: parts for run, parts in each.items() if parts}
    if found:
        yield markup.heading(2, "Votes", "votes")
    for run, parts in found.items():
        if len(found) > 1:
            yield markup.paragraph(f"On clips of {run_names.title(run.document())}:", "soft")
        yield from parts


class _Clips:
    """Copies previews beside the page, each once."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder
        self.written: dict[str, str] = {}

    def address(self, sha256: str) -> str:
        """The address of a clip from the page.

        Raises:
            ClipError, StoreError: the pool has no such clip.
        """
        if sha256 not in self.written:
            video = gallery.preview(self.root, sha256)
            name = f"{CLIPS}/{sha256[:16]}.mp4"
            (self.folder / CLIPS).mkdir(exist_ok=True)
            (self.folder / name).write_bytes(video)
            self.written[sha256] = name
        return self.written[sha256]


def _wall(board: Board, runs: Sequence[RunDir], clips: _Clips, prompts: int) -> Iterator[Markup]:
    """Prompts down, generators across, real first: those that were asked for the same as the first one."""
    there = {run.run_id: run for run in runs}
    asked = [row for row in board.rows if row.protocol == board.rows[0].protocol and row.arm.run_id in there]
    tables = {
        run_id: samples[samples["suite"] == board.suite.name]
        for run_id in dict.fromkeys(row.arm.run_id for row in asked)
        if not (samples := there[run_id].samples()).empty
    }
    if not tables or prompts == 0:
        return
    newest, first = next(iter(tables.items()))
    reals = [(newest, arm, arm) for arm in dict.fromkeys(first["generator"]) if gallery.is_real(str(arm))]
    columns = [
        (row.arm.run_id, row.arm.generator, name)
        for row, name in zip(asked, row_titles(asked), strict=True)
        if row.arm.run_id in tables
    ]
    shown = [*reals[:1], *columns][:_MOST_ACROSS]
    cells = {
        (run_id, str(row["generator"]), str(row["sample_id"])): row
        for run_id, samples in tables.items()
        for row in samples.to_dict("records")
    }
    rows: list[dict[str, Any]] = []
    for sample, (prompt, _) in list(gallery.prompts(first).items())[:prompts]:
        line = []
        for run_id, arm, name in shown:
            row = cells.get((run_id, arm, sample))
            cell = {"name": name, "clip": None, "reason": "not asked for"}
            if row is not None:
                cell["reason"] = gallery.why_none(row)
                if isinstance(row["clip_sha256"], str) and row["status"] == "ok":
                    try:
                        cell["clip"] = clips.address(row["clip_sha256"])
                    except (ClipError, StoreError) as error:
                        cell["reason"] = str(error)
            line.append(cell)
        rows.append({"prompt": shorten(markup.line(prompt), _PROMPT), "cells": line})
    yield markup.heading(2, "Clips", "clips")
    yield markup.wall(rows)


def _methods(board: Board, runs: Sequence[RunDir]) -> Iterator[Markup]:
    yield markup.heading(2, "Methods", "methods")
    yield markup.paragraph(markup.line(board.suite.description))
    metrics = (
        dict.fromkeys(m for spec in board.suite.axes.values() for m in spec.metrics) or board.suite.metrics
    )
    rows = [(m, metric_facts(m, {}).unit or "–", metric_facts(m, {}).summary) for m in metrics]
    table = pd.DataFrame(rows, columns=["metric", "unit", "what it means"])
    yield markup.folded("The metrics that count", markup.table(table, "Metrics of the suite"))
    licenses, lines, commands = [], [], []
    used = {row.arm.run_id for row in board.rows}
    for run in (run for run in runs if run.run_id in used):
        document = run.document()
        lines.append(signature(document, board.suite.name))
        chosen = [e for e in document.generators if e.info.get("family") != "control"]
        # A generator under a label of its own is named by its specification, which the run holds.
        plain = all(e.label == e.adapter for e in chosen)
        named = " ".join(f"-g {e.label}" for e in chosen) if plain else "SPEC.yaml"
        command = f"vbench-lite run {named} --suite {board.suite.name} --samples {document.samples}"
        commands.append(f"{command} --seed {document.seed}")
        for e in chosen:
            told = [str(e.info.get(key, "unknown")) for key in ("family", "license", "weights_license")]
            licenses.append((e.label, family_title(told[0]), told[1], told[2], e.fingerprint[:12]))
    columns = ["generator", "family", "license of the code", "license of the weights", "fingerprint"]
    yield markup.table(pd.DataFrame(licenses, columns=columns), "Generators and their licenses")
    yield markup.heading(3, "Made with")
    yield markup.bullets(dict.fromkeys(commands))
    yield markup.heading(3, "Cite as")
    yield markup.bullets(lines)
