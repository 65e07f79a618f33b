"""Samplers: pure functions from a network, words and noise to latents.

No clock, no file and no hidden randomness: initial noise and generators are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from vbench_lite.adapters.reference.cached_steps import CachedSteps, StepWeights
from vbench_lite.adapters.reference.token_model import TokenModel
from vbench_lite.adapters.reference.tokens import TokenCodec
from vbench_lite.adapters.reference.transformer import LATE, KeysValues, VideoTransformer, dropped, guided

Report = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Report progress to nobody."""


def denoise_window(
    model: VideoTransformer,
    words: Tensor,
    noise: Tensor,
    prefix: Tensor | None,
    first_age: int,
    steps: int,
    guidance: float,
    report: Report = _silent,
    draft: Tensor | None = None,
    strength: float = 1.0,
) -> Tensor:
    """Denoise all frames of a window together, by Euler steps.

    Args:
        words: int64 (B, words).
        noise: float32 (B, T, latent_dim), the initial noise of the whole window.
        prefix: normalised clean latents float32 (B, P, latent_dim) of its first frames, or None.
        first_age: frames since the clip began as its caption says, of the first frame; or LATE.
        steps: of the whole way from noise to data.
        draft: what to refine, normalised float32 (B, T, latent_dim), or None to begin with noise.
        strength: how far the draft is moved back towards the noise, in (0, 1]; 1 forgets it. The steps
            are that share of `steps`.

    Returns:
        Normalised latents float32 (B, T, latent_dim); the first P are the prefix.
    """
    batch, frames, _ = noise.shape
    given = 0 if prefix is None else prefix.shape[1]
    two = torch.cat([words, dropped(model.config.words, batch)]) if guidance != 1 else words
    rows = len(two) // batch
    index = torch.arange(frames)
    age = (first_age + index).expand(len(two), -1)
    x = noise if draft is None else torch.lerp(draft, noise, strength)
    x = x if prefix is None else torch.cat([prefix, x[:, given:]], 1)
    begin, steps = (0.0, steps) if draft is None else (1 - strength, max(1, round(steps * strength)))
    for step in range(steps):
        now = begin + (1 - begin) * step / steps
        times = torch.where(index < given, 1.0, now).expand(len(two), frames)
        velocity, _ = model(x.repeat(rows, 1, 1), times, two, age, index, 0)
        if rows == 2:
            velocity = guided(velocity[:batch], velocity[batch:], guidance)
        x = torch.cat([x[:, :given], x[:, given:] + velocity[:, given:] * ((1 - begin) / steps)], 1)
        report(step + 1, steps)
    return x


class BlockSampler:
    """Denoises block after block; clean blocks leave their keys and values in a bounded cache."""

    def __init__(self, model: VideoTransformer, words: Tensor, guidance: float, opens: bool) -> None:
        """Begin with an empty context; `opens`: whether the clip begins as its caption says."""
        self.model, self.guidance, self.opens = model, guidance, opens
        self.batch = len(words)
        self.words = torch.cat([words, dropped(model.config.words, self.batch)]) if guidance != 1 else words
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

    def _run(self, x: Tensor, times: Tensor) -> tuple[Tensor, KeysValues]:
        rows, length = len(self.words), x.shape[1]
        frames = torch.arange(self.next_frame, self.next_frame + length)
        age = (frames if self.opens else torch.full_like(frames, LATE)).expand(rows, -1)
        x = x.repeat(rows // self.batch, 1, 1)
        velocity, cache = self.model(
            x, times.expand(rows, length), self.words, age, frames, 1, None, self._past()
        )
        if rows > self.batch:
            velocity = guided(velocity[: self.batch], velocity[self.batch :], self.guidance)
        return velocity, cache

    def accept(self, block: Tensor) -> None:
        """Append a clean block, normalised float32 (B, L, latent_dim), to the context."""
        _, cache = self._run(block, torch.ones(block.shape[1]))
        self.blocks = [*self.blocks, cache][-self.model.config.context_blocks :]
        self.next_frame += block.shape[1]

    def denoise(
        self,
        noise: Tensor,
        steps: int,
        given: Tensor | None = None,
        report: Report = _silent,
    ) -> Tensor:
        """Denoise the next block; does not accept it.

        Args:
            noise: its initial noise, float32 (B, L, latent_dim).
            given: its first frames, clean and normalised, float32 (B, P, latent_dim), or None.
        """
        known = 0 if given is None else given.shape[1]
        x = noise if given is None else torch.cat([given, noise[:, known:]], 1)
        index = torch.arange(noise.shape[1])
        for step in range(steps):
            velocity, _ = self._run(x, torch.where(index < known, 1.0, step / steps))
            x = torch.cat([x[:, :known], x[:, known:] + velocity[:, known:] / steps], 1)
            report(step + 1, steps)
        return x


class TokenSampler:
    """Writes frame after frame of tokens, with a key-value cache over a sliding window.

    Without the cache every token recomputes all frames so far and all tokens of its own; the mask is
    the same window, so the result is the same but for rounding.
    """

    def __init__(
        self,
        model: TokenModel,
        codec: TokenCodec,
        words: Tensor,
        start: bool,
        guidance: float,
        cached: bool = True,
        weights: StepWeights | None = None,
    ) -> None:
        """Begin with an empty context; `weights`, laid out from the model, saves doing it here."""
        self.model, self.codec, self.guidance = model, codec, guidance
        self.batch, self.start = len(words), start
        both = torch.cat([words, dropped(model.config.words, self.batch)]) if guidance != 1 else words
        self.rows = len(both)
        self.words, self.caption = both, model.caption(both)
        self.steps = CachedSteps(weights or StepWeights(model), self.rows) if cached else None
        empty = model.empty_embed.expand(self.rows, 2, -1)
        self.history = [empty[:, 0], empty[:, 1]]  # latents of frames, at least the last two
        self.earlier = torch.full((self.rows, model.config.tokens), -1)  # tokens of the last frame
        self.frame = 0

    def cache_bytes(self) -> int:
        """Bytes of the cached keys and values: the trunk's, and the head's of the last frame."""
        return self.steps.held_bytes() if self.steps else 0

    def accept(self, tokens: Tensor) -> None:
        """Append a given frame, int64 (B, tokens), to the context."""
        if self.steps:
            self._cached_state(self.steps)
        self._advance(tokens)

    def next(self, rngs: Sequence[torch.Generator], temperature: float, top_k: int) -> Tensor:
        """Sample the tokens of the next frame, int64 (B, tokens)."""
        return self.next_with_logits(rngs, temperature, top_k)[0]

    def next_with_logits(
        self, rngs: Sequence[torch.Generator], temperature: float, top_k: int
    ) -> tuple[Tensor, Tensor]:
        """The same, and the guided logits that they were drawn from, float32 (B, tokens, vocabulary)."""
        c = self.model.config
        noise = gumbel(rngs, c.tokens, c.vocabulary) if temperature > 0 else None
        out: list[Tensor] = []  # of each slot int64 (B,)
        seen: list[Tensor] = []
        known: tuple[Tensor, ...] = ()
        if self.steps:
            state = self._cached_state(self.steps)
            known = self.model.write_from(state, self.caption, self.earlier).unbind(1)
        for slot in range(c.tokens):
            if self.steps:
                scores = self.steps.step_head(known[slot], out[-1] if out else None, slot)
            else:
                scores = self._recomputed_logits(out)
            if self.rows > self.batch:
                scores = guided(scores[: self.batch], scores[self.batch :], self.guidance)
            seen.append(scores)
            out.append(draw(scores, None if noise is None else noise[:, slot], temperature, top_k))
        tokens = torch.stack(out, 1)
        self._advance(tokens)
        return tokens, torch.stack(seen, 1)

    def _cached_state(self, steps: CachedSteps) -> Tensor:
        """What the next frame is like, (rows, width), from the last two frames and the cache."""
        before = torch.stack([self.history[-1], self.history[-2]], 1)[:, None]
        age = torch.full((self.rows, 1), self.frame if self.start else LATE)
        return steps.step_trunk(self.model.read_frames(before, self.caption, age)[:, 0], self.frame)

    def _recomputed_logits(self, out: list[Tensor]) -> Tensor:
        """Logits of the next slot, (rows, vocabulary), from all frames and the tokens `out`."""
        past = torch.stack(self.history, 1)
        before = torch.stack([past[:, 1:], past[:, :-1]], 2)
        frames = torch.arange(self.frame + 1)
        age = (frames if self.start else torch.full_like(frames, LATE)).expand(self.rows, -1)
        state = self.model.step_trunk(before, self.words, age)
        known = self.model.write_from(state[:, -1], self.caption, self.earlier)
        written = torch.stack(out, 1) if out else self.earlier[: self.batch, :0]
        written = written.repeat(self.rows // self.batch, 1)
        return self.model.step_head(known[:, : len(out) + 1], written)[:, -1]

    def _advance(self, tokens: Tensor) -> None:
        self.earlier = tokens.repeat(self.rows // self.batch, 1)
        kept = self.history[-1:] if self.steps else self.history
        self.history = [*kept, self.codec.from_tokens(self.earlier)]
        self.frame += 1


def gumbel(rngs: Sequence[torch.Generator], draws: int, choices: int) -> Tensor:
    """Gumbel noise float32 (B, draws, choices), each row from its own generator."""
    uniform = torch.stack([torch.rand(draws, choices, generator=g) for g in rngs])
    return -torch.log(-torch.log(uniform.clamp(1e-7, 1 - 1e-7)))


def draw(logits: Tensor, noise: Tensor | None, temperature: float, top_k: int) -> Tensor:
    """Draw one token a row, int64 (B,), from the softmax of the `top_k` largest logits (0: all).

    The largest sum of a logit and its Gumbel noise is a draw from the softmax. Temperature 0, where
    the noise is not needed, takes the largest logit.
    """
    if temperature == 0 or noise is None:
        return logits.argmax(-1)
    if not top_k:
        return (logits / temperature + noise).argmax(-1)
    values, tokens = logits.topk(min(top_k, logits.shape[-1]), dim=-1)
    best = (values / temperature + noise.gather(-1, tokens)).argmax(-1, keepdim=True)
    return tokens.gather(-1, best)[:, 0]
