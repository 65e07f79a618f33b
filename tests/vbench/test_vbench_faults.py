"""Known faults of the published tool that are not here, and its rules that are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from conftest import texture
from torch import Tensor

from vbench_lite import registry
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import ClipMetric, Features, SampleInfo, Scored
from vbench_lite.run.scoring.folder_scores import FolderScores
from vbench_lite.run.scoring.score_folder import score_clips
from vbench_lite.suite import load_suite

Held = Mapping[str, dict[str, Tensor]]
SAMPLE = SampleInfo("g", "s", "p", "a fox, oil painting", 0)


def finished(name: str, features: Features, clip: ClipInfo, sample: SampleInfo = SAMPLE) -> Scored | float:
    metric: ClipMetric = registry.load("metrics", name)()
    metric.start(clip, sample)
    return metric.finish({metric.info.extractors[0]: features})


def still(pairs: int, radius: float = 0.0) -> Features:
    return np.full((pairs, 2), radius, np.float32)


def clip(frames: int, fps: float | None = 8.0) -> ClipInfo:
    return ClipInfo("clip", frames, 256, 400, fps)


def test_a_still_of_two_frames_is_dynamic_as_published_and_not_by_ours() -> None:
    assert finished("vbench/dynamic_degree", still(1), clip(2)) == 1
    assert finished("coherence/dynamic", still(1), clip(2)) == 0
    assert finished("coherence/flow_radius", still(1), clip(2)) == 0


@pytest.mark.parametrize(
    ("frames", "moving", "expected"),
    [(16, 3, 0), (16, 4, 1), (10, 2, 1), (10, 1, 0), (6, 1, 0), (6, 2, 1), (14, 3, 0), (14, 4, 1)],
)
def test_dynamic_degree_needs_a_quarter_of_the_frames_rounded_to_even(
    frames: int, moving: int, expected: int
) -> None:
    radii = np.r_[still(moving, 6.001), still(frames - 1 - moving, 5.999)]
    assert finished("vbench/dynamic_degree", radii, clip(frames)) == expected


def test_our_threshold_is_a_speed() -> None:
    """The same motion at half the rate has pairs twice as far apart."""
    fast = np.r_[still(15, 4.0)]
    assert finished("coherence/dynamic", fast, clip(16, 8.0)) == 0
    assert finished("coherence/dynamic", np.r_[still(7, 8.0)], clip(8, 4.0)) == 0
    assert finished("vbench/dynamic_degree", np.r_[still(7, 8.0)], clip(8, 4.0)) == 1
    same = [
        finished("coherence/flow_radius", still(15, 4.0), clip(16, 8.0)),
        finished("coherence/flow_radius", still(7, 8.0), clip(8, 4.0)),
        finished("coherence/flow_radius", still(15, 4.0), clip(48, 24.0)),
    ]
    assert same == pytest.approx([4 / 256 * 8] * 3)
    with pytest.raises(NotApplicable, match="rate is unknown"):
        finished("coherence/flow_radius", still(1), clip(2, None))


def test_published_consistency_cuts_negative_cosines_and_ours_does_not() -> None:
    """One axis, turned round twice: cosines with the previous -1, -1 and with the first -1, 1."""
    axis = np.zeros((3, 768), np.float32)
    axis[:, 0] = (1, -2, 3)
    published = finished("vbench/subject_consistency", axis, clip(3))
    assert published == Scored(0.25, weight=2)
    assert finished("coherence/subject_consistency", axis, clip(3)) == pytest.approx(-0.5)


def test_smoothness_is_the_published_formula_under_its_own_name() -> None:
    errors = np.array([[51.0], [0.0]], np.float32)
    assert finished("coherence/motion_smoothness", errors, clip(5)) == pytest.approx(1 - 25.5 / 255)
    assert "vbench/motion_smoothness" not in registry.names("metrics")


def test_a_style_is_read_from_the_list_or_from_the_end_of_the_prompt() -> None:
    from vbench_lite.suites.vbench.appearance_style import style_of

    assert style_of(SAMPLE) == "oil painting"
    listed = {"auxiliary_info": {"appearance_style": {"appearance_style": "pixel art"}}}
    assert style_of(SampleInfo("g", "s", "p", "a fox, oil painting", 0, facts=listed)) == "pixel art"
    with pytest.raises(NotApplicable, match="none of VBench's styles"):
        style_of(SampleInfo("g", "s", "p", "a fox", 0))


def test_a_dimension_is_measured_on_the_prompts_that_the_list_gives_it() -> None:
    sample = SampleInfo("g", "s", "p", "a fox", 0, facts={"dimension": ["color", "object_class"]})
    for name in ("vbench/subject_consistency", "vbench/temporal_flickering", "vbench/imaging_quality"):
        with pytest.raises(NotApplicable, match="for color, object_class only"):
            registry.load("metrics", name)().start(clip(4), sample)


# --- through the tool -------------------------------------------------------------------------------


def encode(path: Path, frames: npt.NDArray[np.uint8]) -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=Fraction(8))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def scores(weights: Held, tmp_path_factory: pytest.TempPathFactory) -> FolderScores:
    """The suite on four files: three frames, two frames, one frame, and one that is cut off."""
    folder = tmp_path_factory.mktemp("clips")
    encode(folder / "a fox, oil painting-0.mp4", texture(3, 128, 160, seed=1))
    encode(folder / "a fox, oil painting-1.mp4", texture(2, 128, 160, seed=2))
    encode(folder / "a single frame, pixel art-0.mp4", texture(1, 128, 160, seed=3))
    cut = encode(folder / "cut off-0.mp4", texture(9, 128, 160, seed=4))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 2 // 3])
    suite = load_suite("vbench")
    return score_clips(folder, list(suite.metrics), names=suite.clip_names)


def test_every_file_is_decoded_once_for_all_dimensions(scores: FolderScores) -> None:
    assert set(scores.decodes.values()) == {1}


def test_a_truncated_file_is_reported_and_the_others_keep_their_values(scores: FolderScores) -> None:
    assert list(scores.errors) == ["cut off-0.mp4"]
    assert "vbench/aesthetic_quality" in scores.samples["a fox, oil painting-0.mp4"]


def test_a_clip_of_one_frame_has_values_or_reasons_and_spoils_no_set(scores: FolderScores) -> None:
    single = "a single frame, pixel art-0.mp4"
    assert set(scores.samples[single]) >= {"vbench/aesthetic_quality", "vbench/appearance_style"}
    for name in ("vbench/subject_consistency", "vbench/temporal_flickering", "vbench/dynamic_degree"):
        assert "1 frame" in scores.not_applicable[name][single]
        assert scores.sets[name].n == 2
    assert all(np.isfinite(estimate.value) for estimate in scores.sets.values())


@pytest.mark.parametrize(
    ("dimension", "weights_by_frames", "scale"),
    [
        ("subject_consistency", (2, 1), 1.0),
        ("background_consistency", (2, 1), 1.0),
        ("appearance_style", (3, 2, 1), 1.0),
        ("temporal_flickering", (1, 1), 1.0),
        ("dynamic_degree", (1, 1), 1.0),
        ("aesthetic_quality", (1, 1, 1), 1.0),
        ("imaging_quality", (1, 1, 1), 0.01),
    ],
)
def test_the_value_of_the_set_is_the_published_one(
    scores: FolderScores, dimension: str, weights_by_frames: tuple[int, ...], scale: float
) -> None:
    name = f"vbench/{dimension}"
    values = [found[name] for found in scores.samples.values() if name in found]
    assert len(values) == len(weights_by_frames)
    expected = scale * float(np.average(values, weights=weights_by_frames))
    assert scores.sets[name].value == pytest.approx(expected, abs=1e-9)


def test_no_total_without_what_is_missing(scores: FolderScores) -> None:
    for name in ("quality", "semantic", "total"):
        reason = scores.not_applicable[f"vbench/{name}_score"]["*"]
        assert "dimensions have no value" in reason and "vbench-lite import vbench" in reason
    assert "motion_smoothness" in scores.not_applicable["vbench/quality_score"]["*"]


def test_without_weights_every_sample_gets_a_reason_and_the_rest_is_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VBENCH_LITE_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("VBENCH_LITE_OFFLINE", "1")
    encode(tmp_path / "a fox, oil painting-0.mp4", texture(4, 64, 64))
    suite = load_suite("vbench")
    found = score_clips(tmp_path, list(suite.metrics), names=suite.clip_names)
    for name, key in (
        ("vbench/subject_consistency", "dino-vitb16"),
        ("vbench/background_consistency", "clip-vit-b32-openai"),
        ("vbench/dynamic_degree", "raft-things"),
        ("vbench/imaging_quality", "musiq-spaq"),
        ("vbench/appearance_style", "clip-vit-b32-openai"),
    ):
        (reason,) = found.not_applicable[name].values()
        assert f"weights {key} not found (tried" in reason
        assert f"vbench-lite weights import {key} FILE" in reason
    assert not found.errors
    assert set(found.samples["a fox, oil painting-0.mp4"]) == {
        "vbench/temporal_flickering",
        "frames/degenerate",
    }


def test_a_prompt_list_says_which_dimensions_a_clip_is_for(tmp_path: Path) -> None:
    """VBench's list has a prompt once for each of its dimensions."""
    for name in ("a red cup-0.mp4", "a red cup-1.mp4", "a lake-0.mp4"):
        encode(tmp_path / name, texture(3, 64, 64, seed=len(name)))
    entries = [
        {"prompt_en": "a red cup", "dimension": ["color"], "auxiliary_info": {"color": {"color": "red"}}},
        {"prompt_en": "a red cup", "dimension": ["temporal_flickering"]},
        {"prompt_en": "a lake", "dimension": ["scene"]},
    ]
    (tmp_path / "full_info.json").write_text(json.dumps(entries))
    metrics = ["vbench/temporal_flickering", "frames/degenerate"]
    found = score_clips(tmp_path / "full_info.json", metrics)
    measured = {name for name, values in found.samples.items() if "vbench/temporal_flickering" in values}
    assert measured == {"a red cup-0.mp4", "a red cup-1.mp4"}
    assert "for scene only" in found.not_applicable["vbench/temporal_flickering"]["a lake-0.mp4"]
    assert found.sets["vbench/temporal_flickering"].n == 2
