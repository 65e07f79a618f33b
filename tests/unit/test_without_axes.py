"""Suites without axes (`vbench`, `use-cases`, one's own): an answer from limits and metrics, or one line."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import pytest
from fabricated import FakeRun, fabricate
from rich.console import Console

from vbench_lite.advise import Verdict, advise, load_use, parse_requirement
from vbench_lite.advise.card import answer_card
from vbench_lite.errors import SpecError
from vbench_lite.report.terminal.advice import advice_text
from vbench_lite.report.terminal.board import print_board
from vbench_lite.results.board import build_board


@cache
def _run() -> FakeRun:
    run = fabricate()
    return replace(run, doc=replace(run.doc, suites=[{**s, "axes": {}} for s in run.doc.suites]))


def test_the_limits_alone_decide() -> None:
    found = advise([_run()], require=[parse_requirement("frames/sharpness >= 0.65")])
    assert (found.verdict, found.leaders) == (Verdict.TAKE, ("reference/autoregressive",))
    stream = io.StringIO()
    Console(file=stream, width=80).print(advice_text(found, 80))
    assert "take: reference/autoregressive" in stream.getvalue()
    several = advise([_run()], require=[parse_requirement("frames/sharpness >= 0.1")])
    assert several.verdict is Verdict.DEPENDS and len(several.leaders) == 3
    assert "the limits alone decide" in several.words


def test_without_limits_one_line_says_what_to_do() -> None:
    with pytest.raises(SpecError, match=r"no axes to weigh.*--require"):
        advise([_run()])
    with pytest.raises(SpecError, match="no axes to weigh"):
        advise([_run()], use=load_use("live-streaming"))


def test_the_card_and_the_board_speak_of_metrics() -> None:
    board = build_board([_run()])
    facts = answer_card(board).facts
    assert facts and {"sharpness", "whole clip"} <= {fact.about for fact in facts}
    assert [fact.sure for fact in facts] == sorted(
        (fact.sure for fact in facts), key=("sure", "likely", "open").index
    )
    stream = io.StringIO()
    print_board(board, Console(file=stream, width=80))
    assert "sharpness" in stream.getvalue() and "controls, never ranked" not in stream.getvalue()


@pytest.mark.parametrize(
    ("metric", "about", "better"),
    [
        ("speed/startup_delay_s", "startup delay", "less"),
        ("speed/frames_per_s", "frames per s", "more"),
        ("memory/kv_cache_bytes", "kv cache", "less"),
    ],
)
def test_a_measure_is_called_by_its_name_and_better_is_less_or_more(
    metric: str, about: str, better: str
) -> None:
    calls = [one for one in _run().score_rows if one.level == "call"]
    renamed = [replace(one, metric=metric) if one.metric == "speed/latency_s" else one for one in calls]
    board = build_board([replace(_run(), score_rows=renamed)])
    assert f"% {better} than" in {fact.about: fact for fact in answer_card(board).facts}[about].words
