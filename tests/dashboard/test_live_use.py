"""The page Live use: what its tables and its player are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from opened import open_page
from special_runs import STEERED, make_steered_run

from vbench_lite.control import parse_script
from vbench_lite.metric import Measurement
from vbench_lite.report.charts import live_use
from vbench_lite.results.board import build_board
from vbench_lite.store.rundir import RunDir


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with one steered run."""
    root = tmp_path_factory.mktemp("live")
    make_steered_run(root)
    return root


def test_the_page_shows_what_a_steered_run_has(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(stored, "live_use", monkeypatch)
    assert not app.exception, app.exception
    assert [str(one.value) for one in app.subheader] == [
        "From the press to the picture", "Deadlines", "Answers over a session", "Doing as told",
        "Sessions, with the keys held",
    ]  # fmt: skip
    (deadlines,) = (one.value for one in app.dataframe if "deadline share" in one.value)
    assert deadlines["worst lateness"].str.fullmatch(r"\d+ ms \(\d+ to \d+\)").all()


def test_the_parts_of_a_bar_follow_one_another(stored: Path) -> None:
    rows = build_board([RunDir(stored, STEERED)]).rows
    shown = live_use.split(rows)
    assert len(shown) == 3 * len(rows)
    for generator, parts in shown.groupby("generator"):
        assert list(parts["part"]) == list(live_use.PARTS)
        assert list(parts["start"])[1:] == list(parts["end"])[:-1]
        row = next(one for one in rows if one.arm.generator == generator)
        total = sum(row.arm.estimates[metric].value or 0.0 for metric in live_use.PARTS.values())
        assert float(parts["end"].iloc[-1]) == pytest.approx(total)
    assert set(shown["generator"]) <= {row.arm.generator for row in rows}


def test_every_press_is_shown_with_the_seconds_until_its_frame() -> None:
    call = Measurement(
        "g", "base", 0, "warm", None, 2.0, ((0.2, 4), (0.5, 4), (1.5, 4)), 12, 12, 1, 8, 8, 8.0,
        controls=((0.0, 0.0, 0), (0.3, 0.4, 4), (0.9, 1.0, 8)),
    )  # fmt: skip
    shown = live_use.presses([call], {"g": "hybrid"})
    # Frame 4 is due 0.5 s after the first one's arrival; frame 8 comes late and is shown at once.
    assert list(shown["seconds"]) == pytest.approx([0.7 - 0.3, 1.5 - 0.9])
    assert live_use.presses([call], {}).loc[0, "family"] == "unknown"


def test_the_player_is_told_the_keys_of_each_frame() -> None:
    script = parse_script('D*2 0*1 W+"a + b"*2')
    assert live_use.keys_held(script, 7) == [(0, ("D",)), (2, ()), (3, ("W", '"a + b"')), (5, ("D",))]
