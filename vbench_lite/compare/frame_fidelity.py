"""Two clips compared frame by frame, for a reader who looks at both.

The numbers are those of the registered metrics, fed one pair of frames at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from vbench_lite import registry
from vbench_lite.clip import Clip, ClipInfo, rate_text
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import PairMetric, SampleInfo
from vbench_lite.store.pool import Pool
from vbench_lite.suite import Suite

METRICS = ("reconstruction/psnr", "reconstruction/ssim")
_SAME = (
    "Frames are compared place by place: high values say that the two are the same pictures, as after a "
    "change of arithmetic or through an encoder and decoder."
)
_ACROSS = (
    "These are two generators: even for one prompt and seed they draw other pictures, so low values say "
    "that the clips differ, not that one is worse."
)
_ONE_CLIP = (
    "Both passed one real clip through an encoder and decoder of their own, so high values say that they "
    "lose the same; how close each is to the real clip is reconstruction/psnr."
)


def reading(suite: Suite, one_generator: bool) -> str:
    """What closeness can mean between the clips of one request of a suite, in a sentence.

    Args:
        one_generator: both clips are of a generator of one name, in two versions maybe.
    """
    if one_generator:
        return _SAME
    return _ONE_CLIP if suite.request.given == "clip" else _ACROSS


@dataclass(frozen=True)
class FrameFidelity:
    """How close two clips are.

    Attributes:
        fps: frames a second of both; None where nobody said.
        clip: value over the whole clip, by metric.
        frames: value of each frame, in order, by metric.
        units: by metric.
        reasons: why a metric has no value, by metric.
    """

    fps: float | None
    clip: Mapping[str, float]
    frames: Mapping[str, tuple[float, ...]]
    units: Mapping[str, str]
    reasons: Mapping[str, str] = field(default_factory=dict)


def frame_fidelity(clip: tuple[Pool, str], reference: tuple[Pool, str]) -> FrameFidelity:
    """Compare a clip with a reference, each a pool and a hash in it.

    Raises:
        NotApplicable: they have not one size, length and rate, so no frame has its partner.
        StoreError: a clip is not in its pool.
    """
    infos = tuple(pool.info(sha) for pool, sha in (clip, reference))
    why = unlike(*infos)
    if why is not None:
        raise NotApplicable(why)
    first, second = (pool.read(sha) for pool, sha in (clip, reference))
    whole: dict[str, float] = {}
    frames: dict[str, tuple[float, ...]] = {}
    units: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for name in METRICS:
        metric: PairMetric = registry.load("metrics", name)()
        try:
            whole[name] = _value(metric, first, second, slice(None))
            frames[name] = tuple(
                _value(metric, first, second, slice(i, i + 1)) for i in range(len(first.frames))
            )
            units[name] = metric.info.unit
        except NotApplicable as error:
            reasons[name] = str(error)
    return FrameFidelity(infos[0].fps, whole, frames, units, reasons)


def unlike(first: ClipInfo, second: ClipInfo) -> str | None:
    """What keeps two clips from being compared frame by frame; None if nothing does."""
    if (first.height, first.width) != (second.height, second.width):
        return f"frames of {first.width}x{first.height} and of {second.width}x{second.height}"
    if first.num_frames != second.num_frames:
        return f"clips of {first.num_frames} and of {second.num_frames} frames"
    if first.fps != second.fps:
        return f"clips of {rate_text(first.fps)} and of {rate_text(second.fps)}"
    return None


def _value(metric: PairMetric, clip: Clip, reference: Clip, places: slice) -> float:
    """The metric's value on some frames of both."""
    ours, theirs = clip.frames[places], reference.frames[places]
    info = ClipInfo("", len(ours), ours.shape[1], ours.shape[2], clip.fps)
    metric.start(info, info, SampleInfo("", "", "", None, None))
    metric.push(ours, theirs, np.arange(len(ours)))
    return metric.finish()
