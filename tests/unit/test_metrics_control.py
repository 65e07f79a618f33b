"""Metrics of obedience and generalisation, on clips whose answer is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.datasets.shapes.dataset import Shapes
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import ClipMetric, Estimate, SampleInfo, SetMetric
from vbench_lite.suites.control.edits import EditFollowed, EditKept
from vbench_lite.suites.control.given import EntryJump, FirstFramePsnr
from vbench_lite.suites.control.kept import EdgesKept, PixelsKept
from vbench_lite.suites.control.latent_path import LatentPathEvenness
from vbench_lite.suites.diversity.within_prompt import (
    StartSpread,
    WithinPromptDistance,
    WithinPromptVendi,
    WithinPromptVendiEfficientNet,
)
from vbench_lite.suites.generalisation.held_out import HeldOutAccuracy, HeldOutGap
from vbench_lite.suites.generalisation.length import LengthGap, LongAccuracy
from vbench_lite.video.control_signals import control_signal, hole

SCENES = [scene for scene in shapes.sample_scenes(4, 0) if scene.speed == "slowly"] or shapes.sample_scenes(
    4, 0
)
Shown = tuple[str, int, shapes.Scene]  # caption, seed, what the clip really shows


def over(metric: SetMetric, clips: list[Shown]) -> Estimate:
    for place, (caption, seed, scene) in enumerate(clips):
        sample = SampleInfo("g", f"s{place}", caption, caption, seed)
        rows = shapes_judge.per_frame(shapes.real_clip(scene, seed))
        metric.update({"shapes-judge": rows}, sample, "generated")
    return metric.compute()


def edited(show: dict[str, bool]) -> list[Shown]:
    """Bases with their edits; `show` says for each attribute whether its edit shows in the clip."""
    clips = []
    for seed, scene in enumerate(SCENES):
        clips.append((scene.caption, seed, scene))
        for word, edit in shapes.edits(scene).items():
            clips.append((edit.caption, seed, edit if show.get(word, True) else scene))
    return clips


# --- edits --------------------------------------------------------------------------------------


def test_real_clips_follow_every_edit_and_keep_the_rest() -> None:
    clips = edited({})
    followed, kept = over(EditFollowed(), clips), over(EditKept(), clips)
    assert followed.value == 1 and kept.value > 0.95
    assert {
        word: followed.extras[word] for word in ("colour", "shape", "direction", "speed")
    } == dict.fromkeys(("colour", "shape", "direction", "speed"), 1.0)
    assert followed.n == len(clips)


def test_an_edit_that_does_not_show_is_not_followed() -> None:
    estimate = over(EditFollowed(), edited({"colour": False, "direction": False}))
    assert estimate.value == 0.5
    assert (estimate.extras["colour"], estimate.extras["shape"]) == (0, 1)


def test_an_edit_that_changes_more_does_not_keep_the_rest() -> None:
    clips = edited({})
    wrong = [(c, s, replace(scene, colour="white", shape="ring") if i % 5 == 4 else scene)
             for i, (c, s, scene) in enumerate(clips)]  # fmt: skip
    # Of the four edits of a base the last changes two of the three attributes that it should keep.
    before, after = over(EditKept(), clips).value, over(EditKept(), wrong).value
    assert before - after == pytest.approx(2 / 12, abs=0.03)


def test_clips_of_other_seeds_or_two_edits_are_no_pair() -> None:
    first, second = SCENES[0], shapes.edits(SCENES[0])["colour"]
    with pytest.raises(NotApplicable, match="no two clips of one seed"):
        over(EditFollowed(), [(first.caption, 0, first), (second.caption, 1, second)])
    two = replace(second, direction=shapes.edits(first)["direction"].direction)
    with pytest.raises(NotApplicable, match="no two clips of one seed"):
        over(EditFollowed(), [(first.caption, 0, first), (two.caption, 0, two)])


def test_edits_of_one_base_pair_with_it_and_not_with_each_other() -> None:
    prompts = Shapes().prompts_of(SCENES[:1], edits=True)
    clips = [(p.text, 0, shapes.parse_caption(p.text)) for p in prompts]
    assert over(EditFollowed(), clips).extras.keys() >= {"colour", "shape", "direction", "speed"}


# --- walks through noise ------------------------------------------------------------------------


def evenness(starts: list[float]) -> float:
    """Of a walk whose clips begin at these heights."""
    metric, scene = LatentPathEvenness(), shapes.Scene("red", "circle", "right", "slowly")
    for place, y in enumerate(starts):
        rows = shapes_judge.per_frame(shapes.render(scene, (8.0, y)))
        walk = place / (len(starts) - 1)
        sample = SampleInfo("g", f"p-{place}", "p", scene.caption, 0, walk=walk)
        metric.update({"shapes-judge": rows}, sample, "generated")
    return metric.compute().value


def test_an_even_walk_has_1_and_a_single_jump_0() -> None:
    assert evenness([8, 10, 12, 14, 16]) == pytest.approx(1, abs=0.05)
    assert evenness([8, 8, 8, 16, 16]) == pytest.approx(0, abs=0.05)
    assert evenness([8, 10, 10, 12, 12]) == pytest.approx(2 / 3, abs=0.05)  # half of the way in one step


def test_a_walk_on_which_nothing_changes_has_no_evenness() -> None:
    with pytest.raises(NotApplicable, match="no walk through noise with 4 clips that differ"):
        evenness([8, 8, 8, 8])


# --- given frames -------------------------------------------------------------------------------


def score(
    metric: ClipMetric, frames: Frames, image: Frames | None = None, past: Frames | None = None,
    prompt: str | None = None, control: Frames | None = None, kind: str | None = None,
) -> float:  # fmt: skip
    sample = SampleInfo(
        "g", "s", "p", prompt, 0, image=image, past_frames=past, control_clip=control, control_kind=kind
    )
    metric.start(ClipInfo("clip", len(frames), frames.shape[1], frames.shape[2], 8.0), sample)
    for start in range(0, len(frames), 3):
        piece = frames[start : start + 3]
        metric.push(piece, np.arange(start, start + len(piece)))
    features = {"shapes-judge": shapes_judge.per_frame(frames)} if metric.info.extractors else {}
    return float(metric.finish(features))


def grey(levels: Sequence[float]) -> Frames:
    return np.repeat(np.rint(levels).astype(np.uint8), 8 * 8 * 3).reshape(len(levels), 8, 8, 3)


def test_the_first_frame_is_compared_with_the_picture_that_was_given() -> None:
    frames = grey([100, 150, 200])
    assert score(FirstFramePsnr(), frames, image=frames[0]) == 100
    off = score(FirstFramePsnr(), frames, image=grey([110])[0])
    assert off == pytest.approx(10 * math.log10(255**2 / 100))
    with pytest.raises(NotApplicable, match="no picture was given"):
        score(FirstFramePsnr(), frames)
    with pytest.raises(NotApplicable, match="the clip is 8x8 and what was given 16x16"):
        score(FirstFramePsnr(), frames, image=np.zeros((16, 16, 3), np.uint8))


def test_a_clip_that_goes_on_evenly_has_no_jump() -> None:
    levels = list(range(0, 80, 8))
    assert score(EntryJump(), grey(levels[4:]), past=grey(levels[:4])) == 0
    assert score(EntryJump(), grey(levels), image=grey(levels[:1])[0]) == 0
    lossy = [levels[0] + 3, *levels[1:]]  # the picture through a codec
    assert score(EntryJump(), grey(lossy), image=grey(levels[:1])[0]) == pytest.approx(math.log2(9 / 6))


def test_a_jump_and_a_halt_both_count() -> None:
    past = grey([0, 8, 16])
    assert score(EntryJump(), grey([57, 65, 73]), past=past) == pytest.approx(math.log2(42 / 9))
    assert score(EntryJump(), grey([16, 16, 24, 32]), past=past) == pytest.approx(math.log2(9))
    with pytest.raises(NotApplicable, match="no frames were given"):
        score(EntryJump(), past)


# --- control clips ------------------------------------------------------------------------------


def bars(at: Sequence[int], count: int = 5) -> Frames:
    """White columns on black, four pixels wide, uint8 (count, 32, 32, 3)."""
    frames = np.zeros((count, 32, 32, 3), np.uint8)
    for left in at:
        frames[:, :, left : left + 4] = 255
    return frames


def edges_kept(frames: Frames, of: Frames) -> float:
    return score(EdgesKept(), frames, control=control_signal("edges", of), kind="edges")


def test_edges_that_stay_or_move_by_a_pixel_are_kept() -> None:
    assert edges_kept(bars([8]), bars([8])) == 1
    assert edges_kept(bars([9]), bars([8])) == 1
    assert edges_kept(bars([20]), bars([8])) == 0
    assert edges_kept(bars([]), bars([8])) == 0
    assert edges_kept(bars([8, 20]), bars([8])) == pytest.approx(2 / 3)  # half of them are given ones
    assert edges_kept(bars([8]), bars([8, 20])) == pytest.approx(2 / 3)  # half of the given ones are there
    with pytest.raises(NotApplicable, match="the control clip has no edge"):
        edges_kept(bars([8]), bars([]))


def pixels_kept(frames: Frames, of: Frames, kind: str) -> float:
    return score(PixelsKept(), frames, control=control_signal(kind, of), kind=kind)


@pytest.mark.parametrize("kind", ["blur", "mask"])
def test_pixels_of_the_same_clip_are_kept_and_of_a_grey_one_are_not(kind: str) -> None:
    clip = bars([2, 20])
    assert pixels_kept(clip, clip, kind) == 1
    control = control_signal(kind, clip)
    seen = np.ones((32, 32), bool)
    if kind == "mask":
        seen[hole(32, 32)] = False
    mean = np.full_like(clip, round(float(control[0][seen].mean())))
    assert pixels_kept(mean, clip, kind) < 0.01
    assert pixels_kept(255 - clip, clip, kind) == 0


def test_what_is_painted_into_the_hole_does_not_count() -> None:
    clip = bars([2, 20])
    painted = clip.copy()
    painted[:, 8:24, 8:24] = (200, 10, 60)
    assert pixels_kept(painted, clip, "mask") == 1
    assert pixels_kept(painted, clip, "blur") < 1


def test_a_metric_of_another_kind_or_size_says_so() -> None:
    clip = bars([8])
    with pytest.raises(NotApplicable, match="no control clip was given"):
        score(EdgesKept(), clip)
    with pytest.raises(NotApplicable, match="the control clip shows depth; this is of edges"):
        score(EdgesKept(), clip, control=clip, kind="depth")
    with pytest.raises(NotApplicable, match="the clip is 16x32 and its control 32x32"):
        score(EdgesKept(), clip[:, :, :16], control=clip, kind="edges")


# --- generalisation -----------------------------------------------------------------------------


def pairs(count: int = 6) -> list[shapes.Scene]:
    return shapes.sample_scenes(count, 0, "both")


def test_a_generator_that_fails_on_unseen_pairs_only_has_a_gap() -> None:
    clips = [
        (scene.caption, seed, replace(scene, colour="white", shape="bar") if scene.held_out else scene)
        for seed, scene in enumerate(pairs(24))
    ]
    accuracy, gap = over(HeldOutAccuracy(), clips), over(HeldOutGap(), clips)
    assert gap.value == pytest.approx(accuracy.value - gap.extras["seen"])
    assert gap.extras["seen"] > 0.95 and accuracy.value == pytest.approx(0.5, abs=0.1)
    assert gap.low is not None and gap.high is not None and gap.low <= gap.value <= gap.high < 0
    assert gap.replicates is not None and len(gap.replicates) == 23  # one caption comes twice


def test_real_clips_have_no_gap() -> None:
    clips = [(scene.caption, seed, scene) for seed, scene in enumerate(pairs(8))]
    assert abs(over(HeldOutGap(), clips).value) < 0.1
    seen = [clip for clip in clips if not shapes.parse_caption(clip[0]).held_out]
    with pytest.raises(NotApplicable, match="either kind, seen and held out"):
        over(HeldOutGap(), seen)
    with pytest.raises(NotApplicable, match="fewer than two captions"):
        over(HeldOutAccuracy(), seen)


def test_beyond_the_trained_length_frames_count_that_still_show_it() -> None:
    scene = shapes.parse_caption("a green star moves right slowly")
    frames = shapes.real_clip(scene, 0, 32)
    assert score(LongAccuracy(), frames, prompt=scene.caption) == 1
    assert score(LengthGap(), frames, prompt=scene.caption) == 0
    frames[24:] = 0
    assert score(LongAccuracy(), frames, prompt=scene.caption) == 0.5
    assert score(LengthGap(), frames, prompt=scene.caption) == -0.5


# --- diversity within a prompt ------------------------------------------------------------------


def test_equal_clips_of_a_prompt_have_no_distance_whatever_other_prompts_show() -> None:
    metric, rows = WithinPromptDistance(), np.eye(4, dtype=np.float32)
    for place, (prompt, row) in enumerate([("a", 0), ("a", 0), ("b", 1), ("b", 1)]):
        metric.update(
            {"shapes-video": rows[row : row + 1]},
            SampleInfo("g", str(place), prompt, prompt, place),
            "generated",
        )
    assert metric.compute().value == 0
    other = WithinPromptDistance()
    for place, (prompt, row) in enumerate([("a", 0), ("a", 1), ("b", 2), ("b", 2)]):
        other.update(
            {"shapes-video": rows[row : row + 1]},
            SampleInfo("g", str(place), prompt, prompt, place),
            "generated",
        )
    assert other.compute().value == 0.5  # mean of 1 and 0


def test_vendi_within_a_prompt_counts_what_its_seeds_give() -> None:
    metric, rows = WithinPromptVendi(), np.eye(4, dtype=np.float32)
    for place, (prompt, row) in enumerate([("a", 0), ("a", 1), ("a", 2), ("b", 3), ("b", 3), ("c", 0)]):
        sample = SampleInfo("g", str(place), prompt, prompt, place)
        metric.update({"shapes-video": rows[row : row + 1]}, sample, "generated")
    assert metric.compute().value == pytest.approx(2.0)  # mean of 3 and 1; one clip of c says nothing


def test_vendi_of_frames_takes_a_clip_for_one_row_whatever_its_length() -> None:
    metric, rows = WithinPromptVendiEfficientNet(), np.eye(2, dtype=np.float32)
    clips = {"a": (rows[[0, 0, 0]], rows[[1]]), "b": (rows[[0, 1]], rows[[1, 0, 1, 0]])}
    for prompt, pair in clips.items():
        for seed, frames in enumerate(pair):
            sample = SampleInfo("g", f"{prompt}{seed}", prompt, prompt, seed)
            metric.update({"efficientnet-lite0": frames}, sample, "generated")
    found = metric.compute()
    assert found.value == pytest.approx(1.5)  # two things for a, one for b
    assert found.n == 4


def test_one_seed_a_prompt_says_nothing_of_seeds() -> None:
    metric = WithinPromptDistance()
    for name in "ab":
        row = np.ones((1, 4), np.float32)
        metric.update({"shapes-video": row}, SampleInfo("g", name, name, name, 0), "generated")
    with pytest.raises(NotApplicable, match="no prompt has two clips"):
        metric.compute()


def test_starts_of_a_prompt_are_as_far_apart_as_they_are() -> None:
    metric = StartSpread()
    scene = shapes.Scene("red", "circle", "right", "slowly")
    starts = [(8.0, 10.0), (8.0, 18.0), (14.0, 18.0)]
    for place, start in enumerate(starts):
        rows = shapes_judge.per_frame(shapes.render(scene, start))
        sample = SampleInfo("g", str(place), "p", scene.caption, place)
        metric.update({"shapes-judge": rows}, sample, "generated")
    lengths = [math.dist(a, b) for a, b in [*pairwise(starts), (starts[0], starts[2])]]
    assert metric.compute().value == pytest.approx(np.mean(lengths) / 32, abs=0.01)
