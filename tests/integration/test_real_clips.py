"""Real footage, scored from the file to the number.

The clips come from a package on the index; without an index the tests are skipped with the reason, except
under CI, where they have to run.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import vbench_lite

from vbench_lite.errors import ClipError
from vbench_lite.run.scoring.folder_scores import FolderScores
from vbench_lite.run.scoring.score_folder import score_clips
from vbench_lite.video.decode import ClipReader, read_chunks
from vbench_lite.video.frame_rules import ClipRules
from vbench_lite.video.samples import sample_clip

CLIPS = ("bikes", "carphone_pristine", "carphone_distorted")
CLIP_METRICS = [
    "vbench/temporal_flickering",
    "coherence/motion_amount",
    "frames/sharpness",
    "frames/degenerate",
]
PAIR_METRICS = ["reconstruction/psnr", "reconstruction/ssim"]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three clips."""
    folder = tmp_path_factory.mktemp("real")
    try:
        for name in CLIPS:
            shutil.copy(sample_clip(name), folder)
    except ClipError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    return folder


@pytest.mark.parametrize(
    ("name", "num_frames", "height", "width"),
    [("bikes", 250, 272, 640), ("carphone_pristine", 120, 144, 176), ("carphone_distorted", 120, 144, 176)],
)
def test_every_frame_is_read(real: Path, name: str, num_frames: int, height: int, width: int) -> None:
    with ClipReader(real / f"{name}.mp4") as reader:
        info = reader.info
        assert (info.num_frames, info.height, info.width) == (num_frames, height, width)
        assert sum(len(chunk) for chunk in reader.chunks()) == num_frames


def test_cuts_are_where_they_are_known_to_be(real: Path) -> None:
    frames = np.concatenate([chunk[:, ::8, ::8] for chunk in read_chunks(real / "bikes.mp4")]).astype(float)
    jumps = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
    largest = sorted(int(at) for at in np.argsort(jumps)[-5:])
    assert largest == [29, 75, 136, 186, 241]


def test_a_folder_is_scored(real: Path) -> None:
    scores = score_clips(real, CLIP_METRICS, rules=ClipRules(window=24))
    assert scores.errors == {}
    assert scores.decodes == {f"{name}.mp4": 1 for name in CLIPS}
    for name in CLIPS:
        values = scores.samples[f"{name}.mp4"]
        assert set(values) == set(CLIP_METRICS)
        assert 0.85 < values["vbench/temporal_flickering"] < 1
        assert values["coherence/motion_amount"] > 0
        assert values["frames/degenerate"] == 0
        frames = np.concatenate(list(read_chunks(real / f"{name}.mp4", size=24))[:1]).astype(float)
        flicker = (255 - np.abs(np.diff(frames, axis=0)).mean()) / 255
        assert values["vbench/temporal_flickering"] == pytest.approx(flicker, abs=1e-6)


def test_compression_lowers_sharpness_and_fidelity(real: Path, tmp_path: Path) -> None:
    pristine, distorted = real / "carphone_pristine.mp4", real / "carphone_distorted.mp4"

    def against_pristine(clip: Path) -> dict[str, float]:
        metrics = ["frames/sharpness", *PAIR_METRICS]
        scores = score_clips(clip, metrics, reference=pristine, rules=ClipRules(window=8))
        return scores.samples[clip.name]

    worse, same = against_pristine(distorted), against_pristine(pristine)
    assert worse["frames/sharpness"] < same["frames/sharpness"]
    assert 15 < worse["reconstruction/psnr"] < 35 < same["reconstruction/psnr"]
    assert worse["reconstruction/ssim"] < 0.95
    assert same["reconstruction/ssim"] == pytest.approx(1.0, abs=1e-9)


def test_scores_do_not_depend_on_neighbours(real: Path, tmp_path: Path) -> None:
    def bikes(scores: FolderScores) -> dict[str, float]:
        return scores.samples["bikes.mp4"]

    rules = ClipRules(window=16, short_side=64)
    together = bikes(score_clips(real, CLIP_METRICS, rules=rules))
    alone = bikes(score_clips(real / "bikes.mp4", CLIP_METRICS, rules=rules))
    assert together == pytest.approx(alone, abs=1e-5)


def test_sets_of_windows_are_compared_with_a_reference_set(real: Path, tmp_path: Path) -> None:
    rules = ClipRules(window=16, place="every", height=32, width=32)
    metrics = ["distribution/kvd_shapes", "diversity/feature_distance"]
    clips, others = tmp_path / "clips", tmp_path / "others"
    for folder, chosen in ((clips, CLIPS[:2]), (others, CLIPS[1:])):
        folder.mkdir()
        for name in chosen:
            shutil.copy(real / f"{name}.mp4", folder / f"{name if folder == clips else f'other_{name}'}.mp4")
    equal = score_clips(clips, metrics, reference=clips, rules=rules)
    other = score_clips(clips, metrics, reference=others, rules=rules)
    assert equal.sets["distribution/kvd_shapes"].n == other.sets["distribution/kvd_shapes"].n == 15 + 7
    assert equal.sets["distribution/kvd_shapes"].value < other.sets["distribution/kvd_shapes"].value
    assert equal.sets["distribution/kvd_shapes"].value == pytest.approx(0.0, abs=1e-6)
    names = {f"{prefix}{name}.mp4" for prefix in ("", "reference:") for name in CLIPS[:2]}
    assert equal.decodes == dict.fromkeys(names, 1)


def test_windows_of_one_recording_are_no_set_for_kernel_distances(real: Path) -> None:
    """They depend on one another: an unbiased distance has no pair of independent clips to take."""
    rules = ClipRules(window=16, place="every", height=32, width=32)
    metrics = ["distribution/kvd_shapes", "diversity/feature_distance"]
    scores = score_clips(real / "bikes.mp4", metrics, reference=real / "carphone_pristine.mp4", rules=rules)
    assert "distribution/kvd_shapes" not in scores.sets
    assert "of one source" in scores.not_applicable["distribution/kvd_shapes"]["*"]


def test_broken_files_beside_real_ones(real: Path, tmp_path: Path) -> None:
    data = (real / "bikes.mp4").read_bytes()
    shutil.copy(real / "carphone_pristine.mp4", tmp_path / "whole.mp4")
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    (tmp_path / "empty.mp4").write_bytes(b"")
    answer = vbench_lite(
        "score", tmp_path, "--metric", "vbench/temporal_flickering", "--json", "--root", tmp_path / "results"
    )
    assert answer.code == 3, answer.err
    assert list(answer.json["samples"]) == ["whole.mp4"]
    assert set(answer.json["errors"]) == {"cut.mp4", "empty.mp4"}
    assert "NaN" not in answer.out
