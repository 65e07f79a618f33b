"""Following on open worlds: control arms of known scores over a still picture, and traps of optical flow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from vbench_lite import registry
from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.control import parse_script
from vbench_lite.dataset import ClipSize, Dataset, reference_to
from vbench_lite.datasets.clips import open_clips
from vbench_lite.errors import NotApplicable, RequestError
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.context import RecordingContext
from vbench_lite.metric import SampleInfo
from vbench_lite.suites.extractors.camera_track import CameraTrack
from vbench_lite.video.encode import write_lossless

FRAMES, SIDE, FPS = 38, 64, 8.0
SCRIPTS = ("right*7 0*5 left*7 up*7 0*5 down*7", "right*7 0*5 down*7 left*7 0*5 up*7")
PROMPTS = ("a wall", "a lawn")


@dataclass(frozen=True)
class Made:
    """A session of an arm as the scorer sees it."""

    rows: np.ndarray
    sample: SampleInfo


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Path]:
    """Two textured pictures with room around the view, as clips with captions."""
    folder = tmp_path_factory.mktemp("pictures")
    for seed, prompt in enumerate(PROMPTS):
        noise = np.random.default_rng(seed).integers(0, 256, (1, 100, 100, 3), dtype=np.uint8)
        picture = np.stack([cv2.GaussianBlur(frame, (0, 0), 1.5) for frame in noise])
        write_lossless(folder / f"{seed}.mkv", np.repeat(picture, 2, axis=0), FPS)
        (folder / f"{seed}.txt").write_text(prompt)
    plain = np.full((2, 100, 100, 3), 90, np.uint8)
    write_lossless(folder / "plain.mkv", plain, FPS)  # no caption: the reference
    return open_clips(folder), folder


def rows_of(frames: Frames) -> np.ndarray:
    extractor = CameraTrack()
    extractor.load()
    return extractor.extract(np.stack([frames[:-1], frames[1:]], axis=1))


@pytest.fixture(scope="module")
def sessions(world: tuple[Dataset, Path]) -> Any:
    dataset, folder = world

    @cache
    def of(arm: str) -> tuple[Made, ...]:
        generator = registry.load("generators", f"control/{arm}")({})
        made = []
        for place, prompt in enumerate(PROMPTS):
            for number, text in enumerate(SCRIPTS):
                request = GenerationRequest(
                    "s", prompt, FRAMES, SIDE, SIDE, FPS, place,
                    dataset=reference_to(dataset, folder), script=parse_script(text),
                )  # fmt: skip
                context = RecordingContext([request])
                generator.generate([request], context)
                call = context.result()
                assert call.frames[0] is not None
                sampled = tuple((one.change, one.frame) for one in call.sampled[0])
                sample = SampleInfo(
                    arm,
                    f"{place}-{number}",
                    f"p{place}",
                    prompt,
                    place,
                    script=request.script,
                    sampled=sampled,
                )
                made.append(Made(rows_of(call.frames[0]), sample))
        return tuple(made)

    return of


def values(made: tuple[Made, ...], metric: str) -> list[float]:
    """The values of the sessions that have one."""
    found = []
    for one in made:
        measured = registry.load("metrics", f"interaction/camera_{metric}")()
        measured.start(ClipInfo("c", FRAMES, SIDE, SIDE, FPS), one.sample)
        try:
            scored = measured.finish({"camera-track": one.rows})
        except NotApplicable:
            continue
        found.append(float(scored.value))
    return found


def divergence(made: tuple[Made, ...]) -> float:
    measured = registry.load("metrics", "interaction/camera_divergence")()
    for one in made:
        measured.update({"camera-track": one.rows}, one.sample, "generated")
    return float(measured.compute().value)


def test_arms_over_a_still_picture_have_the_scores_that_they_must_have(sessions: Any) -> None:
    assert values(sessions("oracle"), "followed") == values(sessions("oracle"), "stopped") == [1.0] * 4
    assert values(sessions("oracle"), "onset_s") == [0.0] * 4
    assert values(sessions("delayed-3"), "followed") == [1.0] * 4
    assert values(sessions("delayed-3"), "onset_s") == pytest.approx([3 / FPS] * 4)
    for arm in ("action-blind", "copy-last", "swapped-keys"):
        assert values(sessions(arm), "followed") == [0.0] * 4
        assert values(sessions(arm), "onset_s") == []  # no response, no onset
    assert divergence(sessions("action-blind")) == divergence(sessions("copy-last")) == 0.0


def test_cameras_part_as_far_as_their_ways_do(sessions: Any) -> None:
    ways = {"right": (1, 0), "left": (-1, 0), "up": (0, -1), "down": (0, 1), "0": (0, 0)}
    steps = [[ways[parse_script(text).at(k).label] for k in range(FRAMES)] for text in SCRIPTS]
    tracks = [np.cumsum([(0, 0), *one[1:]], axis=0) for one in steps]
    expected = np.linalg.norm(tracks[0] - tracks[1], axis=1)[12:].mean()
    assert divergence(sessions("oracle")) == pytest.approx(expected, rel=0.02)


def test_things_that_move_by_themselves_are_not_the_camera() -> None:
    rng = np.random.default_rng(3)
    ground = cv2.GaussianBlur(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8), (0, 0), 1.5)
    frames: Frames = np.repeat(ground[None], 6, axis=0).astype(np.uint8)
    for place, frame in enumerate(frames):
        frame[20:40, 4 + 3 * place : 24 + 3 * place] = ground[:20, :20]  # a tenth of the picture walks
    assert np.abs(rows_of(frames)).max() < 0.1
    assert (rows_of(np.full((3, SIDE, SIDE, 3), 80, np.uint8)) == 0).all()


def test_a_picture_is_panned_over_by_arrows_and_within_its_edges(world: tuple[Dataset, Path]) -> None:
    dataset, _ = world
    size = ClipSize(12, SIDE, SIDE, FPS)
    seen = dataset.steered(PROMPTS[0], parse_script("right*12"), 0, size).frames()
    assert (seen[1][:, :-2] == seen[0][:, 2:]).all()  # two pixels of 64 a frame
    assert (seen[8] == seen[11]).all() and (seen[7] != seen[8]).any()
    with pytest.raises(RequestError, match="it does not know W"):
        dataset.steered(PROMPTS[0], parse_script("W*3"), 0, size)
    with pytest.raises(RequestError, match="is 100x100, 144x144 is asked for"):
        dataset.steered(PROMPTS[0], None, 0, ClipSize(12, 96, 96, FPS))
