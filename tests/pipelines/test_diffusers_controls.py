"""Control clips, pictures and pasts reach the pipelines that take them, and change what they make."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tiny_families

from vbench_lite.adapters.diffusers.pipeline import Diffusers
from vbench_lite.errors import RequestError
from vbench_lite.generator import Frames, GenerationRequest, Task
from vbench_lite.measure.context import RecordingContext
from vbench_lite.video.control_signals import control_signal

_SELDOM = ("AnimateDiffSparseControlNetPipeline", "CogVideoXFunControlPipeline", "LTX2InContextPipeline")
FOLLOW = [
    "AnimateDiffControlNetPipeline",
    "WanVACEPipeline",
    *(pytest.param(name, marks=pytest.mark.slow) for name in _SELDOM),
]
ALL_IN_ONE = ["WanVACEPipeline", pytest.param("LTX2ConditionPipeline", marks=pytest.mark.slow)]


def noise(seed: int, frames: int = 9) -> Frames:
    return np.random.default_rng(seed).integers(0, 256, (frames, 32, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def loaded(request: Any) -> Any:
    generator = Diffusers(tiny_families.configuration(request.param))
    generator.load()
    return generator


def made(generator: Any, **given: Any) -> Frames:
    asked = generator.info.snap(GenerationRequest("s", "a dog", 9, 32, 32, 8.0, 3, **given))
    context = RecordingContext([asked])
    generator.generate([asked], context)
    (frames,) = context.result().frames
    assert frames is not None
    return np.asarray(frames)


@pytest.mark.parametrize("loaded", FOLLOW, indirect=True)
def test_a_control_clip_changes_what_is_made(loaded: Any) -> None:
    assert Task.C2V in loaded.info.tasks
    first, other = (
        made(loaded, control_clip=control_signal("edges", noise(seed)), control_kind="edges")
        for seed in (0, 1)
    )
    assert first.shape[0] >= 9 and not np.array_equal(first, other)
    if Task.T2V not in loaded.info.tasks:
        with pytest.raises(RequestError, match=r"s: \w+ needs a control clip"):
            loaded.check(GenerationRequest("s", "a dog", 9, 32, 32, 8.0, 3))


@pytest.mark.parametrize("loaded", ALL_IN_ONE, indirect=True)
def test_classes_with_one_argument_for_all_that_is_given_take_pictures_and_pasts(loaded: Any) -> None:
    assert {Task.T2V, Task.I2V, Task.V2V} <= set(loaded.info.tasks)
    alone = made(loaded)
    pictures = [made(loaded, image=noise(seed)[0]) for seed in (0, 1)]
    pasts = [made(loaded, past_frames=noise(seed, 5)) for seed in (0, 1)]
    assert all(len(clip) >= 9 for clip in (alone, *pictures, *pasts))
    assert not np.array_equal(pictures[0], pictures[1]) and not np.array_equal(pasts[0], pasts[1])


@pytest.mark.slow
@pytest.mark.parametrize("loaded", ["AnimateDiffSparseControlNetPipeline"], indirect=True)
def test_a_sparse_control_is_of_the_frames_that_the_configuration_names(loaded: Any) -> None:
    config = loaded.config
    loaded.config = config.model_copy(update={"call": {**config.call, "controlnet_frame_indices": [0, 4]}})
    control = noise(0)
    others = control.copy()
    others[[1, 2, 3, 5, 6, 7, 8]] = 0
    clips = [made(loaded, control_clip=clip, control_kind="edges") for clip in (control, others)]
    loaded.config = config
    assert np.array_equal(clips[0], clips[1])


def test_kinds_that_the_weights_follow_are_declared() -> None:
    config = tiny_families.configuration("CogVideoXFunControlPipeline")
    assert Diffusers({**config, "controls": ["depth"]}).info.controls == ("depth",)
    assert Diffusers(config).info.controls == ()
