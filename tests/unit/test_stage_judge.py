"""The judge of the stage world: exact on real clips, strict on others, and held to an independent one."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from vbench_lite.clip import Frames
from vbench_lite.datasets.stage import judge, judge_frames, render, words
from vbench_lite.datasets.stage.motion import SIZE
from vbench_lite.errors import NotApplicable

COUNT = 60
SCENES = words.sample_scenes(COUNT, 11, "all")


@pytest.fixture(scope="module")
def clips() -> list[Frames]:
    return [render.held_out_clip(scene, seed) for seed, scene in enumerate(SCENES)]


@pytest.fixture(scope="module")
def judged(clips: list[Frames]) -> list[judge.Judgement]:
    return [judge.judge_clip(clip) for clip in clips]


def means(judged: list[judge.Judgement], scenes: list[words.Scene]) -> dict[str, float]:
    rows = [judge.agreement(one, scene) for one, scene in zip(judged, scenes, strict=True)]
    return {name: float(np.mean([row[name] for row in rows if row[name] is not None])) for name in rows[0]}


def test_real_clips_show_every_attribute_of_their_captions(judged: list[judge.Judgement]) -> None:
    assert min(means(judged, SCENES).values()) >= 0.98


def test_the_side_of_a_turn_is_read(judged: list[judge.Judgement]) -> None:
    for seed, (scene, one) in enumerate(zip(SCENES, judged, strict=True)):
        if scene.event == "turns":
            placed = render.layout(scene, render.HELD_OUT_STREAM + seed)
            assert one.of(scene.first).side == placed.walks[0].side


@pytest.mark.parametrize("word", ["color", "shape", "direction", "speed", "texture", "tint", "pan", "event"])
def test_a_caption_with_another_word_does_not_hold(word: str, judged: list[judge.Judgement]) -> None:
    values = words.attributes()[word]

    def changed(scene: words.Scene) -> words.Scene:
        def other(now: str) -> str:
            group = next((g for g in (words.WARM, words.COOL) if now in g), values)
            return group[(group.index(now) + 1) % len(group)]

        if word in ("texture", "tint", "pan", "event"):
            return replace(scene, **{word: other(getattr(scene, word))})  # type: ignore[arg-type]
        things = (replace(t, **{word: other(getattr(t, word))}) for t in (scene.first, scene.second))
        first, second = things
        return replace(scene, first=first, second=second)

    assert means(judged, [changed(scene) for scene in SCENES])[word] <= 0.15


def test_who_is_in_front_is_not_the_other(judged: list[judge.Judgement]) -> None:
    swapped = [replace(s, first=s.second, second=s.first) for s in SCENES]
    assert means(judged, swapped)["front"] <= 0.15


def test_frozen_and_shuffled_clips_have_no_motion_and_noise_has_nothing(clips: list[Frames]) -> None:
    rng = np.random.default_rng(0)
    for clip in clips[:6]:
        frozen = judge.judge_clip(np.repeat(clip[:1], 16, axis=0))
        shuffled = judge.judge_clip(clip[rng.permutation(16)])
        assert frozen.warm.direction is None and frozen.cool.direction is None
        assert shuffled.warm.direction is None or shuffled.cool.direction is None
    noise = judge.judge_clip(rng.integers(0, 256, (16, SIZE, SIZE, 3), np.uint8))
    assert noise.warm.shape is None and noise.texture is None and noise.identity == 0


def test_an_object_that_changes_while_it_is_hidden_loses_its_identity() -> None:
    scene = next(s for s in SCENES if s.event == "leaves" and s.first.shape != "circle")
    changed = replace(scene, first=replace(scene.first, shape="circle"))
    both = [render.render(s, render.layout(s, 5)) for s in (scene, changed)]
    mixed = judge.judge_clip(np.concatenate([both[0][:8], both[1][8:]]))
    assert mixed.of(scene.first).kept.sum() == 0 < mixed.of(scene.first).after.sum()
    assert mixed.identity < 1 and mixed.identity_after == 0


def test_a_frame_is_measured_the_same_by_itself_and_twice_where_it_is_repeated(clips: list[Frames]) -> None:
    rng = np.random.default_rng(0)
    frames = np.concatenate([clips[0], rng.integers(0, 256, (3, SIZE, SIZE, 3), np.uint8)])
    alone = np.concatenate([judge.per_frame(frame[None]) for frame in frames])
    assert np.array_equal(judge.per_frame(frames), alone)
    assert np.array_equal(judge.per_frame(frames.repeat(2, axis=0)), alone.repeat(2, axis=0))


def test_a_match_is_the_cosine_with_what_no_other_object_covers(clips: list[Frames]) -> None:
    frame = next(clip for clip, scene in zip(clips, SCENES, strict=True) if scene.event == "passes")[8]
    cover = judge_frames.covers(frame[None])[0].astype(np.float64)
    row = judge_frames.per_frame(frame[None])[0]
    table = judge_frames.templates().astype(np.float64)
    side = table.shape[1]
    hues = np.flatnonzero(row[judge_frames.COVER] >= judge_frames.LEAST_COVER)
    assert len(hues) == 2
    for hue in hues:
        free = np.pad(1 - np.delete(cover, hue, axis=0).sum(axis=0), side - 1)
        shown = np.pad(cover[hue], side - 1)
        found = row[judge_frames.SCORES].reshape(-1, len(table))[hue]
        for shape, template in enumerate(table):
            best = 0.0
            for top, left in np.ndindex(SIZE + side - 1, SIZE + side - 1):
                place = np.s_[top : top + side, left : left + side]
                energy = float((template**2 * free[place]).sum())
                if energy >= judge_frames.LEAST_ENERGY * float((template**2).sum()):
                    best = max(best, float((template * shown[place]).sum()) / energy**0.5)
            assert found[shape] == pytest.approx(best / np.linalg.norm(cover[hue]), abs=2e-6)


def test_frames_without_a_color_show_no_object() -> None:
    seen = judge.judge_clip(np.full((3, SIZE, SIZE, 3), 128, np.uint8))
    assert seen.warm.color is seen.cool.color is None
    assert seen.warm.shape is seen.cool.shape is None


def test_frames_of_another_size_are_not_judged() -> None:
    with pytest.raises(NotApplicable, match="48x48"):
        judge.judge_clip(np.zeros((2, 32, 32, 3), np.uint8))


# --- an independent judge ---------------------------------------------------------------------

HUES = {"red": 0, "yellow": 27, "green": 64, "cyan": 92, "blue": 113, "magenta": 150}  # OpenCV: 0 to 180


def hue_masks(frame: Frames) -> dict[str, np.ndarray]:
    """Pixels of each color by hue and saturation, as OpenCV has them."""
    hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV).astype(int)
    gaps = {name: np.abs((hsv[..., 0] - hue + 90) % 180 - 90) for name, hue in HUES.items()}
    nearest = np.stack(list(gaps.values())).argmin(axis=0)
    strong = hsv[..., 1] > 140
    return {name: strong & (nearest == i) for i, name in enumerate(gaps)}


def drawn(shape: str) -> np.ndarray:
    """The outline of a shape, from a frame of the world with that shape alone."""
    table = render.object_patches()[words.SHAPES.index(shape), 0, 0]
    return (np.pad(table, 8) > 0.5).astype(np.uint8)


def independent(clip: Frames, thing: words.Thing) -> tuple[str, str, str]:
    """Color, shape and direction of the object of a group: hues, overlap with outlines, first moves."""
    masks = [hue_masks(frame) for frame in clip]
    group = words.WARM if thing.warm else words.COOL
    color = max(group, key=lambda name: sum(int(m[name].sum()) for m in masks))
    own = [m[color].astype(np.uint8) for m in masks]
    whole = max(range(len(own)), key=lambda t: own[t].sum() if _inside(own[t]) else -1)
    ys, xs = np.nonzero(own[whole])
    crop = np.pad(own[whole], 24)[
        ys.min() + 24 - 10 : ys.max() + 25 + 10, xs.min() + 24 - 10 : xs.max() + 25 + 10
    ]

    def overlap(shape: str) -> float:
        outline = drawn(shape)[8:-8, 8:-8].astype(np.float32)
        hits = cv2.matchTemplate(crop.astype(np.float32), outline, cv2.TM_CCORR).max()
        return float(hits / (crop.sum() + outline.sum() - hits))

    shape = max(words.SHAPES, key=overlap)

    # Where the outline fits best: pixels inside it count for, pixels outside it against.
    kernel = np.pad(drawn(shape)[8:-8, 8:-8] * 1.5 - 0.5, 4, constant_values=-0.5).astype(np.float32)
    times = np.array([t for t in range(8) if own[t].sum() >= 0.5 * own[whole].sum()])
    fits = [cv2.matchTemplate(np.pad(own[t], 12).astype(np.float32), kernel, cv2.TM_CCORR) for t in times]
    places = np.array([np.unravel_index(int(fit.argmax()), fit.shape)[::-1] for fit in fits], float)
    move = np.polyfit(times, places, 1)[0] if len(times) > 2 else np.zeros(2)
    direction = max(words.DIRECTIONS, key=lambda name: float(move @ np.array(words.DIRECTIONS[name])))
    return color, shape, direction


def _inside(mask: np.ndarray) -> bool:
    edge = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
    return bool(mask.any() and not edge)


def test_an_independent_judge_agrees_on_real_clips(
    clips: list[Frames], judged: list[judge.Judgement]
) -> None:
    agree = []
    for scene, clip, one in zip(SCENES, clips, judged, strict=True):
        for thing in (scene.first, scene.second):
            color, shape, direction = independent(clip, thing)
            seen = one.of(thing)
            # An object that leaves is whole in too few frames for the simple reading of its direction.
            away = scene.event == "leaves" and thing is scene.first
            agree.append((color, shape) == (seen.color, seen.shape) and (away or direction == seen.direction))
    assert np.mean(agree) >= 0.97
