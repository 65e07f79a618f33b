"""Samplers: pure functions from a network, words and noise to latents.

No clock, no file and no hidden randomness: initial noise and generators are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from vbench_lite.adapters.reference.codec import Codec
from vbench_lite.adapters.reference.token_model import TokenModel, window_bias
from vbench_lite.adapters.reference.transformer import KeysValues, VideoTransformer, dropped, guided

Report = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Report progress to nobody."""


def row_noise(seeds: Sequence[int], shape: tuple[int, ...]) -> Tensor:
    """Standard normal noise (B, *shape), each row from its own seed."""
    rows = [torch.randn(shape, generator=torch.Generator("cpu").manual_seed(s)) for s in seeds]
    return torch.stack(rows)


def denoise_window(
    model: VideoTransformer,
    words: Tensor,
    noise: Tensor,
    prefix: Tensor | None,
    start: bool,
    steps: int,
    guidance: float,
    report: Report = _silent,
) -> Tensor:
    """Denoise all frames of a window together, by Euler steps.

    Args:
        words: int64 (B, 4).
        noise: float32 (B, T, latent_dim), the initial noise of the whole window.
        prefix: normalised clean latents float32 (B, P, latent_dim) of its first frames, or None.
        start: whether the caption's direction holds from the first frame of the window.

    Returns:
        Normalised latents float32 (B, T, latent_dim); the first P are the prefix.
    """
    batch, frames, _ = noise.shape
    given = 0 if prefix is None else prefix.shape[1]
    two = torch.cat([words, dropped(batch)]) if guidance != 1 else words
    rows = len(two) // batch
    marker = F.pad(torch.full((len(two), 1), float(start)), (0, frames - 1))
    index = torch.arange(frames)
    x = noise if prefix is None else torch.cat([prefix, noise[:, given:]], 1)
    for step in range(steps):
        times = torch.where(index < given, 1.0, step / steps).expand(len(two), frames)
        velocity, _ = model(x.repeat(rows, 1, 1), times, two, marker, index, 0)
        if rows == 2:
            velocity = guided(velocity[:batch], velocity[batch:], guidance)
        x = torch.cat([x[:, :given], x[:, given:] + velocity[:, given:] / steps], 1)
        report(step + 1, steps)
    return x


class BlockSampler:
    """Denoises block after block; clean blocks leave their keys and values in a bounded cache."""

    def __init__(self, model: VideoTransformer, words: Tensor, guidance: float) -> None:
        self.model, self.guidance = model, guidance
        self.batch = len(words)
        self.words = torch.cat([words, dropped(self.batch)]) if guidance != 1 else words
        self.blocks: list[KeysValues] = []  # of the last clean blocks
        self.next_frame = 0

    def _past(self) -> KeysValues | None:
        if not self.blocks:
            return None
        layers = zip(*self.blocks, strict=True)
        return [
            (torch.cat([k for k, _ in layer], 2), torch.cat([v for _, v in layer], 2)) for layer in layers
        ]

    def cache_bytes(self) -> int:
        """Bytes of the cached keys and values."""
        return sum(t.numel() * t.element_size() for b in self.blocks for kv in b for t in kv)

    def _run(self, x: Tensor, times: Tensor, marker: bool) -> tuple[Tensor, KeysValues]:
        rows, length = len(self.words), x.shape[1]
        start = F.pad(torch.full((rows, 1), float(marker)), (0, length - 1))
        frames = torch.arange(self.next_frame, self.next_frame + length)
        x = x.repeat(rows // self.batch, 1, 1)
        velocity, cache = self.model(
            x, times.expand(rows, length), self.words, start, frames, 1, None, self._past()
        )
        if rows > self.batch:
            velocity = guided(velocity[: self.batch], velocity[self.batch :], self.guidance)
        return velocity, cache

    def accept(self, block: Tensor, marker: bool) -> None:
        """Append a clean block, normalised float32 (B, L, latent_dim), to the context."""
        _, cache = self._run(block, torch.ones(block.shape[1]), marker)
        self.blocks = [*self.blocks, cache][-self.model.config.context_blocks :]
        self.next_frame += block.shape[1]

    def denoise(
        self,
        noise: Tensor,
        steps: int,
        marker: bool,
        given: Tensor | None = None,
        report: Report = _silent,
    ) -> Tensor:
        """Denoise the next block; does not accept it.

        Args:
            noise: its initial noise, float32 (B, L, latent_dim).
            marker: whether the caption's direction holds from its first frame.
            given: its first frames, clean and normalised, float32 (B, P, latent_dim), or None.
        """
        known = 0 if given is None else given.shape[1]
        x = noise if given is None else torch.cat([given, noise[:, known:]], 1)
        index = torch.arange(noise.shape[1])
        for step in range(steps):
            velocity, _ = self._run(x, torch.where(index < known, 1.0, step / steps), marker)
            x = torch.cat([x[:, :known], x[:, known:] + velocity[:, known:] / steps], 1)
            report(step + 1, steps)
        return x


class TokenSampler:
    """Writes frame after frame of tokens, with a key-value cache over a sliding window.

    Without the cache every token recomputes all frames and tokens before it; the result is the same
    but for rounding.
    """

    def __init__(
        self,
        model: TokenModel,
        codec: Codec,
        words: Tensor,
        start: bool,
        guidance: float,
        cached: bool = True,
    ) -> None:
        self.model, self.codec, self.guidance, self.cached = model, codec, guidance, cached
        self.batch, self.start = len(words), start
        both = torch.cat([words, dropped(self.batch)]) if guidance != 1 else words
        self.rows = len(both)
        self.words, self.caption = both, model.caption(both)
        empty = model.empty_embed.expand(self.rows, 2, -1)
        self.history = [empty[:, 0], empty[:, 1]]  # latents of frames, at least the last two
        self.earlier = torch.full((self.rows, model.config.tokens), -1)  # tokens of the last frame
        self.trunk_cache: KeysValues | None = None
        self.head_cache: KeysValues | None = None
        self.frame = 0

    def cache_bytes(self) -> int:
        """Bytes of the cached keys and values: the trunk's, and the head's of the last frame."""
        pairs = [*(self.trunk_cache or []), *(self.head_cache or [])]
        return sum(t.numel() * t.element_size() for pair in pairs for t in pair)

    def accept(self, tokens: Tensor) -> None:
        """Append a given frame, int64 (B, tokens), to the context."""
        if self.cached:
            self._trunk()
        self._advance(tokens)

    def next(self, rngs: Sequence[torch.Generator], temperature: float, top_k: int) -> Tensor:
        """Sample the tokens of the next frame, int64 (B, tokens)."""
        slots = self.model.config.tokens
        out = torch.zeros(self.batch, 0, dtype=torch.int64)
        known = self._known()
        self.head_cache = None
        for slot in range(slots):
            if slot and not self.cached:
                known = self._known()
            scores = self._head(known, out, slot)
            if self.rows > self.batch:
                scores = guided(scores[: self.batch], scores[self.batch :], self.guidance)
            out = torch.cat([out, sample(scores, rngs, temperature, top_k)], 1)
        self._advance(out)
        return out

    def _known(self) -> Tensor:
        """What the head knows of the next frame before its first token, (rows, tokens, width)."""
        return self.model.write_from(self._trunk(), self.caption, self.earlier)

    def _trunk(self) -> Tensor:
        """What the next frame is like, (rows, width)."""
        if self.cached:
            before = torch.stack([self.history[-1], self.history[-2]], 1)[:, None]
            frames, bias = torch.tensor([self.frame]), None
        else:
            past = torch.stack(self.history, 1)
            before = torch.stack([past[:, 1:], past[:, :-1]], 2)
            frames = torch.arange(self.frame + 1)
            bias = window_bias(self.frame + 1, self.model.config.window)
        marker = ((frames == 0) & self.start).float().expand(self.rows, -1)
        state, cache = self.model.step_trunk(before, self.words, marker, frames, bias, self.trunk_cache)
        if self.cached:
            keep = self.model.config.window - 1  # the next step brings its own
            self.trunk_cache = [(k[:, :, -keep:], v[:, :, -keep:]) for k, v in cache]
        return state[:, -1]

    def _head(self, known: Tensor, out: Tensor, slot: int) -> Tensor:
        """Logits of one slot, (rows, vocabulary), after the tokens `out` of this frame."""
        first = slot if self.cached else 0
        written = F.pad(out, (1, 0))[:, first:]
        if self.rows > self.batch:
            written = torch.cat([written, written])
        logits, cache = self.model.step_head(known[:, first : slot + 1], written, first, self.head_cache)
        self.head_cache = cache if self.cached else None
        return logits[:, -1]

    def _advance(self, tokens: Tensor) -> None:
        self.earlier = tokens.repeat(self.rows // self.batch, 1)
        kept = self.history[-1:] if self.cached else self.history
        self.history = [*kept, self.codec.from_tokens(self.earlier)]
        self.frame += 1


def sample(logits: Tensor, rngs: Sequence[torch.Generator], temperature: float, top_k: int) -> Tensor:
    """Draw one token a row, int64 (B, 1), each row from its own generator.

    The largest logit plus Gumbel noise is a draw from the softmax; temperature 0 takes the largest.
    """
    logits = logits.float()
    if top_k:
        least = logits.topk(min(top_k, logits.shape[-1]), dim=-1).values[:, -1:]
        logits = logits.masked_fill(logits < least, float("-inf"))
    if temperature > 0:
        uniform = torch.stack([torch.rand(logits.shape[-1], generator=g) for g in rngs])
        noise = -torch.log(-torch.log(uniform.clamp(1e-7, 1 - 1e-7)))
        logits = logits / temperature + noise
    return logits.argmax(-1, keepdim=True)
