"""Which frame counts and sizes a pipeline class can make, and what else its class says about it.

The frame rules come from the code of diffusers 0.42; sizes are the largest multiple that the class checks for
or was seen to need.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from vbench_lite.adapters.diffusers.geometry import FrameScheme, Geometry
from vbench_lite.generator import Family, FrameRule, Mechanism, Task


class ControlForm(StrEnum):
    """How a class takes a clip that the result is to follow."""

    FRAMES = "frames"  # pictures, one for each frame
    SPARSE = "sparse"  # pictures, and the frames that they are for
    MASKED = "masked"  # a clip and a mask, which stand for all that can be given (Wan VACE)
    CONDITIONS = "conditions"  # objects for frames that are kept, and for a clip that is read (LTX-2)


@dataclass(frozen=True)
class ClassRule:
    """What is known of the pipeline classes whose name begins with a prefix.

    Attributes:
        size: sides are multiples of it.
        cfg: the argument whose value above 1 doubles the work, and its default; guidance that is embedded
            in one forward does not count.
        fps_argument: the argument that tells the model the frame rate.
        frames_argument: the argument that takes the frame count; None where the given video decides.
        returns_image: whether the first frame is the given image, decoded, and not generated.
        returns_past: whether the frames that are continued come back before the generated ones, of which the
            first `overlap_history` repeat the end of what was given.
        keeps_past: whether the frames that are continued come back as the first of the clip, in its count.
        batches: whether one call can make several prompts, each from its own generator.
        steps_argument: the argument that takes the step count, or a list of it for each stage; None where
            the class has no count to set.
        counts: the frame counts that it makes whatever is asked, in place of the scheme's.
        call: arguments that it needs to make what it is asked for; the configuration's go over them.
        tiled: whether its VAE decodes in tiles only.
        control: the form in which it takes a control clip; None where it takes none.
        control_argument: the argument that takes it, where there is one for it.
        lacks: why this adapter cannot ask it for clips; None where it can.
    """

    scheme: FrameScheme
    size: int
    mechanism: Mechanism = Mechanism.BIDIRECTIONAL
    family: Family = Family.LATENT_DIFFUSION
    cfg: tuple[str, float] = ("guidance_scale", 5.0)
    fps_argument: str | None = None
    frames_argument: str | None = "num_frames"
    returns_image: bool = False
    returns_past: bool = False
    keeps_past: bool = False
    batches: bool = True
    tasks: tuple[Task, ...] | None = None
    steps_argument: str | None = "num_inference_steps"
    counts: FrameRule | None = None
    call: Mapping[str, Any] = field(default_factory=dict)
    tiled: bool = False
    control: ControlForm | None = None
    control_argument: str = ""
    lacks: str | None = None


_A, _C = FrameScheme.ANY, FrameScheme.CAUSAL
_I2V, _T2V_V2V = (Task.I2V,), (Task.T2V, Task.V2V)
_ALL = (Task.T2V, Task.I2V, Task.V2V)


def _follows(rule: ClassRule, form: ControlForm, argument: str) -> ClassRule:
    """The rule of a class that makes what a control clip shows, and nothing without one."""
    return replace(rule, tasks=(Task.C2V,), control=form, control_argument=argument, batches=False)


_ANIMATEDIFF = ClassRule(_A, 8, cfg=("guidance_scale", 7.5))
_COSMOS = ClassRule(_C, 16, cfg=("guidance_scale", 7.0), fps_argument="fps")
# Frames that come after an image or a clip, which both come back at the beginning.
_COSMOS_CONTINUES = replace(
    _COSMOS, returns_image=True, keeps_past=True, batches=False, tasks=(Task.I2V, Task.V2V)
)
_BY_CHUNKS = ClassRule(_C, 16, Mechanism.CHUNK_AUTOREGRESSIVE, Family.HYBRID)
_HELIOS = replace(_BY_CHUNKS, scheme=FrameScheme.CHUNKS, batches=False, tasks=_ALL)
_FORCING = ClassRule(_C, 16, Mechanism.DIFFUSION_FORCING, Family.HYBRID, fps_argument="fps", batches=False)
_LTX = ClassRule(_C, 32, cfg=("guidance_scale", 3.0), fps_argument="frame_rate")
_LTX2 = ClassRule(_C, 32, cfg=("guidance_scale", 4.0), fps_argument="frame_rate")
_LTX2_CONDITIONS = replace(
    _LTX2, control=ControlForm.CONDITIONS, returns_image=True, keeps_past=True, tasks=_ALL, batches=False
)
_UPSCALES = "it refines the clip or the latents of another pipeline"

# By the beginning of the class name; the longest that fits is taken.
CLASSES: Mapping[str, ClassRule] = {
    "Allegro": ClassRule(FrameScheme.WHOLE, 8, cfg=("guidance_scale", 7.5), tiled=True),
    "AnimateDiff": _ANIMATEDIFF,
    "AnimateDiffControlNet": _follows(_ANIMATEDIFF, ControlForm.FRAMES, "conditioning_frames"),
    "AnimateDiffSparseControlNet": _follows(_ANIMATEDIFF, ControlForm.SPARSE, "conditioning_frames"),
    "AnimateDiffVideoToVideoControlNet": ClassRule(
        _A, 8, lacks="it needs a clip to edit and a control clip, and a request gives one of them"
    ),
    "AnyFlow": ClassRule(_C, 16, cfg=("guidance_scale", 1.0), tasks=_T2V_V2V),
    "AnyFlowFAR": replace(_BY_CHUNKS, cfg=("guidance_scale", 1.0), tasks=_T2V_V2V),
    # Five frames, of which the last is the edited image; more only with enable_temporal_reasoning.
    "ChronoEdit": ClassRule(_C, 16, tasks=_I2V, counts=FrameRule(5, minimum=5, maximum=5)),
    "CogVideoX": ClassRule(FrameScheme.PAIRS, 16, cfg=("guidance_scale", 6.0)),
    "CogVideoXFunControl": _follows(
        ClassRule(FrameScheme.PAIRS, 16, cfg=("guidance_scale", 6.0), frames_argument=None),
        ControlForm.FRAMES,
        "control_video",
    ),
    "ConsisID": ClassRule(FrameScheme.PAIRS, 16, lacks="it needs the embeddings of a face with every image"),
    "Cosmos": _COSMOS,
    "Cosmos3": replace(_COSMOS_CONTINUES, tasks=_ALL),
    "CosmosVideoToWorld": _COSMOS_CONTINUES,
    "Cosmos2VideoToWorld": _COSMOS_CONTINUES,
    "Cosmos2_5_Predict": replace(_COSMOS_CONTINUES, tasks=_ALL),
    "Cosmos2_5_Transfer": _follows(
        ClassRule(_C, 16, cfg=("guidance_scale", 3.0)), ControlForm.FRAMES, "controls"
    ),
    "EasyAnimate": ClassRule(_C, 16, call={"negative_prompt": ""}, batches=False),  # it reads one in any case
    "EasyAnimateInpaint": ClassRule(
        _C, 16, lacks="it reads cache_mag_vae of its VAE, which diffusers 0.42 does not keep"
    ),
    "EasyAnimateControl": ClassRule(
        _C, 16, lacks="it fails in diffusers 0.42: encode_prompt takes no text_encoder_index"
    ),
    "Helios": _HELIOS,
    "HeliosPyramid": replace(_HELIOS, steps_argument="pyramid_num_inference_steps_list"),
    "HunyuanVideo": ClassRule(_C, 16, cfg=("true_cfg_scale", 1.0)),
    "HunyuanVideo15": ClassRule(_C, 16, batches=False),
    "HunyuanVideo15ImageToVideo": ClassRule(_C, 16, batches=False),
    "HunyuanVideoFramepack": replace(
        _BY_CHUNKS,
        scheme=FrameScheme.SECTIONS,
        cfg=("true_cfg_scale", 1.0),
        returns_image=True,
        batches=False,
        tasks=_I2V,
    ),
    "HunyuanVideoImageToVideo": ClassRule(_C, 16, cfg=("true_cfg_scale", 1.0), returns_image=True),
    "HunyuanSkyreels": ClassRule(_C, 16, cfg=("true_cfg_scale", 6.0)),
    "I2VGenXL": ClassRule(_A, 8, cfg=("guidance_scale", 9.0), fps_argument="target_fps", tasks=_I2V),
    "Kandinsky5": ClassRule(_C, 16),
    "Kandinsky6": ClassRule(_C, 16, tasks=(Task.T2V, Task.I2V)),
    "Kandinsky6SR": ClassRule(_C, 16, lacks=_UPSCALES),
    "Latte": ClassRule(
        _A,
        8,
        cfg=("guidance_scale", 7.5),
        frames_argument="video_length",
        counts=FrameRule(16, minimum=16, maximum=16),
    ),
    "LTX": _LTX,
    "LTXCondition": replace(_LTX, returns_image=True, keeps_past=True, tasks=_ALL),
    "LTXImageToVideo": replace(_LTX, returns_image=True),
    "LTX2": _LTX2,
    "LTX2Condition": _LTX2_CONDITIONS,
    "LTX2ImageToVideo": replace(_LTX2, returns_image=True),
    "LTX2InContext": replace(_LTX2_CONDITIONS, tasks=(*_ALL, Task.C2V)),
    "LTX2DFRTemporalRefine": ClassRule(_C, 32, lacks=_UPSCALES),
    "LTX2LatentUpsample": ClassRule(_C, 32, lacks=_UPSCALES),
    "LTX2VideoDiffusionDecode": ClassRule(_C, 32, lacks="it decodes latents, which no request holds"),
    "LTXLatentUpsample": ClassRule(_C, 32, lacks=_UPSCALES),
    "Lucy": ClassRule(_C, 16, tasks=(Task.V2V,)),
    "Mochi": ClassRule(_C, 16, cfg=("guidance_scale", 4.5)),
    "Motif": ClassRule(_C, 16),
    "PIA": ClassRule(_A, 8, cfg=("guidance_scale", 7.5), tasks=_I2V),
    # Its own choice of a size is left out: it would make another one than was asked for.
    "Sana": ClassRule(
        _C,
        32,
        cfg=("guidance_scale", 6.0),
        frames_argument="frames",
        call={"use_resolution_binning": False},
    ),
    "SanaWM": ClassRule(_C, 32, lacks="it needs a camera path or actions with every image"),
    "SkyReelsV2": ClassRule(_C, 16, cfg=("guidance_scale", 6.0)),
    "SkyReelsV2DiffusionForcing": replace(_FORCING, cfg=("guidance_scale", 6.0)),
    "SkyReelsV2DiffusionForcingImageToVideo": replace(_FORCING, returns_image=True),
    "SkyReelsV2DiffusionForcingVideoToVideo": replace(
        _FORCING, cfg=("guidance_scale", 6.0), returns_past=True, tasks=(Task.V2V,)
    ),
    "StableVideoDiffusion": ClassRule(
        _A, 8, cfg=("max_guidance_scale", 3.0), fps_argument="fps", batches=False, tasks=_I2V
    ),
    "TextToVideoSD": ClassRule(_A, 8, cfg=("guidance_scale", 9.0)),
    "TextToVideoZero": ClassRule(
        _A, 8, cfg=("guidance_scale", 7.5), frames_argument="video_length", batches=False
    ),
    "VideoToVideoSD": ClassRule(_A, 8, cfg=("guidance_scale", 15.0)),
    "Wan": ClassRule(_C, 16),
    "WanAnimate": ClassRule(_C, 16, lacks="it needs clips of a pose and of a face to follow"),
    "WanVACE": ClassRule(
        _C,
        16,
        control=ControlForm.MASKED,
        returns_image=True,
        keeps_past=True,
        batches=False,
        tasks=(*_ALL, Task.C2V),
    ),
}
# Modular pipelines that are asked here; by their names they have the rules of the others.
MODULAR = ("LTXModularPipeline", "WanModularPipeline")
_NAMED_TASKS = (
    ("ImageToVideo", Task.I2V),
    ("Image2Video", Task.I2V),
    ("I2V", Task.I2V),
    ("VideoToVideo", Task.V2V),
    ("VideoToWorld", Task.V2V),
    ("Edit", Task.V2V),
)


def class_rule(name: str) -> ClassRule | None:
    """What is known of a pipeline class; None for a class that is not in the table."""
    if name.endswith("ModularPipeline") and name not in MODULAR:
        other = name.replace("Modular", "")
        lacks = f"its blocks were never tried here; name {other}, where there is one, under pipeline"
        return ClassRule(_A, 8, lacks=lacks)
    fits = [prefix for prefix in CLASSES if name.startswith(prefix)]
    if not fits:
        return None
    rule = CLASSES[max(fits, key=len)]
    if rule.tasks is None:
        rule = replace(
            rule, tasks=tuple(task for part, task in _NAMED_TASKS if part in name)[:1] or (Task.T2V,)
        )
    if name in MODULAR:
        rule = replace(rule, batches=False)
    if rule.tasks == (Task.V2V,) and not (rule.returns_past or rule.keeps_past):
        rule = replace(rule, frames_argument=None, batches=False)
    return rule


def size_multiple(rule: ClassRule, geometry: Geometry) -> int:
    """What both sides are a multiple of."""
    return math.lcm(rule.size, geometry.spatial * geometry.patch)
