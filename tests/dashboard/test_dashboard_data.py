"""The data layer of the dashboard: plain functions, no streamlit, nothing computed twice."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fabricate import HOSTILE, make_root, make_run

from vbench_lite import report
from vbench_lite.dashboard import data, player, progress, server
from vbench_lite.dashboard.pages import VIEWS
from vbench_lite.errors import ClipError, SpecError, StoreError
from vbench_lite.report.charts import boards, gallery, style
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir, list_runs
from vbench_lite.store.schema import NOT_TRIED, SampleRecord
from vbench_lite.suite import load_suite


def test_the_data_layer_imports_no_streamlit() -> None:
    screen = {"__init__", "app", "cached", "frame"}
    names = [
        f"vbench_lite.dashboard.{path.stem}" for path in VIEWS.parent.glob("*.py") if path.stem not in screen
    ]
    panels = Path(str(report.__file__)).parent
    names += [f"vbench_lite.report.charts.{path.stem}" for path in panels.glob("charts/[a-z]*.py")]
    code = f"import sys, {', '.join(sorted(names))}; print('streamlit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --- runs -----------------------------------------------------------------------------------------


def test_the_index_is_newest_first_and_leaves_controls_out(root: Path) -> None:
    found = data.read_index(root)
    assert [run.run_id for run in found.runs] == ["b" * 16, "a" * 16, "5" * 16]
    assert found.runs[0].generators == (
        "reference/latent-diffusion",
        "reference/autoregressive",
        "reference/hybrid",
    )


def test_a_root_that_is_not_there_has_no_runs(tmp_path: Path) -> None:
    assert data.read_index(tmp_path / "nowhere") == data.Index((), ())


def test_a_damaged_run_is_reported_with_its_path(tmp_path: Path) -> None:
    found = data.read_index(make_root(tmp_path, "damaged"))
    assert [run.run_id for run in found.runs] == ["a" * 16]
    assert "d" * 16 in found.damaged[0]


def test_the_stamp_changes_with_a_run(tmp_path: Path) -> None:
    run = make_run(tmp_path, clips=False, status="running")
    before = data.run_stamp(run)
    with run.journal("worker-1") as journal:
        journal.append({"kind": "sample"})
    assert data.run_stamp(run) != before


def test_alerts_name_failed_samples(root: Path) -> None:
    (alert,) = data.alerts(RunDir(root, "b" * 16))
    assert (alert.level, alert.text[:42]) == ("error", "reference/autoregressive: 1 of 6 samples d")
    assert data.alerts(RunDir(root, "a" * 16)) == []


def test_progress_counts_what_ended(tmp_path: Path) -> None:
    run = make_run(tmp_path, status="running", clips=False)
    found = {arm.generator: arm for arm in progress.arms(run)}
    assert (found["reference/hybrid"].done, found["reference/hybrid"].planned) == (3, 6)
    assert found["reference/hybrid"].left_s == pytest.approx(3 * 0.5)
    assert progress.left_s(list(found.values())) == pytest.approx(7 * 3 * 0.5)
    assert progress.newest(run, 4).empty


def test_suites_that_another_brings_along_are_planned_in_proportion(tmp_path: Path) -> None:
    run = make_run(tmp_path, status="running", clips=False)  # 3 of 6 samples are made
    suites = [load_suite(name).model_dump(mode="json") for name in ("quick", "stage-long", "stage-detail")]
    for samples, planned in ((6, 6 + 1 + 1), (80, 80 + 6 + 3), (160, 160 + 12 + 6)):
        run.write_document(replace(run.document(), suites=suites, samples=samples))
        assert {arm.planned for arm in progress.arms(run)} == {planned}
    run.write_document(replace(run.document(), status="finished"))
    assert progress.share(progress.phases(run, progress.arms(run))[:1]) == 1.0
    assert progress.left_s(progress.arms(run)) == 0.0


# --- clips ----------------------------------------------------------------------------------------


def test_a_clip_is_named_by_a_hash_and_nothing_else(root: Path) -> None:
    for name in ("../../etc/passwd", "a" * 63, "A" * 64, ""):
        with pytest.raises(StoreError, match="no clip hash"):
            player.player_clip(root, name, "t", "s")


def test_a_link_out_of_the_pool_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"secret")
    pool = Pool(tmp_path / "root")
    sha = pool.put(np.zeros((2, 16, 16, 3), np.uint8), 8.0)
    (tmp_path / "root" / "pool" / "previews").mkdir()
    (tmp_path / "root" / "pool" / "previews" / f"{sha}.mp4").symlink_to(secret)
    with pytest.raises(StoreError, match="no file of the pool"):
        player.player_clip(tmp_path / "root", sha, "t", "s")


def test_a_strip_shows_at_most_eight_frames_spread_over_the_clip() -> None:
    import cv2

    frames = np.repeat(np.arange(30, dtype=np.uint8), 20 * 20 * 3).reshape(30, 20, 20, 3)
    image = cv2.imdecode(np.frombuffer(gallery.strip(frames), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (40, 8 * 40 + 7 * 2, 3)
    assert (int(image[0, 0, 0]), int(image[0, -1, 0])) == (0, 29)


def test_worst_clips_come_first_by_the_metric_s_direction(root: Path) -> None:
    run = RunDir(root, "a" * 16)
    samples, scores = gallery.shown_samples(run), gallery.clip_scores(run)
    worst = gallery.extremes(samples, scores, "alignment/shapes_shape", ["reference/hybrid"], worst=True)
    assert list(worst["value"]) == sorted(worst["value"])
    best = gallery.extremes(samples, scores, "alignment/shapes_shape", None, worst=False)
    assert best["value"].is_monotonic_decreasing


def test_the_player_bounds_what_it_is_given() -> None:
    clip = player.PlayerClip("a", "b", b"x", 2, 8.0)
    assert player.payload([clip])["clips"][0]["src"] == "data:video/mp4;base64,eA=="
    with pytest.raises(ClipError, match="1 to 8 clips"):
        player.payload([clip] * 9)
    with pytest.raises(ClipError, match="takes 4,000,000"):
        player.payload([player.PlayerClip("a", "b", bytes(4_000_001), 2, 8.0)])
    with pytest.raises(ClipError, match="cannot be played"):
        player.payload([player.PlayerClip("a", "b", b"x", 0, 8.0)])


# --- text and start ---------------------------------------------------------------------------------


def test_plain_escapes_every_mark() -> None:
    assert style.plain("a*b\n<i>") == "a\\*b \\<i\\>"
    escaped = style.plain(HOSTILE)
    assert "<script>" not in escaped
    assert "](" not in escaped


@pytest.mark.parametrize("address", ["https://evil.example/x", "www.evil.example", "a@evil.example"])
def test_an_address_in_a_text_is_no_link(address: str) -> None:
    shown = style.plain(address).replace("\\", "")
    assert shown.replace("\u2060", "") == address
    assert "\u2060" in shown and "https:" not in shown and "www." not in shown and "a@" not in shown


def test_the_server_is_bound_to_loopback_and_sends_no_statistics() -> None:
    command = server.command(Path("x"), port=1)
    assert "--server.address=127.0.0.1" in command
    assert "--browser.gatherUsageStats=false" in command
    assert "--server.allowedHosts=127.0.0.1" in command
    assert command[-3:] == ["--", "--root", "x"]


def test_the_root_comes_from_the_argument_then_the_environment() -> None:
    assert server.root_from(["--root", "here"], {server.ROOT_VARIABLE: "there"}) == Path("here")
    assert server.root_from([], {server.ROOT_VARIABLE: "there"}) == Path("there")
    assert server.root_from([], {}) == server.DEFAULT_ROOT
    with pytest.raises(SpecError, match="--root DIR"):
        server.root_from(["--rot", "x"])


# --- how far a run is -------------------------------------------------------------------------------


def test_one_bar_counts_clips_timed_processes_and_scored_clips(root: Path) -> None:
    run = list_runs(root)[0]
    arms = progress.arms(run)
    made, timed, scored = progress.phases(run, arms)
    assert made.done == made.planned == sum(arm.planned for arm in arms)
    assert scored.done == scored.planned == sum(arm.done for arm in arms)
    assert timed.done <= timed.planned
    half = [progress.Phase("a", 5, 10), progress.Phase("b", 0, 0), progress.Phase("c", 12, 10)]
    assert progress.share(half) == 0.75
    assert progress.share([]) == 0.0


def test_ranks_are_settled_where_every_generator_has_one_place(board: boards.BoardTable) -> None:
    values = board.values.copy()
    at = (values["kind"] == "axis") & ~values["control"]
    values.loc[at, "rank_best"] = values[at].groupby("name").cumcount() + 1
    values.loc[at, "rank_worst"] = values.loc[at, "rank_best"]
    there = [axis for axis in board.axes if len(boards.axis_rows(board, axis)) > 1]
    assert progress.settled(replace(board, values=values)) == there
    values.loc[at & (values["name"] == there[0]), "rank_worst"] += 1
    assert progress.settled(replace(board, values=values)) == there[1:]


def test_a_generator_that_was_stopped_says_why(tmp_path: Path) -> None:
    run = make_run(tmp_path, clips=False)
    generator = run.document().generators[0].label
    why = "not tried: the first 3 requests failed"
    records = [
        SampleRecord(generator, "quick", f"x{n}", f"x{n}", "p", n, "failed", why, NOT_TRIED) for n in range(2)
    ]
    with run.journal("more") as journal:
        for record in records:
            journal.append({"kind": "sample", **record.as_dict()})
    found = {arm.generator: arm.stopped for arm in progress.arms(run)}
    assert found.pop(generator) == why
    assert set(found.values()) == {None}
