"""How much work a clip takes, whatever the machine: evaluations, tokens, operations, energy."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, CallMetric, Measurement, MetricInfo


class FunctionEvaluations(CallMetric):
    """Rows through the denoiser for each clip.

    Formula: rows through the denoiser in a profiled call / clips.
    Traps: an evaluation of a small network is not one of a large one.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="speed/nfe",
        version=1,
        axis=Axis.SPEED,
        unit="evaluations/clip",
        bounds=(0.0, None),
        higher_is_better=None,
        summary="Rows through the denoiser for each clip: guidance and second-order solvers count twice.",
        source="forward hooks on the denoisers, rows / batch; vbench_lite.measure.work",
    )

    def value(self, call: Measurement) -> float:
        if call.nfe is None:
            raise NotApplicable("the generator has no denoiser, or its evaluations were not counted")
        return call.nfe


class TokensPerSecond(CallMetric):
    """Tokens made in a second.

    Formula: tokens the adapter counted / seconds of the call.
    Traps: tokenizers differ: tokens of one generator are not those of another.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="speed/tokens_per_s",
        version=1,
        axis=Axis.SPEED,
        unit="tokens/s",
        bounds=(0.0, None),
        higher_is_better=True,
        summary="Tokens that a token model makes in a second, over all clips of the call.",
        source="tokens noted by the generator / seconds from request to last frame",
    )

    def value(self, call: Measurement) -> float:
        if call.tokens is None:
            raise NotApplicable("the generator makes no tokens, or did not count them")
        return call.tokens / call.total_s


class Operations(CallMetric):
    """Floating-point operations for each clip.

    Formula: floating-point operations of a profiled call by torch's counter / clips.
    Traps: operations outside torch, and those of fused kernels that it does not know, are not counted.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="speed/flops",
        version=1,
        axis=Axis.SPEED,
        unit="FLOP/clip",
        bounds=(0.0, None),
        higher_is_better=None,
        summary="Floating-point operations of one clip: matrix products, convolutions and attention.",
        source="torch.utils.flop_counter, a multiply-add is two; vbench_lite.measure.work",
    )

    def value(self, call: Measurement) -> float:
        if call.flops is None:
            raise NotApplicable("operations are counted in a profiled call, and this pass had none")
        return call.flops / call.batch


class Energy(CallMetric):
    """Joules of the accelerator for each clip.

    Formula: joules by NVML during the call / clips.
    Traps: what the processor and memory of the host take is not in it.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="speed/energy_j",
        version=1,
        axis=Axis.SPEED,
        unit="J/clip",
        bounds=(0.0, None),
        higher_is_better=False,
        summary="Joules the accelerator takes for one clip, everything on the device included.",
        source="NVML total energy counter over the call; vbench_lite.measure.energy",
    )

    def value(self, call: Measurement) -> float:
        if call.energy_j is None:
            raise NotApplicable("the device has no energy counter")
        return call.energy_j / call.batch
