"""The shapes world steered, and generators that are steered turn by turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vbench_lite.control import Action, parse_script
from vbench_lite.dataset import ClipSize, load_dataset
from vbench_lite.datasets.shapes import judge, steering
from vbench_lite.datasets.shapes.scenes import HELD_OUT_STREAM, parse_caption
from vbench_lite.errors import RequestError
from vbench_lite.generator import (
    Family,
    FrameRule,
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorInfo,
    Task,
)
from vbench_lite.measure.context import RecordingContext
from vbench_lite.turns import answer, made_size

CAPTION = "a red circle moves down quickly"
SIZE = ClipSize(24, 32, 32, 8.0)


def test_the_shape_goes_where_keys_are_held_and_rests_where_none_is() -> None:
    script = parse_script("D*5 0*4 W+A*5 W+S*3")
    scene = parse_caption("a red circle moves down slowly")
    path = steering.steered_path(scene, (16.0, 16.0), script, 17, 32, 32)
    assert np.allclose(path[0], (16, 16)) and np.allclose(path[4], (20, 16))  # the first frame is given
    assert np.allclose(path[4:9], (20, 16))
    assert np.allclose(path[13], np.array([20, 16]) - 5 * np.sqrt(0.5))
    assert np.allclose(path[13:], path[13])  # opposite keys undo each other
    wide = steering.steered_path(scene, (16.0, 16.0), parse_script("D*40"), 40, 32, 32)
    assert wide[-1, 0] == 26 and (wide[:, 1] == 16).all()  # a border stops it


def test_a_steered_clip_is_what_its_path_says_and_scripts_share_their_past() -> None:
    shapes = load_dataset("shapes")
    clips = [shapes.steered(CAPTION, parse_script(text), 5, SIZE).frames() for text in ("D*8 W*9", "D*8 S*9")]
    start = steering.first_centre(parse_caption(CAPTION), steering_seed(5), 32, 32)
    track = judge.judge_clip(clips[0]).track
    path = steering.steered_path(parse_caption(CAPTION), start, parse_script("D*8 W*9"), 24, 32, 32)
    assert np.abs(track - path).max() <= 0.5
    assert (clips[0][:8] == clips[1][:8]).all() and (clips[0][9:] != clips[1][9:]).any()
    with pytest.raises(RequestError, match="W A S D; it does not know left"):
        shapes.steered(CAPTION, parse_script("left*8"), 5, SIZE)


def steering_seed(seed: int) -> int:
    return HELD_OUT_STREAM + seed


def test_actions_become_words_of_the_world_or_plain_english() -> None:
    shapes = load_dataset("shapes")
    assert shapes.worded(CAPTION, Action(("W", "D"))) == "a red circle moves up-right quickly"
    assert shapes.worded(CAPTION, Action()) == CAPTION
    assert shapes.worded(CAPTION, Action(prompt="a blue bar moves up slowly")) == "a blue bar moves up slowly"
    assert load_dataset("open-clips").worded("a street", Action(("W", "left"))) == (
        "a street, the camera moves forward, the camera turns left"
    )


class Talker(Generator):
    """Makes clips of frames that count up, and remembers what it was asked."""

    def __init__(self, *tasks: Task, **info: Any) -> None:
        super().__init__({})
        self.asked: list[GenerationRequest] = []
        self._info = GeneratorInfo(name="talker", family=Family.EXTERNAL, tasks=tasks, **info)

    @property
    def info(self) -> GeneratorInfo:
        return self._info

    def load(self) -> None:
        return

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        for index, request in enumerate(requests):
            self.asked.append(request)
            begin = 0 if request.image is None else int(request.image[0, 0, 0])
            begin = begin if request.past_frames is None else int(request.past_frames[-1, 0, 0, 0]) + 1
            for frame in range(request.num_frames):
                context.emit(index, np.full((1, 8, 8, 3), begin + frame, np.uint8))


def steered(generator: Talker, frames: int = 20, script: str = "D*9 A*11") -> Any:
    image = np.zeros((8, 8, 3), np.uint8)
    asked = GenerationRequest("s", "a hall", frames, 8, 8, 8.0, 7, image=image, script=parse_script(script))
    made = made_size(generator.info, asked)
    assert made.num_frames == frames
    context = RecordingContext([made])
    answer(generator, [made], context)
    return context.result()


@pytest.mark.parametrize(
    ("task", "held", "change"), [(Task.I2V, "right left left", 9), (Task.V2V, "right right left", 16)]
)
def test_a_generator_that_goes_on_from_frames_is_steered_turn_by_turn(
    task: Task, held: str, change: int
) -> None:
    """From an image a turn shows it once more, so that the first is a frame longer."""
    generator = Talker(task, frames=FrameRule(maximum=16))
    record = steered(generator)
    values = record.frames[0][:, 0, 0, 0].tolist()
    assert values == list(range(values[0], values[0] + 20))  # every turn goes on from the last frame
    words = [f"a hall, the camera moves {direction}" for direction in held.split()]
    assert [request.prompt for request in generator.asked] == words
    assert len({request.seed for request in generator.asked}) == len(generator.asked)
    assert all(request.script is None for request in generator.asked)
    assert [(one.change, one.frame) for one in record.sampled[0]] == [(0, 0), (9, change)]


def test_what_takes_no_frames_cannot_be_steered_and_keys_that_are_unknown_are_named() -> None:
    with pytest.raises(RequestError, match="cannot be steered"):
        steered(Talker(Task.T2V))
    asked = GenerationRequest("s", "a hall", 8, 8, 8, 8.0, 7, script=parse_script("A*4 D*4"))
    info = replace(Talker(Task.WORLD).info, actions=("W", "A"))
    with pytest.raises(RequestError, match="cannot be told D"):
        made_size(info, asked)
