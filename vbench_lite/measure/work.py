"""How much work a call was: function evaluations of the denoiser, and floating-point operations.

Counted by hooks in a call of its own that is never timed, because counting costs time. Step
callbacks undercount: a Heun step calls the network twice, and guidance calls it twice or gives it two
rows. So the rows of every forward are counted, and divided by the clips of the call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any


class WorkCounter:
    """Counts the work inside a `with` block.

    Args:
        denoisers: torch modules whose forward is one function evaluation for each row (the first
            dimension of the first tensor given to it). A module inside another counts only by
            itself where both are given.
        count_flops: also count floating-point operations of everything in the block.

    Attributes:
        calls: forwards of any denoiser.
        rows: rows through them.
        flops: operations, or None if they were not counted. A multiply-add counts as two; only
            matrix products, convolutions and attention count (torch.utils.flop_counter).
    """

    def __init__(self, denoisers: Sequence[Any] = (), count_flops: bool = True) -> None:
        self._denoisers = list(denoisers)
        self._count_flops = count_flops
        self._handles: list[Any] = []
        self._flop_counter: Any = None
        self.calls = 0
        self.rows = 0
        self.flops: float | None = None

    def __enter__(self) -> WorkCounter:
        for module in self._denoisers:
            self._handles.append(module.register_forward_pre_hook(self._count, with_kwargs=True))
        if self._count_flops:
            from torch.utils.flop_counter import FlopCounterMode

            self._flop_counter = FlopCounterMode(display=False)
            self._flop_counter.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self._flop_counter is not None:
            self._flop_counter.__exit__(kind, error, trace)
            self.flops = float(self._flop_counter.get_total_flops())

    def nfe(self, batch: int) -> float | None:
        """Function evaluations for each clip, or None where there is no denoiser."""
        return self.rows / batch if self._denoisers else None

    def _count(self, module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self.calls += 1
        self.rows += _rows(args, kwargs)


def _rows(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    for value in [*args, *kwargs.values()]:
        if hasattr(value, "ndim") and value.ndim > 0:
            return int(value.shape[0])
    return 1


def cache_bytes(cache: Any) -> int:
    """Bytes that a key-value cache holds: every tensor in it, however lists, dicts and objects nest.

    Args:
        cache: tensors in lists, tuples or dicts, or an object with `layers` of `keys` and `values`
            as transformers has them. A tensor that occurs twice counts once.
    """
    seen: dict[int, int] = {}
    _gather(cache, seen)
    return sum(seen.values())


def _gather(value: Any, seen: dict[int, int]) -> None:
    if value is None:
        return
    if hasattr(value, "element_size") and hasattr(value, "numel"):
        seen[id(value)] = int(value.numel()) * int(value.element_size())
    elif isinstance(value, Mapping):
        for item in value.values():
            _gather(item, seen)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _gather(item, seen)
    elif hasattr(value, "layers"):
        for layer in value.layers:
            _gather(getattr(layer, "keys", None), seen)
            _gather(getattr(layer, "values", None), seen)
