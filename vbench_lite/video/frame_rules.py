"""Which frames of a clip count, and at which size: rules that make clips from anywhere comparable.

They apply in a fixed order: rate, stride, window, size. Each is declared, so the same rules on the same
file always give the same frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vbench_lite.arrays import Ints
from vbench_lite.clip import ClipInfo, Frames, Seconds
from vbench_lite.errors import ClipError
from vbench_lite.video.decode import CHUNK, ClipReader
from vbench_lite.video.limits import Limits
from vbench_lite.video.timeline import PacketScan

_LEAST_S = 1e-6  # a tick this little before a frame comes on show is on it


class ClipRules(BaseModel):
    """How a file becomes one or more clips.

    Attributes:
        fps: resample to this rate: for each tick the frame that is on show; frames are repeated where
            the file has fewer. Of clips without timestamps and rate it is the rate. None: frames as stored.
        stride: of these, every stride-th frame; the rate falls with it.
        window: frames of a clip; None takes all.
        place: "first" window, the "centre" one, or "every" whole window one after another. A clip
            shorter than the window is an error; frames behind the last whole window are left out.
        short_side: resize so that the shorter side has this many pixels, aspect kept.
        height, width: resize to exactly this, aspect not kept. Sizes fall by area averaging and grow
            by bilinear interpolation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fps: Annotated[float, Field(gt=0, lt=1000)] | None = None
    stride: Annotated[int, Field(ge=1)] = 1
    window: Annotated[int, Field(ge=1)] | None = None
    place: Literal["first", "centre", "every"] = "first"
    short_side: Annotated[int, Field(ge=1, le=8192)] | None = None
    height: Annotated[int, Field(ge=1, le=8192)] | None = None
    width: Annotated[int, Field(ge=1, le=8192)] | None = None

    @model_validator(mode="after")
    def _rules_agree(self) -> ClipRules:
        if (self.height is None) != (self.width is None):
            raise ValueError("give height and width together, or short_side alone")
        if self.short_side is not None and self.height is not None:
            raise ValueError("give either short_side or height and width")
        if self.window is None and self.place != "first":
            raise ValueError(f"place {self.place!r} needs a window")
        return self


@dataclass(frozen=True)
class Selection:
    """Frames of a file by window.

    Attributes:
        windows: for each clip the places of its frames in the file, int64, never falling.
        fps: rate of the clips, or None where nobody says.
        times: for each clip when its frames are on show, as `ClipInfo.times`; None where they are even.
    """

    windows: tuple[Ints, ...]
    fps: float | None
    times: tuple[Seconds | None, ...]


def select_frames(scan: PacketScan, rules: ClipRules, name: str, limits: Limits | None = None) -> Selection:
    """Apply rate, stride and window to a file's timestamps.

    Raises:
        ClipError: the file has fewer frames than the window, or would have more than `limits.max_frames`.
    """
    indices, fps = np.arange(scan.count), scan.fps
    edges = None if scan.even else scan.edges
    if rules.fps is not None:
        indices, fps, edges = _resample(scan, rules.fps, name, limits or Limits()), rules.fps, None
    indices = indices[:: rules.stride]
    fps = None if fps is None else fps / rules.stride
    if rules.window is None:
        return Selection((indices,), fps, (_times(edges, indices, rules.stride),))
    if len(indices) < rules.window:
        raise ClipError(
            f"{name}: too short: {len(indices)} of the window's {rules.window} frames, after rate and stride"
        )
    spare = len(indices) - rules.window
    starts = {
        "first": range(1),
        "centre": range(spare // 2, spare // 2 + 1),
        "every": range(0, spare + 1, rules.window),
    }[rules.place]
    windows = tuple(indices[start : start + rules.window] for start in starts)
    return Selection(windows, fps, tuple(_times(edges, window, rules.stride) for window in windows))


def _resample(scan: PacketScan, fps: float, name: str, limits: Limits) -> Ints:
    """For each tick of the new rate the frame that is on show; all frames of a clip without times."""
    if scan.fps is None:
        return np.arange(scan.count)
    return frames_on_show(scan.edges, fps, name, limits, scan.tick / 2 if scan.variable else 0.0)


def frames_on_show(edges: Seconds, fps: float, name: str, limits: Limits, rounded: float = 0.0) -> Ints:
    """For each tick of a rate the place of the frame that is on show.

    Args:
        edges: seconds at which each frame comes on show, and the last one ends, rising from 0.
        rounded: seconds by which they may be rounded up.

    Raises:
        ClipError: more ticks than `limits.max_frames`.
    """
    ticks = max(1, round(float(edges[-1]) * fps))
    if ticks > limits.max_frames:
        raise ClipError(
            f"{name}: its {edges[-1]:.0f} s are {ticks} frames at {fps:g} a second, "
            f"above the limit max_frames = {limits.max_frames}"
        )
    times = np.arange(ticks) / fps + max(rounded, _LEAST_S)
    shown = np.searchsorted(edges[:-1], times, side="right") - 1
    return shown.clip(0).astype(np.int64)


def _times(edges: Seconds | None, window: Ints, stride: int) -> Seconds | None:
    """When the frames of a window are on show: each until the next that counts."""
    if edges is None:
        return None
    end = min(int(window[-1]) + stride, len(edges) - 1)
    times: Seconds = np.append(edges[window], edges[end]) - edges[window[0]]
    return times


class RuledReader:
    """A file read once, window after window."""

    def __init__(self, reader: ClipReader, rules: ClipRules) -> None:
        self.reader = reader
        self.rules = rules
        self.selection = select_frames(reader.scan, rules, reader.name, reader.limits)
        height, width = target_size(reader.info.height, reader.info.width, rules)
        count = max(len(window) for window in self.selection.windows)
        reader.limits.check_size(reader.name, height, width, count)
        self._frames = reader.frames()
        self._at = -1  # place of the frame that was read last
        self._frame: Frames | None = None

    def info(self, window: int) -> ClipInfo:
        """What one window is as a clip."""
        stored = self.reader.info
        height, width = target_size(stored.height, stored.width, self.rules)
        count, fps = len(self.selection.windows[window]), self.selection.fps
        name = window_name(self.reader.name, window, self.rules)
        return ClipInfo(name, count, height, width, fps, self.selection.times[window])

    def chunks(self, window: int, size: int = CHUNK) -> Iterator[Frames]:
        """Frames of a window, uint8 (N <= size, H, W, 3); windows must be read in rising order."""
        indices = self.selection.windows[window]
        for start in range(0, len(indices), size):
            yield np.stack([self._read(int(place)) for place in indices[start : start + size]])

    def _read(self, place: int) -> Frames:
        while self._at < place:
            frame = next(self._frames, None)
            if frame is None:
                raise ClipError(f"{self.reader.name}: truncated: {self._at + 1} frames could be read")
            self._at += 1
            self._frame = resize(frame, self.rules) if self._at == place else None
        if self._frame is None or self._at != place:
            raise ValueError(f"frame {place} was passed already; windows are read in rising order")
        return self._frame


def window_name(name: str, window: int, rules: ClipRules) -> str:
    """Name of a window of a file; only where a file gives several."""
    return f"{name}#{window}" if rules.place == "every" else name


def target_size(height: int, width: int, rules: ClipRules) -> tuple[int, int]:
    """The size that frames will have."""
    if rules.height is not None and rules.width is not None:
        return rules.height, rules.width
    if rules.short_side is None:
        return height, width
    ratio = rules.short_side / min(height, width)
    return max(1, round(height * ratio)), max(1, round(width * ratio))


def resize(frame: Frames, rules: ClipRules) -> Frames:
    """One frame, uint8 (H, W, 3), at the size that the rules ask for."""
    height, width = target_size(frame.shape[0], frame.shape[1], rules)
    if (height, width) == frame.shape[:2]:
        return frame
    import cv2

    falls = height * width < frame.shape[0] * frame.shape[1]
    way = cv2.INTER_AREA if falls else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, (width, height), interpolation=way), np.uint8)
