"""Tiny pipelines of Wan, and of what is built on its VAE."""

from __future__ import annotations

from typing import Any

import tiny_components as tiny
import tiny_pipelines as first
from tiny_parts import clip_images, flow, pipeline_of, vision


def _umt5() -> dict[str, Any]:
    return {
        "tokenizer": tiny.t5_tokenizer(),
        "text_encoder": tiny.t5_encoder(multilingual=True),
        "vae": tiny.wan_vae(),
    }


def _wan_transformer(cls: str = "WanTransformer3DModel", **more: Any) -> Any:
    import diffusers

    sizes = {**first.WAN_SIZES, "qk_norm": "rms_norm_across_heads", **more}
    return getattr(diffusers, cls)(**sizes).eval()


@pipeline_of("WanVideoToVideoPipeline")
def _wan_v2v() -> dict[str, Any]:
    return {**_umt5(), "scheduler": flow(shift=7.0), "transformer": _wan_transformer()}


@pipeline_of("WanImageToVideoPipeline")
def _wan_i2v() -> dict[str, Any]:
    return {
        **_umt5(),
        "scheduler": flow(shift=7.0),
        "transformer": _wan_transformer(in_channels=36, image_dim=16, added_kv_proj_dim=24),
        "image_encoder": vision(),
        "image_processor": clip_images(),
    }


@pipeline_of("WanVACEPipeline")
def _wan_vace() -> dict[str, Any]:
    transformer = _wan_transformer("WanVACETransformer3DModel", vace_layers=[0], vace_in_channels=96)
    transformer.vace_patch_embedding.weight.data *= 1000  # random weights hardly listen
    return {**_umt5(), "scheduler": flow(shift=7.0), "transformer": transformer}


@pipeline_of("LucyEditPipeline")
def _lucy() -> dict[str, Any]:
    return {**_umt5(), "scheduler": flow(shift=7.0), "transformer": _wan_transformer(in_channels=32)}


@pipeline_of("ChronoEditPipeline")
def _chrono() -> dict[str, Any]:
    transformer = _wan_transformer(
        "ChronoEditTransformer3DModel", in_channels=36, image_dim=16, added_kv_proj_dim=24
    )
    parts = {"scheduler": flow(shift=7.0), "transformer": transformer}
    return {**_umt5(), **parts, "image_encoder": vision(), "image_processor": clip_images()}


@pipeline_of("AnyFlowPipeline")
def _anyflow() -> dict[str, Any]:
    from diffusers import AnyFlowTransformer3DModel, FlowMapEulerDiscreteScheduler

    transformer = AnyFlowTransformer3DModel(**first.WAN_SIZES).eval()
    return {**_umt5(), "scheduler": FlowMapEulerDiscreteScheduler(), "transformer": transformer}


def _skyreels_parts(**more: Any) -> dict[str, Any]:
    from diffusers import UniPCMultistepScheduler

    return {
        "tokenizer": tiny.t5_tokenizer(),
        "text_encoder": tiny.t5_encoder(multilingual=True),
        "vae": tiny.wan_vae(),
        "scheduler": UniPCMultistepScheduler(flow_shift=8.0, use_flow_sigmas=True),
        "transformer": _wan_transformer("SkyReelsV2Transformer3DModel", **more),
    }


@pipeline_of("SkyReelsV2Pipeline")
def _skyreels_t2v() -> dict[str, Any]:
    return _skyreels_parts()


@pipeline_of("SkyReelsV2DiffusionForcingImageToVideoPipeline")
def _skyreels_df_i2v() -> dict[str, Any]:
    return _skyreels_parts()


@pipeline_of("SkyReelsV2ImageToVideoPipeline")
def _skyreels_i2v() -> dict[str, Any]:
    parts = _skyreels_parts(in_channels=36, image_dim=16, added_kv_proj_dim=24)
    encoder = vision("CLIPVisionModelWithProjection", projection_dim=16)
    return {**parts, "image_encoder": encoder, "image_processor": clip_images()}


@pipeline_of("HeliosPyramidPipeline")
def _helios_pyramid() -> dict[str, Any]:
    from diffusers import HeliosScheduler

    parts = dict(first.BUILDERS["helios"]().components)
    # With its own gamma of 1/3 a covariance is singular, and some processors round it to one without a root.
    return {**parts, "scheduler": HeliosScheduler(stages=2, stage_range=[0, 0.5, 1], gamma=0.33)}


@pipeline_of("SanaVideoPipeline")
def _sana() -> dict[str, Any]:
    return _sana_parts()


@pipeline_of("SanaImageToVideoPipeline")
def _sana_i2v() -> dict[str, Any]:
    return _sana_parts()


def _sana_parts() -> dict[str, Any]:
    from diffusers import SanaVideoTransformer3DModel
    from transformers import Gemma2Config, Gemma2Model

    return {
        "tokenizer": tiny.llama_tokenizer(),
        "text_encoder": Gemma2Model(
            Gemma2Config(
                vocab_size=64, hidden_size=16, intermediate_size=16, num_hidden_layers=1, head_dim=8,
                num_attention_heads=2, num_key_value_heads=2,
            )
        ).eval(),
        "vae": tiny.wan_vae(),
        "scheduler": flow(shift=7.0),
        "transformer": SanaVideoTransformer3DModel(
            in_channels=16, out_channels=16, num_attention_heads=2, attention_head_dim=12, num_layers=1,
            num_cross_attention_heads=2, cross_attention_head_dim=12, cross_attention_dim=24,
            caption_channels=16, rope_max_seq_len=32,
        ).eval(),
    }  # fmt: skip
