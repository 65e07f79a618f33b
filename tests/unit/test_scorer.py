"""Scoring: one decode a clip, whatever is beside it and whoever does it; only what is new is computed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from tiny_metrics import (
    Brightness,
    Change,
    Difference,
    FromFeatures,
    Latency,
    Means,
    MeanShift,
    Spread,
    extractors,
    info,
    metric_set,
    reset,
)
from tiny_run import clip_of, four, rows, score, stored_run, suite

from vbench_lite.metric import Measurement, Metric
from vbench_lite.run.executors.contract import Executor, Job, RecordSink
from vbench_lite.run.scoring import clip_pass
from vbench_lite.run.scoring.fingerprint import differences, parse
from vbench_lite.run.scoring.score_part import Part, PartScores, Tools
from vbench_lite.run.scoring.score_rows import ScoreSummary
from vbench_lite.run.scoring.score_worker import finished
from vbench_lite.run.scoring.scorer import score_run
from vbench_lite.run.worker_process import Settings
from vbench_lite.store.rundir import RunDir


@pytest.fixture(autouse=True)
def _reset() -> None:
    reset()


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

    def execute(self, jobs: Sequence[Job], sink: RecordSink, settings: Settings) -> None:
        raise NotImplementedError

    def score(
        self, parts: Iterable[Part], settings: Settings, tools: Tools, scorers: int = 1
    ) -> Iterator[PartScores]:
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
    score_run(
        run,
        suite(*kinds),
        tools=tools,
        score=partial(several.score, settings=settings, tools=tools),
        scorers=lambda frames: workers,
    )
    first = ["reference"] if workers > 1 else []
    assert [part.generator for part in several.parts] == [*first, "a", "b"]
    assert rows(run, "t/mean_shift") == alone
    assert sum(Means.batches) == 8 + 10
    score_run(
        run,
        suite(*kinds),
        tools=tools,
        score=partial(several.score, settings=settings, tools=tools),
        scorers=lambda frames: workers,
    )
    assert [part.generator for part in several.parts] == ["a", "b"], "no set is open"


def test_set_reasons(tmp_path: Path) -> None:
    run = stored_run(tmp_path, {"a": [clip_of(0), clip_of(1, 3), None, None]})
    score(run, Spread, MeanShift, reference=False)
    reason = rows(run, "t/spread")[0]["reason"]
    assert reason == (
        "n too small: 1 clip, and this needs 3 "
        "(left out: the clip has 3 frames, fewer than one window of extractor means (1x))"
    )
    run = stored_run(tmp_path / "other", {"a": four()})
    score(run, MeanShift, reference=False)
    assert rows(run, "t/mean_shift")[0]["reason"] == "the suite has no reference clips"


def test_causes_that_differ_in_numbers_alone_are_one_message() -> None:
    summary = ScoreSummary(
        reasons=Counter(
            {
                "interaction/onset_s: 7 of 7 changes had no response": 2,
                "interaction/onset_s: 2 of 2 changes had no response": 1,
                "distribution/cmmd_b32: n too small": 1,
                "distribution/cmmd_b16: n too small": 1,
            }
        )
    )
    assert summary.messages == [
        "no value of interaction/onset_s: 7 of 7 changes had no response, and the like (3x)",
        "no value of distribution/cmmd_b32: n too small",
        "no value of distribution/cmmd_b16: n too small",
    ]


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
    assert [r["call"] for r in found] == ["first", "warm", "warm"]
    assert found[2]["reason"] == "peak is unknown"


# --- batches and streaming ---------------------------------------------------------------


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
