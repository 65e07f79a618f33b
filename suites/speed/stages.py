"""Where the seconds of a call go: into encoding, sampling and decoding, a queue, a download, and the rest."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import CallMetric, Measurement, MetricInfo
from vbench_lite.suites.timed_call import call_info

_SOURCE = (
    "phases that the generator names; wall clock after waiting for the device; vbench_lite.measure.context"
)


def _info(id: str, what: str) -> MetricInfo:
    return call_info(
        id=id, unit="s", summary=f"Seconds of a call {what}, up to its last frame.", source=_SOURCE
    )


class Stage(CallMetric):
    """Seconds of a call in the phases of one stage, up to the last frame.

    Attributes:
        phases: what generators call them.
    """

    phases: ClassVar[tuple[str, ...]]

    def value(self, call: Measurement) -> float:
        found = [call.phases[name] for name in self.phases if name in call.phases]
        if not found:
            raise NotApplicable(f"the generator names no phase {' or '.join(self.phases)}")
        return sum(found)


class EncodeStage(Stage):
    """Seconds in which the prompt and given frames are encoded.

    Formula: sum of the seconds in the phase `encode`, for each warm call.
    Traps: a generator that names no phases has no stages, and its latency is one number.
    """

    phases = ("encode",)
    info: ClassVar[MetricInfo] = _info(
        "speed/stage_encode_s", "that go into encoding the prompt and given frames"
    )


class DenoiseStage(Stage):
    """Seconds in which the latent code or the tokens are made.

    Formula: sum of the seconds in the phases `denoise` and `decode_tokens`, for each warm call.
    Traps: it is what fewer steps, caching and quantisation make shorter; the latency also holds the rest.
    """

    phases = ("denoise", "decode_tokens")
    info: ClassVar[MetricInfo] = _info(
        "speed/stage_denoise_s", "that go into denoising, or into writing tokens"
    )


class DecodeStage(Stage):
    """Seconds in which the latent code or the tokens become pixels.

    Formula: sum of the seconds in the phase `decode`, for each warm call.
    Traps: a frame rate that is stated without decoding leaves this out.
    """

    phases = ("decode",)
    info: ClassVar[MetricInfo] = _info(
        "speed/stage_decode_s", "that go into decoding the latent code to pixels"
    )


class QueueStage(Stage):
    """Seconds in which a request waits for a server to begin.

    Formula: sum of the seconds in the phase `queue`, for each warm call.
    Traps: it says how busy the service is, not how fast the model.
    """

    phases = ("queue",)
    info: ClassVar[MetricInfo] = _info("speed/stage_queue_s", "in the queue of a remote service")


class DownloadStage(Stage):
    """Seconds in which a finished clip comes over the network.

    Formula: sum of the seconds in the phase `download`, for each warm call.
    Traps: it depends on the network between here and the service.
    """

    phases = ("download",)
    info: ClassVar[MetricInfo] = _info(
        "speed/stage_download_s", "in the download of a clip from a remote service"
    )


STAGES: tuple[type[Stage], ...] = (EncodeStage, DenoiseStage, DecodeStage, QueueStage, DownloadStage)


class RateWithoutDecode(CallMetric):
    """Returned frames for each second of a call that does not go into decoding.

    Formula: frames returned / (latency - seconds in the phase `decode`), for each warm call.
    Traps: nobody gets a clip at this rate: it is what is published where the decoder is left out. Compare it
        with rates of the same kind only; `speed/frames_per_s` counts everything.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/frames_per_s_without_decode",
        unit="frames/s",
        summary="Frames returned for each second of a call, without the seconds that go into decoding.",
        source=_SOURCE,
        higher_is_better=True,
    )

    def value(self, call: Measurement) -> float:
        rest_s = call.total_s - DecodeStage().value(call)
        if rest_s <= 0:
            raise NotApplicable("the whole call is decoding")
        return call.frames_returned / rest_s


class OtherStage(CallMetric):
    """Seconds of a call that no other stage holds.

    Formula: latency - (encode + denoise + decode + queue + download), for each warm call.
    Traps: it holds phases of other names too, such as the load of a program that is started for each clip.
    """

    info: ClassVar[MetricInfo] = _info("speed/stage_other_s", "that no named stage holds")

    def value(self, call: Measurement) -> float:
        if not call.phases:
            raise NotApplicable("the generator names no phases")
        named = [call.phases.get(name, 0.0) for stage in STAGES for name in stage.phases]
        return max(call.total_s - sum(named), 0.0)
