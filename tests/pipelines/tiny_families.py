"""Every tiny pipeline by its class: which runs, how it is configured, and why the others do not."""

from __future__ import annotations

from typing import Any

import tiny_ltx_cogvideox
import tiny_motion
import tiny_others
import tiny_parts
import tiny_pipelines as first
import tiny_wan
from tiny_parts import BUILDERS

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
_SOURCES = tuple(
    str(file.__file__) for file in (tiny_ltx_cogvideox, tiny_motion, tiny_others, tiny_parts, tiny_wan)
)
NOT_TRIED = {
    "Cosmos2_5_PredictBasePipeline": "its text encoder is a Qwen2.5-VL with a processor from the hub",
    "Cosmos2_5_TransferPipeline": "its text encoder is a Qwen2.5-VL with a processor from the hub",
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
        "model": str(first.folder(name, BUILDERS[name], *_SOURCES)),
        "weights_license": "Apache-2.0",
        "call": CALLS.get(name, {"num_inference_steps": 2}),
        **KEYS.get(name, {}),
    }


SUBJECTS = tuple(sorted([*_FIRST, *(name for name in BUILDERS if name not in NOT_TRIED)]))
