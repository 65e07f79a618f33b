"""Follows a pipeline call from outside: phases, progress, work, and the request to stop.

Bound methods are wrapped on the instance and the denoisers get hooks, because step callbacks are missing in
some classes and count too little in others. The scheduler is never touched: some pipelines copy it.

A request to stop is raised out of the denoiser's hook. The pipelines' own `_interrupt` flag would end the
loop too, but then still decode, which is often the longest part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from vbench_lite.adapters.diffusers.modular import ModularCall
from vbench_lite.generator import GenerationContext
from vbench_lite.measure.work import WorkCounter, cache_bytes

DENOISERS = ("transformer", "transformer_2", "unet")
_TEXT = ("encode_prompt", "_encode_prompt")
_IMAGE = ("encode_image", "_encode_image", "_encode_vae_image", "prepare_image_latents")


class Probe:
    """Attached to a pipeline once; silent outside of `following`.

    Attributes:
        denoisers: the networks whose forward is a function evaluation for each row.
        on_decoded: takes what each `vae.decode` returns, during a call.
        prompt: what was given to `encode_prompt` first, after any enhancement; None before it was called.
    """

    def __init__(self, pipe: Any) -> None:
        self._of_blocks = isinstance(pipe, ModularCall)
        self.denoisers = [module for name in DENOISERS if (module := getattr(pipe, name, None)) is not None]
        self.on_decoded: Callable[[Any], None] | None = None
        self._context: GenerationContext | None = None
        self._phase: str | None = None
        self._total = 1
        self._steps = 0
        self._last: Any = None
        self._cache_bytes = 0
        self.prompt: Any = None
        for name in (*_TEXT, *_IMAGE):
            if hasattr(pipe, name):
                setattr(pipe, name, self._phased(getattr(pipe, name), name in _TEXT))
        vae = getattr(pipe, "vae", None)
        if vae is not None:
            vae.encode = self._phased(vae.encode)
            vae.decode = self._decoding(vae.decode)
        for module in self.denoisers:
            module.register_forward_pre_hook(self._before, with_kwargs=True)

    @contextmanager
    def following(self, context: GenerationContext, total: int, clips: int) -> Iterator[None]:
        """Report to a context during the block, and note the work that was done in it.

        Args:
            total: steps expected. clips: clips that are made under this context, in this call of the
                pipeline and in others: evaluations are noted for each clip, and add up.
        """
        self._context, self._total, self._phase = context, max(total, 1), None
        self._steps, self._last, self._cache_bytes, self.prompt = 0, None, 0, None
        try:
            with WorkCounter(self.denoisers, count_flops=False) as work:
                yield
        finally:
            self._context, self._last, self.on_decoded = None, None, None
        # Blocks hand over another tensor for each call of guidance, so that its calls look like steps.
        steps = min(self._steps, total) if self._of_blocks else self._steps
        context.note(nfe=work.nfe(clips), denoiser_calls=work.calls, denoiser_rows=work.rows, steps=steps)
        if self._cache_bytes:
            context.note(kv_cache_bytes=self._cache_bytes)

    def _enter(self, phase: str) -> None:
        if self._context is not None and phase != self._phase:
            self._phase = phase
            self._context.phase(phase)

    def _phased(self, method: Callable[..., Any], of_text: bool = False) -> Callable[..., Any]:
        def encode(*args: Any, **kwargs: Any) -> Any:
            self._enter("encode")
            if of_text and self.prompt is None:
                self.prompt = kwargs.get("prompt", args[0] if args else None)
            return method(*args, **kwargs)

        return encode

    def _decoding(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def decode(*args: Any, **kwargs: Any) -> Any:
            if self._context is not None:
                self._enter("decode")
                self._context.step(min(self._steps, self._total), self._total)
            decoded = method(*args, **kwargs)
            if self._context is not None and self.on_decoded is not None:
                self.on_decoded(decoded if hasattr(decoded, "shape") else decoded[0])
            return decoded

        return decode

    def _before(self, module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        if self._context is None:
            return
        self._enter("denoise")
        # Guidance in two calls hands over the same tensor twice; its value is not read, which would wait.
        timestep = kwargs.get("timestep", args[1] if len(args) > 1 else None)
        if timestep is None or timestep is not self._last:
            self._last = timestep
            self._steps += 1
            self._total = max(self._total, self._steps)
        if kwargs.get("kv_cache") is not None:
            self._cache_bytes = max(self._cache_bytes, cache_bytes(kwargs["kv_cache"]))
        self._context.step(self._steps, self._total)
