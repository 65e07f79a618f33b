"""Tiny pipelines of LTX, CogVideoX and Hunyuan, from the parts of those that tests of calls use."""

from __future__ import annotations

from typing import Any

import tiny_pipelines as first
from tiny_parts import pipeline_of


@pipeline_of("LTXImageToVideoPipeline")
def _ltx_i2v() -> dict[str, Any]:
    return dict(first.BUILDERS["ltx"]().components)


@pipeline_of("LTXConditionPipeline")
def _ltx_condition() -> dict[str, Any]:
    return dict(first.BUILDERS["ltx"]().components)


# --- CogVideoX ------------------------------------------------------------------------------------


def _cogvideox(cls: str = "CogVideoXTransformer3DModel", **more: Any) -> dict[str, Any]:
    import diffusers

    parts = dict(first.BUILDERS["cogvideox"]().components)
    config = {key: value for key, value in parts["transformer"].config.items() if not key.startswith("_")}
    return {**parts, "transformer": getattr(diffusers, cls)(**{**config, **more}).eval()}


@pipeline_of("CogVideoXImageToVideoPipeline")
def _cogvideox_i2v() -> dict[str, Any]:
    return _cogvideox(in_channels=8)


@pipeline_of("CogVideoXVideoToVideoPipeline")
def _cogvideox_v2v() -> dict[str, Any]:
    return _cogvideox()


@pipeline_of("CogVideoXFunControlPipeline")
def _cogvideox_control() -> dict[str, Any]:
    return _cogvideox(in_channels=8)


# --- Hunyuan --------------------------------------------------------------------------------------


@pipeline_of("HunyuanSkyreelsImageToVideoPipeline")
def _hunyuan_skyreels() -> dict[str, Any]:
    return _hunyuan(in_channels=8)


def _hunyuan(**more: Any) -> dict[str, Any]:
    from diffusers import HunyuanVideoTransformer3DModel

    parts = dict(first.BUILDERS["hunyuan"]().components)
    sizes = {**first.HUNYUAN_SIZES, **more}
    return {**parts, "transformer": HunyuanVideoTransformer3DModel(**sizes).eval()}
