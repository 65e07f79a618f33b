"""A metric's series: kept beside its value, in a run and for clips in a folder."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from clip_files import moving_square
from tiny_metrics import Brightness, TimeSeries, extractors, metric_set, reset

from vbench_lite.metric import Scored
from vbench_lite.run.scoring.outcome import checked_value
from vbench_lite.run.scoring.score_folder import score_clips
from vbench_lite.run.scoring.score_part import Tools
from vbench_lite.run.scoring.scorer import score_run
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleRecord
from vbench_lite.suite import parse_suite
from vbench_lite.video.decode import write_lossless


@pytest.fixture(autouse=True)
def _reset() -> None:
    reset()


def test_a_run_keeps_the_series_in_the_row(tmp_path: Path) -> None:
    frames, run = moving_square(8), RunDir(tmp_path, "r1")
    entry = GeneratorEntry("a", "x", {}, "cpu", 1, {}, "f")
    run.write_document(RunDocument("r1", "running", "2026-01-01", None, 0, 1, [entry], [], True, {}, {}))
    record = SampleRecord("a", "tiny", "p-s0", "p", "p", 0, "ok", clip_sha256=Pool(tmp_path).put(frames, 8.0))
    with run.journal("worker") as journal:
        journal.append({"kind": "sample", **record.as_dict()})
    data = {
        "name": "tiny", "version": 1, "description": "", "prompts": {"texts": ["p"]},
        "metrics": ["t/course", "t/brightness"], "axes": {},
    }  # fmt: skip
    tools = Tools(metric_set(TimeSeries, Brightness), extractors(tmp_path))
    score_run(run, parse_suite(data, "tiny"), tools=tools)
    rows = {str(row["metric"]): row for row in run.rows("score")}
    levels = frames[..., 0].mean(axis=(1, 2))
    assert rows["t/course"]["series"] == [[index / 8, level] for index, level in enumerate(levels)]
    assert rows["t/course"]["value"] == pytest.approx(levels.mean())
    assert rows["t/brightness"]["series"] is None


def test_clips_in_a_folder_have_the_same_series(tmp_path: Path) -> None:
    frames = moving_square(8)
    write_lossless(tmp_path / "a.mkv", frames, 8.0)
    scores = score_clips(tmp_path, metric_set(TimeSeries, Brightness), extractors=extractors())
    levels = frames[..., 0].mean(axis=(1, 2))
    assert scores.as_dict()["series"] == {
        "a.mkv": {"t/course": [[index / 8, level] for index, level in enumerate(levels)]}
    }


@pytest.mark.parametrize("point", [(math.nan, 1.0), (0.0, math.inf)])
def test_a_series_holds_finite_numbers_only(point: tuple[float, float]) -> None:
    outcome = checked_value(Scored(0.5, ((0.0, 0.5), point)), TimeSeries.info)
    assert (outcome.status, outcome.reason) == ("error", "non-finite value in the series")
