"""Tiny pipelines that add motion to Stable Diffusion."""

from __future__ import annotations

from typing import Any

import tiny_components as tiny
import tiny_pipelines as first
from tiny_parts import clip_images, ddim, pipeline_of


def _unet(**more: Any) -> Any:
    from diffusers import UNet2DConditionModel

    sizes: dict[str, Any] = {
        "block_out_channels": (8, 8), "layers_per_block": 1, "in_channels": 4, "out_channels": 4,
        "norm_num_groups": 2, "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"), "cross_attention_dim": tiny.TEXT_DIM,
        "attention_head_dim": 4,
    }  # fmt: skip
    return UNet2DConditionModel(**{**sizes, **more}).eval()


def _motion(**more: Any) -> Any:
    from diffusers import MotionAdapter

    sizes = {"motion_layers_per_block": 1, "motion_num_attention_heads": 4, "motion_norm_num_groups": 2}
    return MotionAdapter(block_out_channels=(8, 8), **sizes, **more).eval()


def _animatediff_parts() -> dict[str, Any]:
    return {
        "vae": tiny.image_vae(),
        "text_encoder": tiny.clip_text_encoder(),
        "tokenizer": tiny.clip_tokenizer(),
        "unet": _unet(),
        "motion_adapter": _motion(),
        "scheduler": ddim(),
    }


@pipeline_of("AnimateDiffPAGPipeline")
def _animatediff_pag() -> dict[str, Any]:
    return {**_animatediff_parts(), "pag_applied_layers": ["mid"]}


@pipeline_of("AnimateDiffVideoToVideoPipeline")
def _animatediff_v2v() -> dict[str, Any]:
    return _animatediff_parts()


@pipeline_of("AnimateDiffControlNetPipeline")
def _animatediff_controlnet() -> dict[str, Any]:
    from diffusers import ControlNetModel

    controlnet = ControlNetModel(
        block_out_channels=(8, 8), layers_per_block=1, in_channels=4,
        conditioning_embedding_out_channels=(8, 8, 8, 8),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), cross_attention_dim=tiny.TEXT_DIM,
        norm_num_groups=2, attention_head_dim=4,
    )  # fmt: skip
    return {**_animatediff_parts(), "controlnet": _heard(controlnet)}


@pipeline_of("AnimateDiffSparseControlNetPipeline")
def _animatediff_sparse() -> dict[str, Any]:
    from diffusers import SparseControlNetModel

    controlnet = SparseControlNetModel(
        block_out_channels=(8, 8), layers_per_block=1, in_channels=4,
        conditioning_embedding_out_channels=(8, 8),
        down_block_types=("CrossAttnDownBlockMotion", "DownBlockMotion"), cross_attention_dim=tiny.TEXT_DIM,
        norm_num_groups=2, attention_head_dim=4, num_attention_heads=4, motion_num_attention_heads=4,
    )  # fmt: skip
    return {**_animatediff_parts(), "controlnet": _heard(controlnet)}


def _heard(controlnet: Any) -> Any:
    """With random weights where a ControlNet begins with zeros, so that its control changes the clip."""
    import torch

    for parameter in controlnet.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter)
    return controlnet.eval()


@pipeline_of("PIAPipeline")
def _pia() -> dict[str, Any]:
    return {
        **_animatediff_parts(),
        "unet": _unet(),
        "motion_adapter": _motion(conv_in_channels=9),
    }


@pipeline_of("AnimateDiffSDXLPipeline")
def _animatediff_sdxl() -> dict[str, Any]:
    unet = _unet(
        addition_embed_type="text_time", addition_time_embed_dim=8, cross_attention_dim=64,
        projection_class_embeddings_input_dim=6 * 8 + tiny.TEXT_DIM, transformer_layers_per_block=1,
        use_linear_projection=True,
    )  # fmt: skip
    return {**_sdxl_parts(), "unet": unet, "motion_adapter": _motion(use_motion_mid_block=False)}


def _sdxl_parts() -> dict[str, Any]:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    second = CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=64, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=4,
            max_position_embeddings=77, projection_dim=32, bos_token_id=52, eos_token_id=53, pad_token_id=53,
        )
    ).eval()  # fmt: skip
    return {
        "vae": tiny.image_vae(),
        "text_encoder": tiny.clip_text_encoder(),
        "tokenizer": tiny.clip_tokenizer(),
        "text_encoder_2": second,
        "tokenizer_2": tiny.clip_tokenizer(),
        "scheduler": ddim(),
    }


@pipeline_of("VideoToVideoSDPipeline")
def _video_to_video_sd() -> dict[str, Any]:
    return dict(first.BUILDERS["text-to-video-sd"]().components)


def _safety_checker() -> Any:
    from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    vision = {
        "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
        "image_size": 32, "patch_size": 16,
    }  # fmt: skip
    return StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=16)).eval()


@pipeline_of("TextToVideoZeroPipeline")
def _zero() -> dict[str, Any]:
    return {
        "vae": tiny.image_vae(),
        "text_encoder": tiny.clip_text_encoder(),
        "tokenizer": tiny.clip_tokenizer(),
        "unet": _unet(sample_size=4),
        "scheduler": ddim(),
        "safety_checker": _safety_checker(),
        "feature_extractor": clip_images(),
    }
