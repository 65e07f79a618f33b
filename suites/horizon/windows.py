"""Values of frames as means over windows of one second, and the slope of such a course."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.clip import Seconds
from vbench_lite.errors import NotApplicable

WINDOW_S = 1.0
LEAST_WINDOWS = 3  # a line through fewer says nothing of a trend
MOST_WINDOWS = 100_000  # a day: timestamps far apart do not take the machine's memory
_ROUNDING = 1e-6  # seconds: three thirds of one are the next window however they round


@dataclass(frozen=True)
class TimeSeries:
    """Means over windows in order of time.

    Attributes:
        times_s: middle of each window. values: mean over its frames. Both float64 (windows,).
    """

    times_s: Floats
    values: Floats

    @property
    def slope(self) -> float:
        """Change of the value in a second, by least squares; 0 for a constant course."""
        centred = self.times_s - self.times_s.mean()
        return float(centred @ (self.values - self.values.mean()) / (centred @ centred))

    @property
    def series(self) -> tuple[tuple[float, float], ...]:
        """Pairs of seconds and value."""
        return tuple(zip(self.times_s.tolist(), self.values.tolist(), strict=True))


def course(values: Floats, edges: Seconds) -> TimeSeries:
    """Values of frames, float64 (T,), as means over windows of one second, each for as long as it stands.

    Args:
        edges: seconds at which each value begins, and the last one ends, float64 (T + 1,), rising.

    A last window that is not half full is left out: its mean would stand for too little.

    Raises:
        NotApplicable: fewer than three windows, or more than MOST_WINDOWS.
    """
    lasts = float(edges[-1] - edges[0])
    if lasts > MOST_WINDOWS * WINDOW_S:
        raise NotApplicable(f"the clip lasts {lasts:.3g} s, above {MOST_WINDOWS:,} windows of a second")
    count = int(lasts / WINDOW_S + _ROUNDING)
    count += lasts / WINDOW_S - count >= 0.5 - _ROUNDING
    if count < LEAST_WINDOWS:
        raise NotApplicable(
            f"the clip lasts {lasts:.3g} s, and a drift needs {LEAST_WINDOWS} windows of a second"
        )
    borders = edges[0] + np.minimum(np.arange(count + 1) * WINDOW_S, lasts)
    # A window's mean is the difference of the integral up to its ends, over its width.
    known = np.append(0.0, np.cumsum(np.asarray(values, np.float64) * np.diff(edges)))
    of_values = np.diff(np.interp(borders, edges, known))
    return TimeSeries(np.diff(_time_up_to(borders, edges)) / np.diff(borders), of_values / np.diff(borders))


def _time_up_to(borders: Seconds, edges: Seconds) -> Seconds:
    """The integral of time over time, float64 like `borders`, in which time steps from frame to frame.

    A frame that is held steps as the usual frames would (the median) that could stand in its place.
    """
    shown = np.diff(edges)
    step = float(np.median(shown)) or WINDOW_S
    held = np.append(0.0, np.cumsum(edges[:-1] * shown + _stairs(shown, step)))
    place = (np.searchsorted(edges, borders, side="right") - 1).clip(0, len(shown) - 1)
    begun = borders - edges[place]
    return np.asarray(held[place] + edges[place] * begun + _stairs(begun, step))


def _stairs(seconds: Seconds, step: float) -> Seconds:
    """The integral from 0 of a staircase that rises by `step` every `step` seconds."""
    whole = np.floor(seconds / step + _ROUNDING)
    return np.asarray(step * (step * whole * (whole - 1) / 2 + whole * (seconds - whole * step)))


def first_second(edges: Seconds) -> int:
    """How many frames come on show within the first second."""
    return int(np.searchsorted(edges[:-1], edges[0] + WINDOW_S - _ROUNDING))


def last_quarter(edges: Seconds) -> int:
    """Place of the first frame that comes on show in the last quarter of the time."""
    return int(np.searchsorted(edges[:-1], edges[0] + 0.75 * (edges[-1] - edges[0]) - _ROUNDING))
