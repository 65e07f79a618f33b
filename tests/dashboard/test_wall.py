"""The wall of clips: a cell for every request, those without a clip too, and the orders of its lines."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from fabricate import GENERATORS, make_run
from opened import open_page

from vbench_lite.dashboard import wall
from vbench_lite.report.charts import gallery
from vbench_lite.store.rundir import RunDir

FAILS = "reference/autoregressive"  # on the first request
METRIC = "alignment/shapes_shape"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return make_run(tmp_path_factory.mktemp("wall"), prompts=4, failed=1, clips=False)


@pytest.fixture(scope="module")
def scores(run: RunDir) -> pd.DataFrame:
    return gallery.clip_scores(run, "quick")


@pytest.fixture(scope="module")
def lines(run: RunDir, scores: pd.DataFrame) -> list[wall.Line]:
    made = run.samples()
    made["clip_sha256"] = ["0" * 64 if status == "ok" else None for status in made["status"]]
    return wall.lines(made, scores, ["real", *GENERATORS])


def test_a_sample_that_failed_is_a_card_with_its_reason(lines: list[wall.Line], tmp_path: Path) -> None:
    assert len(lines) == 4  # every prompt
    cells = {cell.generator: cell for cell in lines[0].cells}
    assert (cells[FAILS].sha256, cells[FAILS].scores) == (None, ())
    assert cells[FAILS].reason == "failed: RuntimeError: the sampler diverged"
    assert all(cell.sha256 for line in lines[1:] for cell in line.cells)
    shown = wall.payload(tmp_path, lines[:1], "clips?run=a", {})["rows"][0]["cells"]
    assert shown[[cell.generator for cell in lines[0].cells].index(FAILS)]["reason"] == cells[FAILS].reason


def test_a_clip_shows_its_first_scores_by_name(lines: list[wall.Line]) -> None:
    cell = lines[1].cells[0]
    assert 0 < len(cell.scores) <= wall.MOST_SCORES
    assert any(score.startswith(("sharpness 0.", "sharpness 1")) for score in cell.scores)


def test_lines_are_ordered_by_failures_differences_and_the_worst_of_generators(
    lines: list[wall.Line], scores: pd.DataFrame
) -> None:
    def order(by: str, of: pd.DataFrame = scores) -> list[str]:
        return [line.sample_id for line in wall.ordered(lines[::-1], by, of, list(GENERATORS))]

    asked = [line.sample_id for line in lines]
    assert order(wall.AS_ASKED) == asked[::-1]
    assert order(wall.FAILED)[0] == asked[0]
    mine = scores[scores["generator"].isin(GENERATORS) & (scores["metric"] == METRIC)]
    lowest = mine.groupby("sample_id")["value"].min().sort_values()
    assert order(METRIC) == list(lowest.index)
    noisy = scores.copy()  # the worst of a control, which no reader looks for, decides nothing
    noisy.loc[(noisy["generator"] == "noise") & (noisy["sample_id"] == lowest.index[-1]), "value"] = -9.0
    assert order(METRIC, noisy) == list(lowest.index)
    apart = scores.copy()
    apart.loc[(apart["generator"] == FAILS) & (apart["sample_id"] == asked[2]), "value"] = 50.0
    assert order(wall.DIFFERENT, apart)[0] == asked[2]


def test_the_player_s_page_says_who_has_no_clip_and_lists_the_worst_generator_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_run(tmp_path, prompts=2, failed=1)
    app = open_page(tmp_path, "clips", monkeypatch)
    assert not app.exception
    made = RunDir(tmp_path, "a" * 16).samples()
    found = wall.payload(tmp_path, wall.lines(made, pd.DataFrame(), [*GENERATORS]), "clips?run=a", {})
    assert {row["sample"] for row in found["rows"]} == set(
        app.selectbox(key="sample").options
    )  # of its links
    captions = [caption.value.replace("\\", "") for caption in app.caption]
    assert f"{FAILS} has no clip: failed: RuntimeError: the sampler diverged" in captions
    (table,) = (one.value for one in app.dataframe if "prompt and seed" in one.value)
    assert set(table["generator"]) == set(GENERATORS)  # noise would be the worst, and is not meant
    assert list(table["value"].astype(float)) == sorted(table["value"].astype(float))
