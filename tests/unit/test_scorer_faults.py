"""Scoring with something broken: every outcome with its reason, and a broken plug-in loses only itself."""

from __future__ import annotations

import gc
import json
import math
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tiny_metrics import (
    Brightness,
    Captioned,
    Change,
    Faulty,
    FromFeatures,
    Means,
    MeanShift,
    Scribbler,
    Spread,
    extractors,
    reset,
)
from tiny_run import clip_of, four, rows, sample, score, stored_run, suite

from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.errors import ClipError, NotApplicable, RegistryError, StoreError, WeightsError
from vbench_lite.metric import Metric, SampleInfo
from vbench_lite.run.scoring import clip_pass
from vbench_lite.run.scoring.clip_pass import ClipPass, ClipTask
from vbench_lite.run.scoring.metric_set import make_metrics
from vbench_lite.run.scoring.score_part import Tools
from vbench_lite.run.scoring.scorer import score_run
from vbench_lite.run.scoring.sources import OpenClip
from vbench_lite.store.pool import Pool


@pytest.fixture(autouse=True)
def _reset() -> None:
    reset()


def test_failed_samples_have_no_rows(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": [clip_of(0), None, clip_of(2), None]})
    score(run, Brightness)
    assert [row["sample_id"] for row in rows(run, "t/brightness")] == ["p0-s0", "p2-s0"]


@pytest.mark.parametrize(
    ("where", "ending", "status", "reason"),
    [
        ("start", RuntimeError("boom\nsecond line"), "error", "RuntimeError: boom"),
        ("push", KeyError("x"), "error", "KeyError: 'x'"),
        ("finish", NotApplicable("no face"), "not_applicable", "no face"),
        ("start", NotApplicable("no face"), "not_applicable", "no face"),
        ("finish", math.nan, "error", "non-finite value"),
        ("finish", math.inf, "error", "non-finite value"),
        ("finish", 1.5, "error", "outside declared bounds: 1.5 is not in [0, 1]"),
        ("finish", 1.0 + 1e-9, "ok", None),
    ],
)
def test_a_broken_metric_loses_only_itself(
    tmp_path: Path, where: str, ending: float | Exception, status: str, reason: str | None
) -> None:
    Faulty.where, Faulty.ending = where, ending
    run = stored_run(tmp_path, {"a": four()})
    score(run, Faulty, Brightness)
    assert [(r["status"], r["reason"]) for r in rows(run, "t/faulty")] == [(status, reason)] * 4
    assert [r["status"] for r in rows(run, "t/brightness")] == ["ok"] * 4


def test_errors_are_tried_again(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": four()})
    score(run, Faulty)
    Faulty.ending = 0.5
    score(run, Faulty)
    assert [(r["status"], r["value"]) for r in rows(run, "t/faulty")] == [("ok", 0.5)] * 4


def test_a_metric_cannot_change_the_frames_of_others(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": four()})
    score(run, Scribbler, Brightness)
    assert {r["status"] for r in rows(run, "t/scribbler")} == {"error"}
    assert all(float(str(r["value"])) > 0 for r in rows(run, "t/brightness"))


def test_missing_weights_are_not_applicable_and_come_back(tmp_path: Path) -> None:
    Means.load_error = WeightsError("weights means-v1 not found (tried the cache)")
    run = stored_run(tmp_path, {"a": four()})
    score(run, FromFeatures, MeanShift, Brightness)
    found = rows(run, "t/from_features") + rows(run, "t/mean_shift")
    expected = ("not_applicable", "weights means-v1 not found (tried the cache)")
    assert [(r["status"], r["reason"]) for r in found] == [expected] * 5
    assert Means.loads == 1
    Means.load_error = None
    score(run, FromFeatures, MeanShift, Brightness)
    assert {r["status"] for r in rows(run, "t/from_features") + rows(run, "t/mean_shift")} == {"ok"}


def test_a_bad_clip_costs_an_extractor_only_that_clip(tmp_path: Path) -> None:
    unlucky = np.full((8, 16, 16, 3), 13, np.uint8)
    run = stored_run(tmp_path, {"a": [clip_of(0), unlucky, clip_of(2), clip_of(3)]})
    score(run, FromFeatures, Spread)
    assert [r["status"] for r in rows(run, "t/from_features")] == ["ok", "error", "ok", "ok"]
    assert rows(run, "t/from_features")[1]["reason"] == "extractor means: ValueError: unlucky frame"
    (spread,) = rows(run, "t/spread")
    assert spread["n"] == 3
    assert json.loads(str(spread["extras"]))["left_out"] == {"extractor means: ValueError: unlucky frame": 1}


def test_prompts_outside_the_world_are_not_applicable(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": four()})
    with run.journal("worker") as journal:
        record = sample("a", 0, Pool(tmp_path).put(clip_of(0), 8.0), prompt="a cat on a sofa")
        journal.append({"kind": "sample", **record.as_dict(), "sample_id": "p9-s0"})
    score(run, Captioned)
    assert [r["status"] for r in rows(run, "t/captioned")] == ["ok"] * 4 + ["not_applicable"]
    assert rows(run, "t/captioned")[-1]["reason"] == "no captions of the shapes world"


def test_a_lost_or_damaged_clip_is_an_error_of_that_sample(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": four()})
    shas = {str(r["sample_id"]): str(r["clip_sha256"]) for r in run.rows("sample")}
    pool = Pool(tmp_path)
    pool.path(shas["p0-s0"]).unlink()
    pool.path(shas["p1-s0"]).write_bytes(pool.path(shas["p2-s0"]).read_bytes())
    score(run, Brightness)
    found = rows(run, "t/brightness")
    assert [r["status"] for r in found] == ["error", "error", "ok", "ok"]
    assert found[0]["reason"] == "p0-s0: no such file"
    assert "damaged" in str(found[1]["reason"])


def test_a_second_scorer_is_kept_out(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": four()})
    with run.journal("scorer"), pytest.raises(StoreError, match="another process"):
        score(run, Brightness)


def test_unknown_metrics_are_refused_at_once() -> None:
    with pytest.raises(RegistryError, match="vbench/temporal_flickering"):
        make_metrics(["vbench/temporal_flicker"])


def test_a_metric_that_cannot_be_made_is_stored_as_broken(tmp_path: Path) -> None:
    def fail() -> Metric:
        raise ImportError("no module named x")

    metrics = make_metrics(["t/broken", "t/brightness"], {"t/broken": fail, "t/brightness": Brightness})
    run = stored_run(tmp_path, {"a": four()})
    score_run(run, suite(Brightness), tools=Tools(metrics, extractors(run.root)))
    assert {(r["status"], r["reason"]) for r in rows(run, "t/broken")} == {
        ("error", "ImportError: no module named x")
    }
    assert {r["status"] for r in rows(run, "t/brightness")} == {"ok"}


def test_no_number_is_ever_nan(tmp_path: Path) -> None:
    Faulty.ending = math.nan
    run = stored_run(tmp_path, {"a": [clip_of(0), clip_of(1, 1), None, clip_of(3)]})
    score(run, Brightness, Change, FromFeatures, Faulty, MeanShift, Spread)
    text = (run.path / "journal" / "scorer.jsonl").read_text()
    assert "NaN" not in text and "Infinity" not in text


def test_a_set_with_clips_left_out_is_scored_once(tmp_path: Path) -> None:
    """A clip too short for the metric stays too short; one that failed is tried again, and told once."""
    unlucky = np.full((8, 16, 16, 3), 13, np.uint8)
    for name, odd in (("short", clip_of(1, 3)), ("unlucky", unlucky)):
        run = stored_run(tmp_path / name, {"a": [clip_of(0), odd, clip_of(2), clip_of(3)]})
        score(run, Spread, FromFeatures)
        stored = rows(run, "t/spread") + rows(run, "t/from_features")
        again = score(run, Spread, FromFeatures)
        assert again.rows.total() == 0
        assert again.kept == 5
        assert rows(run, "t/spread") + rows(run, "t/from_features") == stored
        (spread,) = rows(run, "t/spread")
        assert spread["n"] == 3


class Breaking:
    """A clip whose file breaks in its middle; `last` is the frames that came before."""

    name = file = "breaking.mkv"
    sha256 = None
    last: weakref.ref[Frames] | None = None

    @contextmanager
    def open(self) -> Iterator[OpenClip]:
        yield OpenClip(ClipInfo(self.name, 16, 16, 16, 8.0), self.chunks())

    def chunks(self) -> Iterator[Frames]:
        frames = clip_of(0, 6).copy()
        self.last = weakref.ref(frames)
        yield frames
        del frames
        raise ClipError("breaking.mkv: cut short")


def test_nothing_is_kept_of_a_clip_that_breaks_while_it_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_pass, "HELD_BYTES", 100)
    source = Breaking()
    sample = SampleInfo("a", "s", "p", None, None)
    passes = ClipPass(extractors())
    (result,) = passes.run([ClipTask(source, sample, extractors=["means"])])
    assert result.error == "breaking.mkv: cut short"
    del result
    gc.collect()
    assert source.last is not None and source.last() is None
