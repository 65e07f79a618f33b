"""When each frame of a clip is on show: timestamps settle it, a stated rate only what they leave open.

A frame stands until the next one comes, the last one as long as its packet or its file says. A stated rate
counts where the timestamps agree with it (containers round them), or where there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from vbench_lite.arrays import Ints
from vbench_lite.clip import Seconds

_JITTER = 0.05  # gaps that differ by less than this part of their mean are even
_ROUNDED = 2  # ticks by which rounding moves a span at most: one at either end
NO_TIMES = "no usable timestamps; evenly spaced frames are assumed"


@dataclass(frozen=True)
class Opening:
    """How a stream begins that was cut out of another one.

    Attributes:
        skipped: packets before the first key frame, which nothing can decode.
        start: timestamp of the frame shown first, in ticks.
        leading: packets behind the key frame that are shown before it; they may need what was cut off.
    """

    skipped: int = 0
    start: int = 0
    leading: int = 0


@dataclass(frozen=True)
class PacketScan:
    """What is known of a file's frames before any is decoded.

    Attributes:
        count: frames that are shown.
        times: seconds at which each comes on show, since the first, float64 (count,), rising.
        fps: rate of evenly spaced frames, average of others; None if nobody says.
        variable: whether frames are unevenly spaced.
        end: seconds at which the last frame ends; None where nobody says, then after one usual step.
        tick: seconds to which timestamps are rounded.
        holds: for each picture that is decoded, how many frames it is shown; None: one each.
        opening: how the stream begins.
        flags: what a reader should know.
    """

    count: int
    times: Seconds
    fps: float | None
    variable: bool
    end: float | None = None
    tick: float = 0.0
    holds: tuple[int, ...] | None = None
    opening: Opening = Opening()
    flags: tuple[str, ...] = ()

    @property
    def pictures(self) -> int:
        """How many pictures decoding should give."""
        return self.count if self.holds is None else len(self.holds)

    @property
    def step(self) -> float | None:
        """Seconds of a usual frame; None if nobody says."""
        if self.variable:
            return float(np.median(np.diff(self.times)))
        return None if self.fps is None else 1 / self.fps

    @property
    def edges(self) -> Seconds:
        """Seconds at which frames come on show, and the last one ends, float64 (count + 1,)."""
        end = self.times[-1] + (self.step or 0.0) if self.end is None else self.end
        return np.append(self.times, end)

    @property
    def even(self) -> bool:
        """Whether all frames, the last included, are on show for one step."""
        step = self.step
        if self.variable or step is None or self.end is None:
            return not self.variable
        return self.end - float(self.times[-1]) == step

    def flagged(self, *flags: str) -> PacketScan:
        return replace(self, flags=(*self.flags, *flags))

    def starting_at(self, first: int) -> PacketScan:
        """The scan without its first frames, which could not be shown."""
        began = float(self.times[first])
        end = None if self.end is None else self.end - began
        count = self.count - first
        variable = self.variable and count > 1  # one frame has no steps that could differ
        rest = replace(self, count=count, times=self.times[first:] - began, variable=variable, end=end)
        return rest.flagged(f"{first} frame(s) before the first key frame cannot be shown")


def lay_out(
    stamps: Sequence[int | None],
    tick: Fraction | None,
    rates: Sequence[float],
    *,
    last: int | None = None,
    empty: Sequence[int] = (),
) -> PacketScan:
    """Order timestamps and settle the rate.

    Args:
        stamps: of each packet that shows a picture, in `tick` seconds; None where it has none.
        rates: what the container states, in order of trust.
        last: how many ticks the last frame stands, if the file says.
        empty: timestamps at which the picture before is shown once more.
    """
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < len(stamps) or not known or tick is None:
        return _without_times(len(stamps), rates)
    empty = [stamp for stamp in empty if stamp > min(known)]
    ticks = np.sort(np.asarray([*known, *empty], np.int64))
    ticks -= ticks[0]
    if len(ticks) > 1 and ticks[-1] == 0:
        return _without_times(len(ticks), rates).flagged(NO_TIMES)
    scan = _timed(ticks, float(tick), rates, last or 0)
    if not empty:
        return scan
    places = np.searchsorted(ticks, np.sort(np.asarray(known, np.int64)) - min(known))
    holds = np.diff(np.append(places, len(ticks)))
    repeats = f"{len(empty)} of {scan.count} frames repeat the one before: they hold no picture"
    return replace(scan, holds=tuple(holds.tolist())).flagged(repeats)


def _timed(ticks: Ints, tick: float, rates: Sequence[float], last: int) -> PacketScan:
    """Frames at rising ticks from 0, the last of which stands `last` of them (0: nobody says)."""
    count, span = len(ticks), float(ticks[-1]) * tick
    if count == 1:
        return PacketScan(1, np.zeros(1), next(iter(rates), None), False, last * tick or None, tick)
    gaps, measured = np.diff(ticks), (count - 1) / span
    if int(gaps.max() - gaps.min()) > max(_ROUNDED, _JITTER * float(gaps.mean())):
        end = (int(ticks[-1]) + last) * tick if last else None
        return PacketScan(count, ticks.astype(np.float64) * tick, measured, True, end, tick)
    slack = max(_ROUNDED * tick, _JITTER / measured)
    rate = next((rate for rate in rates if abs((count - 1) / rate - span) <= slack), measured)
    times = np.arange(count, dtype=np.float64) / rate
    held = abs(last * tick - 1 / rate) > max(_ROUNDED * tick, _JITTER / rate)
    end = float(times[-1]) + last * tick if last and held else None
    return PacketScan(count, times, rate, False, end, tick)


def _without_times(count: int, rates: Sequence[float]) -> PacketScan:
    rate = next(iter(rates), None)
    return PacketScan(count, np.arange(count, dtype=np.float64) / (rate or 1.0), rate, variable=False)
