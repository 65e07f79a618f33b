"""What makes a pipeline cheaper and has a key of its own: cache, quantisation, LoRA, compilation.

Names are those of the installed diffusers: a cache is any KIND for which it has `KINDConfig`, so one that
comes with the next version needs nothing here. Whether a cache was ever hit is counted, since one that never
is costs time and looks like a success.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Sequence
from typing import Any

from vbench_lite.adapters.diffusers.config import CacheSpec, DiffusersConfig, LoraSpec, QuantizationSpec
from vbench_lite.errors import SpecError

_CACHES = ("FirstBlockCache", "TaylorSeerCache", "PyramidAttentionBroadcast", "FasterCache", "MagCache")
LAYERWISE = "layerwise"


def cache_config(spec: CacheSpec, pipe: Any) -> Any:
    """The configuration object of a cache.

    Raises:
        SpecError: diffusers has no such cache, or it has no such argument.
    """
    import diffusers
    from diffusers import hooks

    kind = getattr(hooks, f"{spec.kind}Config", None)
    if kind is None:
        known = [name for name in _CACHES if hasattr(hooks, f"{name}Config")]
        raise SpecError(
            f"cache: diffusers {diffusers.__version__} has no {spec.kind}; it has: {', '.join(known)}"
        )
    takes = inspect.signature(kind).parameters
    for name in spec.arguments:
        if name not in takes:
            near = difflib.get_close_matches(name, takes, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it takes: {', '.join(takes)}"
            raise SpecError(f"cache: {spec.kind} has no argument {name!r}; {hint}")
    arguments = {name: tuple(v) if isinstance(v, list) else v for name, v in spec.arguments.items()}
    if "current_timestep_callback" in takes:
        arguments["current_timestep_callback"] = lambda: pipe.current_timestep
    return kind(**arguments)


def quantization(spec: QuantizationSpec | None) -> dict[str, Any]:
    """Arguments of `from_pretrained` for a library's quantisation; none for casting between layers.

    Raises:
        SpecError: the library is not installed, or does not take this.
    """
    if spec is None or spec.backend == LAYERWISE:
        return {}
    from diffusers.quantizers import PipelineQuantizationConfig

    try:
        made = PipelineQuantizationConfig(
            quant_backend=spec.backend,
            quant_kwargs=spec.arguments,
            components_to_quantize=list(spec.components),
        )
    except (ImportError, ValueError, TypeError) as error:
        raise SpecError(f"quantization: {spec.backend}: {' '.join(str(error).split())}") from None
    return {"quantization_config": made}


def apply(pipe: Any, config: DiffusersConfig, denoisers: Sequence[Any]) -> CacheWatch | None:
    """Put what the configuration asks for onto a loaded pipeline; the watch of its cache, if it has one.

    Raises:
        SpecError: the pipeline cannot take it.
    """
    for lora in config.lora:
        _load_lora(pipe, lora)
    if config.quantization is not None and config.quantization.backend == LAYERWISE:
        _cast_between_layers(pipe, config.quantization)
    watch = None
    if config.cache is not None:
        watch = CacheWatch(config.cache.kind, denoisers)
        for network in denoisers:
            if not hasattr(network, "enable_cache"):
                raise SpecError(f"cache: {type(network).__name__} takes no cache; leave it out")
            try:
                network.enable_cache(cache_config(config.cache, pipe))
            except IndexError:
                few = f"{type(network).__name__} has too few blocks for it"
                raise SpecError(f"cache: {config.cache.kind}: {few}") from None
            except (ValueError, RuntimeError, AttributeError) as error:
                raise SpecError(f"cache: {config.cache.kind}: {' '.join(str(error).split())}") from None
    if config.compile:
        for network in denoisers:
            network.compile()
    return watch


class CacheWatch:
    """Counts how much of a denoiser's work a cache took away.

    The first projection of every attention is counted: a cache skips blocks or attentions, whatever its rule.
    It is put on before the cache, so that what the cache skips does not reach it.
    """

    def __init__(self, kind: str, denoisers: Sequence[Any]) -> None:
        self.kind = kind
        self._counted = self._calls = 0
        self._each = 0
        for network in denoisers:
            network.register_forward_pre_hook(self._called)
            for name, module in network.named_modules():
                if name.endswith((".to_q", ".to_qkv")):
                    self._each += 1
                    module.register_forward_pre_hook(self._computed)
        self._networks = max(len(denoisers), 1)

    def start(self) -> None:
        """A call of the pipeline begins."""
        self._counted = self._calls = 0

    def facts(self) -> dict[str, str | float]:
        """The cache by name, and the share of attentions since `start` that it took away."""
        asked = self._calls * self._each / self._networks
        if not asked:
            return {"cache": self.kind}
        return {"cache": self.kind, "cache_hit_share": max(0.0, 1 - self._counted / asked)}

    def _called(self, *_: Any) -> None:
        self._calls += 1

    def _computed(self, *_: Any) -> None:
        self._counted += 1


def _load_lora(pipe: Any, lora: LoraSpec) -> None:
    if not hasattr(pipe, "load_lora_weights"):
        raise SpecError(f"lora: {type(pipe).__name__} takes none; leave it out")
    try:
        pipe.load_lora_weights(lora.model, weight_name=lora.weight_name, adapter_name=lora.name)
        pipe.set_adapters([lora.name], [lora.scale])
    except (ImportError, OSError, ValueError) as error:
        raise SpecError(f"lora: {lora.model}: {' '.join(str(error).split())}") from None


def _cast_between_layers(pipe: Any, spec: QuantizationSpec) -> None:
    import torch

    for part in spec.components:
        network: Any = getattr(pipe, part, None)
        if network is None or not hasattr(network, "enable_layerwise_casting"):
            raise SpecError(
                f"quantization: {type(pipe).__name__} has no {part} that can be cast between layers"
            )
        storage = getattr(torch, str(spec.arguments.get("storage_dtype", "float8_e4m3fn")), None)
        if not isinstance(storage, torch.dtype):
            raise SpecError(f"quantization: torch has no dtype {spec.arguments['storage_dtype']!r}")
        network.enable_layerwise_casting(storage_dtype=storage, compute_dtype=network.dtype)
