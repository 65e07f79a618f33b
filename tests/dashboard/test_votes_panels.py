"""Votes in the dashboard: which metrics agree with them, and whom they prefer."""

from __future__ import annotations

from pathlib import Path

import pytest
from fabricate import make_run
from fabricated import vote_on
from opened import open_page

from vbench_lite.report.charts.style import plain


def test_trust_says_which_metrics_agree_with_votes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path, "a" * 16)
    app = open_page(tmp_path, "trust", monkeypatch)
    assert f"vbench-lite vote {run.run_id} --root {tmp_path}" in [code.value for code in app.code]
    first, second = [entry.label for entry in run.document().generators][:2]
    for voter in ("ann", "bo", "cy", "di", "ed", "flo"):
        vote_on(run, first, second, voter=voter)
        vote_on(run, second, first, voter=f"{voter}-again", axis="coherence")
    app = open_page(tmp_path, "trust", monkeypatch)
    assert any("chance" in m.value or "trust" in m.value for m in app.markdown), [
        m.value for m in app.markdown
    ]
    told = [d.value for d in app.dataframe if "right on decided votes" in d.value]
    assert all(list(one["metric"]) and one["right on decided votes"].str.contains("%").all() for one in told)
    said = [m.value.partition(":")[0] for m in app.markdown if "chance" in m.value or "trust" in m.value]
    assert said == ["**overall**", "**coherence**"] and len(told) == 2


def test_votes_shows_the_board_of_an_axis_and_refuses_one_that_nothing_connects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path, "a" * 16)
    app = open_page(tmp_path, "votes", monkeypatch)
    assert f"vbench-lite vote {run.run_id} --root {tmp_path}" in [code.value for code in app.code]
    first, second, third = [entry.label for entry in run.document().generators][:3]
    for voter in ("ann", "bo"):
        vote_on(run, first, second, voter=voter)
    vote_on(run, first, second, voter="cy", axis="coherence")
    vote_on(run, "real", third, voter="di", axis="coherence")
    app = open_page(tmp_path, "votes", monkeypatch)
    assert any(plain(f"Preferred: {first} (12 votes on overall).") in m.value for m in app.markdown)
    standing, pairs, wins, voters = (d.value for d in app.dataframe)
    assert standing[["generator", "won", "lost"]].values.tolist() == [[first, 12, 0], [second, 0, 12]]
    assert list(pairs["says"]) == [f"{first} is preferred to {second}"]
    assert wins[f"over {second}"].tolist() == ["12", "–"]
    assert list(voters["voter"]) == ["ann", "bo"] and list(voters["answers left"]) == ["50%", "50%"]
    app = open_page(tmp_path, "votes", monkeypatch, asked="coherence")
    (refusal,) = (w.value for w in app.warning)
    assert "votes on these pairs would connect them" in refusal and not app.dataframe
