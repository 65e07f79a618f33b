"""What a run specification may say about a diffusers pipeline."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from vbench_lite.adapters.code_references import check_reference
from vbench_lite.adapters.external.declared import DeclaredFrames
from vbench_lite.generator import GeneratorConfig
from vbench_lite.suite import ControlKind

Dtype = Literal["float32", "bfloat16", "float16"]
_SHORT = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


class ComponentSpec(GeneratorConfig):
    """A part that another repository holds, such as the motion adapter of AnimateDiff.

    Attributes:
        kind: class name in diffusers or transformers.
        model: hub id or local folder.
        subfolder, revision, variant, dtype: where and how to load it.
    """

    kind: str
    model: str
    subfolder: str | None = None
    revision: str | None = None
    variant: str | None = None
    dtype: Dtype | None = None


class CacheSpec(GeneratorConfig):
    """A cache between denoising steps.

    Attributes:
        kind: FirstBlockCache, TaylorSeerCache, PyramidAttentionBroadcast, FasterCache, MagCache: a name for
            which the installed diffusers has a configuration.
        arguments: of that configuration, such as threshold.
    """

    kind: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class QuantizationSpec(GeneratorConfig):
    """Weights kept in fewer bits.

    Attributes:
        backend: layerwise stores in float8 and computes in dtype, with diffusers alone; else a backend of
            diffusers whose library is installed: torchao, quanto, bitsandbytes_4bit, bitsandbytes_8bit.
        arguments: of the backend; for layerwise, storage_dtype.
        components: the parts of the pipeline.
    """

    backend: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    components: tuple[str, ...] = ("transformer",)


class LoraSpec(GeneratorConfig):
    """A low-rank adapter (the package peft).

    Attributes:
        model: hub id or local folder.
        weight_name: the file in it; the only one if null.
        scale: how much of it is added.
        name: what it is called within the pipeline.
    """

    model: str
    weight_name: str | None = None
    scale: float = 1.0
    name: str = "lora"


class DiffusersConfig(GeneratorConfig):
    """Everything here is part of the generator's identity.

    Attributes:
        model: hub id, or a local folder in the diffusers layout.
        revision: branch, tag or commit on the hub.
        variant: of the weight files, for instance fp16.
        pipeline: class name in diffusers; what model_index.json names if null. A modular pipeline of its
            components, such as WanModularPipeline, is named here.
        components: parts taken from elsewhere, by the name that the pipeline gives them; null goes without
            one, such as a safety checker.
        hook: "module:function" or "file.py:function" that is called with the loaded pipeline and may change
            it, or return another: LoRA, caches, compilation, quantisation. Its file is part of the identity.
        dtype: of the weights.
        vae_dtype: of the VAE, where it needs more digits than the rest.
        offload: model or sequential keeps weights on the CPU until they are needed (accelerate).
        tiling, slicing: of the VAE; less memory, and tiles give other pixels.
        attention: attention backend of the denoiser, as diffusers names it.
        cache: a cache between steps; how often it was hit is a fact of each call (cache_hit_share).
        quantization: weights in fewer bits.
        lora: low-rank adapters, in order.
        compile: compile the denoisers (torch.compile); the first call of each shape is slow.
        scheduler: scheduler class that replaces the model's own.
        scheduler_config: values changed in the scheduler's configuration.
        call: further arguments of the pipeline's call (num_inference_steps, guidance_scale ...).
        fps: the rate the model was trained for, which clips are written at; null for the rate asked for.
        controls: kinds of control clips that its weights follow (edges, depth, pose ...); empty for any.
        frames, size_multiple: what can be made, for a class that is not known here.
        snap: up makes the next larger frame count and the nearest size, and trims; exact refuses requests
            that the model cannot make as they are.
        drop_first_frame: leave the first frame out, because it is the given image; null for what is known of
            the class.
        stream: hand on frames as soon as they are decoded, where the class can.
        local_files_only: never fetch from the hub.
        trust_remote_code: run Python from the model's repository.
        custom_pipeline: a community pipeline, which is remote code.
        license, weights_license: SPDX names; that of the weights is read from the model card if null.
    """

    model: str
    revision: str | None = None
    variant: str | None = None
    pipeline: str | None = None
    components: dict[str, ComponentSpec | None] = Field(default_factory=dict)
    hook: str | None = None
    dtype: Dtype = "float32"
    vae_dtype: Dtype | None = None
    offload: Literal["none", "model", "sequential"] = "none"
    tiling: bool = False
    slicing: bool = False
    attention: str | None = None
    cache: CacheSpec | None = None
    quantization: QuantizationSpec | None = None
    lora: tuple[LoraSpec, ...] = ()
    compile: bool = False
    scheduler: str | None = None
    scheduler_config: dict[str, Any] = Field(default_factory=dict)
    call: dict[str, Any] = Field(default_factory=dict)
    fps: Annotated[float, Field(gt=0)] | None = None
    controls: tuple[ControlKind, ...] = ()
    frames: DeclaredFrames | None = None
    size_multiple: Annotated[int, Field(ge=1)] | None = None
    snap: Literal["up", "exact"] = "up"
    drop_first_frame: bool | None = None
    stream: bool = True
    local_files_only: bool = True
    trust_remote_code: bool = False
    custom_pipeline: str | None = None
    license: str | None = None
    weights_license: str | None = None

    @field_validator("dtype", "vae_dtype", mode="before")
    @classmethod
    def _long_name(cls, value: Any) -> Any:
        return _SHORT.get(value, value) if isinstance(value, str) else value

    @field_validator("hook")
    @classmethod
    def _hook_names_an_attribute(cls, value: str | None) -> str | None:
        return check_reference(value)

    @field_validator("call")
    @classmethod
    def _leaves_the_request_alone(cls, call: dict[str, Any]) -> dict[str, Any]:
        owned = {
            "prompt",
            "generator",
            "height",
            "width",
            "num_frames",
            "frames",
            "video_length",
            "output_type",
        }
        taken = sorted(owned & call.keys())
        if taken:
            raise ValueError(f"{taken[0]} comes from the suite's request, not from the configuration")
        return call

    @model_validator(mode="after")
    def _modular_pipelines_take_fewer_options(self) -> DiffusersConfig:
        if self.pipeline is not None and self.pipeline.endswith("ModularPipeline"):
            refused = ("components", "quantization", "variant", "vae_dtype", "custom_pipeline", "lora")
            given = [name for name in refused if getattr(self, name)]
            if given or self.offload != "none":
                name = given[0] if given else "offload"
                raise ValueError(f"{name} is not for modular pipelines; set it by a hook, or leave it out")
        return self

    @model_validator(mode="after")
    def _remote_code_is_asked_for(self) -> DiffusersConfig:
        if self.custom_pipeline is not None and not self.trust_remote_code:
            raise ValueError(
                "custom_pipeline runs Python from elsewhere; say trust_remote_code: true to allow it"
            )
        return self
