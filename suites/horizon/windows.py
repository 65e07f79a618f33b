"""Values of frames as means over windows of one second, and the slope of such a course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbench_lite.errors import NotApplicable

WINDOW_S = 1.0
LEAST_WINDOWS = 3  # a line through fewer says nothing of a trend


@dataclass(frozen=True)
class Course:
    """Means over windows in order of time.

    Attributes:
        times_s: middle of each window. values: mean over its frames. Both float64 (windows,).
    """

    times_s: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]

    @property
    def slope(self) -> float:
        """Change of the value in a second, by least squares; 0 for a constant course."""
        centred = self.times_s - self.times_s.mean()
        return float(centred @ (self.values - self.values.mean()) / (centred @ centred))

    @property
    def series(self) -> tuple[tuple[float, float], ...]:
        """Pairs of seconds and value."""
        return tuple(zip(self.times_s.tolist(), self.values.tolist(), strict=True))


def course(values: Sequence[float] | npt.NDArray[np.float64], fps: float, offset_s: float = 0.0) -> Course:
    """Values of frames, float64 (T,), as means over windows of one second.

    Args:
        fps: values in a second. offset_s: time of the first value.

    A last window that is not half full is left out: its mean would stand for too little.

    Raises:
        NotApplicable: fewer than three windows.
    """
    known = np.asarray(values, np.float64)
    times_s = offset_s + np.arange(len(known)) / fps
    # A millionth is added so that three thirds of a second are the next window however they round.
    window = np.floor((np.arange(len(known)) + 1e-6) / (fps * WINDOW_S)).astype(np.int64)
    counts = np.bincount(window)
    if counts[-1] < 0.5 * fps * WINDOW_S:
        counts = counts[:-1]
    if len(counts) < LEAST_WINDOWS:
        raise NotApplicable(
            f"the clip lasts {len(known) / fps:.3g} s, and a drift needs {LEAST_WINDOWS} windows of a second"
        )
    kept = window < len(counts)
    means = [np.bincount(window[kept], weights=part[kept]) / counts for part in (times_s, known)]
    return Course(means[0], means[1])
