"""Twelve video pipelines of diffusers with a few thousand random weights, built without a network.

Real classes, real code paths, no hub: `folder(name)` is a pipeline as `save_pretrained` writes it, which the
adapter loads as it loads a real one. Built once and kept in the cache between test runs, under a hash of the
builders and the library versions.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import platformdirs
import tiny_components as tiny


def _wan() -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, WanPipeline, WanTransformer3DModel

    return WanPipeline(
        tokenizer=tiny.t5_tokenizer(),
        text_encoder=tiny.t5_encoder(multilingual=True),
        vae=tiny.wan_vae(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        transformer=WanTransformer3DModel(**WAN_SIZES, qk_norm="rms_norm_across_heads").eval(),
    )


WAN_SIZES: dict[str, Any] = {
    "patch_size": (1, 2, 2), "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 16,
    "out_channels": 16, "text_dim": tiny.TEXT_DIM, "freq_dim": 32, "ffn_dim": 32, "num_layers": 1,
    "cross_attn_norm": True, "rope_max_seq_len": 32,
}  # fmt: skip


def _ltx() -> Any:
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXPipeline,
        LTXVideoTransformer3DModel,
    )

    return LTXPipeline(
        tokenizer=tiny.t5_tokenizer(),
        text_encoder=tiny.t5_encoder(),
        vae=AutoencoderKLLTXVideo(
            latent_channels=8, block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8),
            layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1, 1),
        ).eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        transformer=LTXVideoTransformer3DModel(
            in_channels=8, out_channels=8, num_attention_heads=4, attention_head_dim=8,
            cross_attention_dim=32, num_layers=1, caption_channels=tiny.TEXT_DIM,
        ).eval(),
    )  # fmt: skip


def _cogvideox() -> Any:
    from diffusers import (
        AutoencoderKLCogVideoX,
        CogVideoXDDIMScheduler,
        CogVideoXPipeline,
        CogVideoXTransformer3DModel,
    )

    return CogVideoXPipeline(
        tokenizer=tiny.t5_tokenizer(),
        text_encoder=tiny.t5_encoder(),
        vae=AutoencoderKLCogVideoX(
            block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1, norm_num_groups=2
        ).eval(),
        scheduler=CogVideoXDDIMScheduler(),
        transformer=CogVideoXTransformer3DModel(
            num_attention_heads=4, attention_head_dim=16, in_channels=4, out_channels=4, time_embed_dim=2,
            text_embed_dim=tiny.TEXT_DIM, num_layers=1, sample_width=8, sample_height=8, sample_frames=9,
            use_rotary_positional_embeddings=True,
        ).eval(),
    )  # fmt: skip


def _animatediff() -> Any:
    from diffusers import AnimateDiffPipeline, DDIMScheduler, MotionAdapter, UNet2DConditionModel

    return AnimateDiffPipeline(
        vae=tiny.image_vae(),
        text_encoder=tiny.clip_text_encoder(),
        tokenizer=tiny.clip_tokenizer(),
        unet=UNet2DConditionModel(
            block_out_channels=(8, 8), layers_per_block=1, in_channels=4, out_channels=4, norm_num_groups=2,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), cross_attention_dim=tiny.TEXT_DIM,
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=4,
        ).eval(),
        motion_adapter=MotionAdapter(
            block_out_channels=(8, 8), motion_layers_per_block=1, motion_num_attention_heads=4,
            motion_norm_num_groups=2,
        ).eval(),
        scheduler=DDIMScheduler(beta_schedule="linear", clip_sample=False),
    )  # fmt: skip


def _text_to_video_sd() -> Any:
    from diffusers import DDIMScheduler, TextToVideoSDPipeline, UNet3DConditionModel

    return TextToVideoSDPipeline(
        vae=tiny.image_vae(),
        text_encoder=tiny.clip_text_encoder(),
        tokenizer=tiny.clip_tokenizer(),
        unet=UNet3DConditionModel(
            block_out_channels=(8, 8), layers_per_block=1, in_channels=4, out_channels=4, norm_num_groups=2,
            down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"), cross_attention_dim=tiny.TEXT_DIM,
            up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"), attention_head_dim=4,
        ).eval(),
        scheduler=DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False),
    )  # fmt: skip


def _skyreels() -> Any:
    from diffusers import (
        SkyReelsV2DiffusionForcingPipeline,
        SkyReelsV2Transformer3DModel,
        UniPCMultistepScheduler,
    )

    return SkyReelsV2DiffusionForcingPipeline(
        tokenizer=tiny.t5_tokenizer(),
        text_encoder=tiny.t5_encoder(),
        vae=tiny.wan_vae(),
        scheduler=UniPCMultistepScheduler(flow_shift=8.0, use_flow_sigmas=True),
        transformer=SkyReelsV2Transformer3DModel(**WAN_SIZES, qk_norm="rms_norm_across_heads").eval(),
    )


def _skyreels_v2v() -> Any:
    from diffusers import SkyReelsV2DiffusionForcingVideoToVideoPipeline

    return SkyReelsV2DiffusionForcingVideoToVideoPipeline(**_skyreels().components)


HUNYUAN_SIZES: dict[str, Any] = {
    "in_channels": 4, "out_channels": 4, "num_attention_heads": 2, "attention_head_dim": 10, "num_layers": 1,
    "num_single_layers": 1, "num_refiner_layers": 1, "patch_size": 2, "patch_size_t": 1,
    "guidance_embeds": True, "text_embed_dim": 16, "pooled_projection_dim": 8, "rope_axes_dim": (2, 4, 4),
}  # fmt: skip


def _hunyuan() -> Any:
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideoPipeline,
        HunyuanVideoTransformer3DModel,
    )

    return HunyuanVideoPipeline(
        text_encoder=tiny.llama_encoder(),
        tokenizer=tiny.llama_tokenizer(),
        text_encoder_2=tiny.clip_text_encoder(8),
        tokenizer_2=tiny.clip_tokenizer(),
        vae=tiny.hunyuan_vae(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        transformer=HunyuanVideoTransformer3DModel(**HUNYUAN_SIZES).eval(),
    )


def _framepack() -> Any:
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideoFramepackPipeline,
        HunyuanVideoFramepackTransformer3DModel,
    )
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

    return HunyuanVideoFramepackPipeline(
        text_encoder=tiny.llama_encoder(),
        tokenizer=tiny.llama_tokenizer(),
        text_encoder_2=tiny.clip_text_encoder(8),
        tokenizer_2=tiny.clip_tokenizer(),
        vae=tiny.hunyuan_vae(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        image_encoder=SiglipVisionModel(
            SiglipVisionConfig(
                hidden_size=16, intermediate_size=16, num_attention_heads=2, num_hidden_layers=1,
                image_size=32, patch_size=16,
            )
        ).eval(),
        feature_extractor=SiglipImageProcessor(size={"height": 32, "width": 32}),
        transformer=HunyuanVideoFramepackTransformer3DModel(
            **HUNYUAN_SIZES, has_image_proj=True, image_proj_dim=16, has_clean_x_embedder=True
        ).eval(),
    )  # fmt: skip


def _mochi() -> Any:
    from diffusers import (
        AutoencoderKLMochi,
        FlowMatchEulerDiscreteScheduler,
        MochiPipeline,
        MochiTransformer3DModel,
    )

    return MochiPipeline(
        tokenizer=tiny.t5_tokenizer(),
        text_encoder=tiny.t5_encoder(),
        vae=AutoencoderKLMochi(
            latent_channels=12, encoder_block_out_channels=(32, 32, 32, 32), layers_per_block=(1, 1, 1, 1, 1),
            decoder_block_out_channels=(32, 32, 32, 32),
        ).eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        transformer=MochiTransformer3DModel(
            num_attention_heads=2, attention_head_dim=8, num_layers=2, pooled_projection_dim=16,
            text_embed_dim=tiny.TEXT_DIM, time_embed_dim=4,
        ).eval(),
    )  # fmt: skip


def _svd() -> Any:
    from diffusers import (
        AutoencoderKLTemporalDecoder,
        EulerDiscreteScheduler,
        StableVideoDiffusionPipeline,
        UNetSpatioTemporalConditionModel,
    )
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

    return StableVideoDiffusionPipeline(
        vae=AutoencoderKLTemporalDecoder(
            block_out_channels=(32, 32, 32, 32), down_block_types=("DownEncoderBlock2D",) * 4
        ).eval(),
        # The pipeline resizes to 224 before it encodes, whatever the encoder says.
        image_encoder=CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=16, projection_dim=32, num_hidden_layers=1, num_attention_heads=4,
                intermediate_size=16, image_size=224, patch_size=32,
            )
        ).eval(),
        unet=UNetSpatioTemporalConditionModel(
            block_out_channels=(32, 32), layers_per_block=1, in_channels=8, out_channels=4,
            down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
            up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
            cross_attention_dim=32, num_attention_heads=(2, 4), addition_time_embed_dim=32,
            projection_class_embeddings_input_dim=96,
        ).eval(),
        scheduler=EulerDiscreteScheduler(
            prediction_type="v_prediction", use_karras_sigmas=True, sigma_min=0.002, sigma_max=700.0,
            timestep_type="continuous",
        ),
        feature_extractor=CLIPImageProcessor(crop_size=224, size=224),
    )  # fmt: skip


def _anyflow_far() -> Any:
    from diffusers import (
        AnyFlowFARPipeline,
        AnyFlowFARTransformer3DModel,
        FlowMapEulerDiscreteScheduler,
    )

    sizes = {key: value for key, value in WAN_SIZES.items() if key != "rope_max_seq_len"}
    return AnyFlowFARPipeline(
        tokenizer=tiny.t5_tokenizer(),
        text_encoder=tiny.t5_encoder(multilingual=True),
        transformer=AnyFlowFARTransformer3DModel(
            **sizes, rope_max_seq_len=64, compressed_patch_size=(1, 4, 4), full_chunk_limit=2,
            chunk_partition=(1, 2, 2),
        ).eval(),
        vae=tiny.wan_vae(),
        scheduler=FlowMapEulerDiscreteScheduler(),
    )  # fmt: skip


def _helios() -> Any:
    from diffusers import HeliosPipeline, HeliosScheduler, HeliosTransformer3DModel

    sizes = {key: value for key, value in WAN_SIZES.items() if key != "rope_max_seq_len"}
    return HeliosPipeline(
        tokenizer=tiny.t5_tokenizer(),
        text_encoder=tiny.t5_encoder(multilingual=True),
        vae=tiny.wan_vae(),
        scheduler=HeliosScheduler(stage_range=[0, 1], stages=1, use_dynamic_shifting=True),
        transformer=HeliosTransformer3DModel(**sizes, rope_dim=(4, 4, 4)).eval(),
    )


BUILDERS: dict[str, Callable[[], Any]] = {
    "ltx": _ltx,
    "wan": _wan,
    "cogvideox": _cogvideox,
    "animatediff": _animatediff,
    "text-to-video-sd": _text_to_video_sd,
    "skyreels": _skyreels,
    "skyreels-v2v": _skyreels_v2v,
    "hunyuan": _hunyuan,
    "framepack": _framepack,
    "mochi": _mochi,
    "svd": _svd,
    "anyflow-far": _anyflow_far,
    "helios": _helios,
}


# Arguments beside two steps: short chunks, so that the shortest clips have several.
_CALLS: dict[str, dict[str, Any]] = {
    "framepack": {"latent_window_size": 3},
    "helios": {"num_latent_frames_per_chunk": 3},
}


def configuration(name: str, **call: Any) -> dict[str, Any]:
    """The adapter's configuration for a tiny pipeline: two steps, and further arguments of the call."""
    return {
        "model": str(folder(name)),
        "weights_license": "Apache-2.0",
        "call": {"num_inference_steps": 2, **_CALLS.get(name, {}), **call},
    }


@cache
def folder(name: str, build: Callable[[], Any] | None = None, *sources: str) -> Path:
    """The folder of a tiny pipeline; built if the cache does not hold it.

    Args:
        build: makes it, if it is none of this file. sources: further files that decide on it.
    """
    target = cache_folder(*sources) / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent))
        with tiny.seeded(0):
            (build or BUILDERS[name])().save_pretrained(scratch)
        try:
            scratch.rename(target)
        except OSError:  # another process was quicker
            shutil.rmtree(scratch)
    return target


def cache_folder(*sources: str) -> Path:
    """Where everything built by the present builders and library versions is kept."""
    digest = hashlib.sha256()
    for file in (Path(__file__), Path(tiny.__file__), *map(Path, sources)):
        digest.update(file.read_bytes())
    for library in ("torch", "diffusers", "transformers"):
        digest.update(version(library).encode())
    base = os.environ.get("VBENCH_LITE_CACHE") or platformdirs.user_cache_dir("vbench-lite")
    return Path(base) / "tiny-pipelines" / digest.hexdigest()[:12]
