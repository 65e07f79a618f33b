"""One step of the token model against its cache, in as few operations as it takes.

Generation runs one frame (trunk) or one token (head) at a time, so a step costs the overhead of its
small operations more than their arithmetic. The weights are therefore laid out once: transposed for
one product each, with the constant factors of the norms and of attention inside, and rotary positions
as small matrices. Keys and values go to fixed places of buffers whose views are made beforehand. The
numbers are those of `TokenModel` but for rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from vbench_lite.adapters.reference.token_model import CausalLayer, TokenModel
from vbench_lite.adapters.reference.transformer import rope

LEAST_LENGTH = 1e-3  # of `transformer.unit`


@dataclass(frozen=True)
class LayerWeights:
    """A `CausalLayer`, ready for products from the right."""

    qkv: Tensor  # float32 (width, 3 * width), with the factor of the norm
    out: Tensor  # (width, width)
    up: Tensor  # (width, 4 * width), with the factor of the norm
    up_bias: Tensor
    down: Tensor  # (4 * width, width)
    down_bias: Tensor

    @classmethod
    def of(cls, layer: CausalLayer) -> LayerWeights:
        """Lay out the weights of a layer."""
        factor = layer.qkv.in_features**0.5
        return cls(
            qkv=(layer.qkv.weight * factor).t().contiguous(),
            out=layer.out.weight.t().contiguous(),
            up=(layer.up.weight * factor).t().contiguous(),
            up_bias=layer.up.bias,
            down=layer.down.weight.t().contiguous(),
            down_bias=layer.down.bias,
        )


class StepWeights:
    """The trunk and the head of a token model, laid out for steps."""

    def __init__(self, model: TokenModel) -> None:
        c = model.config
        self.config = c
        self.trunk = [LayerWeights.of(cast(CausalLayer, layer)) for layer in model.trunk]
        self.head = [LayerWeights.of(cast(CausalLayer, layer)) for layer in model.head]
        self.slot_turns = list(turns(torch.arange(c.tokens), c.width // c.heads))
        logits = model.logits.weight.unflatten(0, (c.tokens, -1)) * c.width**0.5
        self.logits = list(logits.transpose(1, 2).contiguous())  # for each slot (width, vocabulary)
        self.logits_bias = list(model.logits.bias.unflatten(0, (c.tokens, -1)))
        self.token_embed = model.token_embed.weight


def turns(positions: Tensor, width: int) -> Tensor:
    """Rotary embeddings of positions (L,) as matrices (L, width, width), to multiply from the right.

    They hold width**0.25 besides: on queries and keys of length 1 this is the scale of attention.
    """
    cos, sin = (torch.diag_embed(part) for part in rope(positions, width))
    matrix = torch.cat([torch.cat([cos, sin], 2), torch.cat([-sin, cos], 2)], 1)
    scaled: Tensor = matrix * width**0.25
    return scaled


class LayerCache:
    """Keys and values of one layer at `places` fixed places, for all rows."""

    def __init__(self, rows: int, heads: int, places: int, head_width: int) -> None:
        shape = (rows, heads, places, head_width)
        keys, values = torch.zeros(shape), torch.zeros(shape)
        self.keys = keys.unbind(2)  # of each place (rows, heads, head width)
        self.values = values.unbind(2)
        counts = range(1, places + 1)
        self.first_keys = [keys.flatten(0, 1)[:, :n].transpose(1, 2) for n in counts]
        self.first_values = [values.flatten(0, 1)[:, :n] for n in counts]

    def held_bytes(self, filled: int) -> int:
        """Bytes of the keys and values at the first `filled` places."""
        pair = (self.first_keys[filled - 1], self.first_values[filled - 1]) if filled else ()
        return sum(t.numel() * t.element_size() for t in pair)


def normed(x: Tensor) -> Tensor:
    """Length 1 along the last axis; the factor of `transformer.unit` is in the weights."""
    length: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x / length.clamp_min_(LEAST_LENGTH)


def step(
    weights: LayerWeights, cache: LayerCache, x: Tensor, turn: Tensor, place: int, filled: int
) -> Tensor:
    """One layer for one position of every row.

    Args:
        x: float32 (rows, width).
        turn: float32 (head width, head width), the rotary embedding of this position.
        place: where its key and value are written; any order does, positions are in the keys.
        filled: how many of the first places attention reads, `place` among them.

    Returns:
        float32 (rows, width).
    """
    rows, width = x.shape
    head_width = len(turn)
    qkv = torch.mm(normed(x), weights.qkv).view(rows, 3, -1, head_width)
    turned = torch.matmul(normed(qkv[:, :2]), turn)
    cache.keys[place].copy_(turned[:, 1])
    cache.values[place].copy_(qkv[:, 2])
    queries = turned[:, 0].reshape(-1, 1, head_width)
    scores = torch.bmm(queries, cache.first_keys[filled - 1])
    mixed = torch.bmm(scores.softmax(-1), cache.first_values[filled - 1])
    x = torch.addmm(x, mixed.view(rows, width), weights.out)
    inner = F.silu(torch.addmm(weights.up_bias, normed(x), weights.up), inplace=True)
    return torch.addmm(weights.down_bias, inner, weights.down).add_(x)


class CachedSteps:
    """The caches of one generation: the trunk's is a ring over the window, the head's one frame."""

    def __init__(self, weights: StepWeights, rows: int) -> None:
        self.weights = weights
        c = weights.config
        self.width = c.width // c.heads

        def caches(layers: int, places: int) -> list[LayerCache]:
            return [LayerCache(rows, c.heads, places, self.width) for _ in range(layers)]

        self.trunk, self.head = caches(c.trunk_layers, c.window), caches(c.head_layers, c.tokens)
        self.frames = self.slots = 0  # filled places

    def held_bytes(self) -> int:
        """Bytes of the keys and values that are held."""
        trunk = sum(cache.held_bytes(self.frames) for cache in self.trunk)
        return trunk + sum(cache.held_bytes(self.slots) for cache in self.head)

    def step_trunk(self, x: Tensor, frame: int) -> Tensor:
        """The state (rows, width) of frame `frame` from what the trunk reads of it, (rows, width)."""
        window = self.weights.config.window
        self.frames = min(frame + 1, window)
        turn = turns(torch.tensor([frame]), self.width)[0]
        for weights, cache in zip(self.weights.trunk, self.trunk, strict=True):
            x = step(weights, cache, x, turn, frame % window, self.frames)
        return x

    def step_head(self, known: Tensor, token: Tensor | None, slot: int) -> Tensor:
        """Logits float32 (rows, vocabulary) of one slot.

        Args:
            known: float32 (rows, width), of this slot, from `TokenModel.write_from`.
            token: int64 (B,), the token before it in this frame; None for slot 0. Rows come in
                groups of B that share their tokens.
        """
        x = known
        if token is not None:
            last = F.embedding(token, self.weights.token_embed)
            x = (known.view(-1, *last.shape) + last).view(known.shape)
        self.slots = slot + 1
        turn = self.weights.slot_turns[slot]
        for weights, cache in zip(self.weights.head, self.head, strict=True):
            x = step(weights, cache, x, turn, slot, self.slots)
        return torch.addmm(self.weights.logits_bias[slot], normed(x), self.weights.logits[slot])
