"""The leaderboard as one table: sorted, bars on one scale, chips, and suites without axes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from fabricated import fabricate

from vbench_lite.report.charts.leaderboard import columns, tables
from vbench_lite.report.html import markup
from vbench_lite.results.board import Board, build_board


@cache
def _default() -> Board:
    return build_board([fabricate()])


def _without_axes() -> Board:
    board = _default()
    suite = board.suite.model_copy(update={"axes": {}})
    return replace(board, suite=suite, rows=[replace(r, suite=suite, axes={}, ranks={}) for r in board.rows])


def test_rows_are_sorted_by_the_chosen_column_and_the_sure_first_is_marked() -> None:
    (by_speed,) = tables(_default(), "speed")
    assert by_speed["rows"][0]["name"] == "autoregressive"  # its first frame is the soonest by far
    place = [column["name"] for column in by_speed["columns"]].index("speed")
    cells = [row["cells"][place] for row in by_speed["rows"]]
    assert [cell["first"] for cell in cells] == [True, False, False]
    assert cells[0]["value"] == "2.64 s"
    assert cells[0]["rank"] == "1"
    assert cells[0]["note"].startswith("time to first frame ")


def test_an_axis_has_one_scale_and_a_bar_never_leaves_it() -> None:
    for table in tables(_default()):
        for row in table["rows"]:
            for cell in row["cells"]:
                bar = cell["bar"]
                assert bar is None or 0 <= float(bar["low"]) <= float(bar["at"]) + 0.1
                assert bar is None or float(bar["low"]) + float(bar["width"]) <= 100.1
    quality = [row["cells"][0]["bar"] for row in tables(_default(), "quality")[0]["rows"]]
    score = sorted((row.axes["quality"].value or 0.0 for row in _default().rows), reverse=True)  # type: ignore[index]
    assert [float(bar["at"]) for bar in quality] == pytest.approx([100 * value for value in score], abs=0.06)


def test_a_suite_without_axes_has_a_column_a_metric() -> None:
    board = _without_axes()
    names = columns(board)
    assert "frames/sharpness" in names and "coherence/motion_amount" not in names  # which has no direction
    (table,) = tables(board, "frames/sharpness")
    assert table["rows"][0]["name"] == "autoregressive"
    assert "sharpness" in markup.leaderboard(table)


def test_rows_of_two_protocols_are_two_tables() -> None:
    board = build_board([fabricate(run_id="a"), fabricate(run_id="b", prompts=8)], every=True)
    captions = [table["caption"] for table in tables(board)]
    assert captions == ["quick v1: 16 samples each, seed 0", "quick v1: 8 samples each, seed 0"]


def test_tables_of_two_sizes_name_the_size() -> None:
    longer = fabricate(run_id="b")
    suites = [{**one, "request": {**one["request"], "num_frames": 24}} for one in longer.doc.suites]
    board = build_board([fabricate(run_id="a"), replace(longer, doc=replace(longer.doc, suites=suites))])
    assert "size" in board.notes[0]
    captions = [table["caption"] for table in tables(board)]
    assert captions == [f"quick v1: 16 samples each, seed 0, {frames}x32x32@8" for frames in (16, 24)]


def test_what_comes_from_a_run_is_text() -> None:
    (table,) = tables(_default())
    table["rows"][0]["name"] = "<script>alert(1)</script>"
    assert "<script>" not in markup.leaderboard(table)
