"""Generators of the stage world: what each promises beyond the contract, and that captions are followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tools.reference import judging
from tools.reference.batch_margin import first_differences
from tools.reference.judging import STAGE_GENERATORS, Collect, request
from vbench_lite.adapters.reference.autoregressive import Autoregressive
from vbench_lite.adapters.reference.base import ReferenceGenerator
from vbench_lite.adapters.reference.worlds import STAGE
from vbench_lite.clip import Frames
from vbench_lite.datasets.stage import render, words

SCENES = words.sample_scenes(12, 77, "seen")


@pytest.fixture(scope="module", params=sorted(STAGE_GENERATORS))
def generator(request: Any) -> Iterator[ReferenceGenerator]:
    made = STAGE_GENERATORS[request.param]()
    made.load()
    yield made
    made.close()


def make(generator: ReferenceGenerator, *indices: int, num_frames: int = 16, **params: Any) -> list[Frames]:
    asked = [request(SCENES[i].caption, 40 + i, num_frames, params, STAGE) for i in indices]
    context = Collect()
    generator.generate(asked, context)
    return [context.clip(place) for place in range(len(indices))]


def test_a_seed_fixes_the_clip_and_rows_of_a_batch_are_those_of_single_clips(
    generator: ReferenceGenerator,
) -> None:
    both, alone = make(generator, 0, 1), make(generator, 0)
    assert np.array_equal(alone[0], make(generator, 0)[0])
    near = np.abs(both[0].astype(int) - alone[0]) <= 1
    assert near.all() or (generator.quantised or generator.info.name == "stage/refined")


def test_tokens_of_a_batch_part_from_the_single_sample_only_at_a_near_tie() -> None:
    made = STAGE_GENERATORS["autoregressive"]()
    made.load()
    assert isinstance(made, Autoregressive)
    prompts = [scene.caption for scene in SCENES[:4]]
    for found in first_differences(made.model, made.codec, prompts, range(4), 6, world=STAGE):
        assert 0 <= found.margin < 1e-3, found


def test_clips_follow_their_captions(generator: ReferenceGenerator) -> None:
    shares = judging.stage_verdict(judging.make_clips(generator, SCENES), SCENES)
    assert shares["both_colors"] >= 0.75
    assert shares["texture"] >= 0.75 and shares["shape"] >= 0.75
    assert shares["one_direction"] >= 0.5  # an eighth by chance


def test_clips_of_any_length_and_from_given_frames(generator: ReferenceGenerator) -> None:
    (long,) = make(generator, 2, num_frames=37)
    assert long.shape == (37, 48, 48, 3)
    past = render.real_clip(SCENES[3], 5, 16)
    asked = request(SCENES[3].caption, 1, 8, {}, STAGE)
    context = Collect()
    generator.generate([type(asked)(**{**vars(asked), "past_frames": past})], context)
    step = np.abs(context.clip(0)[0].astype(int) - past[-1]).mean()
    other = np.abs(context.clip(0)[0].astype(int) - render.real_clip(SCENES[4], 9, 1)[0]).mean()
    assert step < other  # it goes on from what it was given


def test_the_cache_is_as_large_as_its_closed_form_says() -> None:
    for name, expected in (
        ("hybrid", 2 * 2 * 6 * 2 * 4 * 128 * 4),  # rows, K and V, layers, blocks, frames, width, bytes
        ("autoregressive", 2 * 2 * (4 * 8 + 2 * 11) * 128 * 4),  # layers by window, layers by tokens
    ):
        made = STAGE_GENERATORS[name]()
        made.load()
        context = Collect()
        made.generate([request(SCENES[0].caption, 1, 24, {}, STAGE)], context)
        assert context.facts["kv_cache_bytes"] == expected


def test_little_strength_keeps_the_draft_and_work_is_counted() -> None:
    drafts, refined = (STAGE_GENERATORS[name]() for name in ("autoregressive", "refined"))
    for made in (drafts, refined):
        made.load()
    (draft,) = make(drafts, 5)
    gaps = [
        np.abs(make(refined, 5, strength=strength)[0].astype(int) - draft).mean() for strength in (0.05, 0.9)
    ]
    assert gaps[0] < gaps[1]
    context = Collect()
    refined.generate([request(SCENES[5].caption, 45, 16, {"strength": 0.5}, STAGE)], context)
    assert context.facts["tokens"] == 16 * 11 and context.facts["windows"] == 1


def test_coarse_weights_are_an_update_that_harms_and_bf16_ones_are_not() -> None:
    shares = {}
    for setting in ("default", "bf16-weights", "coarse"):
        made = STAGE_GENERATORS["latent-diffusion"]({"setting": setting})
        made.load()
        shares[setting] = judging.stage_verdict(judging.make_clips(made, SCENES), SCENES)
    assert abs(shares["bf16-weights"]["shape"] - shares["default"]["shape"]) <= 0.1
    assert shares["coarse"]["shape"] < shares["default"]["shape"] - 0.2
