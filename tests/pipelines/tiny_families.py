"""Tiny pipelines of further classes, from the parts that the families share: random weights, no network.

A builder is named by the pipeline's class. `tiny_pipelines` holds those that tests of single calls use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tiny_components as tiny
import tiny_pipelines as first

BUILDERS: dict[str, Callable[[], Any]] = {}


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
    return {**parts, "scheduler": HeliosScheduler()}


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


@_class("LTXI2VLongMultiPromptPipeline")
def _ltx_long() -> dict[str, Any]:
    from diffusers import LTXEulerAncestralRFScheduler

    return {**first.BUILDERS["ltx"]().components, "scheduler": LTXEulerAncestralRFScheduler()}


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


@_class("CogVideoXFunControlPipeline")
def _cogvideox_control() -> dict[str, Any]:
    return _cogvideox(in_channels=8)


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


def _animatediff(**more: Any) -> dict[str, Any]:
    found = first.BUILDERS["animatediff"]().components
    return {**{key: value for key, value in found.items() if value is not None}, **more}


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


def _controlnet() -> Any:
    from diffusers import ControlNetModel

    return ControlNetModel(
        block_out_channels=(8, 8), layers_per_block=1, in_channels=4, norm_num_groups=2,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), cross_attention_dim=tiny.TEXT_DIM,
        conditioning_embedding_out_channels=(8, 8, 8, 8), attention_head_dim=4,
    ).eval()  # fmt: skip


@_class("AnimateDiffPAGPipeline")
def _animatediff_pag() -> dict[str, Any]:
    return {**_animatediff_parts(), "pag_applied_layers": ["mid"]}


@_class("AnimateDiffVideoToVideoPipeline")
def _animatediff_v2v() -> dict[str, Any]:
    return _animatediff_parts()


@_class("AnimateDiffControlNetPipeline")
def _animatediff_control() -> dict[str, Any]:
    return {**_animatediff_parts(), "controlnet": _controlnet()}


@_class("AnimateDiffVideoToVideoControlNetPipeline")
def _animatediff_v2v_control() -> dict[str, Any]:
    return {**_animatediff_parts(), "controlnet": _controlnet()}


@_class("AnimateDiffSparseControlNetPipeline")
def _animatediff_sparse() -> dict[str, Any]:
    from diffusers import SparseControlNetModel

    controlnet = SparseControlNetModel(
        block_out_channels=(8, 8), layers_per_block=1, in_channels=4, norm_num_groups=2,
        down_block_types=("CrossAttnDownBlockMotion", "DownBlockMotion"), cross_attention_dim=tiny.TEXT_DIM,
        conditioning_embedding_out_channels=(8, 8, 8, 8), attention_head_dim=4, motion_num_attention_heads=4,
        conditioning_channels=3, concat_conditioning_mask=False, use_simplified_condition_embedding=False,
    ).eval()  # fmt: skip
    return {**_animatediff_parts(), "controlnet": controlnet}


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


@_class("TextToVideoZeroPipeline")
def _zero() -> dict[str, Any]:
    return {
        "vae": tiny.image_vae(),
        "text_encoder": tiny.clip_text_encoder(),
        "tokenizer": tiny.clip_tokenizer(),
        "unet": _unet(sample_size=4),
        "scheduler": _ddim(),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }


@_class("I2VGenXLPipeline")
def _i2vgen() -> dict[str, Any]:
    from diffusers import I2VGenXLUNet

    return {
        "vae": tiny.image_vae(),
        "text_encoder": tiny.clip_text_encoder(),
        "tokenizer": tiny.clip_tokenizer(),
        "image_encoder": _vision("CLIPVisionModelWithProjection", projection_dim=tiny.TEXT_DIM),
        "feature_extractor": _clip_images(),
        "unet": I2VGenXLUNet(
            block_out_channels=(8, 8), layers_per_block=1, in_channels=4, out_channels=4, norm_num_groups=2,
            down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"), cross_attention_dim=tiny.TEXT_DIM,
            up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"), attention_head_dim=4, num_attention_heads=2,
        ).eval(),
        "scheduler": _ddim(),
    }  # fmt: skip


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
        "tokenizer": tiny.bert_tokenizer(),
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


@_class("EasyAnimateControlPipeline")
def _easyanimate_control() -> dict[str, Any]:
    return _easyanimate(8)


@_class("EasyAnimateInpaintPipeline")
def _easyanimate_inpaint() -> dict[str, Any]:
    return _easyanimate(9, inpaint=True)


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
                "adaln_lora_dim": 4, "max_size": (4, 32, 32), "patch_size": (1, 2, 2),
                "rope_scale": (2.0, 1.0, 1.0), "concat_padding_mask": True,
                "extra_pos_embed_type": "learnable", **more,
            }
        ).eval(),
        "safety_checker": tiny.nothing_to_check(),
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
