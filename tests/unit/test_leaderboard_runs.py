"""Which runs the leaderboard's tables leave out: those that another run extends."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from fabricated import fabricate
from rich.console import Console

from vbench_lite.cli.leaderboard import print_board
from vbench_lite.report.terminal.board import board_text
from vbench_lite.results.board import build_board
from vbench_lite.results.choice import extensions


def left_out(*runs: Any) -> dict[str, str]:
    return extensions([run.document() for run in runs])


def test_a_longer_run_takes_the_place_of_a_shorter_one() -> None:
    assert left_out(fabricate(run_id="long", prompts=16), fabricate(run_id="short", prompts=8)) == {
        "short": "long"
    }
    assert left_out(fabricate(run_id="short", prompts=8), fabricate(run_id="long", prompts=16)) == {
        "short": "long"
    }


def test_runs_of_one_length_stay() -> None:
    assert left_out(fabricate(run_id="a"), fabricate(run_id="b")) == {}


def test_another_model_under_the_same_label_stays() -> None:
    long, short = fabricate(run_id="long", prompts=16), fabricate(run_id="short", prompts=8)
    document = short.document()
    entry = document.generators[0]
    document.generators[0] = replace(entry, fingerprint="another")
    assert left_out(long, short) == {}


def test_another_seed_or_suite_stays() -> None:
    long, short = fabricate(run_id="long", prompts=16), fabricate(run_id="short", prompts=8)
    short.document().seed += 1
    assert left_out(long, short) == {}


def test_rows_of_several_runs_name_theirs() -> None:
    stream = StringIO()
    runs = [fabricate(run_id="aaaaaaaaaaaa", prompts=16), fabricate(run_id="bbbbbbbbbbbb", prompts=8)]
    Console(file=stream, width=80, no_color=True).print(board_text(build_board(runs)))
    text = stream.getvalue()
    axes = " ".join(text[: text.index("controls, never ranked")].split())
    assert axes.count("16 samples") == axes.count("8 samples") == 3  # what tells the two runs apart
    assert max(map(len, text.splitlines())) <= 80


def test_other_suites_are_named_where_none_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    board = replace(build_board([fabricate(run_id="one")]), other_suites=["horizon", "speed"])
    print_board(board)
    assert "Other suites in these runs: horizon, speed (--suite NAME)" in capsys.readouterr().out
    print_board(board, others=False)
    assert "Other suites" not in capsys.readouterr().out
