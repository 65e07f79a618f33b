"""Pipelines of blocks: the same clip as the pipeline of the same components, and what they cannot take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_pipelines

from vbench_lite.adapters.diffusers.pipeline import Diffusers
from vbench_lite.errors import SpecError
from vbench_lite.generator import Frames, GenerationRequest
from vbench_lite.measure.context import CallRecord, RecordingContext


def made(config: dict[str, Any], **params: Any) -> CallRecord:
    generator = Diffusers(config)
    generator.load()
    asked = generator.info.snap(GenerationRequest("s", "a dog", 9, 32, 32, 8.0, 3, params=params))
    context = RecordingContext([asked])
    generator.generate([asked], context)
    return context.result()


def frames(record: CallRecord) -> Frames:
    (found,) = record.frames
    assert found is not None
    return np.asarray(found)


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("wan", "WanModularPipeline"),
        pytest.param("ltx", "LTXModularPipeline", marks=pytest.mark.slow),
    ],
)
def test_blocks_make_the_clip_of_the_pipeline_of_their_components(name: str, blocks: str) -> None:
    config = tiny_pipelines.configuration(name)
    whole, other = made(config), made({**config, "pipeline": blocks})
    assert np.abs(frames(whole).astype(int) - frames(other)).max() <= 1
    assert (other.facts["nfe"], other.facts["steps"]) == (whole.facts["nfe"], whole.facts["steps"])
    assert {"denoise", "decode"} <= set(other.phases)


def test_guidance_and_steps_of_a_suite_reach_the_blocks() -> None:
    config = {**tiny_pipelines.configuration("wan"), "pipeline": "WanModularPipeline"}
    weak, strong = made(config, steps=3, guidance=2.0), made(config, steps=3, guidance=500.0)
    assert weak.facts["nfe"] == strong.facts["nfe"] == 6
    assert not np.array_equal(frames(weak), frames(strong))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"variant": "fp16"}, "variant is not for modular pipelines; set it by a hook, or leave it out"),
        ({"offload": "model"}, "offload is not for modular pipelines"),
    ],
)
def test_what_blocks_do_not_take_is_refused_before_a_load(more: dict[str, str], reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        Diffusers({"model": "somewhere", "pipeline": "WanModularPipeline", **more})


def test_blocks_that_were_never_tried_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "WanPipeline"}))
    with pytest.raises(SpecError, match=r"its blocks were never tried here; name WanAnimate2Pipeline"):
        _ = Diffusers({"model": str(tmp_path), "pipeline": "WanAnimate2ModularPipeline"}).info
