"""Caches and quantisation by keys: they go through, say whether they did anything, and fail clearly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tiny_pipelines
from generator_promises import ask

from vbench_lite.adapters.diffusers.pipeline import Diffusers
from vbench_lite.errors import SpecError
from vbench_lite.measure.context import CallRecord, RecordingContext

BROADCAST = {
    "kind": "PyramidAttentionBroadcast",
    "arguments": {
        "spatial_attention_block_skip_range": 2,
        "spatial_attention_timestep_skip_range": [-1, 2000],
    },
}


def loaded(**config: Any) -> Diffusers:
    generator = Diffusers({**tiny_pipelines.configuration("ltx", num_inference_steps=4), **config})
    generator.load()
    return generator


def call(generator: Diffusers) -> CallRecord:
    _, request = ask(generator, num_frames=9, seed=3)
    context = RecordingContext([request])
    generator.generate([request], context)
    return context.result()


def pixels(record: CallRecord) -> np.ndarray:
    (frames,) = record.frames
    assert frames is not None
    return frames


@pytest.fixture(scope="module")
def plain() -> np.ndarray:
    return pixels(call(loaded()))


def test_a_cache_says_how_much_it_took_away_and_starts_afresh_with_each_clip(plain: np.ndarray) -> None:
    generator = loaded(cache=BROADCAST)
    first, again = call(generator), call(generator)
    assert first.facts["cache"] == "PyramidAttentionBroadcast"
    assert first.facts["cache_hit_share"] == pytest.approx(0.5)
    assert np.array_equal(pixels(first), pixels(again))
    assert not np.array_equal(pixels(first), plain)
    assert {"encode", "denoise", "decode"} <= first.phases.keys()


def test_a_cache_that_never_hits_says_so(plain: np.ndarray) -> None:
    never = {**BROADCAST, "arguments": {"spatial_attention_block_skip_range": 2,
                                        "spatial_attention_timestep_skip_range": [3000, 4000]}}  # fmt: skip
    record = call(loaded(cache=never))
    assert record.facts["cache_hit_share"] == 0.0
    assert np.array_equal(pixels(record), plain)


def test_weights_in_float8_change_pixels_a_little(plain: np.ndarray) -> None:
    made = pixels(call(loaded(quantization={"backend": "layerwise"})))
    difference = np.abs(made.astype(int) - plain)
    assert difference.max() > 0 and difference.mean() < 5


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"cache": {"kind": "Frist"}}, "has no Frist; it has: FirstBlockCache"),
        ({"cache": {"kind": "FirstBlockCache", "arguments": {"treshold": 1}}}, "did you mean threshold"),
        ({"cache": {"kind": "FirstBlockCache"}}, "too few blocks"),
        ({"quantization": {"backend": "layerwise", "components": ["unet"]}}, "has no unet"),
        (
            {"quantization": {"backend": "layerwise", "arguments": {"storage_dtype": "int9"}}},
            "no dtype 'int9'",
        ),
        ({"quantization": {"backend": "nobody"}}, "quantization: nobody"),
    ],
)
def test_what_cannot_be_had_is_said_before_a_clip_is_made(config: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        loaded(**config)
    assert "\n" not in str(caught.value)


def test_a_setting_is_part_of_the_identity() -> None:
    base = tiny_pipelines.configuration("ltx")
    prints = {
        Diffusers({**base, **more}).fingerprint() for more in ({}, {"cache": BROADCAST}, {"compile": True})
    }
    assert len(prints) == 3
