"""Build a pipeline as the configuration says; the only place that loads weights."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vbench_lite.adapters.diffusers.config import ComponentSpec, DiffusersConfig
from vbench_lite.adapters.diffusers.modular import SUFFIX, load_modular
from vbench_lite.adapters.diffusers.rules import ClassRule, class_rule
from vbench_lite.adapters.diffusers.speedups import quantization
from vbench_lite.adapters.model_files import locate, offline
from vbench_lite.errors import SpecError, WeightsError
from vbench_lite.weights.model_folder import first_line


def pipeline_class(name: str) -> Any:
    """The class of a name in diffusers.

    Raises:
        SpecError: diffusers is not installed, or has no such pipeline.
    """
    try:
        import diffusers
    except ImportError as error:
        raise SpecError(
            f"the adapter diffusers needs its extra: pip install 'vbench-lite[diffusers]' ({error})"
        ) from None
    found = getattr(diffusers, name, None)
    kinds = (diffusers.DiffusionPipeline, diffusers.ModularPipeline)
    if not (isinstance(found, type) and issubclass(found, kinds)):
        raise SpecError(
            f"diffusers {diffusers.__version__} has no pipeline {name!r}; name one under `pipeline` in the "
            "config, or install the version that the model was made with"
        )
    return found


def load_pipeline(name: str, config: DiffusersConfig, device: str) -> Any:
    """A pipeline on its device, in evaluation mode, with its options set.

    Raises:
        SpecError: an option does not fit the pipeline. WeightsError: files are missing.
    """
    import torch

    kind = pipeline_class("DiffusionPipeline" if config.custom_pipeline else name)
    _quieten()
    dtype = getattr(torch, config.dtype)
    dtypes = (
        dtype if config.vae_dtype is None else {"default": dtype, "vae": getattr(torch, config.vae_dtype)}
    )
    model = _where(config.model, config.revision, config.local_files_only)
    parts = {part: _part(name, part, spec, config) for part, spec in config.components.items()}
    community: dict[str, Any] = {}
    if config.custom_pipeline is not None:
        community = {"custom_pipeline": config.custom_pipeline}
    try:
        with _named_components():
            if name.endswith(SUFFIX):
                pipe: Any = load_modular(kind, model, dtype, offline(config.local_files_only))
            else:
                pipe = kind.from_pretrained(
                    model,
                    dtype=dtypes,
                    revision=config.revision,
                    variant=config.variant,
                    local_files_only=offline(config.local_files_only),
                    trust_remote_code=config.trust_remote_code,
                    **community,
                    **parts,
                    **quantization(config.quantization),
                )
    except ImportError as error:
        raise SpecError(
            f"model {config.model} as {name}: {first_line(error)}; install it, or go without that "
            "component, for instance components: {safety_checker: null}"
        ) from None
    except OSError as error:
        raise WeightsError(f"model {config.model}: {' '.join(str(error).split())}") from None
    except ValueError as error:
        raise SpecError(f"model {config.model} as {name}: {' '.join(str(error).split())}") from None
    pipe.set_progress_bar_config(disable=True)
    for component in pipe.components.values():
        if isinstance(component, torch.nn.Module):
            component.eval().requires_grad_(False)
    rule = class_rule(name)
    if rule is not None and rule.tiled:
        pipe.vae.enable_tiling()
        pipe.vae.enable_slicing()  # its tiles are of one clip, and a batch has several
    if config.scheduler is not None or config.scheduler_config:
        pipe.scheduler = _scheduler(pipe.scheduler, config)
    _set_vae_options(pipe, config)
    if config.attention is not None:
        _set_attention(pipe, config.attention)
    match config.offload:
        case "none":
            pipe.to(device)
        case "model":
            pipe.enable_model_cpu_offload(device=device)
        case "sequential":
            pipe.enable_sequential_cpu_offload(device=device)
    return pipe


@contextmanager
def tiles_within(pipe: Any, rule: ClassRule, frames: int, height: int, width: int) -> Iterator[None]:
    """The pipeline with tiles no larger than a clip, if its VAE decodes in tiles only.

    Such a VAE fits whole tiles into the clip: of one that is smaller than a tile it decodes nothing.
    """
    if not rule.tiled:
        yield
        return
    vae, size = pipe.vae, (frames, height, width)
    kernel, stride = (tuple(map(min, own, size)) for own in (vae.kernel, vae.stride))
    with _replaced(vae, kernel=kernel, stride=stride):
        yield


@contextmanager
def guider_at(pipe: Any, scale: float | None) -> Iterator[None]:
    """The pipeline with its guider set to a scale during the block; as it is where the scale is None."""
    if scale is None:
        yield
        return
    with _replaced(pipe, guider=pipe.guider.new(guidance_scale=float(scale))):
        yield


@contextmanager
def _replaced(owner: Any, **values: Any) -> Iterator[None]:
    """Other values of some attributes during the block."""
    own = {name: getattr(owner, name) for name in values}
    try:
        for name, value in values.items():
            setattr(owner, name, value)
        yield
    finally:
        for name, value in own.items():
            setattr(owner, name, value)


@contextmanager
def _named_components() -> Iterator[None]:
    """Say on stderr, the worker's log, what is being loaded, so that a crash of the process names it."""
    from diffusers.pipelines import pipeline_utils

    own = pipeline_utils.load_sub_model

    def told(*args: Any, **kwargs: Any) -> Any:
        names = [kwargs.get("name"), kwargs.get("class_name")]
        print("loading", *[name for name in names if name], file=sys.stderr, flush=True)  # noqa: T201  the log
        return own(*args, **kwargs)

    with _replaced(pipeline_utils, load_sub_model=told):
        yield


def fresh_scheduler(scheduler: Any) -> Any:
    """A scheduler without the state that multi-step methods carry from one clip into the next."""
    return type(scheduler).from_config(scheduler.config)


def _where(model: str, revision: str | None, local_files_only: bool) -> str:
    """The folder where the files lie already; the hub id itself if they may be fetched."""
    folder = locate(model, revision, local_files_only).folder
    return str(folder) if offline(local_files_only) or Path(model).expanduser() == folder else model


class NothingToCheck:
    """In the place of a safety checker that the configuration goes without: every text and clip passes."""

    def check_text_safety(self, text: str) -> bool:
        return True

    def check_video_safety(self, frames: Any) -> Any:
        return frames

    def to(self, *_: Any, **__: Any) -> NothingToCheck:
        return self


def _part(pipeline: str, part: str, spec: ComponentSpec | None, config: DiffusersConfig) -> Any:
    """A component from elsewhere, or what stands for one that is left out."""
    if spec is not None:
        return _component(spec, config)
    # Cosmos builds a checker of its own where it gets none.
    return NothingToCheck() if part == "safety_checker" and pipeline.startswith("Cosmos") else None


def _component(spec: ComponentSpec, config: DiffusersConfig) -> Any:
    import torch

    kind = None
    for library in ("diffusers", "transformers"):
        kind = kind or getattr(importlib.import_module(library), spec.kind, None)
    if kind is None or not hasattr(kind, "from_pretrained"):
        raise SpecError(f"component kind {spec.kind!r} is no class of diffusers or transformers")
    options: dict[str, Any] = {
        "subfolder": spec.subfolder,
        "revision": spec.revision,
        "variant": spec.variant,
        "local_files_only": offline(config.local_files_only),
    }
    options = {key: value for key, value in options.items() if value is not None}
    try:
        if isinstance(kind, type) and issubclass(
            kind, torch.nn.Module
        ):  # schedulers and guiders have no type
            options["dtype"] = getattr(torch, spec.dtype or config.dtype)
        return kind.from_pretrained(spec.model, **options)
    except OSError as error:
        raise WeightsError(f"component {spec.model}: {' '.join(str(error).split())}") from None


def _scheduler(own: Any, config: DiffusersConfig) -> Any:
    import diffusers

    name = config.scheduler or type(own).__name__
    kind = getattr(diffusers, name, None)
    if kind is None or not hasattr(kind, "from_config"):
        raise SpecError(f"diffusers {diffusers.__version__} has no scheduler {name!r}")
    return kind.from_config(own.config, **config.scheduler_config)


def _set_vae_options(pipe: Any, config: DiffusersConfig) -> None:
    for wanted, method in ((config.tiling, "enable_tiling"), (config.slicing, "enable_slicing")):
        if not wanted:
            continue
        vae = getattr(pipe, "vae", None)
        if not hasattr(vae, method):
            raise SpecError(f"{type(pipe).__name__} has a VAE without {method}; leave that option out")
        getattr(vae, method)()


def _set_attention(pipe: Any, backend: str) -> None:
    networks = [n for name in ("transformer", "transformer_2", "unet") if (n := getattr(pipe, name, None))]
    for network in networks:
        if not hasattr(network, "set_attention_backend"):
            raise SpecError(f"{type(network).__name__} has no choice of attention backend; leave it out")
        try:
            network.set_attention_backend(backend)
        except (ValueError, RuntimeError, ImportError) as error:
            raise SpecError(f"attention backend {backend!r}: {' '.join(str(error).split())}") from None


def _quieten() -> None:
    """No progress bars: a worker's standard error is for what went wrong."""
    import diffusers
    import transformers

    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
