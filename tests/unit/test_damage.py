"""Every damage changes nothing at 0, more at higher amounts, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbench_lite.datasets import shapes
from vbench_lite.sensitivity.ladders import CONTROLS, DAMAGES, Damage, Kind, Material
from vbench_lite.video import damage

FRAMES = 16
SCENES = shapes.sample_scenes(4, seed=3)
MADE = [d for d in (*DAMAGES, *CONTROLS) if d.apply is not None]


def material(place: int = 0, side: int = 32) -> Material:
    longer = shapes.held_out_clip(SCENES[place], place, 24, side, side)
    other = shapes.held_out_clip(SCENES[place + 1], place + 1, FRAMES, side, side)
    return Material(longer[:FRAMES], longer, other)


def change(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(float) - second).mean())


@pytest.mark.parametrize("one", MADE, ids=lambda d: d.name)
@pytest.mark.parametrize("side", [32, 48])
def test_damage_keeps_the_form_and_is_the_same_each_time(one: Damage, side: int) -> None:
    given_clip = material(side=side)
    for level in one.levels:
        made = one.frames(given_clip, level, 0)
        assert made.dtype == np.uint8 and made.shape == (FRAMES, side, side, 3)
        assert np.array_equal(made, one.frames(given_clip, level, 0))
        assert not np.array_equal(made, given_clip.frames)


@pytest.mark.parametrize("one", [d for d in MADE if len(d.levels) > 1], ids=lambda d: d.name)
def test_more_damage_changes_more(one: Damage) -> None:
    changes = []
    for level in one.levels:
        each = [
            change(one.frames(material(place), level, place), material(place).frames) for place in range(3)
        ]
        changes.append(float(np.mean(each)))
    assert changes == sorted(changes) and changes[0] > 0


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_amount_zero_changes_nothing(seed: int, frames: int) -> None:
    rng = np.random.default_rng(seed)
    clip = rng.uniform(0, 255, (frames, 16, 24, 3)).astype(np.float32)
    same = [
        damage.noise(clip, 0, rng), damage.blur(clip, 0), damage.tint(clip, 0, rng), damage.compress(clip, 0),
        damage.jitter(clip, 0, rng), damage.flicker(clip, 0), damage.drift(clip, 0),
        damage.hold(clip, 0, rng), damage.freeze(clip, 0), damage.shuffle(clip, 0, rng),
        damage.swap(clip, 0, clip[::-1]),
    ]  # fmt: skip
    for made in same:
        np.testing.assert_allclose(made, clip, atol=1e-3)
    assert np.array_equal(damage.drop(clip, 0, rng, frames), clip[:frames])


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.floats(0, 1))
def test_what_becomes_of_frames_in_time(seed: int, frames: int, amount: float) -> None:
    """Frames are told apart by their number, so every claim about order is exact."""
    rng = np.random.default_rng(seed)

    def numbered(count: int) -> damage.Images:
        return np.broadcast_to(np.arange(count, dtype=np.float32)[:, None, None, None], (count, 2, 2, 3))

    clip = numbered(frames)
    order = damage.shuffle(clip, amount, rng)[:, 0, 0, 0]
    assert sorted(order) == list(range(frames))
    count = round(amount * frames)
    assert int(np.sum(order != np.arange(frames))) == (count if count > 1 else 0)
    assert damage.reverse(clip)[:, 0, 0, 0].tolist() == list(range(frames))[::-1]
    stopped = damage.freeze(clip, amount)[:, 0, 0, 0]
    last = round((1 - amount) * (frames - 1))
    assert stopped.tolist() == [min(i, last) for i in range(frames)]
    longer = numbered(frames + round(frames / 2))
    left = damage.drop(longer, amount, rng, frames)[:, 0, 0, 0]
    assert len(left) == frames and left[0] == 0 and np.all(np.diff(left) >= 1)
    assert left[-1] <= frames - 1 + round(amount * frames / 2)
    spliced = damage.swap(clip, amount, clip + 1000)[:, 0, 0, 0]
    assert int(np.sum(spliced >= 1000)) == round(amount * frames / 2)
    held = damage.hold(clip, amount, rng)[:, 0, 0, 0]
    assert np.all(np.diff(held) >= 0) and np.all(held <= np.arange(frames))


def test_flicker_and_noise_have_the_size_that_they_say() -> None:
    grey = np.full((8, 32, 32, 3), 120, np.float32)
    assert damage.flicker(grey, 1.0)[:, 0, 0, 0] == pytest.approx([160, 80] * 4)
    assert damage.noise(grey, 0.5, np.random.default_rng(0)).std() == pytest.approx(25, rel=0.02)


def test_ladders_cover_what_an_audit_promises() -> None:
    assert len({one.name for one in (*DAMAGES, *CONTROLS)}) == len(DAMAGES) + len(CONTROLS)
    assert {one.kind for one in DAMAGES} == {Kind.FRAMES, Kind.COPIES, Kind.PROMPTS}
    assert all(one.axes for one in DAMAGES) and not any(one.axes for one in CONTROLS)
