"""What a reader meets first: which run, the answer and the table before all else, in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from fabricate import make_run, make_scaling_run
from fabricated import default_world, fabricate, store_run
from opened import html, open_page, said

from vbench_lite.cli.main import call
from vbench_lite.report.charts import growth
from vbench_lite.results.choice import choose
from vbench_lite.results.labels import row_titles
from vbench_lite.store.rundir import RunDir

OLD, NEW, GOING = "a" * 16, "5" * 16, "b" * 16
BUSY = "another process used the device in"


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run, then one of a narrow suite with disturbed calls, then one that is going."""
    root = tmp_path_factory.mktemp("busy")
    make_run(root, OLD, contended=True, prompts=2)
    narrow = make_scaling_run(root, NEW, contended=True)
    document = narrow.document()
    suite = document.suites[0]
    document.suites[0] = suite | {"axes": {"speed": suite["axes"]["speed"]}}
    narrow.write_document(replace(document, created="2026-04-01T10:00:00+00:00"))
    make_run(root, GOING, created="2026-05-01T10:00:00+00:00", status="running", clips=False, prompts=2)
    return root


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, a longer one that takes its place, and one of other requests."""
    root = tmp_path_factory.mktemp("several")
    for place, (prompts, seed) in enumerate(((4, 0), (8, 0), (8, 1))):
        run = fabricate(run_id=f"{place}" * 16, prompts=prompts, seed=seed, created=f"2026-01-0{place + 1}")
        store_run(run, root)
    return root


@pytest.mark.parametrize("page", ["overview", "live"])
def test_a_page_without_runs_looks_again_by_itself_until_there_is_one(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[tuple[Callable[[], None], float | None]] = []
    again: list[bool] = []

    def noted(look: Callable[[], None], *, run_every: float | None = None) -> Callable[[], None]:
        looks.append((look, run_every))
        return look

    monkeypatch.setattr(st, "fragment", noted)
    monkeypatch.setattr(st, "rerun", lambda: again.append(True))
    app = open_page(tmp_path, page, monkeypatch)
    assert "as soon as it starts" in said(app)
    ((look, every_s),) = looks
    assert every_s is not None and 0 < every_s <= 5
    assert not again  # there is nothing yet
    make_run(tmp_path, status="running", clips=False, prompts=2)
    look()
    assert again == [True]


def test_a_narrow_or_unfinished_run_does_not_take_the_place_of_the_broad_one(
    busy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RunDir(busy, GOING).lock():
        st.cache_data.clear()
        app = open_page(busy, "overview", monkeypatch)
    assert "quick · 1 Mar 10:00" in html(app) and "first frame" in html(app)
    (going,) = (one for one in app.get("page_link") if " going: " in one.proto.label)
    assert going.proto.query_string == f"run={GOING}"
    assert "score the run again" not in said(app) + html(app)
    links = [line.value for line in app.markdown if line.value.startswith("- [")]
    assert len(links) == 2 and f"](?run={NEW})" in "".join(links)  # other runs are a click away


def test_the_web_says_of_disturbed_timing_what_the_terminal_says(
    busy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["leaderboard", OLD, "--brief", "--root", str(busy)]) == 0
    assert BUSY in " ".join(capsys.readouterr().out.split())
    assert BUSY in html(open_page(busy, "overview", monkeypatch, run=OLD))
    report = growth.read(RunDir(busy, NEW), "scaling")
    assert report is not None
    told = report.disturbed("frames")
    assert told is not None and "--retime" in told
    app = open_page(busy, "scaling", monkeypatch, run=NEW)
    assert any(told in warning.value.replace("\\", "").replace("\u2060", "") for warning in app.warning)


def test_the_leaderboard_begins_with_its_table_and_filters_are_folded(
    several: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(several, "leaderboard", monkeypatch)
    shown = list(flat(app.main))
    kinds = [element.type for element in shown]
    tables = [place for place, element in enumerate(shown) if "<table" in body(element)]
    assert len(tables) == 2  # one for each protocol
    assert max(tables) < min(kinds.index(kind) for kind in ("vega_lite_chart", "dataframe"))
    assert {one.label for one in app.expander[0].multiselect} == {"Family", "Task", "Streaming", "License"}
    assert {one.key for one in app.selectbox} >= {"rows"}


def test_every_face_shows_the_same_rows_of_a_root(
    several: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    board = choose(several).board()
    rows = row_titles(board.rows)
    assert {row.arm.run_id[0] for row in board.rows} == {"1", "2"}  # the longer one, and the other requests
    assert len(set(rows)) == len(rows) == 6
    shown = re.findall(r"<strong>(.*?)</strong>", html(open_page(several, "leaderboard", monkeypatch)))
    assert sorted(shown) == sorted(rows)
    monkeypatch.setenv("COLUMNS", "120")  # wide enough for the whole names
    assert call(["leaderboard", "--brief", "--root", str(several)]) == 0
    text = capsys.readouterr().out
    assert "not shown: 1 run that another with more samples extends" in text
    card, _, table = text.partition("quality coherence")
    assert all(table.count(name) == 1 for name in rows)
    assert card.startswith("quick · 3 Jan") and re.findall("^(?:sure|likely|open) +take", card, re.MULTILINE)


def test_the_advisor_speaks_the_language_of_the_web(several: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(several, "advisor", monkeypatch, run="1" * 16, use="live-streaming")
    assert not app.exception
    assert "Answer" in [head.value for head in app.subheader]
    controls = [
        str(one) for kind in ("selectbox", "slider", "select_slider", "text_input") for one in app.get(kind)
    ]
    text = said(app) + html(app) + "".join(controls)
    assert re.findall(r"(?<![\w-])--[a-z][a-z-]+|vbench-lite", text) == []


def test_trust_says_which_controls_a_metric_is_blind_to_and_what_takes_that_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flicker, sharpness = "vbench/temporal_flickering", "frames/sharpness"
    world = default_world()
    clear = {**world.mean[sharpness], "frozen": 0.9}  # frozen clips are sharp, and never flicker
    assert world.mean[flicker]["frozen"] > world.mean[flicker]["real"]
    store_run(fabricate(replace(world, mean={**world.mean, sharpness: clear})), tmp_path)
    app = open_page(tmp_path, "trust", monkeypatch, metric=flicker)
    (table,) = (one.value for one in app.dataframe if {"verdict", "frozen"} <= set(one.value.columns))
    verdicts = table.set_index("metric")["verdict"]
    assert verdicts[flicker] == "fine, blind to frozen; gated by coherence/motion_amount"
    assert verdicts[sharpness] == "a control beats real, blind to frozen"
    assert verdicts["alignment/shapes_direction"] == "fine"
    assert f"Here: **{verdicts[flicker]}**" in said(app).replace("\\", "").replace("\u2060", "")


def flat(block: Any) -> Iterator[Any]:
    """The elements of a page from top to bottom."""
    for child in block.children.values():
        yield from flat(child) if hasattr(child, "children") else (child,)


def body(element: Any) -> str:
    return str(getattr(element.proto, "body", ""))


def test_a_page_without_a_course_names_the_suite_of_the_run_that_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path, prompts=2, clips=False)
    document = run.document()
    document.suites.append(document.suites[0] | {"name": "longer"})
    run.write_document(document)
    courses: dict[str | None, list[object]] = {"longer": [object()]}
    monkeypatch.setattr("vbench_lite.dashboard.cached.time_series", lambda of, suite: courses.get(suite, []))
    app = open_page(tmp_path, "over_time", monkeypatch)
    assert not app.exception and "Those of longer do: choose it above" in said(app)
    courses.clear()
    app = open_page(tmp_path, "over_time", monkeypatch)
    assert not app.exception and "The horizon suite does" in said(app)
