"""The losses that the reference networks are trained with."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vbench_lite.adapters.reference.codec import Codec
from vbench_lite.adapters.reference.stage_codec import PLACES, REACH, SIDE, StageCodec
from vbench_lite.adapters.reference.token_model import TokenModel
from vbench_lite.adapters.reference.transformer import VideoTransformer


def shapes_codec_loss(codec: Codec, frames: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Foreground-weighted squared error, half of the rows quantised and half with a little noise.

    Args:
        frames: float32 (N, 3, 32, 32) in [0, 1].

    Returns:
        The loss, and the plain squared error of every row, float32 (N,).
    """
    latents = codec.encode(frames)
    half = len(frames) // 2
    noise = torch.rand(latents[half:].shape, generator=generator) * 2 - 1
    mixed = torch.cat([codec.quantise(latents[:half]), latents[half:] + noise / codec.levels])
    error = F.mse_loss(codec.decode(mixed), frames, reduction="none")
    foreground = (frames.amax(1, keepdim=True) > 0.02).to(error.dtype)
    weighted = (error * (1 + 6 * foreground)).mean()
    return weighted, error.detach().mean((1, 2, 3))


def stage_codec_loss(
    codec: StageCodec, frames: Tensor, shares: Tensor, centers: Tensor, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Squared error with more weight on objects, half of the rows quantised; the parts are taught besides.

    Args:
        frames: float32 (N, 3, 48, 48) in [0, 1].
        shares: float32 (N, 2, 48, 48), how much of each pixel is the warm and the cool object.
        centers: float32 (N, 2, 2), their centers (x, y) in pixels.

    Returns:
        The loss, and the plain squared error of every row, float32 (N,).
    """
    latents, logits = codec.encode_parted(frames)
    half = len(frames) // 2
    noise = torch.rand(latents[half:].shape, generator=rng) * 2 - 1
    mixed = torch.cat([codec.quantise(latents[:half]), latents[half:] + noise / codec.levels])
    error = (codec.decode(mixed) - frames).square()
    objects = shares.sum(1, keepdim=True)
    near = F.max_pool2d(objects, 3, 1, 1)
    loss = (error * (1 + 6 * near)).mean()
    back = 1 - objects
    parted = -(torch.cat([back, shares], 1) * logits.log_softmax(1)).sum(1).mean()
    places = latents[:, list(PLACES)].unflatten(1, (2, 2))
    shown = (shares.sum((2, 3)) > 12).to(loss.dtype)[..., None]
    miss = (places - (centers - SIDE / 2) / REACH).abs().clamp(max=0.3) * shown
    return loss + 0.1 * parted + 0.1 * miss.mean(), error.detach().mean((1, 2, 3))


def teacher_bias(frames: int, block: int, context_blocks: int) -> Tensor:
    """The mask of teacher forcing over [clean frames; noisy frames], float32 (2T, 2T), 0 or -inf.

    A clean token sees clean tokens of its own block and of the `context_blocks` before; a noisy
    token sees noisy tokens of its own block and clean tokens of the `context_blocks` before.
    """
    of = torch.arange(frames) // block
    gap = of[:, None] - of[None, :]
    before = (gap > 0) & (gap <= context_blocks)
    same = gap == 0
    never = torch.zeros_like(same)
    allowed = torch.cat([torch.cat([before | same, never], 1), torch.cat([before, same], 1)])
    return torch.zeros(2 * frames, 2 * frames).masked_fill(~allowed, float("-inf"))


def window_loss(
    model: VideoTransformer, data: Tensor, words: Tensor, age: Tensor, rng: torch.Generator
) -> Tensor:
    """Flow loss with the bidirectional mask; 30% of the rows have a clean prefix.

    Args:
        data: normalised latents float32 (B, T, latent_dim).
        words: int64 (B, words), already dropped where they are to be dropped.
        age: int64 (B, T), frames since the clip began, or LATE.
    """
    batch, frames, _ = data.shape
    noise = torch.randn(data.shape, generator=rng)
    t = torch.randn(batch, 1, generator=rng).sigmoid()
    prefix = torch.randint(1, frames, (batch, 1), generator=rng)
    prefix = prefix * (torch.rand(batch, 1, generator=rng) < 0.3)
    clean = torch.arange(frames) < prefix  # (B, T)
    times = torch.where(clean, 1.0, t)
    x = torch.lerp(noise, data, times[..., None])
    predicted, _ = model(x, times, words, age, torch.arange(frames), 0)
    error: Tensor = (predicted - (data - noise)).square().mean(-1)
    return error[~clean].mean()


def block_loss(
    model: VideoTransformer, data: Tensor, words: Tensor, age: Tensor, rng: torch.Generator
) -> Tensor:
    """Flow loss with the block-causal mask: clean frames beside noisy ones, a noise level a block.

    In 20% of the rows every block has one to three clean first frames, as when an image is given.
    """
    batch, frames, _ = data.shape
    c = model.config
    noise = torch.randn(data.shape, generator=rng)
    t = torch.randn(batch, frames // c.block, generator=rng).sigmoid()
    prefix = torch.randint(1, c.block, (batch, 1), generator=rng)
    prefix = prefix * (torch.rand(batch, 1, generator=rng) < 0.2)
    clean = torch.arange(frames) % c.block < prefix  # (B, T)
    times = torch.where(clean, 1.0, t.repeat_interleave(c.block, 1))
    x = torch.lerp(noise, data, times[..., None])
    # Generated context is not perfect: a little noise that the network is not told about.
    strength = 0.15 * torch.rand(batch, 1, 1, generator=rng)
    context = data + strength * torch.randn(data.shape, generator=rng)
    index = torch.arange(frames)
    predicted, _ = model(
        torch.cat([context, x], 1),
        torch.cat([torch.ones_like(times), times], 1),
        words,
        torch.cat([age, age], 1),
        torch.cat([index, index]),
        1,
        teacher_bias(frames, c.block, c.context_blocks),
    )
    error: Tensor = (predicted[:, frames:] - (data - noise)).square().mean(-1)
    return error[~clean].mean()


def token_loss(
    model: TokenModel,
    target: Tensor,
    heard: Tensor,
    latents: Tensor,
    words: Tensor,
    age: Tensor,
) -> Tensor:
    """Mean cross entropy in nats a token.

    Args:
        target: int64 (B, T, tokens), what to predict.
        heard: int64 (B, T, tokens), the same with a little noise: what the model reads.
        latents: float32 (B, T, latent_dim), the numbers that `heard` stands for.
    """
    logits = model(latents, heard, words, age)
    return F.cross_entropy(logits.flatten(0, 2), target.flatten())
