"""Where the networks that score compute, and how exactly.

Another precision than float32 is another measurement: it stands in the fingerprint, so that numbers of two
precisions are never subtracted. Where a network computes is not: devices differ in the last bits alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy.typing as npt

from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.errors import SpecError
from vbench_lite.extractor import FeatureExtractor, Features, Precision

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
CPU = "cpu"
_MARK = "~"  # between an extractor and its precision in a fingerprint


@dataclass(frozen=True)
class Networks:
    """A device, as torch names it, and the precision of the networks that extract features.

    Metrics that compare a clip with its reference by a network (LPIPS, DISTS) stay with float32 on the
    processor.
    """

    device: str = CPU
    precision: Precision = "float32"

    def check(self) -> None:
        """Raise SpecError if this machine has no such device, or it cannot compute so."""
        if self.precision == "fp16" and self.device == CPU:
            raise SpecError("precision fp16 is for accelerators; on the processor take bf16 or float32")
        if self.device != CPU:
            import torch

            try:
                torch.empty(0, device=self.device)
            except (RuntimeError, AssertionError, NotImplementedError) as error:
                reason = str(error).strip().partition("\n")[0]
                raise SpecError(f"score device {self.device}: {reason}") from None

    def of(self, extractor: FeatureExtractor) -> FeatureExtractor:
        """The extractor at this precision; one without a published network is left as it is."""
        if self.precision == "float32" or not extractor.info.weights:
            return extractor
        return Rounded(extractor, self.precision)


EXACT = Networks()


class Rounded(FeatureExtractor):
    """An extractor whose network computes in half precision where that is known to be safe (autocast)."""

    def __init__(self, extractor: FeatureExtractor, precision: Precision) -> None:
        self._exact, self._device = extractor, CPU
        self.info = extractor.info  # type: ignore[misc]  # of the one that it rounds
        self.precision = precision

    def load(self, device: str = CPU) -> None:
        self._device = device
        self._exact.load(device)

    def extract(self, windows: Frames) -> Features:
        import torch

        dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}[self.precision]
        with torch.autocast(torch.device(self._device).type, dtype=dtype):
            return self._exact.extract(windows)

    def prepare(self, frames: Frames) -> npt.NDArray[Any]:
        return self._exact.prepare(frames)

    def keep(self, clip: ClipInfo, indices: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self._exact.keep(clip, indices)

    @property
    def fingerprint(self) -> str:
        return f"{self._exact.fingerprint}{marked(self.precision)}"


def marked(precision: str) -> str:
    """What a fingerprint says of a precision; nothing of float32."""
    return "" if precision == "float32" else f"{_MARK}{precision}"


def precision_of(fingerprint: str) -> Precision:
    """The precision that a stored fingerprint speaks of."""
    return next((name for name in PRECISIONS if _MARK + name in fingerprint), "float32")
