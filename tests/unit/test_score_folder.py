"""Scoring clips made elsewhere: every bad input is named, and the others keep their scores."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clip_files import encode, long_clip, moving_square
from rich.console import Console
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
    Spread,
    extractors,
    metric_set,
    reset,
)

from vbench_lite.datasets import shapes
from vbench_lite.errors import ClipError, WeightsError
from vbench_lite.metric import Estimate, Metric
from vbench_lite.report.terminal.scores import print_scores
from vbench_lite.run.scoring import clip_pass
from vbench_lite.run.scoring.features import Extractors
from vbench_lite.run.scoring.folder_scores import FolderScores, Grouping
from vbench_lite.run.scoring.score_folder import NO_CALLS, NO_REFERENCE, score_clips
from vbench_lite.video.decode import write_lossless
from vbench_lite.video.frame_rules import ClipRules


@pytest.fixture(autouse=True)
def _reset() -> None:
    reset()


def score(
    clips: Path, *kinds: type[Metric], reference: Path | None = None, rules: ClipRules | None = None
) -> FolderScores:
    return score_clips(clips, metric_set(*kinds), reference=reference, rules=rules, extractors=extractors())


def fill(folder: Path) -> None:
    """Every input that has ever broken a tool of this kind, and two good clips."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = moving_square(8)
    write_lossless(folder / "good1.mkv", frames, 8.0)
    encode(folder / "good2.mp4", frames)
    encode(folder / "one_frame.mp4", frames[:1])
    encode(folder / "odd.mkv", moving_square(8, 47, 63), pix_fmt="yuv444p")
    encode(folder / "anim.gif", frames, "gif", "rgb8")
    encode(folder / "ten_bit.mkv", frames, pix_fmt="yuv420p10le")
    alpha = np.concatenate([frames, np.full_like(frames[..., :1], 128)], axis=3)
    encode(folder / "alpha.mov", alpha, "qtrle", "argb")
    encode(folder / "variable.mkv", frames, "ffv1", "bgr0", rate=100, pts=[0, 9, 30, 31, 50, 77, 78, 90])
    cut = encode(folder / "cut.mp4", long_clip(), muxer={"movflags": "+faststart"})
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("this is no video\n" * 40)
    (folder / "notes.txt").write_text("not a clip")


def test_every_input_is_scored_or_named(tmp_path: Path) -> None:
    fill(tmp_path)
    scores = score(tmp_path, Brightness, Change)
    assert set(scores.errors) == {"cut.mp4", "empty.mp4", "text.mp4"}
    assert scores.errors["cut.mp4"].startswith("truncated: ")
    assert scores.errors["empty.mp4"] == "the file is empty (0 bytes)"
    assert scores.errors["text.mp4"].startswith("not a readable video")
    good = {"good1.mkv", "good2.mp4", "one_frame.mp4", "odd.mkv", "anim.gif", "ten_bit.mkv", "alpha.mov"}
    assert set(scores.samples) == good | {"variable.mkv"}
    assert set(scores.samples["one_frame.mp4"]) == {"t/brightness"}
    assert scores.not_applicable == {"t/change": {"one_frame.mp4": "the clip has 1 frame, this needs 2"}}
    bright = {name: values["t/brightness"] for name, values in scores.samples.items()}
    truth = float(moving_square(8).mean())
    assert bright["good1.mkv"] == bright["variable.mkv"] == pytest.approx(truth, abs=1e-9)
    assert bright["good2.mp4"] == pytest.approx(truth, abs=2)
    assert bright["ten_bit.mkv"] == pytest.approx(truth, abs=2)
    assert bright["alpha.mov"] == pytest.approx(truth * 128 / 255, abs=1)
    assert scores.flags["variable.mkv"] == ("variable frame rate",)
    assert scores.flags["alpha.mov"] == ("alpha composited on black",)
    assert dict.fromkeys(scores.samples, 1) == {
        n: c for n, c in scores.decodes.items() if n in good | bright.keys()
    }
    json.dumps(scores.as_dict(), allow_nan=False)


def test_the_others_keep_their_scores_exactly(tmp_path: Path) -> None:
    fill(tmp_path / "mixed")
    (tmp_path / "alone").mkdir()
    write_lossless(tmp_path / "alone" / "good1.mkv", moving_square(8), 8.0)
    mixed = score(tmp_path / "mixed", Brightness, Change, FromFeatures).samples["good1.mkv"]
    alone = score(tmp_path / "alone", Brightness, Change, FromFeatures).samples["good1.mkv"]
    assert mixed == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("held", [clip_pass.HELD_BYTES, 1000])
def test_pairs_by_name_whatever_the_suffix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(clip_pass, "HELD_BYTES", held)
    clips, truth = tmp_path / "clips", tmp_path / "truth"
    for folder in (clips, truth):
        (folder / "sub").mkdir(parents=True)
    frames = moving_square(20)
    write_lossless(clips / "sub/a.mkv", frames + 5, 8.0)
    encode(truth / "sub/a.mov", frames, "qtrle", "rgb24")
    write_lossless(clips / "short.mkv", frames[:5], 8.0)
    write_lossless(truth / "short.mkv", frames, 8.0)
    write_lossless(clips / "small.mkv", frames[:, :20], 8.0)
    write_lossless(truth / "small.mkv", frames, 8.0)
    write_lossless(clips / "alone.mkv", frames, 8.0)
    write_lossless(clips / "lost.mkv", frames, 8.0)
    (truth / "lost.mkv").write_bytes(b"")
    scores = score(clips, Difference, Brightness, reference=truth)
    assert scores.samples["sub/a.mkv"]["t/difference"] == pytest.approx(5)
    assert scores.not_applicable["t/difference"] == {
        "short.mkv": "the clip has 5 frames and its reference 20",
        "small.mkv": "the clip is 64x20 and its reference 64x48; resize one of them",
        "alone.mkv": "no reference clip",
    }
    assert scores.errors == {"lost.mkv": "t/difference: reference:lost.mkv: the file is empty (0 bytes)"}
    assert all("t/brightness" in values for values in scores.samples.values())
    assert len(scores.samples) == 5


def test_one_clip_and_one_reference_need_no_common_name(tmp_path: Path) -> None:
    write_lossless(tmp_path / "a.mkv", moving_square(4) + 3, 8.0)
    write_lossless(tmp_path / "b.mkv", moving_square(4), 8.0)
    scores = score(tmp_path / "a.mkv", Difference, reference=tmp_path / "b.mkv")
    assert scores.samples["a.mkv"]["t/difference"] == pytest.approx(3)


def test_two_references_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder, name in (("clips", "a.mp4"), ("clips", "b.mp4"), ("truth", "a.mp4"), ("truth", "a.mkv")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_bytes(b"x")
    with pytest.raises(ClipError, match="have one name"):
        score(tmp_path / "clips", Difference, reference=tmp_path / "truth")


@pytest.mark.parametrize("held", [clip_pass.HELD_BYTES, 1000])
def test_sets_take_all_references_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    monkeypatch.setattr(clip_pass, "HELD_BYTES", held)
    clips, truth = tmp_path / "clips", tmp_path / "truth"
    for folder, shift, names in ((clips, 10, "abc"), (truth, 0, "abxyz")):
        folder.mkdir()
        for name in names:
            write_lossless(folder / f"{name}.mkv", moving_square(8) + np.uint8(shift), 8.0)
    (clips / "b.mkv").write_bytes(b"")  # its reference still counts
    (truth / "z.mkv").write_bytes(b"")
    scores = score(clips, MeanShift, Spread, Difference, reference=truth)
    assert scores.sets["t/mean_shift"].value == pytest.approx(10, abs=1e-3)
    assert scores.sets["t/mean_shift"].n == 2
    assert scores.as_dict()["sets"]["t/mean_shift"]["ci"] == [
        scores.sets["t/mean_shift"].value - 1,
        scores.sets["t/mean_shift"].value + 1,
    ]
    assert scores.not_applicable["t/spread"] == {"*": "n too small: 2 clips, and this needs 3"}
    assert scores.errors == {
        "b.mkv": "the file is empty (0 bytes)",
        "reference:z.mkv": "the file is empty (0 bytes)",
    }
    expected = {"a.mkv": 1, "c.mkv": 1, "reference:a.mkv": 1}
    assert scores.decodes == {**expected, **{f"reference:{name}.mkv": 1 for name in "bxy"}}


def test_reasons_that_hold_for_all(tmp_path: Path) -> None:
    Means.load_error = WeightsError("weights means-v1 not found (tried the cache)")
    write_lossless(tmp_path / "a.mkv", moving_square(8), 8.0)
    write_lossless(tmp_path / "b.mkv", moving_square(8), 8.0)
    scores = score(tmp_path, FromFeatures, MeanShift, Difference, Latency, Spread, Captioned, Brightness)
    weights = {"*": "weights means-v1 not found (tried the cache)"}
    world = "no captions of the shapes world"
    assert scores.not_applicable == {
        "t/from_features": weights,
        "t/spread": weights,
        "t/mean_shift": {"*": NO_REFERENCE},
        "t/difference": {"*": NO_REFERENCE},
        "t/latency": {"*": NO_CALLS},
        "t/captioned": {"a.mkv": world, "b.mkv": world},
    }
    assert set(scores.samples["a.mkv"]) == {"t/brightness"} and scores.errors == {}


def test_values_of_unverified_weights_are_named_and_no_others(tmp_path: Path) -> None:
    class Unvouched(Means):
        fingerprint = "means@1[unverified:0123]"

    for name in "abcd":
        write_lossless(tmp_path / f"{name}.mkv", moving_square(8), 8.0)
    metrics = metric_set(FromFeatures, Spread, MeanShift, Brightness)
    scores = score_clips(
        tmp_path, metrics, extractors=Extractors(["means"], load=lambda name: Unvouched())
    ).as_dict()
    assert scores["unverified"] == ["t/from_features", "t/spread"]  # the shift has no reference, so no value
    assert "! scores of t/spread were made with unverified weights" in printed(scores)
    vouched = score(tmp_path, FromFeatures, Spread, Brightness).as_dict()
    assert vouched["unverified"] == []
    assert "unverified" not in printed(vouched)


def test_notes_of_values_are_printed_once_with_how_many_clips_they_are_of(tmp_path: Path) -> None:
    write_lossless(tmp_path / "a.mkv", moving_square(8), 8.0)
    scores = score(tmp_path, Brightness).as_dict()
    scores["notes"] = {"a.mkv": {"t/brightness": "the prompt is cut"}}
    assert "· t/brightness, 1 of 1 clips: the prompt is cut" in printed(scores)


def test_what_stands_beside_a_distance_is_told(tmp_path: Path) -> None:
    write_lossless(tmp_path / "a.mkv", moving_square(8), 8.0)
    found = score(tmp_path, Brightness)
    extras = {"perfect": 12.34, "reference_n": 64.0, "bias": 1.0}
    found.sets["t/distance"] = Estimate(20.0, None, None, 16, None, extras, "no interval: too few")
    scores = found.as_dict()
    assert scores["sets"]["t/distance"] == {
        "value": 20.0, "ci": None, "ci_reason": "no interval: too few", "n": 16,
        "details": {"reference_n": 64.0, "perfect": 12.34},
    }  # fmt: skip
    assert "t/distance: against 64 clips; a perfect generator shows about 12.3 at 16" in printed(scores)


def printed(scores: dict[str, Any]) -> str:
    """What a terminal shows of scores."""
    stream = io.StringIO()
    print_scores(scores, Console(file=stream, width=100, no_color=True))
    return stream.getvalue()


def test_a_metric_that_fails_on_a_file_is_an_error_of_that_file(tmp_path: Path) -> None:
    Faulty.ending = math.nan
    write_lossless(tmp_path / "a.mkv", moving_square(8), 8.0)
    scores = score(tmp_path, Faulty, Brightness)
    assert scores.errors == {"a.mkv": "t/faulty: non-finite value"}
    assert set(scores.samples["a.mkv"]) == {"t/brightness"}


def test_manifest_prompts_reach_the_metrics(tmp_path: Path) -> None:
    caption = shapes.all_scenes()[0].caption
    write_lossless(tmp_path / "a.mkv", moving_square(4), 8.0)
    (tmp_path / "list.csv").write_text(f"file,prompt\na.mkv,{caption}\ngone.mkv,{caption}\n")
    scores = score(tmp_path / "list.csv", Captioned)
    assert set(scores.samples["a.mkv"]) == {"t/captioned"}
    assert scores.errors == {"gone.mkv": "no such file"}


@pytest.mark.parametrize("held", [clip_pass.HELD_BYTES, 1000])
def test_every_window_of_a_file_with_one_decode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(clip_pass, "HELD_BYTES", held)
    frames = moving_square(18)
    frames += np.arange(18, dtype=np.uint8)[:, None, None, None]
    write_lossless(tmp_path / "a.mkv", frames, 8.0)
    write_lossless(tmp_path / "b.mkv", frames[:3], 8.0)
    scores = score(tmp_path, Brightness, rules=ClipRules(window=8, place="every"))
    assert scores.decodes["a.mkv"] == 1
    assert scores.errors == {"b.mkv": "too short: 3 of the window's 8 frames, after rate and stride"}
    for window in range(2):
        value = scores.samples[f"a.mkv#{window}"]["t/brightness"]
        assert value == pytest.approx(float(frames[8 * window : 8 * window + 8].mean()), abs=1e-9)
    assert len(scores.samples) == 2


def test_missing_and_empty_folders_are_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="no folder, manifest or clip"):
        score(tmp_path / "nowhere", Brightness)
    with pytest.raises(ClipError, match="no clips in folder"):
        score(tmp_path, Brightness)


def test_progress_counts_files(tmp_path: Path) -> None:
    for name in "ab":
        write_lossless(tmp_path / f"{name}.mkv", moving_square(2), 8.0)
    told: list[tuple[int, int]] = []
    score_clips(tmp_path, metric_set(Brightness), on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("held", [clip_pass.HELD_BYTES, 0], ids=["held", "streamed"])
def test_a_reference_at_another_rate_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(clip_pass, "HELD_BYTES", held)
    for name, rate in (("clips", 8.0), ("real", 16.0)):
        (tmp_path / name).mkdir()
        write_lossless(tmp_path / name / "a.mkv", moving_square(8), rate)
        write_lossless(tmp_path / name / "b.mkv", moving_square(8), 8.0 if rate == 8 else 8.05)
    scores = score(tmp_path / "clips", Difference, reference=tmp_path / "real")
    (told,) = scores.not_applicable.values()
    assert told == {
        "a.mkv": "the clip has 8 frames a second and its reference 16; give one rate to both (--fps)"
    }
    assert list(scores.samples["b.mkv"]), "containers round rates"
    same = score(tmp_path / "clips", Difference, reference=tmp_path / "real", rules=ClipRules(fps=8))
    assert same.not_applicable.popitem()[1] == {"a.mkv": "the clip has 8 frames and its reference 4"}


def two_models(folder: Path) -> None:
    """Clips of two models in folders of their own, those of the second 20 levels brighter; a list of both."""
    rows = ["file,generator"]
    for model, shift in (("a", 0), ("b", 20)):
        (folder / model).mkdir(parents=True)
        for index in range(3):
            write_lossless(folder / model / f"{index}.mkv", moving_square(8) + np.uint8(shift), 8.0)
            rows.append(f"{model}/{index}.mkv,model-{model}")
    (folder / "list.csv").write_text("\n".join(rows))


def test_a_clip_under_two_names_is_told_once_for_all_its_names(tmp_path: Path) -> None:
    for number in range(6):
        write_lossless(tmp_path / f"{number}.mkv", moving_square(8, 48, 64 + (number == 5)), 8.0)
    scores = score(tmp_path, Captioned).as_dict()
    assert list(scores["flags"]) == [f"{number}.mkv" for number in range(1, 5)]
    assert "! 1.mkv and 3 more: the same clip as 0.mkv" in printed(scores)


def test_generators_of_a_list_are_sets_of_their_own(tmp_path: Path) -> None:
    two_models(tmp_path / "clips")
    scores = score(tmp_path / "clips" / "list.csv", MeanShift, Captioned)
    assert scores.sets == {} and set(scores.groups) == {"model-a", "model-b"}
    assert scores.not_applicable["t/mean_shift"] == {"*": NO_REFERENCE}


def test_distances_and_their_table_by_folder(tmp_path: Path) -> None:
    two_models(tmp_path / "clips")
    (tmp_path / "truth").mkdir()
    for index in range(3):
        write_lossless(tmp_path / "truth" / f"{index}.mkv", moving_square(8), 8.0)

    def by(group: Grouping) -> FolderScores:
        kinds = metric_set(MeanShift)
        folder, truth = tmp_path / "clips", tmp_path / "truth"
        return score_clips(folder, kinds, reference=truth, by=group, extractors=extractors())

    apart, pooled = by("folder"), by("generator")
    values = {name: sets["t/mean_shift"].value for name, sets in apart.groups.items()}
    assert values == {"a": pytest.approx(0, abs=1e-3), "b": pytest.approx(20, abs=1e-3)}
    assert pooled.sets["t/mean_shift"].value == pytest.approx(10, abs=1e-3)
    assert pooled.flags["clips"] == (
        "clips of 2 folders are one set; --by folder makes each a set of its own",
    )
    assert "over a" in printed(apart.as_dict()) and "over b" in printed(apart.as_dict())
    assert apart.as_dict()["groups"]["b"]["t/mean_shift"]["n"] == 3


def test_unlike_rates_of_a_set_and_its_reference_are_told(tmp_path: Path) -> None:
    for folder, fps in (("clips", 8.0), ("truth", 24.0)):
        (tmp_path / folder).mkdir()
        for index in range(3):
            write_lossless(tmp_path / folder / f"{index}.mkv", moving_square(8), fps)
    told = score(tmp_path / "clips", MeanShift, reference=tmp_path / "truth").flags["clips"]
    assert told == (
        "clips have 8 frames a second, the references 24: what is measured over the set counts that too; "
        "give all one rate (--fps)",
    )
    rules = ClipRules(fps=8.0)
    resampled = score(tmp_path / "clips", MeanShift, reference=tmp_path / "truth", rules=rules)
    assert "clips" not in resampled.flags
