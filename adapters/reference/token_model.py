"""The token model of the autoregressive generator: every frame is a few tokens, made one by one.

Two causal transformers, after the RQ-Transformer (Lee et al. 2022, arXiv:2203.01941). The trunk
takes one step a frame: it reads the frames made so far and says what the next is like. The head
takes one step a token within that frame. The trunk looks back over a sliding window with rotary
positions, so it runs to any length with a key-value cache of bounded size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vbench_lite.adapters.reference.transformer import (
    CAPTION_WORDS,
    Block,
    attend,
    mlp,
    rope,
    rotate,
    unit,
)


@dataclass(frozen=True)
class TokenModelConfig:
    """Hyperparameters of the token model."""

    vocabulary: int = 240
    tokens: int = 8  # tokens a frame
    latent_dim: int = 24  # numbers a frame that the tokens stand for
    width: int = 128
    heads: int = 4
    trunk_layers: int = 4
    head_layers: int = 2
    window: int = 8  # frames that the trunk sees, its own step included
    words: tuple[int, ...] = CAPTION_WORDS  # choices of every word of a caption
    ages: int = 0  # frames from the beginning of a clip that are told apart, besides the first


class CausalLayer(Block):
    """Pre-norm attention and MLP."""

    def forward(
        self,
        x: Tensor,  # (B, L, width)
        turn: tuple[Tensor, Tensor],
        bias: Tensor,  # (L, L), 0 or -inf
    ) -> Tensor:
        qkv = self.qkv(unit(x)).unflatten(-1, (3, self.heads, -1))
        qkv = qkv.permute(2, 0, 3, 1, 4)  # (3, B, heads, L, head width)
        q, k = rotate(unit(qkv[:2]), turn).unbind(0)
        x = x + self.out(attend(q, k, qkv[2], bias).transpose(1, 2).flatten(2))
        mixed: Tensor = x + self.down(F.silu(self.up(unit(x))))
        return mixed


def window_bias(length: int, window: int) -> Tensor:
    """Causal mask of a sliding window, float32 (L, L): 0 for the last `window` steps, else -inf."""
    gap = torch.arange(length)[:, None] - torch.arange(length)[None, :]
    return torch.zeros(length, length).masked_fill((gap < 0) | (gap >= window), float("-inf"))


class TokenModel(nn.Module):
    """Logits of every token from the tokens before it."""

    slot_cos: Tensor  # float32 (tokens, head width / 2), rotary embedding of the slots
    slot_sin: Tensor

    def __init__(self, config: TokenModelConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or TokenModelConfig()
        self.word_embed = nn.ModuleList(nn.Embedding(n + 1, c.width) for n in c.words)
        self.start_embed = nn.Parameter(torch.zeros(c.width))
        if c.ages:
            self.age_embed = nn.Parameter(torch.zeros(c.ages + 1, c.width))
        self.empty_embed = nn.Parameter(torch.randn(2, c.latent_dim) * 0.02)  # no frame before
        # The two frames before, as numbers: their difference is the motion.
        self.read = mlp(2 * c.latent_dim, 2 * c.width, c.width)
        self.trunk = nn.ModuleList(CausalLayer(c.width, c.heads) for _ in range(c.trunk_layers))
        self.slot_embed = nn.Parameter(torch.randn(c.tokens, c.width) * 0.02)
        self.token_embed = nn.Embedding(c.vocabulary, c.width)
        self.before_embed = nn.Embedding(c.vocabulary, c.width)  # same slot, frame before
        self.head = nn.ModuleList(CausalLayer(c.width, c.heads) for _ in range(c.head_layers))
        self.logits = nn.Linear(c.width, c.tokens * c.vocabulary)
        cos, sin = rope(torch.arange(c.tokens), c.width // c.heads)
        self.register_buffer("slot_cos", cos, persistent=False)
        self.register_buffer("slot_sin", sin, persistent=False)
        for embed in (self.token_embed, self.before_embed, *self.word_embed):
            nn.init.normal_(cast(nn.Embedding, embed).weight, std=0.3)

    def caption(self, words: Tensor) -> Tensor:
        """Word indices int64 (B, words) to (B, width); the index after the last word means dropped."""
        return torch.stack([e(words[:, i]) for i, e in enumerate(self.word_embed)]).sum(0)

    def read_frames(self, before: Tensor, caption: Tensor, age: Tensor) -> Tensor:
        """What the trunk starts from, (B, L, width); `caption` is (B, width), the rest as in `step_trunk`."""
        pair = torch.cat([before[:, :, 0], before[:, :, 0] - before[:, :, 1]], -1)
        x: Tensor = self.read(pair) + caption[:, None] + (age == 0)[..., None] * self.start_embed
        return x + self.age_embed[age.clamp(max=self.config.ages)] if self.config.ages else x

    def step_trunk(
        self,
        before: Tensor,  # float32 (B, L, 2, latent_dim), the last and the second last frame
        words: Tensor,  # int64 (B, words)
        age: Tensor,  # int64 (B, L), frames since the clip began as its caption says, or LATE
    ) -> Tensor:
        """What frames 0 to L - 1 are like, (B, L, width), each from the frames before it."""
        frames = torch.arange(before.shape[1])
        x = self.read_frames(before, self.caption(words), age)
        turn = rope(frames, self.config.width // self.config.heads)
        bias = window_bias(len(frames), self.config.window)
        for layer in self.trunk:
            x = layer(x, turn, bias)
        return x

    def write_from(self, state: Tensor, words: Tensor, before: Tensor) -> Tensor:
        """What the head knows of every slot of a frame before its first token is written.

        Args:
            state: (N, width), from the trunk, one for each frame.
            words: the caption, (N, width).
            before: int64 (N, tokens), tokens of the frame before; -1 where there is none.

        Returns:
            (N, tokens, width).
        """
        same: Tensor = self.before_embed(before.clamp(min=0)) * (before >= 0)[..., None]
        return (state + words)[:, None] + same + self.slot_embed

    def step_head(
        self,
        x: Tensor,  # (N, K, width): the first K slots of `write_from`
        written: Tensor,  # int64 (N, K - 1): the tokens of the slots but the last
    ) -> Tensor:
        """Logits float32 (N, K, vocabulary) of the first K slots."""
        count = x.shape[1]
        x = x + F.pad(self.token_embed(written), (0, 0, 1, 0))
        turn = (self.slot_cos[:count], self.slot_sin[:count])
        bias = window_bias(count, self.config.tokens)
        for layer in self.head:
            x = layer(x, turn, bias)
        weight = self.logits.weight.unflatten(0, (self.config.tokens, -1))[:count]
        offset = self.logits.bias.unflatten(0, (self.config.tokens, 1, -1))[:count]
        # One linear map for each slot: (K, N, width) to (K, N, vocabulary).
        scores = torch.baddbmm(offset, unit(x).transpose(0, 1), weight.transpose(1, 2))
        return scores.transpose(0, 1)

    def forward(self, latents: Tensor, tokens: Tensor, words: Tensor, age: Tensor) -> Tensor:
        """Logits of every token of clips, all at once.

        Args:
            latents: float32 (B, T, latent_dim), the numbers that `tokens` stand for.
            tokens: int64 (B, T, tokens).
            words: int64 (B, words).
            age: int64 (B, T), frames since the clip began as its caption says, or LATE.

        Returns:
            float32 (B, T, tokens, vocabulary); entry (t, k) knows only frames < t and slots < k.
        """
        batch, length, _ = tokens.shape
        padded = torch.cat([self.empty_embed.expand(batch, 2, -1), latents], 1)
        before = torch.stack([padded[:, 1:-1], padded[:, :-2]], 2)
        state = self.step_trunk(before, words, age)
        caption = self.caption(words)[:, None].expand(-1, length, -1)
        earlier = F.pad(tokens[:, :-1], (0, 0, 1, 0), value=-1)
        x = self.write_from(state.flatten(0, 1), caption.flatten(0, 1), earlier.flatten(0, 1))
        logits = self.step_head(x, tokens[..., :-1].flatten(0, 1))
        return logits.reshape(batch, length, *logits.shape[1:])
