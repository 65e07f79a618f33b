"""Scoring: one decode a clip, every outcome with its reason, and a broken plug-in loses only itself."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from tiny_metrics import (
    Brightness,
    Captioned,
    Change,
    Difference,
    Faulty,
    FromFeatures,
    Latency,
    Means,
    MeanShift,
    Scribbler,
    Spread,
    extractors,
    info,
    metric_set,
    reset,
)

from vbench_lite.clip import Frames
from vbench_lite.datasets import shapes
from vbench_lite.engine import clip_pass
from vbench_lite.engine.executors.contract import Executor, Job, Settings, Sink
from vbench_lite.engine.features import FeatureCache, FeatureQueue
from vbench_lite.engine.fingerprint import differences, parse
from vbench_lite.engine.metric_set import make_metrics
from vbench_lite.engine.outcome import Outcome
from vbench_lite.engine.score_part import Part, PartScores, Tools
from vbench_lite.engine.score_rows import ScoreSummary
from vbench_lite.engine.score_worker import finished
from vbench_lite.engine.scorer import score_run
from vbench_lite.errors import NotApplicable, RegistryError, StoreError, WeightsError
from vbench_lite.extractor import ExtractorInfo, FeatureExtractor
from vbench_lite.metric import Features, Measurement, Metric
from vbench_lite.store import tables
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleRecord
from vbench_lite.suite import Suite, parse_suite


@pytest.fixture(autouse=True)
def _reset() -> None:
    reset()


# --- a stored run ----------------------------------------------------------------------------

CAPTIONS = [scene.caption for scene in shapes.sample_scenes(4, 0)]


def suite(*kinds: type[Metric], reference: bool = True) -> Suite:
    data = {
        "name": "tiny",
        "version": 1,
        "description": "",
        "prompts": {"dataset": "shapes", "count": 4},
        "request": {"num_frames": 8, "height": 16, "width": 16, "fps": 8},
        "metrics": [kind.info.id for kind in kinds],
        "axes": {},
    }
    if reference:
        data["reference"] = {"count": 5, "seed": 1}
    return parse_suite(data, "test")


def clip_of(index: int, num_frames: int = 8) -> Frames:
    return shapes.real_clip(shapes.parse_caption(CAPTIONS[index]), index, num_frames, 16, 16)


def sample(generator: str, index: int, sha: str | None, status: str = "ok", prompt: str = "") -> SampleRecord:
    return SampleRecord(
        generator=generator,
        suite="tiny",
        sample_id=f"p{index}-s0",
        prompt_id=f"p{index}",
        prompt=prompt or CAPTIONS[index],
        seed=index,
        status=status,
        clip_sha256=sha,
        num_frames=8,
        requested_frames=8,
        requested_height=16,
        requested_width=16,
        height=16,
        width=16,
        fps=8.0,
    )


def stored_run(
    root: Path, clips: Mapping[str, list[Frames | None]], calls: list[Measurement] | None = None
) -> RunDir:
    """A run with these clips by generator; None is a sample that failed."""
    run, pool = RunDir(root, "r1"), Pool(root)
    entries = [GeneratorEntry(label, "x", {}, "cpu", 1, {}, "f") for label in clips]
    run.write_document(RunDocument("r1", "running", "2026-01-01", None, 0, 4, entries, [], True, {}, {}))
    with run.journal("worker") as journal:
        for label, arm in clips.items():
            for index, frames in reversed(list(enumerate(arm))):  # in no order
                sha = None if frames is None else pool.put(frames, 8.0)
                record = sample(label, index, sha, "failed" if frames is None else "ok")
                journal.append({"kind": "sample", **record.as_dict()})
        for call in calls or []:
            journal.append({"kind": "measurement", **tables.measurement_row(call, "tiny")})
    return run


def score(
    run: RunDir, *kinds: type[Metric], reference: bool = True, pairs: str | None = None
) -> ScoreSummary:
    return score_run(
        run,
        suite(*kinds, reference=reference),
        tools=Tools(metric_set(*kinds), extractors(run.root)),
        pairs=pairs,
    )


def rows(run: RunDir, metric: str, generator: str = "a") -> list[dict[str, object]]:
    found = [r for r in run.rows("score") if r["metric"] == metric and r["generator"] == generator]
    return sorted(found, key=lambda r: str(r["sample_id"]))


def four() -> list[Frames | None]:
    return [clip_of(index) for index in range(4)]


def test_values_are_those_of_the_clips_alone(tmp_path: Path) -> None:
    clips = four()
    run = stored_run(tmp_path, {"a": clips})
    summary = score(run, Brightness, Change, FromFeatures)
    assert summary.decoded == 4
    assert dict(summary.rows) == {"ok": 12}
    for index, row in enumerate(rows(run, "t/brightness")):
        assert row["value"] == pytest.approx(clips[index].mean(), abs=1e-9)  # type: ignore[union-attr]
        assert (row["level"], row["prompt_id"], row["status"]) == ("sample", f"p{index}", "ok")
        assert row["value"] == pytest.approx(rows(run, "t/from_features")[index]["value"], abs=1e-4)
    assert Means.batches == [2, 2, 2, 2]  # windows of one clip only: values do not depend on company


def test_failed_samples_have_no_rows(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": [clip_of(0), None, clip_of(2), None]})
    score(run, Brightness)
    assert [row["sample_id"] for row in rows(run, "t/brightness")] == ["p0-s0", "p2-s0"]


def test_sets_against_reference_clips(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": four(), "b": four()})
    score(run, MeanShift, Spread)
    (row,) = rows(run, "t/mean_shift")
    assert (row["level"], row["status"], row["n"], row["sample_id"]) == ("set", "ok", 4, None)
    assert 0 < row["value"] < 1  # type: ignore[operator]
    assert (row["low"], row["high"]) == (0, row["value"] + 1)  # type: ignore[operator]  # cut at the bound
    extras = json.loads(str(row["extras"]))
    assert extras["prompts"] == ["p0", "p1", "p2", "p3"] and extras["bias"] == 0.0
    assert rows(run, "t/spread")[0]["status"] == "ok"
    equal = differences(str(row["fingerprint"]), str(rows(run, "t/mean_shift", "b")[0]["fingerprint"]))
    assert equal == {}
    assert Means.loads == 1  # and the five references were looked at once: 8 windows of a and 10 of theirs
    assert sum(Means.batches) == 8 + 10


class Several(Executor):
    """Scores here, as one of several would, and keeps what it was given."""

    def execute(self, jobs: Sequence[Job], sink: Sink, settings: Settings) -> None:
        raise NotImplementedError

    def score(self, parts: Iterable[Part], settings: Settings, tools: Tools) -> Iterator[PartScores]:
        self.parts = list(parts)
        return (finished(tools, part) for part in self.parts)


@pytest.mark.parametrize("workers", [1, 2])
def test_several_workers_look_at_the_reference_clips_and_nobody_does_again(
    tmp_path: Path, workers: int
) -> None:
    kinds = (MeanShift, Brightness)
    score(stored_run(tmp_path / "alone", {"a": four(), "b": four()}), *kinds)
    alone = rows(RunDir(tmp_path / "alone", "r1"), "t/mean_shift")
    reset()
    run, several = stored_run(tmp_path, {"a": four(), "b": four()}), Several(workers)
    settings = Settings(tmp_path, tmp_path / "logs", 1, 1.0, 1.0)
    tools = Tools(metric_set(*kinds), extractors(tmp_path))
    score_run(run, suite(*kinds), tools=tools, by=(several, settings))
    first = ["reference"] if workers > 1 else []
    assert [part.generator for part in several.parts] == [*first, "a", "b"]
    assert rows(run, "t/mean_shift") == alone
    assert sum(Means.batches) == 8 + 10
    score_run(run, suite(*kinds), tools=tools, by=(several, settings))
    assert [part.generator for part in several.parts] == ["a", "b"], "no set is open"


def test_set_reasons(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": [clip_of(0), clip_of(1, 3), None, None]})
    score(run, Spread, MeanShift, reference=False)
    reason = rows(run, "t/spread")[0]["reason"]
    assert reason == (
        "n too small: 1 clips, and this needs 3 "
        "(left out: the clip has 3 frames, fewer than one window of extractor means (1x))"
    )
    run = stored_run(tmp_path / "other", {"a": four()})
    score(run, MeanShift, reference=False)
    assert rows(run, "t/mean_shift")[0]["reason"] == "the suite has no reference clips"


def test_scoring_resumes_and_adds_only_what_is_new(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": four()})
    first = score(run, Brightness, MeanShift)
    again = score(run, Brightness, MeanShift)
    assert (sum(again.rows.values()), again.decoded) == (0, 0)
    assert again.kept == sum(first.rows.values()) == 5
    more = score(run, Brightness, MeanShift, Change, FromFeatures)
    assert more.decoded == 4 and dict(more.rows) == {"ok": 8}
    assert sum(Means.batches) == 8 + 10  # features of the first pass served the later ones


def test_a_new_version_is_computed_again_and_replaces(tmp_path: Path) -> None:
    class Brighter(Brightness):
        info = info("t/brightness", version=2)

    run = stored_run(tmp_path, {"a": four()})
    score(run, Brightness)
    assert dict(score(run, Brighter).rows) == {"ok": 4}
    assert {parse(str(row["fingerprint"]))["metric"] for row in rows(run, "t/brightness")} == {
        "t/brightness@2"
    }


def test_fingerprints_name_the_field_that_differs(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": four(), "b": [*four()[:3], None]})
    score(run, MeanShift)
    a, b = (str(rows(run, "t/mean_shift", label)[0]["fingerprint"]) for label in "ab")
    assert list(differences(a, b)) == ["requests"]
    assert set(parse(a)) == {"metric", "extractors", "requests", "reference"}


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


def test_pairs_are_scored_against_a_named_arm(tmp_path: Path) -> None:
    brighter = [np.minimum(frames + 10, 255).astype(np.uint8) for frames in four() if frames is not None]
    run = stored_run(tmp_path, {"base": four(), "a": [*brighter[:3], None]})
    score(run, Difference, pairs="base")
    found = rows(run, "t/difference")
    assert [r["status"] for r in found] == ["ok"] * 3
    assert all(9 < float(str(r["value"])) <= 10 for r in found)
    reasons = {r["reason"] for r in rows(run, "t/difference", "base")}
    assert reasons == {"its clips are what the others are compared with"}
    score(run, Difference, pairs="a")
    told = [str(r["reason"]) for r in rows(run, "t/difference", "base")]
    assert told.count("a has no clip of this sample") == 1


def test_calls_have_rows_with_their_kind(tmp_path: Path) -> None:
    def call(kind: Literal["first", "warm"], peak: int | None) -> Measurement:
        return Measurement(
            generator="a", case="base", round=0, call=kind, load_s=1, total_s=2.5, arrivals=((2.5, 8),),
            frames_generated=8, frames_returned=8, batch=1, height=16, width=16, fps=8, peak_bytes=peak,
        )  # fmt: skip

    run = stored_run(tmp_path, {"a": []}, [call("first", 5), call("warm", 5), call("warm", None)])
    summary = score(run, Latency)
    assert dict(summary.rows) == {"ok": 2, "not_applicable": 1}
    found = rows(run, "t/latency")
    assert [r["sample_id"] for r in found] == ["base/0/0", "base/0/1", "base/0/2"]
    assert [json.loads(str(r["extras"]))["call"] for r in found] == ["first", "warm", "warm"]
    assert found[2]["reason"] == "peak is unknown"


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


# --- batches, streaming, cache ---------------------------------------------------------------


def test_a_clip_scores_the_same_whatever_is_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = stored_run(tmp_path / "alone", {"a": [clip_of(0)]})
    beside = stored_run(tmp_path / "beside", {"a": [clip_of(0), clip_of(1, 5), clip_of(2, 20), clip_of(3)]})
    streamed = stored_run(
        tmp_path / "streamed", {"a": [clip_of(0), clip_of(1, 5), clip_of(2, 20), clip_of(3)]}
    )
    kinds: tuple[type[Metric], ...] = (Brightness, Change, FromFeatures)
    for run in (alone, beside):
        score(run, *kinds)
    monkeypatch.setattr(clip_pass, "HELD_BYTES", 100)  # every clip is too large to be held
    score(streamed, *kinds)
    for kind in kinds:
        name = kind.info.id
        value = rows(alone, name)[0]["value"]
        assert rows(beside, name)[0]["value"] == pytest.approx(value, abs=1e-5)
        for held, flowing in zip(rows(beside, name), rows(streamed, name), strict=True):
            assert (flowing["status"], flowing["reason"]) == (held["status"], held["reason"])
            assert flowing["value"] == pytest.approx(held["value"], abs=1e-5)


@pytest.mark.parametrize(("window", "stride"), [(4, 4), (4, 1), (4, 2), (4, 7), (1, 1), (1, 3), (3, 2)])
@pytest.mark.parametrize("chunk", [1, 2, 5, 16])
def test_windows_do_not_depend_on_chunks(window: int, stride: int, chunk: int) -> None:
    class Starts(FeatureExtractor):
        info = ExtractorInfo("starts", 1, 1, window=window, stride=stride, preprocessing="none")

        def load(self, device: str = "cpu") -> None:
            return

        def extract(self, windows: Frames) -> Features:
            return windows[:, 0, 0, 0, :1].astype(np.float32)

    frames = np.arange(20, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    queue = FeatureQueue(Starts())
    queue.start("a")
    for start in range(0, 20, chunk):
        queue.push("a", frames[start : start + chunk])
    queue.flush()
    features = queue.take("a")
    assert not isinstance(features, Outcome)
    assert features[:, 0].tolist() == list(range(0, 20 - window + 1, stride))


def test_the_cache_holds_what_was_stored_and_survives_damage(tmp_path: Path) -> None:
    cache, means = FeatureCache(tmp_path), Means()
    features = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert cache.get("ab12", means) is None
    cache.put("ab12", means, features)
    stored = cache.get("ab12", means)
    assert stored is not None and np.array_equal(stored, features)
    (path,) = tmp_path.rglob("*.npy")
    damages: list[Callable[[bytes], bytes]] = [
        lambda b: b[: len(b) // 2],
        lambda b: b"",
        lambda b: b"x" * 200,
    ]
    whole = path.read_bytes()
    for damage in damages:
        path.write_bytes(damage(whole))
        assert cache.get("ab12", means) is None


def test_no_number_is_ever_nan(tmp_path: Path) -> None:
    Faulty.ending = math.nan
    run = stored_run(tmp_path, {"a": [clip_of(0), clip_of(1, 1), None, clip_of(3)]})
    score(run, Brightness, Change, FromFeatures, Faulty, MeanShift, Spread)
    text = (run.path / "journal" / "scorer.jsonl").read_text()
    assert "NaN" not in text and "Infinity" not in text
