"""What a clip is: frames, a rate, and an identity that does not depend on any file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vbench_lite.errors import ClipError, NotApplicable, StoreError

Frames = npt.NDArray[np.uint8]
Seconds = npt.NDArray[np.float64]
_RATE_TOLERANCE = 0.01
_EVEN = 0.05  # of their mean, by which the times of even frames differ at most
_SHA256 = re.compile("[0-9a-f]{64}")


def rate_text(fps: float | None) -> str:
    """A rate for people: `24 frames a second`."""
    return "an unknown rate" if fps is None else f"{fps:g} frames a second"


def rates_agree(one: float | None, other: float | None) -> bool:
    """Whether two frame rates are one: containers round them. Of two that nobody said, yes."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _RATE_TOLERANCE * other


def is_uneven(times: Seconds | None) -> bool:
    """Whether frames but the last, of which nobody knows what follows, stand for unlike times.

    Args:
        times: as `ClipInfo.times`.
    """
    gaps = np.diff(times[:-1]) if times is not None else np.empty(0)
    return len(gaps) > 0 and float(np.ptp(gaps)) > _EVEN * float(gaps.mean())


@dataclass(frozen=True)
class ClipInfo:
    """What is known of a clip before its frames are read.

    Attributes:
        name: for messages only: a path relative to its folder, or a sample id.
        num_frames: frames that will be pushed, or None while a stream's length is unknown.
        height, width: pixels.
        fps: frames a second as shown (the average of a variable rate), or None where nobody said.
        times: seconds at which every frame comes on show, since the first, and the last one ends, float64
            (num_frames + 1,); None where each stands for 1 / fps.
    """

    name: str
    num_frames: int | None
    height: int
    width: int
    fps: float | None
    times: Seconds | None = field(default=None, compare=False, repr=False)

    @property
    def step(self) -> float | None:
        """Seconds for which a frame is usually on show; None where nobody said."""
        if self.times is not None:
            return float(np.median(np.diff(self.times)))
        return None if self.fps is None else 1 / self.fps

    def edges(self, count: int) -> Seconds:
        """Seconds at which each of the first `count` frames comes on show, and the last of them ends.

        Returns:
            float64 (count + 1,), rising from 0.

        Raises:
            NotApplicable: nobody said when they are shown.
        """
        if self.times is not None and len(self.times) > count:
            return self.times[: count + 1]
        if self.fps is None:
            raise NotApplicable("the clip's frame rate is unknown")
        return np.arange(count + 1) / self.fps


@dataclass(frozen=True)
class Clip:
    """A clip in memory: frames uint8 (T, H, W, 3) RGB, at `fps` frames a second.

    Attributes:
        times: as `ClipInfo.times`: when each frame is on show, where they are uneven.
    """

    frames: Frames
    fps: float | None
    times: Seconds | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_frames(self.frames)

    @property
    def sha256(self) -> str:
        return clip_sha256(self.frames, self.fps)


def check_frames(frames: Frames) -> None:
    """Raise ClipError unless frames are uint8 (T >= 1, H, W, 3)."""
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or 0 in frames.shape:
        raise ClipError(
            f"a clip is uint8 (T, H, W, 3) with at least one frame, got {frames.dtype} {frames.shape}"
        )


class ClipHasher:
    """The identity of a clip, fed frame by frame: sha256 of the raw RGB bytes, then shape and fps."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._shape: tuple[int, int] | None = None
        self._count = 0

    def push(self, frames: Frames) -> None:
        """Add frames, uint8 (T, H, W, 3); every call must have the same H and W."""
        check_frames(frames)
        shape = (frames.shape[1], frames.shape[2])
        if self._shape not in (None, shape):
            raise ClipError(f"the frame size changed within a clip: {self._shape} to {shape}")
        self._shape = shape
        self._count += len(frames)
        self._digest.update(np.ascontiguousarray(frames).data)

    def hexdigest(self, fps: float | None) -> str:
        """Return the identity of all frames pushed so far at this rate."""
        height, width = self._shape or (0, 0)
        rate = "none" if fps is None else f"{fps:.6f}"
        whole = self._digest.copy()
        whole.update(f"|{self._count}x{height}x{width}x3|{rate}".encode())
        return whole.hexdigest()


def clip_sha256(frames: Frames, fps: float | None) -> str:
    """The identity of a clip in memory; equal clips have equal hashes whatever file holds them."""
    hasher = ClipHasher()
    hasher.push(frames)
    return hasher.hexdigest(fps)


def check_sha256(sha: str) -> str:
    """The hash itself.

    Raises:
        StoreError: it is none: a name out of a foreign run must not lead out of the pool.
    """
    if not _SHA256.fullmatch(sha):
        raise StoreError(f"{sha[:80]!r} is no sha256 of a clip; the run that names it is damaged")
    return sha
