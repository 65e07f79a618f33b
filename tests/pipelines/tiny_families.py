"""Tiny pipelines of further classes, from the parts that the families share: random weights, no network.

A builder is named by the pipeline's class. `tiny_pipelines` holds those that tests of single calls use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tiny_components as tiny
import tiny_pipelines as first

from vbench_lite.adapters.diffusers.loading import NothingToCheck

BUILDERS: dict[str, Callable[[], Any]] = {}
# What a configuration says beside the model: arguments of the call, and other keys.
CALLS: dict[str, dict[str, Any]] = {
    "HeliosPyramidPipeline": {
        "pyramid_num_inference_steps_list": [1, 1],
        "num_latent_frames_per_chunk": 3,
    },
    "TextToVideoZeroPipeline": {"num_inference_steps": 4, "t0": 1, "t1": 3},
}
KEYS: dict[str, dict[str, Any]] = {
    name: {"components": {"safety_checker": None}}
    for name in ("CosmosTextToWorldPipeline", "CosmosVideoToWorldPipeline", "Cosmos2VideoToWorldPipeline")
}


def _class(name: str) -> Callable[[Callable[[], dict[str, Any]]], Callable[[], dict[str, Any]]]:
    """A function that gives the components becomes the builder of this class."""

    def keep(parts: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        def build() -> Any:
            import diffusers

            return getattr(diffusers, name)(**parts())

        BUILDERS[name] = build
        return parts

    return keep


def _flow(**more: Any) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(**more)


def _ddim() -> Any:
    from diffusers import DDIMScheduler

    return DDIMScheduler(beta_schedule="linear", clip_sample=False)


def _vision(cls: str = "CLIPVisionModel", **more: Any) -> Any:
    """An image encoder of CLIP, for pictures of 32x32 unless said otherwise."""
    import transformers

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 16}
    config = transformers.CLIPVisionConfig(**{**sizes, "image_size": 32, "patch_size": 16, **more})
    return getattr(transformers, cls)(config).eval()


def _clip_images(size: int = 32) -> Any:
    from transformers import CLIPImageProcessor

    return CLIPImageProcessor(crop_size=size, size=size)


# --- Wan and what is built on its VAE -------------------------------------------------------------


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


@_class("WanVideoToVideoPipeline")
def _wan_v2v() -> dict[str, Any]:
    return {**_umt5(), "scheduler": _flow(shift=7.0), "transformer": _wan_transformer()}


@_class("WanImageToVideoPipeline")
def _wan_i2v() -> dict[str, Any]:
    return {
        **_umt5(),
        "scheduler": _flow(shift=7.0),
        "transformer": _wan_transformer(in_channels=36, image_dim=16, added_kv_proj_dim=24),
        "image_encoder": _vision(),
        "image_processor": _clip_images(),
    }


@_class("WanVACEPipeline")
def _wan_vace() -> dict[str, Any]:
    transformer = _wan_transformer("WanVACETransformer3DModel", vace_layers=[0], vace_in_channels=96)
    return {**_umt5(), "scheduler": _flow(shift=7.0), "transformer": transformer}


@_class("LucyEditPipeline")
def _lucy() -> dict[str, Any]:
    return {**_umt5(), "scheduler": _flow(shift=7.0), "transformer": _wan_transformer(in_channels=32)}


@_class("ChronoEditPipeline")
def _chrono() -> dict[str, Any]:
    transformer = _wan_transformer(
        "ChronoEditTransformer3DModel", in_channels=36, image_dim=16, added_kv_proj_dim=24
    )
    parts = {"scheduler": _flow(shift=7.0), "transformer": transformer}
    return {**_umt5(), **parts, "image_encoder": _vision(), "image_processor": _clip_images()}


@_class("AnyFlowPipeline")
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


@_class("SkyReelsV2Pipeline")
def _skyreels_t2v() -> dict[str, Any]:
    return _skyreels_parts()


@_class("SkyReelsV2DiffusionForcingImageToVideoPipeline")
def _skyreels_df_i2v() -> dict[str, Any]:
    return _skyreels_parts()


@_class("SkyReelsV2ImageToVideoPipeline")
def _skyreels_i2v() -> dict[str, Any]:
    parts = _skyreels_parts(in_channels=36, image_dim=16, added_kv_proj_dim=24)
    encoder = _vision("CLIPVisionModelWithProjection", projection_dim=16)
    return {**parts, "image_encoder": encoder, "image_processor": _clip_images()}


@_class("HeliosPyramidPipeline")
def _helios_pyramid() -> dict[str, Any]:
    from diffusers import HeliosScheduler

    parts = dict(first.BUILDERS["helios"]().components)
    return {**parts, "scheduler": HeliosScheduler(stages=2, stage_range=[0, 0.5, 1])}


@_class("SanaVideoPipeline")
def _sana() -> dict[str, Any]:
    return _sana_parts()


@_class("SanaImageToVideoPipeline")
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
        "scheduler": _flow(shift=7.0),
        "transformer": SanaVideoTransformer3DModel(
            in_channels=16, out_channels=16, num_attention_heads=2, attention_head_dim=12, num_layers=1,
            num_cross_attention_heads=2, cross_attention_head_dim=12, cross_attention_dim=24,
            caption_channels=16, rope_max_seq_len=32,
        ).eval(),
    }  # fmt: skip


# --- LTX ------------------------------------------------------------------------------------------


@_class("LTXImageToVideoPipeline")
def _ltx_i2v() -> dict[str, Any]:
    return dict(first.BUILDERS["ltx"]().components)


@_class("LTXConditionPipeline")
def _ltx_condition() -> dict[str, Any]:
    return dict(first.BUILDERS["ltx"]().components)


# --- CogVideoX ------------------------------------------------------------------------------------


def _cogvideox(cls: str = "CogVideoXTransformer3DModel", **more: Any) -> dict[str, Any]:
    import diffusers

    parts = dict(first.BUILDERS["cogvideox"]().components)
    config = {key: value for key, value in parts["transformer"].config.items() if not key.startswith("_")}
    return {**parts, "transformer": getattr(diffusers, cls)(**{**config, **more}).eval()}


@_class("CogVideoXImageToVideoPipeline")
def _cogvideox_i2v() -> dict[str, Any]:
    return _cogvideox(in_channels=8)


@_class("CogVideoXVideoToVideoPipeline")
def _cogvideox_v2v() -> dict[str, Any]:
    return _cogvideox()


# --- Hunyuan --------------------------------------------------------------------------------------


@_class("HunyuanSkyreelsImageToVideoPipeline")
def _hunyuan_skyreels() -> dict[str, Any]:
    return _hunyuan(in_channels=8)


def _hunyuan(**more: Any) -> dict[str, Any]:
    from diffusers import HunyuanVideoTransformer3DModel

    parts = dict(first.BUILDERS["hunyuan"]().components)
    sizes = {**first.HUNYUAN_SIZES, **more}
    return {**parts, "transformer": HunyuanVideoTransformer3DModel(**sizes).eval()}


# --- AnimateDiff and other motion of Stable Diffusion ---------------------------------------------


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
        "scheduler": _ddim(),
    }


@_class("AnimateDiffPAGPipeline")
def _animatediff_pag() -> dict[str, Any]:
    return {**_animatediff_parts(), "pag_applied_layers": ["mid"]}


@_class("AnimateDiffVideoToVideoPipeline")
def _animatediff_v2v() -> dict[str, Any]:
    return _animatediff_parts()


@_class("PIAPipeline")
def _pia() -> dict[str, Any]:
    return {
        **_animatediff_parts(),
        "unet": _unet(),
        "motion_adapter": _motion(conv_in_channels=9),
    }


@_class("AnimateDiffSDXLPipeline")
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
        "scheduler": _ddim(),
    }


@_class("VideoToVideoSDPipeline")
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


@_class("TextToVideoZeroPipeline")
def _zero() -> dict[str, Any]:
    return {
        "vae": tiny.image_vae(),
        "text_encoder": tiny.clip_text_encoder(),
        "tokenizer": tiny.clip_tokenizer(),
        "unet": _unet(sample_size=4),
        "scheduler": _ddim(),
        "safety_checker": _safety_checker(),
        "feature_extractor": _clip_images(),
    }


# --- further families -----------------------------------------------------------------------------


@_class("LattePipeline")
def _latte() -> dict[str, Any]:
    from diffusers import LatteTransformer3DModel

    return {
        "tokenizer": tiny.t5_tokenizer(),
        "text_encoder": tiny.t5_encoder(),
        "vae": tiny.image_vae(),
        "transformer": LatteTransformer3DModel(
            sample_size=4, num_layers=1, patch_size=2, attention_head_dim=8, num_attention_heads=3,
            caption_channels=tiny.TEXT_DIM, in_channels=4, cross_attention_dim=24, out_channels=8,
            attention_bias=True, activation_fn="gelu-approximate", num_embeds_ada_norm=1000,
            norm_type="ada_norm_single", norm_elementwise_affine=False, norm_eps=1e-6,
        ).eval(),
        "scheduler": _ddim(),
    }  # fmt: skip


@_class("AllegroPipeline")
def _allegro() -> dict[str, Any]:
    from diffusers import AllegroTransformer3DModel, AutoencoderKLAllegro

    return {
        "tokenizer": tiny.t5_tokenizer(),
        "text_encoder": tiny.t5_encoder(),
        "vae": AutoencoderKLAllegro(
            block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1, norm_num_groups=2,
        ).eval(),
        "transformer": AllegroTransformer3DModel(
            num_attention_heads=2, attention_head_dim=12, in_channels=4, out_channels=4, num_layers=1,
            cross_attention_dim=24, sample_width=8, sample_height=8, sample_frames=8,
            caption_channels=tiny.TEXT_DIM,
        ).eval(),
        "scheduler": _ddim(),
    }  # fmt: skip


def _easyanimate(in_channels: int = 4, inpaint: bool = False) -> dict[str, Any]:
    from diffusers import AutoencoderKLMagvit, EasyAnimateTransformer3DModel
    from transformers import BertConfig, BertModel

    return {
        "vae": AutoencoderKLMagvit(
            latent_channels=4, block_out_channels=[8, 8, 8, 8], layers_per_block=1, norm_num_groups=2
        ).eval(),
        "text_encoder": BertModel(
            BertConfig(
                vocab_size=64, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                intermediate_size=16,
            )
        ).eval(),
        "tokenizer": _chatty(tiny.bert_tokenizer()),
        "transformer": EasyAnimateTransformer3DModel(
            num_attention_heads=2, attention_head_dim=16, in_channels=in_channels, out_channels=4,
            time_embed_dim=2, text_embed_dim=32, num_layers=1, mmdit_layers=1, patch_size=2, sample_width=8,
            sample_height=8, norm_elementwise_affine=False, resize_inpaint_mask_directly=inpaint,
            add_noise_in_inpaint_model=inpaint,
        ).eval(),
        "scheduler": _flow(),
    }  # fmt: skip


@_class("EasyAnimatePipeline")
def _easyanimate_t2v() -> dict[str, Any]:
    return _easyanimate()


def _cosmos(in_channels: int = 5, vae: Any = None, **more: Any) -> dict[str, Any]:
    from diffusers import AutoencoderKLCosmos, CosmosTransformer3DModel, EDMEulerScheduler

    return {
        "text_encoder": tiny.t5_encoder(),
        "tokenizer": tiny.t5_tokenizer(),
        "vae": vae
        or AutoencoderKLCosmos(
            in_channels=3, out_channels=3, latent_channels=4, encoder_block_out_channels=(8, 8, 8, 8),
            decode_block_out_channels=(8, 8, 8, 8), attention_resolutions=(8,), resolution=64, num_layers=2,
            patch_size=4, scaling_factor=1.0, spatial_compression_ratio=4, temporal_compression_ratio=4,
        ).eval(),
        "scheduler": EDMEulerScheduler(
            sigma_min=0.002, sigma_max=80, sigma_data=0.5, sigma_schedule="karras",
            num_train_timesteps=1000, prediction_type="epsilon", rho=7.0, final_sigmas_type="sigma_min",
        ),
        "transformer": CosmosTransformer3DModel(
            **{
                "in_channels": in_channels - 1, "out_channels": 4, "num_attention_heads": 2,
                "attention_head_dim": 12, "num_layers": 1, "mlp_ratio": 2, "text_embed_dim": tiny.TEXT_DIM,
                "adaln_lora_dim": 4, "max_size": (8, 32, 32), "patch_size": (1, 2, 2),
                "rope_scale": (2.0, 1.0, 1.0), "concat_padding_mask": True,
                "extra_pos_embed_type": "learnable", **more,
            }
        ).eval(),
        "safety_checker": NothingToCheck(),
    }  # fmt: skip


@_class("CosmosTextToWorldPipeline")
def _cosmos_t2w() -> dict[str, Any]:
    return _cosmos()


@_class("CosmosVideoToWorldPipeline")
def _cosmos_v2w() -> dict[str, Any]:
    return _cosmos(6)


@_class("Cosmos2VideoToWorldPipeline")
def _cosmos2() -> dict[str, Any]:
    parts = _cosmos(18, tiny.wan_vae(), out_channels=16, extra_pos_embed_type=None)
    return {**parts, "scheduler": _flow(use_karras_sigmas=True)}


def _chatty(tokenizer: Any) -> Any:
    """A tokenizer with a chat template: the texts of the messages, one after another."""
    tokenizer.chat_template = (
        "{% for message in messages %}{% if message.content is string %}{{ message.content }}{% else %}"
        "{% for part in message.content %}{{ part.text }}{% endfor %}{% endif %}{% endfor %}"
    )
    return tokenizer


def _hunyuan15(task: str) -> dict[str, Any]:
    from diffusers import (
        AutoencoderKLHunyuanVideo15,
        ClassifierFreeGuidance,
        HunyuanVideo15Transformer3DModel,
    )
    from transformers import ByT5Tokenizer, T5Config, T5EncoderModel

    byt5 = T5Config(vocab_size=384, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
    return {
        "text_encoder": tiny.llama_encoder(layers=3),
        "tokenizer": _chatty(tiny.llama_tokenizer()),
        "text_encoder_2": T5EncoderModel(byt5).eval(),
        "tokenizer_2": ByT5Tokenizer(),
        "vae": AutoencoderKLHunyuanVideo15(
            latent_channels=4, block_out_channels=(8, 8, 8, 8, 8), layers_per_block=1,
        ).eval(),
        "scheduler": _flow(shift=7.0),
        "transformer": HunyuanVideo15Transformer3DModel(
            in_channels=9, out_channels=4, num_attention_heads=2, attention_head_dim=8, num_layers=1,
            num_refiner_layers=1, mlp_ratio=2.0, text_embed_dim=16, text_embed_2_dim=8, image_embed_dim=16,
            rope_axes_dim=(2, 2, 4), target_size=32, task_type=task,
        ).eval(),
        "guider": ClassifierFreeGuidance(guidance_scale=6.0),
    }  # fmt: skip


@_class("HunyuanVideo15Pipeline")
def _hunyuan15_t2v() -> dict[str, Any]:
    return _hunyuan15("t2v")


@_class("HunyuanVideo15ImageToVideoPipeline")
def _hunyuan15_i2v() -> dict[str, Any]:
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

    config = SiglipVisionConfig(
        hidden_size=16, intermediate_size=16, num_attention_heads=2, num_hidden_layers=1, image_size=32,
        patch_size=16,
    )  # fmt: skip
    return {
        **_hunyuan15("i2v"),
        "image_encoder": SiglipVisionModel(config).eval(),
        "feature_extractor": SiglipImageProcessor(size={"height": 32, "width": 32}),
    }


def _motif() -> dict[str, Any]:
    from diffusers import ClassifierFreeGuidance, MotifVideoTransformer3DModel

    return {
        "scheduler": _flow(shift=7.0),
        "vae": tiny.wan_vae(),
        "text_encoder": tiny.t5_encoder(),
        "tokenizer": tiny.t5_tokenizer(),
        "transformer": MotifVideoTransformer3DModel(
            in_channels=33, out_channels=16, num_attention_heads=2, attention_head_dim=8, num_layers=1,
            num_single_layers=1, mlp_ratio=2.0, text_embed_dim=tiny.TEXT_DIM, rope_axes_dim=(2, 2, 4),
        ).eval(),
        "guider": ClassifierFreeGuidance(guidance_scale=6.0),
    }  # fmt: skip


@_class("MotifVideoPipeline")
def _motif_t2v() -> dict[str, Any]:
    return _motif()


def _ltx2() -> dict[str, Any]:
    from diffusers import AutoencoderKLLTX2Audio, AutoencoderKLLTX2Video, LTX2VideoTransformer3DModel
    from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder

    return {
        "scheduler": _flow(),
        "vae": AutoencoderKLLTX2Video(
            latent_channels=4, block_out_channels=(8,), decoder_block_out_channels=(8,),
            layers_per_block=(1,), decoder_layers_per_block=(1, 1), spatio_temporal_scaling=(True,),
            decoder_spatio_temporal_scaling=(True,), decoder_inject_noise=(False, False),
            downsample_type=("spatial",), upsample_residual=(False,), upsample_factor=(1,),
            down_block_types=("LTX2VideoDownBlock3D",), upsample_type=("spatiotemporal",),
            decoder_causal=False,
        ).eval(),
        "audio_vae": AutoencoderKLLTX2Audio(
            base_channels=4, output_channels=2, ch_mult=(1,), num_res_blocks=1, in_channels=2, resolution=32,
            latent_channels=2, mel_bins=8,
        ).eval(),
        "text_encoder": tiny.llama_encoder(),
        "tokenizer": tiny.llama_tokenizer(),
        "connectors": LTX2TextConnectors(
            caption_channels=16, text_proj_in_factor=3, video_connector_num_attention_heads=2,
            video_connector_attention_head_dim=8, video_connector_num_layers=1,
            video_connector_num_learnable_registers=None, audio_connector_num_attention_heads=2,
            audio_connector_attention_head_dim=8, audio_connector_num_layers=1,
            audio_connector_num_learnable_registers=None, connector_rope_base_seq_len=32,
            video_hidden_dim=16, audio_hidden_dim=8,
        ).eval(),
        "transformer": LTX2VideoTransformer3DModel(
            in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=8,
            cross_attention_dim=16, audio_in_channels=4, audio_out_channels=4, audio_num_attention_heads=2,
            audio_attention_head_dim=4, audio_cross_attention_dim=8, num_layers=1, caption_channels=16,
            rope_double_precision=False,
        ).eval(),
        "vocoder": LTX2Vocoder(
            in_channels=16, hidden_channels=16, out_channels=2, upsample_kernel_sizes=[4, 4],
            upsample_factors=[2, 2], resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]],
            output_sampling_rate=16000,
        ).eval(),
    }  # fmt: skip


@_class("LTX2Pipeline")
def _ltx2_t2v() -> dict[str, Any]:
    return _ltx2()


@_class("LTX2ImageToVideoPipeline")
def _ltx2_i2v() -> dict[str, Any]:
    return _ltx2()


@_class("LTX2ConditionPipeline")
def _ltx2_condition() -> dict[str, Any]:
    return _ltx2()


@_class("LTX2InContextPipeline")
def _ltx2_in_context() -> dict[str, Any]:
    return _ltx2()


# --- which class is tried by which tiny pipeline --------------------------------------------------

_FIRST = {
    "LTXPipeline": "ltx",
    "WanPipeline": "wan",
    "CogVideoXPipeline": "cogvideox",
    "AnimateDiffPipeline": "animatediff",
    "TextToVideoSDPipeline": "text-to-video-sd",
    "SkyReelsV2DiffusionForcingPipeline": "skyreels",
    "SkyReelsV2DiffusionForcingVideoToVideoPipeline": "skyreels-v2v",
    "HunyuanVideoPipeline": "hunyuan",
    "HunyuanVideoFramepackPipeline": "framepack",
    "MochiPipeline": "mochi",
    "StableVideoDiffusionPipeline": "svd",
    "AnyFlowFARPipeline": "anyflow-far",
    "HeliosPipeline": "helios",
}
NOT_TRIED = {
    "Cosmos2_5_PredictBasePipeline": "its text encoder is a Qwen2.5-VL with a processor from the hub",
    "Cosmos3OmniPipeline": "its transformer and tokenizers are one model of several parts from the hub",
    "HunyuanVideoImageToVideoPipeline": "its text encoder is a LLaVA with a processor from the hub",
    "I2VGenXLPipeline": "diffusers 0.42 reads a part of CLIPTextModel that transformers 5 has not",
    "Kandinsky5I2VPipeline": "its text encoder is a Qwen2.5-VL with a processor from the hub",
    "Kandinsky5T2VPipeline": "its text encoder is a Qwen2.5-VL with a processor from the hub",
    "Kandinsky6TI2VAPipeline": "its text encoder is a Qwen2.5-VL with a processor from the hub",
    "LTX2DFRPipeline": "two stages, of which the second needs keyframes of the first",
    "LTX2HDRPipeline": "returns values beyond white, which no clip of 8 bits holds",
    "LTXI2VLongMultiPromptPipeline": "its tiles are larger than a tiny clip",
    "MotifVideoImage2VideoPipeline": "its image encoder is part of a T5Gemma 2 from the hub",
    "TextToVideoZeroSDXLPipeline": "the same method as TextToVideoZero, on SDXL",
}


def configuration(name: str) -> dict[str, Any]:
    """The adapter's configuration for the tiny pipeline of a class."""
    if name in _FIRST:
        return first.configuration(_FIRST[name])
    return {
        "model": str(first.folder(name, BUILDERS[name], __file__)),
        "weights_licence": "Apache-2.0",
        "call": CALLS.get(name, {"num_inference_steps": 2}),
        **KEYS.get(name, {}),
    }


SUBJECTS = tuple(sorted([*_FIRST, *(name for name in BUILDERS if name not in NOT_TRIED)]))
