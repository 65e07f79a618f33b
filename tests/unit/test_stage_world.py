"""The stage world: captions, draws, motion and frames."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from vbench_lite.datasets.stage import motion, render, words
from vbench_lite.datasets.stage.motion import RADIUS, SIZE, Walk
from vbench_lite.errors import PromptError

SCENES = words.sample_scenes(300, 0, "all")


def of_event(event: str) -> list[words.Scene]:
    return [scene for scene in SCENES if scene.event == event]


def test_captions_read_back_as_their_scenes() -> None:
    assert [words.parse_caption(scene.caption) for scene in SCENES] == SCENES


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("a red star", "a crimson star", "COLOR"),
        ("a blue ring", "a yellow ring", "one cool"),
        ("moves up quickly, over", "moves right quickly, over", "90 degrees"),
        ("in front of", "out of view and back beside", "only quickly"),
        ("brown checks", "brown checks panning up", "COLOR"),
    ],
)
def test_what_is_no_caption_of_the_world_is_refused_with_the_reason(old: str, new: str, reason: str) -> None:
    caption = "a red star moves right slowly in front of a blue ring that moves up quickly, over brown checks"
    words.parse_caption(caption)
    with pytest.raises(PromptError, match=reason):
        words.parse_caption(caption.replace(old, new))


def test_a_longer_draw_begins_with_the_shorter_one_and_splits_are_kept_apart() -> None:
    for split in ("seen", "held_out", "all", "both"):
        assert words.sample_scenes(20, 3, split) == words.sample_scenes(50, 3, split)[:20]
    assert not any(scene.held_out for scene in words.sample_scenes(200, 1, "seen"))
    assert all(scene.held_out for scene in words.sample_scenes(200, 1, "held_out"))


def test_every_word_comes_up_about_equally_often() -> None:
    scenes = words.sample_scenes(1500, 2, "all")
    for choices in (
        Counter(scene.first.color for scene in scenes),
        Counter(scene.second.shape for scene in scenes),
        Counter(scene.texture for scene in scenes),
        Counter(scene.pan for scene in scenes),
    ):
        assert max(choices.values()) < 1.5 * min(choices.values())
    assert {scene.event for scene in scenes} == set(words.EVENTS)


def test_objects_are_saturated_of_two_groups_and_the_background_is_muted() -> None:
    def saturation(rgb: tuple[int, int, int]) -> float:
        return (max(rgb) - min(rgb)) / max(rgb)

    assert not set(words.WARM) & set(words.COOL)
    assert min(saturation(rgb) for rgb in words.COLORS.values()) > 0.7
    assert max(saturation(tone) for tones in words.TINTS.values() for tone in tones) < 0.4
    assert all(scene.first.warm != scene.second.warm for scene in SCENES)


def test_a_clip_is_given_by_scene_and_seed_and_a_longer_one_begins_with_it() -> None:
    for seed, scene in enumerate(SCENES[:6]):
        short, long = render.real_clip(scene, seed, 16), render.real_clip(scene, seed, 40)
        assert short.shape == (16, SIZE, SIZE, 3) and short.dtype == np.uint8
        assert np.array_equal(long[:16], short)
        assert not np.array_equal(render.held_out_clip(scene, seed), short)
    with pytest.raises(ValueError, match="at least one frame"):
        render.real_clip(SCENES[0], 0, 0)


def test_a_caption_holds_for_its_first_frames() -> None:
    for seed, scene in enumerate(SCENES):
        placed = render.layout(scene, seed, motion.HOLDS_FRAMES)
        for thing, centers in zip((scene.first, scene.second), placed.centers, strict=True):
            if scene.event == "leaves" and thing is scene.first:
                centers = centers[:5]
            velocity = np.asarray(words.DIRECTIONS[thing.direction]) * words.SPEEDS[thing.speed]
            np.testing.assert_allclose(np.diff(centers, axis=0) - velocity, 0, atol=1e-9)


def test_an_object_that_passes_meets_the_other_and_covers_it() -> None:
    for seed, scene in enumerate(of_event("passes")):
        placed = render.layout(scene, seed)
        assert np.hypot(*(placed.centers[0] - placed.centers[1]).T).min() < 6
        alone = render.paint(
            np.zeros((16, SIZE, SIZE, 3), np.float32), scene, placed, ((255, 0, 0), (255, 0, 0))
        )[..., 0]
        shares = render.visible(scene, placed).astype(int)
        # The first is whole wherever it is; the second lacks what the first covers.
        np.testing.assert_allclose(shares.sum(axis=-1), alone, atol=2)


def test_an_object_that_leaves_is_away_for_frames_and_comes_back_as_it_was() -> None:
    for seed, scene in enumerate(of_event("leaves")):
        shown = render.visible(scene, render.layout(scene, seed))[..., 0].sum(axis=(1, 2)) / 255
        away = np.flatnonzero(shown == 0)
        assert len(away) >= 3 and np.array_equal(away, np.arange(away[0], away[-1] + 1))
        assert shown[0] > 10 and shown[-1] == pytest.approx(shown[0], rel=0.05)


def test_a_turn_goes_to_either_side_by_chance_and_the_start_does_not_tell_which() -> None:
    scene = of_event("turns")[0]
    sides = [render.layout(scene, seed).walks[0].side for seed in range(200)]
    assert 70 < sides.count("left") < 130
    for walk in (Walk(d, s, side="left") for d, s in itertools.product(words.DIRECTIONS, words.SPEEDS)):
        other = Walk(walk.direction, walk.speed, side="right")
        assert [b.tolist() for b in walk.box()] == [b.tolist() for b in other.box()]
        before, after = walk.velocities()
        assert before @ after == pytest.approx(0) and np.hypot(*after) == pytest.approx(np.hypot(*before))


def test_paths_stay_within_their_bounds_for_any_time() -> None:
    for seed, scene in enumerate(SCENES):
        placed = render.layout(scene, seed, 200)
        for walk, centers in zip(placed.walks, placed.centers, strict=True):
            low, high = walk.bounds()
            assert (centers >= low - 1e-9).all() and (centers <= high + 1e-9).all()
            assert walk.leaves or low.tolist() == [RADIUS, RADIUS]


def test_a_panning_background_moves_by_its_pixels_and_repeats() -> None:
    scene = next(s for s in SCENES if s.pan == "panning right" and s.texture == "waves")
    frames = render.render(scene, render.layout(scene, 0, 17)).astype(int)
    shares = render.visible(scene, render.layout(scene, 0, 17)).max(axis=-1)
    free = (shares[:-1, :, :-1] == 0) & (shares[1:, :, 1:] == 0)
    assert np.array_equal(frames[1:, :, 1:][free], frames[:-1, :, :-1][free])
    both = (shares[0] == 0) & (shares[16] == 0)
    assert np.array_equal(frames[0][both], frames[16][both])
