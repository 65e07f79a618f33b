"""Clips that are no video: black, flat, frozen, looped, with blank pieces or repeated frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Floats, Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo
from vbench_lite.suites.frames.sameness import Images, blocks, reduce, same

DARK_LEVELS = 8.0  # a frame is black if no block is brighter
FLAT_LEVELS = 2.0  # a frame is flat if its levels deviate by less
BLANK_SHARE = 0.1  # of frames black or flat: a blank piece
BLANK_FRAMES = 4  # black or flat one after another: a blank chunk, however long the clip
STILL_SHARE = 0.25  # of frames in one still run (of at least STILL_FRAMES): frozen
STILL_FRAMES = 4
REPEATED_SHARE = 0.5  # more neighbours than this are the same: repeated frames
LONGEST_LOOP = 16  # frames; longer periods occur in real motion


class Degenerate(ClipMetric):
    """1 if the clip is degenerate, 0 if it is a video.

    Degenerate means one of: `black` (every frame), `constant` (every frame flat), `blank` (a tenth of the
    frames black or flat, or four one after another), `frozen` (a still run over a quarter of the clip),
    `repeated` (more than half of all neighbours the same), `looped` (every frame repeats the one some 2 to
    16 frames earlier, over at least two periods). A frame that is held counts as often as it could have been
    shown: for its time over that of a usual frame (the median). After `finish`, `reasons` names what was
    found.

    Preprocessing: frames are the same if the mean absolute difference is at most one level in every 8x8
        block (short side reduced to 64).
    Traps: the thresholds are this project's own. Noise is not degenerate by them: other metrics see to it.
        A title card or a fade through black is a blank piece.

    Formula: [any of the conditions above holds], 1 or 0 for a clip; the mean over clips is a share.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="frames/degenerate",
        version=3,
        axis=Axis.QUALITY,
        bounds=(0.0, 1.0),
        higher_is_better=False,
        summary="Share of clips that are black, flat, frozen, looped, partly blank or repeat their frames.",
        source="vbench_lite: block differences, longest still run, periods up to 16 frames",
        min_frames=2,
        made_for=("freeze", "stutter"),
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._clip = clip
        self._recent: deque[Images] = deque(maxlen=LONGEST_LOOP)
        self._black: list[bool] = []
        self._flat: list[bool] = []
        self._repeats: list[bool] = []
        self._lags = dict.fromkeys(range(2, LONGEST_LOOP + 1), True)
        self.reasons: tuple[str, ...] = ()

    def push(self, frames: Frames, indices: Ints) -> None:
        for frame in frames:
            self._take(frame)

    def _take(self, frame: Frames) -> None:
        small = reduce(frame)
        self._black.append(bool(blocks(small).max() <= DARK_LEVELS))
        self._flat.append(bool(frame.reshape(-1, 3).std(axis=0).max() < FLAT_LEVELS))
        self._repeats.append(bool(self._recent) and same(small, self._recent[-1]))
        for lag, holds in self._lags.items():
            if holds and len(self._recent) >= lag:
                self._lags[lag] = same(small, self._recent[-lag])
        self._recent.append(small)

    def finish(self, features: Mapping[str, Features]) -> float:
        count, shown = len(self._black), self._shown()
        black, flat, repeats = (np.array(part) for part in (self._black, self._flat, self._repeats))
        blank, whole = black | flat, float(shown.sum())
        still = _longest(shown, np.flatnonzero(~repeats))
        borders = np.flatnonzero(np.diff(blank, prepend=~blank[:1]))
        blank_run = _longest(np.where(blank, shown, 0.0), borders)
        again = float(np.where(repeats, shown, np.maximum(shown - 1, 0)).sum())
        found = {
            "black": bool(black.all()),
            "constant": bool(flat.all()),
            "blank": shown[blank].sum() >= max(1.0, BLANK_SHARE * whole) or blank_run >= BLANK_FRAMES,
            "frozen": still >= STILL_FRAMES and still >= STILL_SHARE * whole,
            "repeated": again > max(0.0, REPEATED_SHARE * (whole - 1)),
            "looped": any(holds and count >= 2 * lag for lag, holds in self._lags.items()),
        }
        self.reasons = tuple(name for name, holds in found.items() if holds)
        return float(bool(self.reasons))

    def _shown(self) -> Floats:
        """How long each frame is on show, in usual frames, float64 (T,); all 1 where they are even."""
        count, step = len(self._black), self._clip.step
        if self._clip.times is None or not step:
            return np.ones(count)
        return np.round(np.diff(self._clip.edges(count)) / step, 3)


def _longest(shown: Floats, begins: Ints) -> float:
    """The longest run, of runs that begin at these places."""
    return float(np.add.reduceat(shown, begins).max())
