"""The judge reads real clips right, refuses what shows nothing, and agrees with a simpler judge."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable

import numpy as np
import pytest

from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.datasets.shapes.judge import Judgement, judge_clip, judge_features, per_frame

ATTRIBUTES = ("shape", "colour", "direction", "speed")
COUNT = 160


@pytest.fixture(scope="module")
def scenes() -> list[shapes.Scene]:
    return shapes.sample_scenes(COUNT, 11, "all")


@pytest.fixture(scope="module")
def judged(scenes: list[shapes.Scene]) -> list[Judgement]:
    return [judge_clip(shapes.real_clip(scene, 3000 + i)) for i, scene in enumerate(scenes)]


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_the_ceiling_on_real_clips(
    attribute: str, scenes: list[shapes.Scene], judged: list[Judgement]
) -> None:
    right = [getattr(j, attribute) == getattr(s, attribute) for s, j in zip(scenes, judged, strict=True)]
    assert np.mean(right) >= 0.98


def test_the_ceiling_holds_for_clips_that_bounce(scenes: list[shapes.Scene], judged: list[Judgement]) -> None:
    bounced = []
    for i, (scene, judgement) in enumerate(zip(scenes, judged, strict=True)):
        start = shapes.sample_start(scene, np.random.default_rng([3000 + i, 0x57A27]))
        steps = np.diff(shapes.path(scene, start, 16), axis=0)
        if (np.ptp(np.sign(np.round(steps, 6)), axis=0) > 0).any():
            bounced.append((judgement.direction, judgement.speed) == (scene.direction, scene.speed))
    assert len(bounced) > COUNT / 4
    assert np.mean(bounced) >= 0.98


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_a_wrong_caption_scores_low_on_what_is_wrong(
    attribute: str, scenes: list[shapes.Scene], judged: list[Judgement]
) -> None:
    every: dict[str, Iterable[str]] = {"shape": shapes.SHAPES, "colour": shapes.COLOURS}
    every |= {"direction": shapes.DIRECTIONS, "speed": shapes.SPEEDS}
    vocabulary = list(every[attribute])
    wrong = []
    for scene, judgement in zip(scenes, judged, strict=True):
        true = vocabulary.index(getattr(scene, attribute))
        other = vocabulary[(true + 1) % len(vocabulary)]
        wrong.append(getattr(judgement, attribute) == other)
    assert np.mean(wrong) <= 0.15


def test_identity_is_whole_on_real_clips(judged: list[Judgement]) -> None:
    assert np.mean([j.identity for j in judged]) >= 0.99


def test_the_track_lies_on_the_path(scenes: list[shapes.Scene], judged: list[Judgement]) -> None:
    for i, (scene, judgement) in enumerate(list(zip(scenes, judged, strict=True))[:30]):
        start = shapes.sample_start(scene, np.random.default_rng([3000 + i, 0x57A27]))
        assert np.abs(judgement.track - shapes.path(scene, start, 16)).max() <= 0.25


def _simple(frames: np.ndarray) -> tuple[str, str, str]:
    """Colour, direction and speed by hue of the mean colour and displacement of the centroid."""
    light = frames.astype(np.float64)
    mean = light.mean(axis=(0, 1, 2)) / 255
    hue, saturation, _ = colorsys.rgb_to_hsv(*mean)
    hues = {name: colorsys.rgb_to_hsv(*(np.array(rgb) / 255)) for name, rgb in shapes.COLOURS.items()}
    near = {n: abs((h - hue + 0.5) % 1 - 0.5) for n, (h, s, _) in hues.items() if n != "white"}
    colour = "white" if saturation < 0.2 else min(near, key=lambda name: near[name])
    weight = light.sum(axis=-1)
    y, x = np.mgrid[: frames.shape[1], : frames.shape[2]]
    centres = np.array([[(w * x).sum() / w.sum(), (w * y).sum() / w.sum()] for w in weight])
    moved = centres[7] - centres[0]
    names = list(shapes.DIRECTIONS)
    direction = names[round(np.arctan2(moved[1], moved[0]) / (np.pi / 4)) % 8]
    return colour, direction, "quickly" if np.hypot(*moved) / 7 > 1.5 else "slowly"


def test_a_simpler_judge_agrees(scenes: list[shapes.Scene], judged: list[Judgement]) -> None:
    same = [
        _simple(shapes.real_clip(scene, 3000 + i)) == (j.colour, j.direction, j.speed)
        for i, (scene, j) in enumerate(zip(scenes, judged, strict=True))
    ]
    assert np.mean(same) >= 0.98


def test_two_stages_find_what_the_full_search_finds() -> None:
    """Every quarter-pixel position of the own shape, by brute force."""
    table = shapes.patches(1.0)[:, ::4, ::4]
    side = table.shape[-1]
    for i, scene in enumerate(shapes.sample_scenes(6, 2, "all")):
        frame = shapes.real_clip(scene, i, 1)
        row = per_frame(frame)[0]
        shape = shapes.SHAPES.index(scene.shape)
        rgb = np.asarray(shapes.COLOURS[scene.colour], np.float64)
        alpha = np.clip(frame[0] @ rgb / (rgb @ rgb), 0, 1)
        padded = np.pad(alpha, side)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side)).reshape(-1, side * side)
        bank = table[shape].reshape(16, -1).astype(np.float64)
        scores = windows @ (bank / np.linalg.norm(bank, axis=1, keepdims=True)).T / np.linalg.norm(alpha)
        assert row[shape] == pytest.approx(scores.max(), abs=1e-5)


def test_frozen_shuffled_and_jumping_clips_have_no_motion(scenes: list[shapes.Scene]) -> None:
    rng = np.random.default_rng(4)
    found = {"frozen": 0, "shuffled": 0, "jumping": 0}
    for i, scene in enumerate(scenes[:60]):
        clip = shapes.real_clip(scene, i)
        other = shapes.real_clip(scene, i + 500)
        jumping = np.stack([(clip, other)[t % 2][t] for t in range(16)])
        for name, frames in (
            ("frozen", np.repeat(clip[:1], 16, axis=0)),
            ("shuffled", clip[rng.permutation(16)]),
            ("jumping", jumping),
        ):
            found[name] += judge_clip(frames).direction == scene.direction
    assert found["frozen"] == 0
    assert found["shuffled"] <= 3
    assert found["jumping"] <= 15  # two starts can lie close together


def test_noise_black_and_blobs_show_nothing() -> None:
    rng = np.random.default_rng(0)
    noise = judge_clip(rng.integers(0, 256, (16, 32, 32, 3), dtype=np.uint8))
    black = judge_clip(np.zeros((16, 32, 32, 3), np.uint8))
    for judgement in (noise, black):
        assert (judgement.shape, judgement.colour, judgement.direction, judgement.speed) == (None,) * 4
        assert judgement.identity == 0


def test_a_shape_in_clutter_is_not_read() -> None:
    scene = shapes.Scene("red", "star", "right", "slowly")
    clip = shapes.real_clip(scene, 0)
    cluttered = clip.copy()
    cluttered[:, :6] = np.maximum(cluttered[:, :6], 150)
    assert (judge_clip(clip).shape, judge_clip(cluttered).shape) == ("star", None)


def test_identity_counts_frames_that_agree() -> None:
    one = shapes.real_clip(shapes.Scene("red", "circle", "right", "slowly"), 0)
    two = shapes.real_clip(shapes.Scene("blue", "bar", "right", "slowly"), 0)
    clip = one.copy()
    clip[12:] = two[12:]
    assert judge_clip(clip).identity == pytest.approx(12 / 16)
    clip[12:] = 0
    assert judge_clip(clip).identity == pytest.approx(12 / 16)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (24, 40), (48, 32), (64, 64), (128, 96)])
@pytest.mark.parametrize("length", [4, 8, 16, 40])
def test_any_size_and_length(height: int, width: int, length: int) -> None:
    scenes = shapes.sample_scenes(12, 3, "all")
    right = 0
    for i, scene in enumerate(scenes):
        judgement = judge_clip(shapes.real_clip(scene, i, length, height, width))
        right += all(getattr(judgement, a) == getattr(scene, a) for a in ATTRIBUTES)
    assert right >= 11


def test_short_clips_have_no_motion_but_a_shape() -> None:
    judgement = judge_clip(shapes.real_clip(shapes.Scene("green", "heart", "up", "quickly"), 1, 2))
    assert (judgement.shape, judgement.colour, judgement.direction) == ("heart", "green", None)


def test_features_and_clips_are_one_computation() -> None:
    clip = shapes.real_clip(shapes.sample_scenes(1, 0)[0], 0)
    features = per_frame(clip)
    assert features.shape == (16, shapes_judge.FEATURE_DIM) and features.dtype == np.float32
    halves = np.concatenate([per_frame(clip[:5]), per_frame(clip[5:])])
    assert judge_features(halves).identity == judge_clip(clip).identity
    np.testing.assert_allclose(halves, features, atol=1e-5)
