"""Two copies of one generator are ties wherever they are shown side by side."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from fabricated import FakeRun, fabricate
from rich.console import Console

from vbench_lite.advise import Verdict as Answer
from vbench_lite.advise import advise, load_use, use_names
from vbench_lite.compare import RunArm, compare
from vbench_lite.report.terminal.advice import advice_text
from vbench_lite.report.terminal.board import board_text
from vbench_lite.report.terminal.comparison import comparison_text
from vbench_lite.results.board import build_board
from vbench_lite.stats.noninferiority import Verdict

FIRST, COPY = "reference/hybrid", "copy"


@pytest.fixture(scope="module")
def run() -> FakeRun:
    """Two arms with the very same clips and scores, and calls that differ by what a machine's mood does."""
    whole = fabricate()
    entry = next(e for e in whole.doc.generators if e.label == FIRST)
    gone = {e.label for e in whole.doc.generators} - {FIRST}
    samples = [row for row in whole.sample_rows if row.generator not in gone]
    scores = [row for row in whole.score_rows if row.generator not in gone]
    slower = {"call": 1.02}
    return replace(
        whole,
        doc=replace(whole.doc, generators=[entry, replace(entry, label=COPY)]),
        sample_rows=samples + [replace(row, generator=COPY) for row in samples if row.generator == FIRST],
        score_rows=scores
        + [
            replace(row, generator=COPY, value=(row.value or 0.0) * slower.get(row.level, 1.0))
            for row in scores
            if row.generator == FIRST
        ],
    )


def shown(text: object) -> str:
    stream = io.StringIO()
    Console(file=stream, width=80, highlight=False).print(text)
    return stream.getvalue()


def test_on_the_leaderboard(run: FakeRun) -> None:
    board = build_board([run])
    for row in board.rows:
        assert row.ranks and set(row.ranks.values()) == {(1, 2)}
    text = shown(board_text(board))
    assert "rank 1-2" in text
    assert "rank 1 " not in text and "rank 2" not in text


def test_in_a_comparison(run: FakeRun) -> None:
    found = compare(RunArm(run, FIRST), RunArm(run, COPY))
    judged = [r for r in found.metrics if r.verdict is not None and r.metric != "frames/degenerate"]
    assert {r.verdict for r in judged if r.level != "call"} == {Verdict.PASS}
    assert {r.verdict for r in judged if r.level == "call"} <= {Verdict.PASS, Verdict.INCONCLUSIVE}
    assert "IMPROVED" not in shown(comparison_text(found))


@pytest.mark.parametrize("use", use_names())
def test_in_advice(run: FakeRun, use: str) -> None:
    found = advise([run], use=load_use(use))
    places = [s.place for s in found.candidates if s.place is not None]
    assert found.verdict is Answer.CANNOT_TELL
    assert {place.rank for place in places} == {(1, 2)}
    assert [place.best for place in places] == pytest.approx([0.5, 0.5], abs=0.15)
    if use == "interactive-game":  # neither copy was steered
        assert "vbench-lite run --suite interactive" in found.words
        return
    assert "take either" in found.words
    assert " 1-2 " in shown(advice_text(found))
