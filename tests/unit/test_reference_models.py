"""The networks and samplers of the reference generators, with random weights."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import torch
from torch import nn

from tools.reference import recipes, scenes, train
from tools.reference.losses import teacher_bias
from tools.reference.optimiser import Average, orthogonalise
from vbench_lite.adapters.reference import weights
from vbench_lite.adapters.reference.codec import Codec
from vbench_lite.adapters.reference.sampling import (
    BlockSampler,
    TokenSampler,
    denoise_window,
    draw,
    gumbel,
)
from vbench_lite.adapters.reference.token_model import TokenModel, TokenModelConfig
from vbench_lite.adapters.reference.transformer import LATE, TransformerConfig, VideoTransformer
from vbench_lite.adapters.reference.worlds import WORLDS, World
from vbench_lite.datasets import shapes
from vbench_lite.errors import WeightsError

M = TypeVar("M", bound=nn.Module)
WORDS = torch.tensor([[0, 3, 1, 0], [5, 11, 7, 1]])


def randomise(model: M, seed: int = 0) -> M:
    """Give every parameter a random value: several start at zero, which would hide mistakes."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        scale = 0.5 * parameter.shape[-1] ** -0.5
        parameter.data = torch.randn(parameter.shape, generator=generator) * scale
    return model.eval().requires_grad_(False)


def row_noise(seeds: list[int], shape: tuple[int, ...]) -> torch.Tensor:
    """Standard normal noise (B, *shape), each row from its own seed."""
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(s)) for s in seeds])


@pytest.fixture(scope="module")
def codec() -> Codec:
    torch.manual_seed(0)
    return Codec().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def video() -> VideoTransformer:
    return randomise(VideoTransformer(TransformerConfig(width=32, layers=3, heads=2)))


@pytest.fixture(scope="module")
def token_model() -> TokenModel:
    return randomise(TokenModel(TokenModelConfig(width=32, heads=2, trunk_layers=2, window=4)))


# --- codec --------------------------------------------------------------------------------------


def test_every_code_survives_the_way_to_latents_and_back(codec: Codec) -> None:
    codes = torch.arange(codec.config.vocabulary)[:, None].expand(-1, codec.config.tokens)
    latents = codec.from_tokens(codes)
    assert latents.abs().max() < 1
    assert torch.equal(codec.to_tokens(latents), codes)
    assert len(torch.unique(latents, dim=0)) == codec.config.vocabulary


def test_quantising_is_idempotent_and_agrees_with_the_tokens(codec: Codec) -> None:
    latents = torch.rand(50, codec.config.dim, generator=torch.Generator().manual_seed(1)) * 2 - 1
    rounded = codec.quantise(latents)
    torch.testing.assert_close(codec.quantise(rounded), rounded)
    torch.testing.assert_close(codec.from_tokens(codec.to_tokens(latents)), rounded)
    assert ((rounded - latents).abs() <= 1 / codec.levels + 1e-6).all()


# --- video transformer --------------------------------------------------------------------------


def test_teacher_mask_is_the_block_causal_mask_in_closed_form() -> None:
    frames, block, reach = 16, 4, 2
    allowed = teacher_bias(frames, block, reach) == 0
    for q, k in itertools.product(range(2 * frames), repeat=2):
        noisy_q, noisy_k = q >= frames, k >= frames
        gap = (q % frames) // block - (k % frames) // block
        if noisy_q:
            expected = gap == 0 if noisy_k else 0 < gap <= reach
        else:
            expected = not noisy_k and 0 <= gap <= reach
        assert allowed[q, k] == expected, (q, k)


def test_cached_blocks_predict_what_teacher_forcing_predicts(video: VideoTransformer) -> None:
    c, frames = video.config, 20
    clean, noisy = row_noise([1, 2], (frames, 24)), row_noise([3, 4], (frames, 24))
    index = torch.arange(frames)
    times = torch.full((2, frames), 0.3)
    full, _ = video(
        torch.cat([clean, noisy], 1),
        torch.cat([torch.ones_like(times), times], 1),
        WORDS,
        torch.cat([index, index]).expand(2, -1),
        torch.cat([index, index]),
        1,
        teacher_bias(frames, c.block, c.context_blocks),
    )
    sampler = BlockSampler(video, WORDS, guidance=1.0, opens=True)
    for first in range(0, frames, c.block):
        part = slice(first, first + c.block)
        velocity, _ = sampler._run(noisy[:, part], torch.full((c.block,), 0.3))
        torch.testing.assert_close(velocity, full[:, frames:][:, part], atol=1e-5, rtol=1e-4)
        sampler.accept(clean[:, part])
    assert sampler.cache_bytes() == 2 * 4 * 2 * c.layers * c.context_blocks * c.block * c.width


def test_a_later_block_never_changes_an_earlier_one(video: VideoTransformer) -> None:
    noise = row_noise([5, 6], (12, 24))
    changed = noise.clone()
    changed[:, 8:] += 1

    def run(noise: torch.Tensor) -> torch.Tensor:
        sampler = BlockSampler(video, WORDS, guidance=2.0, opens=True)
        out: list[torch.Tensor] = []
        for block in noise.split(4, 1):
            out.append(sampler.denoise(block, steps=2))
            sampler.accept(out[-1])
        return torch.cat(out, 1)

    a, b = run(noise), run(changed)
    assert torch.equal(a[:, :8], b[:, :8])
    assert not torch.equal(a[:, 8:], b[:, 8:])


def test_given_frames_stay_and_rows_do_not_mix(video: VideoTransformer) -> None:
    noise, prefix = row_noise([1, 2], (16, 24)), row_noise([8, 9], (3, 24))
    both = denoise_window(video, WORDS, noise, prefix, 0, steps=3, guidance=2.0)
    alone = denoise_window(video, WORDS[:1], noise[:1], prefix[:1], 0, steps=3, guidance=2.0)
    assert torch.equal(both[:, :3], prefix)
    torch.testing.assert_close(both[:1], alone, atol=1e-4, rtol=1e-4)


def test_a_refined_draft_stays_with_little_strength_and_is_forgotten_with_all(
    video: VideoTransformer,
) -> None:
    noise, draft = row_noise([1], (16, 24)), row_noise([2], (16, 24))

    def refined(strength: float) -> torch.Tensor:
        return denoise_window(video, WORDS[:1], noise, None, 0, 8, 1.0, draft=draft, strength=strength)

    torch.testing.assert_close(refined(1.0), denoise_window(video, WORDS[:1], noise, None, 0, 8, 1.0))
    assert (refined(0.01) - draft).abs().mean() < 0.1 < (refined(0.6) - draft).abs().mean()


def test_captions_and_the_age_of_frames_have_an_effect(video: VideoTransformer) -> None:
    noise = row_noise([1], (16, 24))
    first = denoise_window(video, WORDS[:1], noise, None, 0, 1, 1.0)
    assert not torch.allclose(first, denoise_window(video, WORDS[1:], noise, None, 0, 1, 1.0))
    assert not torch.allclose(first, denoise_window(video, WORDS[:1], noise, None, LATE, 1, 1.0))


# --- token model --------------------------------------------------------------------------------


def some_tokens(model: TokenModel, frames: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    shape = (2, frames, model.config.tokens)
    return torch.randint(model.config.vocabulary, shape, generator=generator)


@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_cached_tokens_equal_uncached_ones_beyond_the_window(
    token_model: TokenModel, codec: Codec, guidance: float
) -> None:
    frames, made = 3 * token_model.config.window, []
    for cached in (True, False):
        sampler = TokenSampler(token_model, codec, WORDS, True, guidance, cached)
        rngs = [torch.Generator().manual_seed(i) for i in range(2)]
        made.append(torch.stack([sampler.next(rngs, 1.0, 0) for _ in range(frames)], 1))
    assert torch.equal(*made)


def test_the_sampler_sees_the_logits_of_training(token_model: TokenModel, codec: Codec) -> None:
    frames = 3 * token_model.config.window
    sampler = TokenSampler(token_model, codec, WORDS, start=True, guidance=1.0)
    rngs = [torch.Generator().manual_seed(i) for i in range(2)]
    made = torch.stack([sampler.next(rngs, 0.0, 0) for _ in range(frames)], 1)
    logits = token_model(codec.from_tokens(made), made, WORDS, torch.arange(frames).expand(2, -1))
    chosen = logits.gather(-1, made[..., None])[..., 0]
    torch.testing.assert_close(chosen, logits.max(-1).values, atol=1e-4, rtol=1e-4)


def test_a_token_depends_on_nothing_that_follows_it(token_model: TokenModel, codec: Codec) -> None:
    tokens = some_tokens(token_model, 6)
    changed = tokens.clone()
    changed[:, 3, 5:] = (changed[:, 3, 5:] + 7) % token_model.config.vocabulary
    changed[:, 4:] = some_tokens(token_model, 2, seed=1)
    a, b = (
        token_model(codec.from_tokens(t), t, WORDS, torch.arange(6).expand(2, -1)) for t in (tokens, changed)
    )
    torch.testing.assert_close(a[:, :3], b[:, :3])
    torch.testing.assert_close(a[:, 3, :6], b[:, 3, :6])  # slot 5 itself is predicted, not read
    assert not torch.allclose(a[:, 3, 6:], b[:, 3, 6:])


@pytest.mark.parametrize("frames", [1, 3, 9])
def test_cache_bytes_follow_the_closed_form(token_model: TokenModel, codec: Codec, frames: int) -> None:
    sampler = TokenSampler(token_model, codec, WORDS, start=True, guidance=1.0)
    rngs = [torch.Generator().manual_seed(i) for i in range(2)]
    for _ in range(frames):
        sampler.next(rngs, 1.0, 0)
    c = token_model.config
    places = c.trunk_layers * min(frames, c.window) + c.head_layers * c.tokens
    assert sampler.cache_bytes() == 4 * 2 * (2 * c.width) * places  # float32, two rows, key and value


def test_draws_follow_the_softmax_and_each_row_its_own_generator() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0, -1.0]])
    noise = gumbel([torch.Generator().manual_seed(0)], 4000, 4)[0]
    draws = draw(logits.expand(4000, -1), noise, 1.0, 0)
    share = torch.bincount(draws, minlength=4) / len(draws)
    torch.testing.assert_close(share, logits.softmax(-1)[0], atol=0.03, rtol=0)
    few = draw(logits.expand(4000, -1), noise, 1.0, 2)
    assert set(few.tolist()) == {1, 2}
    expected = logits[0, 1:3].softmax(-1)[1]
    torch.testing.assert_close((few == 2).float().mean(), expected, atol=0.03, rtol=0)
    assert draw(logits, None, 0.0, 0).item() == 2
    two = [torch.Generator().manual_seed(s) for s in (7, 8)]
    assert torch.equal(gumbel(two, 3, 4)[1], gumbel([torch.Generator().manual_seed(8)], 3, 4)[0])


# --- training -----------------------------------------------------------------------------------


def test_training_frames_are_those_of_the_world_and_leave_out_the_held_out_pairs() -> None:
    colours = list(shapes.COLOURS)
    rng = np.random.default_rng(0)
    for scene in shapes.sample_scenes(6, 0):
        start = shapes.sample_start(scene, rng)
        centres = shapes.path(scene, start, 12)
        look = np.full(12, colours.index(scene.colour)), np.full(12, shapes.SHAPES.index(scene.shape))
        assert np.array_equal(scenes.paint(*look, centres), shapes.render(scene, start, 12))
    drawn = scenes.draw(rng, 2000, 2).captions
    pairs = {(colours[c], shapes.SHAPES[s]) for c, s, *_ in drawn}
    assert len(pairs) == 72 - len(shapes.HELD_OUT)
    assert not pairs & shapes.HELD_OUT


def test_orthogonal_updates_have_singular_values_near_one() -> None:
    matrix = torch.randn(40, 90, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrix))
    assert values.min() > 0.5 and values.max() < 1.4


def test_the_average_of_constant_weights_is_constant() -> None:
    layer = nn.Linear(3, 2)
    average = Average(layer)
    for index in range(20):
        average.update(layer, index)
    torch.testing.assert_close(average.weights["weight"], layer.weight.detach())


@pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
def test_an_interrupted_training_resumes_to_the_same_weights(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes.DATA[world.name], "CLIPS", 40)
    monkeypatch.setattr(recipes.TokenRecipe, "batch", 4)
    monkeypatch.setattr(train, "CHECKPOINT_EVERY_S", 0)
    codec = world.codec()
    for name in ("whole", "broken"):
        train.export(codec.state_dict(), tmp_path / name / recipes.FILES["codec"])
    whole = train.train(world, "autoregressive", tmp_path / "whole", 3, 4, 1.0)
    original = recipes.TokenRecipe.loss

    def fail(self: recipes.TokenRecipe, index: int) -> object:
        if index == 2:
            raise KeyboardInterrupt
        return original(self, index)

    monkeypatch.setattr(recipes.TokenRecipe, "loss", fail)
    with pytest.raises(KeyboardInterrupt):
        train.train(world, "autoregressive", tmp_path / "broken", 3, 4, 1.0)
    monkeypatch.setattr(recipes.TokenRecipe, "loss", original)
    broken = train.train(world, "autoregressive", tmp_path / "broken", 3, None, 1.0)
    assert whole.read_bytes() == broken.read_bytes()


# --- weights ------------------------------------------------------------------------------------


def test_weights_that_are_not_those_of_the_manifest_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    with pytest.raises(WeightsError, match="not listed"):
        weights.digest(["codec.safetensors"])
    (tmp_path / weights.MANIFEST).write_text('{"codec.safetensors": "00"}')
    with pytest.raises(WeightsError, match="missing"):
        weights.read("codec.safetensors")
    (tmp_path / "codec.safetensors").write_bytes(b"something else")
    with pytest.raises(WeightsError, match="expected 00"):
        weights.read("codec.safetensors")


def test_settings_round_matrices_and_leave_vectors() -> None:
    generator = torch.Generator().manual_seed(0)
    given = {
        "matrix": torch.randn(30, 30, generator=generator),
        "vector": torch.randn(9, generator=generator),
    }
    fine, coarse = weights.apply("bf16-weights", given), weights.apply("coarse", given)
    assert weights.apply("default", given) == given
    assert torch.equal(fine["vector"], given["vector"])
    assert torch.equal(coarse["vector"], given["vector"])
    assert (fine["matrix"] / given["matrix"] - 1).abs().max() < 2**-8
    assert len(torch.unique(coarse["matrix"])) <= 2**weights.COARSE_BITS


def test_configurations_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        TransformerConfig().width = 1  # type: ignore[misc]
