"""How a pipeline maps pixels to latents, and which frame counts follow from it.

Most classes change an unfit frame count in silence, each in its own way; here the rule is declared, so that
the request is snapped where it can be seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from vbench_lite.generator import FrameRule


class FrameScheme(StrEnum):
    """How the frames of a clip follow from its latent frames; t is the temporal compression of the VAE."""

    ANY = "any"  # every frame has its own latent
    CAUSAL = "causal"  # the first latent is one frame, the others t: k*t + 1
    PAIRS = "pairs"  # CogVideoX decodes latents in pairs: k*2t + 1
    WHOLE = "whole"  # Allegro: k*t
    CHUNKS = "chunks"  # Helios: whole chunks of (latents - 1)*t + 1 frames
    SECTIONS = "sections"  # Framepack: k sections of window*t frames, and the given image


@dataclass(frozen=True)
class Geometry:
    """How a pipeline maps pixels to latents.

    Attributes:
        temporal: frames a latent frame stands for. spatial: pixels a latent pixel stands for, on a side.
        patch: latent pixels that the denoiser takes as one, on a side.
        window: latent frames of a chunk (Helios) or section (Framepack).
        longest: frames that positions are known for, None if there is no limit.
        partition: latent frames of the chunks that the model was trained with (AnyFlow FAR).
        block: latent frames that are denoised as one, of which a clip has a whole number (SkyReels).
    """

    temporal: int
    spatial: int
    patch: int = 1
    window: int = 9
    longest: int | None = None
    partition: tuple[int, ...] | None = None
    block: int = 1

    @property
    def chunk(self) -> int:
        """Frames that a chunk decodes to on its own."""
        return (self.window - 1) * self.temporal + 1


def made_frames(scheme: FrameScheme, geometry: Geometry) -> FrameRule:
    """The frame counts that a pipeline returns, a given image included."""
    t = geometry.temporal
    match scheme:
        case FrameScheme.CAUSAL:
            shortest = (geometry.block - 1) * t + 1
            rule = FrameRule(multiple=geometry.block * t, offset=shortest, minimum=shortest)
        case FrameScheme.PAIRS:
            rule = FrameRule(multiple=2 * t, offset=1)
        case FrameScheme.WHOLE:
            rule = FrameRule(multiple=t, minimum=t)
        case FrameScheme.CHUNKS:
            rule = FrameRule(multiple=geometry.chunk, minimum=geometry.chunk)
        case FrameScheme.SECTIONS:
            step = geometry.window * t
            rule = FrameRule(multiple=step, offset=1, minimum=step + 1)
        case FrameScheme.ANY:
            rule = FrameRule()
    return rule if geometry.longest is None else replace(rule, maximum=geometry.longest)


def without_image(rule: FrameRule) -> FrameRule:
    """The counts that are left when the first frame is the given image and is dropped."""
    if rule.multiple == 1:
        return replace(rule, maximum=None if rule.maximum is None else rule.maximum - 1)
    return replace(
        rule,
        offset=(rule.offset - 1) % rule.multiple,
        minimum=max(rule.minimum - 1, 1),
        maximum=None if rule.maximum is None else rule.maximum - 1,
    )


def asked_frames(scheme: FrameScheme, geometry: Geometry, made: int) -> int:
    """The frame count to give to the pipeline so that it returns `made`."""
    if scheme is FrameScheme.SECTIONS:
        return (made - 1) // (geometry.window * geometry.temporal) * geometry.chunk
    return made


def partition(latent_frames: int, trained: tuple[int, ...]) -> tuple[int, ...]:
    """Chunks of a clip, in the manner of training: the first of those, then the second repeated."""
    first, step = trained[0], trained[min(1, len(trained) - 1)]
    parts = [min(first, latent_frames)]
    while (left := latent_frames - sum(parts)) > 0:
        parts.append(min(step, left))
    return tuple(parts)


def vae_compression(config: Mapping[str, Any]) -> tuple[int, int] | None:
    """(temporal, spatial) compression of a VAE from its configuration; None if it cannot be told.

    The classes have five spellings; those without any are counted from their blocks.
    """
    if "temporal_expansions" in config:  # Mochi
        return math.prod(config["temporal_expansions"]), math.prod(config["spatial_expansions"])
    blocks = config.get("block_out_channels")
    kind = str(config.get("_class_name", ""))
    temporal = _first(config, "scale_factor_temporal", "temporal_compression_ratio", "time_compression_ratio")
    spatial = _first(config, "scale_factor_spatial", "spatial_compression_ratio")
    if "spatio_temporal_scaling" in config:  # LTX
        halvings = sum(map(bool, config["spatio_temporal_scaling"]))
        temporal = temporal or config.get("patch_size_t", 1) * 2**halvings
        spatial = spatial or config.get("patch_size", 1) * 2**halvings
    if "temperal_downsample" in config:  # Wan (the spelling is the library's)
        temporal = temporal or 2 ** sum(map(bool, config["temperal_downsample"]))
        spatial = spatial or 2 ** len(config["temperal_downsample"]) * (config.get("patch_size") or 1)
    if blocks and not spatial:
        spatial = 2 ** (len(blocks) - 1)
    if kind in ("AutoencoderKL", "AutoencoderTiny", "AutoencoderKLTemporalDecoder", "ConsistencyDecoderVAE"):
        temporal = 1
    if kind == "AutoencoderKLMagvit":  # EasyAnimate; its configuration does not say
        temporal, spatial = 4, 8
    return (temporal, spatial) if temporal and spatial else None


def _first(config: Mapping[str, Any], *keys: str) -> int | None:
    return next((int(config[key]) for key in keys if config.get(key)), None)
