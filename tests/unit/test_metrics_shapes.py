"""Features and metrics of the shapes world: they notice what a viewer notices."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tools.shapes_damage import KINDS, damage
from vbench_lite.clip import ClipInfo
from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.errors import NotApplicable, WeightsError
from vbench_lite.metric import ClipMetric, Frames, SampleInfo
from vbench_lite.stats.kernel_distance import kernel_distance
from vbench_lite.suites.alignment.shapes_attributes import ShapesColour, ShapesDirection
from vbench_lite.suites.coherence.shapes_continuity import ShapesContinuity
from vbench_lite.suites.coherence.shapes_identity import ShapesIdentity
from vbench_lite.suites.extractors import shapes_video
from vbench_lite.suites.extractors.shapes_appearance import NAMES, appearance


def clips(count: int, seed: int) -> list[Frames]:
    return [shapes.real_clip(s, 100 * seed + i) for i, s in enumerate(shapes.sample_scenes(count, seed))]


@pytest.fixture(scope="module")
def extractor() -> shapes_video.ShapesVideo:
    found = shapes_video.ShapesVideo()
    found.load()
    return found


def features(extractor: shapes_video.ShapesVideo, frames: list[Frames]) -> np.ndarray:
    return extractor.extract(np.stack(frames)).astype(np.float64)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "ghost"])
def test_features_move_away_from_real_clips_with_damage(
    extractor: shapes_video.ShapesVideo, kind: str
) -> None:
    reference = features(extractor, clips(96, 3))
    distances = []
    for amount in (0.0, 0.4, 0.9):
        rng = np.random.default_rng(5)
        amounts = np.array([amount if name == kind else 0.0 for name in KINDS])
        hurt = [damage(clip, amounts, rng) for clip in clips(48, 4)]
        distances.append(kernel_distance(features(extractor, hurt), reference))
    assert distances[0] < 0.05
    assert distances[0] < distances[1] < distances[2]


def test_features_have_one_size_and_any_frame_size_fits(extractor: shapes_video.ShapesVideo) -> None:
    scene = shapes.sample_scenes(1, 0)[0]
    for size in ((32, 32), (16, 16), (64, 64), (40, 48)):
        row = extractor.extract(shapes.real_clip(scene, 0, 16, *size)[None])
        assert row.shape == (1, extractor.info.dim)
        assert np.sqrt((row**2).mean()) == pytest.approx(1.0, abs=1e-5)


def test_the_fingerprint_holds_the_hash_of_the_weights(extractor: shapes_video.ShapesVideo) -> None:
    assert hashlib.sha256(shapes_video.WEIGHTS.read_bytes()).hexdigest() in extractor.fingerprint
    assert shapes_video.WEIGHTS.stat().st_size < 700_000


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shapes_video, "WEIGHTS", tmp_path / "gone.safetensors")
    with pytest.raises(WeightsError, match=r"gone\.safetensors"):
        shapes_video.ShapesVideo().load()


def test_appearance_of_a_flat_still_is_known() -> None:
    still = np.full((1, 16, 32, 32, 3), 100, np.uint8)
    found = dict(zip(NAMES, appearance(still)[0].tolist(), strict=True))
    assert found.pop("brightness") == found.pop("highlights") == found.pop("background") == 100
    assert found.pop("half_tones") == pytest.approx(4 * (100 / 255) * (155 / 255))
    assert all(value == pytest.approx(0, abs=0.1) for value in found.values())


def score(metric: ClipMetric, frames: Frames, prompt: str | None = None) -> float:
    metric.start(
        ClipInfo("clip", len(frames), frames.shape[1], frames.shape[2], 8.0),
        SampleInfo("g", "s", "p", prompt, 0),
    )
    return float(metric.finish({"shapes-judge": shapes_judge.per_frame(frames)}))


def test_continuity_counts_steps_without_jump_or_gap() -> None:
    clip = shapes.real_clip(shapes.Scene("red", "circle", "right", "quickly"), 0)
    assert score(ShapesContinuity(), clip) == 1.0
    gap = clip.copy()
    gap[7] = 0
    assert score(ShapesContinuity(), gap) == pytest.approx(13 / 15)
    jump = np.concatenate([clip[:8], np.roll(clip[8:], 10, axis=1)])
    assert score(ShapesContinuity(), jump) == pytest.approx(14 / 15)


def test_continuity_of_controls() -> None:
    rng = np.random.default_rng(0)
    real = clips(16, 0)
    assert np.mean([score(ShapesContinuity(), clip) for clip in real]) == 1.0
    assert np.mean([score(ShapesContinuity(), clip[rng.permutation(16)]) for clip in real]) < 0.6
    noise = rng.integers(0, 256, (16, 32, 32, 3), dtype=np.uint8)
    assert score(ShapesContinuity(), noise) == score(ShapesIdentity(), noise) == 0.0


def test_attributes_compare_with_the_caption() -> None:
    scene = shapes.Scene("blue", "ring", "down", "slowly")
    clip = shapes.real_clip(scene, 0)
    assert score(ShapesColour(), clip, scene.caption) == 1.0
    assert score(ShapesColour(), clip, "a red ring moves down slowly") == 0.0
    assert score(ShapesDirection(), clip, "a red ring moves down slowly") == 1.0
    for prompt in (None, "a dog"):
        with pytest.raises(NotApplicable):
            score(ShapesColour(), clip, prompt)
