"""How much work a clip takes, whatever the machine: evaluations, tokens, operations, energy."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.metric import CallMetric, Measurement, MetricInfo
from vbench_lite.suites.timed_call import call_info, known


class FunctionEvaluations(CallMetric):
    """Rows through the denoiser for each clip.

    Formula: rows through the denoiser in a profiled call / clips.
    Traps: an evaluation of a small network is not one of a large one.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/nfe",
        unit="evaluations/clip",
        summary="Rows through the denoiser for each clip: guidance and second-order solvers count twice.",
        source="forward hooks on the denoisers, rows / batch; vbench_lite.measure.work",
        higher_is_better=None,
    )

    def value(self, call: Measurement) -> float:
        return known(call.nfe, "the generator has no denoiser, or its evaluations were not counted")


class TokensPerSecond(CallMetric):
    """Tokens made in a second.

    Formula: tokens the adapter counted / seconds of the call.
    Traps: tokenizers differ: tokens of one generator are not those of another.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/tokens_per_s",
        unit="tokens/s",
        summary="Tokens that a token model makes in a second, over all clips of the call.",
        source="tokens noted by the generator / seconds from request to last frame",
        higher_is_better=True,
    )

    def value(self, call: Measurement) -> float:
        return known(call.tokens, "the generator makes no tokens, or did not count them") / call.total_s


class Operations(CallMetric):
    """Floating-point operations for each clip.

    Formula: floating-point operations of a profiled call by torch's counter / clips.
    Traps: operations outside torch, and those of fused kernels that it does not know, are not counted.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/flops",
        unit="FLOP/clip",
        summary="Floating-point operations of one clip: matrix products, convolutions and attention.",
        source="torch.utils.flop_counter, a multiply-add is two; vbench_lite.measure.work",
        higher_is_better=None,
    )

    def value(self, call: Measurement) -> float:
        counted = known(call.flops, "operations are counted in a profiled call, and this pass had none")
        return counted / call.batch


class Energy(CallMetric):
    """Joules of the accelerator for each clip.

    Formula: joules by NVML during the call / clips.
    Traps: what the processor and memory of the host take is not in it.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/energy_j",
        unit="J/clip",
        summary="Joules the accelerator takes for one clip, everything on the device included.",
        source="NVML total energy counter over the call; vbench_lite.measure.energy",
    )

    def value(self, call: Measurement) -> float:
        return known(call.energy_j, "the device has no energy counter") / call.batch
