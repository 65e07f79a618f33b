"""Tiny pipelines of further families."""

from __future__ import annotations

from typing import Any

import tiny_components as tiny
from tiny_parts import chatty, ddim, flow, pipeline_of

from vbench_lite.adapters.diffusers.loading import NothingToCheck


@pipeline_of("LattePipeline")
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
        "scheduler": ddim(),
    }  # fmt: skip


@pipeline_of("AllegroPipeline")
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
        "scheduler": ddim(),
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
        "tokenizer": chatty(tiny.bert_tokenizer()),
        "transformer": EasyAnimateTransformer3DModel(
            num_attention_heads=2, attention_head_dim=16, in_channels=in_channels, out_channels=4,
            time_embed_dim=2, text_embed_dim=32, num_layers=1, mmdit_layers=1, patch_size=2, sample_width=8,
            sample_height=8, norm_elementwise_affine=False, resize_inpaint_mask_directly=inpaint,
            add_noise_in_inpaint_model=inpaint,
        ).eval(),
        "scheduler": flow(),
    }  # fmt: skip


@pipeline_of("EasyAnimatePipeline")
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


@pipeline_of("CosmosTextToWorldPipeline")
def _cosmos_t2w() -> dict[str, Any]:
    return _cosmos()


@pipeline_of("CosmosVideoToWorldPipeline")
def _cosmos_v2w() -> dict[str, Any]:
    return _cosmos(6)


@pipeline_of("Cosmos2VideoToWorldPipeline")
def _cosmos2() -> dict[str, Any]:
    parts = _cosmos(18, tiny.wan_vae(), out_channels=16, extra_pos_embed_type=None)
    return {**parts, "scheduler": flow(use_karras_sigmas=True)}


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
        "tokenizer": chatty(tiny.llama_tokenizer()),
        "text_encoder_2": T5EncoderModel(byt5).eval(),
        "tokenizer_2": ByT5Tokenizer(),
        "vae": AutoencoderKLHunyuanVideo15(
            latent_channels=4, block_out_channels=(8, 8, 8, 8, 8), layers_per_block=1,
        ).eval(),
        "scheduler": flow(shift=7.0),
        "transformer": HunyuanVideo15Transformer3DModel(
            in_channels=9, out_channels=4, num_attention_heads=2, attention_head_dim=8, num_layers=1,
            num_refiner_layers=1, mlp_ratio=2.0, text_embed_dim=16, text_embed_2_dim=8, image_embed_dim=16,
            rope_axes_dim=(2, 2, 4), target_size=32, task_type=task,
        ).eval(),
        "guider": ClassifierFreeGuidance(guidance_scale=6.0),
    }  # fmt: skip


@pipeline_of("HunyuanVideo15Pipeline")
def _hunyuan15_t2v() -> dict[str, Any]:
    return _hunyuan15("t2v")


@pipeline_of("HunyuanVideo15ImageToVideoPipeline")
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
        "scheduler": flow(shift=7.0),
        "vae": tiny.wan_vae(),
        "text_encoder": tiny.t5_encoder(),
        "tokenizer": tiny.t5_tokenizer(),
        "transformer": MotifVideoTransformer3DModel(
            in_channels=33, out_channels=16, num_attention_heads=2, attention_head_dim=8, num_layers=1,
            num_single_layers=1, mlp_ratio=2.0, text_embed_dim=tiny.TEXT_DIM, rope_axes_dim=(2, 2, 4),
        ).eval(),
        "guider": ClassifierFreeGuidance(guidance_scale=6.0),
    }  # fmt: skip


@pipeline_of("MotifVideoPipeline")
def _motif_t2v() -> dict[str, Any]:
    return _motif()


def _ltx2() -> dict[str, Any]:
    from diffusers import AutoencoderKLLTX2Audio, AutoencoderKLLTX2Video, LTX2VideoTransformer3DModel
    from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder

    return {
        "scheduler": flow(),
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


@pipeline_of("LTX2Pipeline")
def _ltx2_t2v() -> dict[str, Any]:
    return _ltx2()


@pipeline_of("LTX2ImageToVideoPipeline")
def _ltx2_i2v() -> dict[str, Any]:
    return _ltx2()


@pipeline_of("LTX2ConditionPipeline")
def _ltx2_condition() -> dict[str, Any]:
    return _ltx2()


@pipeline_of("LTX2InContextPipeline")
def _ltx2_in_context() -> dict[str, Any]:
    return _ltx2()
