"""OpenAI's CLIP by open_clip's modules, with quick-GELU and weights by OpenAI's names.

Source: Radford et al., Learning Transferable Visual Models From Natural Language Supervision (ICML 2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vbench_lite.errors import WeightsError

_HEAD = 64  # width of an attention head in every CLIP transformer


def image_tower(weights: Mapping[str, Tensor]) -> nn.Module:
    """The image encoder: float32 (B, 3, 224, 224) to (B, dim), not normalised."""
    tower: nn.Module = _empty(weights).visual
    own = {name.removeprefix("visual."): v for name, v in weights.items() if name.startswith("visual.")}
    tower.load_state_dict(own, assign=True)
    return tower


class TextTower(nn.Module):
    """The text encoder: tokens int64 (B, 77) to float32 (B, dim), not normalised."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        model = _empty(weights)
        model.visual = nn.Identity()
        own = {name: value for name, value in weights.items() if not name.startswith("visual.")}
        model.load_state_dict(own, assign=True)
        length = own["positional_embedding"].shape[0]
        model.attn_mask = torch.full((length, length), -torch.inf).triu_(1)  # a token sees those before it
        self.model: Any = model

    def forward(self, tokens: Tensor) -> Tensor:
        features: Tensor = self.model.encode_text(tokens)
        return features


def _empty(weights: Mapping[str, Tensor]) -> Any:
    """A CLIP of the size that the weights have, without memory of its own.

    Raises:
        WeightsError: they are not a CLIP with a vision transformer.
    """
    import open_clip

    try:
        kernel, positions = weights["visual.conv1.weight"], weights["visual.positional_embedding"]
        embed_dim = weights["text_projection"].shape[1]
        context, text_width = weights["positional_embedding"].shape
        vocabulary = weights["token_embedding.weight"].shape[0]
    except KeyError as error:
        raise WeightsError(f"no CLIP with a vision transformer: {error} is missing") from None
    patch = kernel.shape[-1]
    vision = open_clip.CLIPVisionCfg(
        layers=_layers(weights, "visual.transformer"),
        width=kernel.shape[0],
        head_width=_HEAD,
        patch_size=patch,
        image_size=patch * round((positions.shape[0] - 1) ** 0.5),
    )
    text = open_clip.CLIPTextCfg(
        context_length=context,
        vocab_size=vocabulary,
        width=text_width,
        heads=text_width // _HEAD,
        layers=_layers(weights, "transformer"),
    )
    with torch.device("meta"):
        return open_clip.CLIP(embed_dim, vision, text, quick_gelu=True)


def _layers(weights: Mapping[str, Tensor], prefix: str) -> int:
    blocks = f"{prefix}.resblocks."
    return len({name.removeprefix(blocks).split(".")[0] for name in weights if name.startswith(blocks)})
