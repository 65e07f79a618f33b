"""What a model is, from its own files and the configuration: info, rules, and the plan of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vbench_lite.adapters.diffusers import geometry as geometry_rules
from vbench_lite.adapters.diffusers import rules
from vbench_lite.adapters.diffusers.config import ComponentSpec, DiffusersConfig
from vbench_lite.adapters.diffusers.geometry import FrameScheme, Geometry
from vbench_lite.adapters.diffusers.rules import ClassRule
from vbench_lite.adapters.model_files import locate
from vbench_lite.errors import SpecError
from vbench_lite.generator import FrameRule, GeneratorInfo, Mechanism, SizeRule, Streaming, Task
from vbench_lite.weights.model_folder import ModelSource

ADAPTER = "diffusers"
_LIBRARY_LICENSE = "Apache-2.0"


@dataclass(frozen=True)
class CallPlan:
    """What to ask a pipeline for, to get a clip of some length.

    Attributes:
        num_frames: the argument. made: frames that come back. chunks: denoising loops.
        partition: latent frames of each chunk, where the class wants to be told.
    """

    num_frames: int
    made: int
    chunks: int
    partition: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Description:
    """A model as its files declare it.

    Attributes:
        pipeline: class name. made: frame counts that the pipeline returns, a given image included.
        drops_first: the first frame is left out when an image is given, because it is that image.
        fps_source: "native" (the configuration knows it), "requested" (the model is told the suite's rate)
            or "assumed" (the model knows nothing of it).
    """

    pipeline: str
    rule: ClassRule
    geometry: Geometry | None
    made: FrameRule
    info: GeneratorInfo
    drops_first: bool
    fps_source: str

    def plan(self, num_frames: int) -> CallPlan:
        """The call that returns at least `num_frames`, a given image included."""
        made = self.made.snap(num_frames)
        if self.geometry is None:
            return CallPlan(made, made, 1)
        asked = geometry_rules.asked_frames(self.rule.scheme, self.geometry, made)
        if self.geometry.partition:
            parts = geometry_rules.partition(
                (made - 1) // self.geometry.temporal + 1, self.geometry.partition
            )
            return CallPlan(asked, made, len(parts), parts)
        chunked = self.rule.scheme in (FrameScheme.CHUNKS, FrameScheme.SECTIONS)
        return CallPlan(asked, made, asked // self.geometry.chunk if chunked else 1)

    def agree(self, pipe: Any) -> None:
        """Raise SpecError if the loaded pipeline compresses otherwise than its files were understood."""
        vae = getattr(pipe, "vae", None)
        known = None if vae is None else _vae_compression(vae)
        # Some classes name the compression of the first model of their family, whatever VAE they hold.
        found = known or pipeline_compression(pipe)
        if self.geometry is not None and found not in (None, (self.geometry.temporal, self.geometry.spatial)):
            raise SpecError(
                f"model of class {self.pipeline}: its VAE compresses by {found}, its files were read as "
                f"{(self.geometry.temporal, self.geometry.spatial)}; give frames, size_multiple"
            )


def describe(config: DiffusersConfig) -> Description:
    """Read a model's declarations.

    Raises:
        SpecError: the model cannot be understood. WeightsError: its files are not here.
    """
    source = locate(config.model, config.revision, config.local_files_only)
    pipeline = config.pipeline or str(source.index["_class_name"])
    rule, known = rules.class_rule(pipeline), True
    if rule is None:
        rule, known = ClassRule(FrameScheme.ANY, 8, Mechanism.UNKNOWN, tasks=(Task.T2V,)), False
    if rule.lacks is not None:
        raise SpecError(f"model {config.model}: {pipeline} cannot be asked for clips here: {rule.lacks}")
    geometry = _geometry(source, config)
    if not known and geometry is not None and geometry.temporal > 1:
        rule = replace(rule, scheme=FrameScheme.CAUSAL)
    if geometry is None and (config.frames is None or config.size_multiple is None):
        raise SpecError(
            f"model {config.model} ({pipeline}): the compression of its VAE cannot be told from its files; "
            "give frames and size_multiple in the config"
        )
    if config.frames is not None:
        made = FrameRule(**config.frames.model_dump())
        rule = replace(rule, scheme=FrameScheme.ANY if known else rule.scheme)
    else:
        assert geometry is not None
        made = rule.counts or geometry_rules.made_frames(rule.scheme, geometry)
        if rule.counts is not None and config.call.get("enable_temporal_reasoning"):
            made = geometry_rules.made_frames(rule.scheme, geometry)
    drops = rule.returns_image if config.drop_first_frame is None else config.drop_first_frame
    only_images = rule.tasks == (Task.I2V,)
    returned = geometry_rules.without_image(made) if drops and only_images else made
    exact = config.snap == "exact"
    multiple = config.size_multiple or rules.size_multiple(rule, geometry or Geometry(1, 1))
    fps_source = "native" if config.fps else "requested" if rule.fps_argument else "assumed"
    info = GeneratorInfo(
        name=ADAPTER,
        family=rule.family,
        mechanism=rule.mechanism,
        tasks=rule.tasks or (Task.T2V,),
        frames=replace(returned, exact=exact),
        size=SizeRule(multiple=multiple, exact=exact),
        native_fps=config.fps,
        guidance=float(config.call.get(rule.cfg[0], rule.cfg[1])) > 1,
        streaming=Streaming.CHUNK if streams(pipeline, config) else Streaming.NONE,
        latents=geometry is not None,
        controls=config.controls,
        kv_cache=pipeline.startswith("AnyFlowFAR") and bool(config.call.get("use_kv_cache", True)),
        license=config.license or _LIBRARY_LICENSE,
        weights_license=config.weights_license or source.license() or "unknown",
        weights_sha256=_weights_sha256(source, config),
        summary=f"{pipeline} of diffusers, {config.dtype}, from {config.model}.",
    )
    return Description(pipeline, rule, geometry, made, info, drops, fps_source)


def streams(pipeline: str, config: DiffusersConfig) -> bool:
    """Whether frames leave the pipeline before it ends, with this configuration."""
    if not config.stream or config.tiling:  # tiles are blended over the whole clip
        return False
    if pipeline.startswith("HunyuanVideoFramepack"):
        return config.call.get("sampling_type") == "vanilla"
    if pipeline.startswith("SkyReelsV2DiffusionForcing"):
        return int(config.call.get("ar_step", 0)) > 0
    return pipeline.startswith(("Helios", "AnyFlowFAR"))


def pipeline_compression(pipe: Any) -> tuple[int, int] | None:
    """(temporal, spatial) compression as a loaded pipeline knows it, in any of the five spellings."""
    for temporal, spatial in (
        ("vae_scale_factor_temporal", "vae_scale_factor_spatial"),
        ("vae_temporal_compression_ratio", "vae_spatial_compression_ratio"),
        ("vae_temporal_scale_factor", "vae_spatial_scale_factor"),
    ):
        if hasattr(pipe, temporal) and hasattr(pipe, spatial):
            return int(getattr(pipe, temporal)), int(getattr(pipe, spatial))
    if hasattr(pipe, "vae_scale_factor"):
        return 1, int(pipe.vae_scale_factor)
    return None


def _vae_compression(vae: Any) -> tuple[int, int] | None:
    return geometry_rules.vae_compression({"_class_name": type(vae).__name__, **vae.config})


def _geometry(source: ModelSource, config: DiffusersConfig) -> Geometry | None:
    found = geometry_rules.vae_compression(_component_config(source, config, "vae"))
    if found is None:
        return None
    denoiser = _component_config(source, config, "transformer")
    patch = denoiser.get("patch_size", 1)
    motion = _component_config(source, config, "motion_adapter")
    window = config.call.get("latent_window_size", config.call.get("num_latent_frames_per_chunk", 9))
    pattern = config.call.get("chunk_partition", denoiser.get("chunk_partition"))
    block = config.call.get("causal_block_size") or denoiser.get("num_frame_per_block") or 1
    return Geometry(
        temporal=found[0],
        spatial=found[1],
        patch=int(patch[-1] if isinstance(patch, list) else patch or 1),
        window=int(window),
        longest=motion.get("motion_max_seq_length"),
        partition=tuple(pattern) if pattern else None,
        block=int(block),
    )


def _component_config(source: ModelSource, config: DiffusersConfig, name: str) -> Mapping[str, Any]:
    spec = config.components.get(name)
    if spec is None:
        return {} if name in config.components else source.config(name)
    return _component_source(spec, config).config(spec.subfolder)


def _component_source(spec: ComponentSpec, config: DiffusersConfig) -> ModelSource:
    return locate(spec.model, spec.revision, config.local_files_only)


def _weights_sha256(source: ModelSource, config: DiffusersConfig) -> str:
    """Hash over the model and the components that replace parts of it."""
    import hashlib

    own = source.weights_sha256(config.variant)
    if not config.components:
        return own
    parts = [
        f"{name}:{'none' if spec is None else _component_source(spec, config).weights_sha256(spec.variant)}"
        for name, spec in sorted(config.components.items())
    ]
    return hashlib.sha256("\n".join([own, *parts]).encode()).hexdigest()
