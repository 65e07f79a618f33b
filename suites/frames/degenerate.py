"""Clips that are no video: black, flat, frozen, looped, with blank pieces or repeated frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt

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
    16 frames earlier, over at least two periods). After `finish`, `reasons` names what was found.

    Preprocessing: frames are the same if the mean absolute difference is at most one level in every 8x8
        block (short side reduced to 64).
    Traps: the thresholds are this project's own. Noise is not degenerate by them: other metrics see to it.
        A title card or a fade through black is a blank piece.

    Formula: [any of the conditions above holds], 1 or 0 for a clip; the mean over clips is a share.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="frames/degenerate",
        version=2,
        axis=Axis.QUALITY,
        unit="",
        bounds=(0.0, 1.0),
        higher_is_better=False,
        summary="Share of clips that are black, flat, frozen, looped, partly blank or repeat their frames.",
        source="vbench_lite: block differences, longest still run, periods up to 16 frames",
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._recent: deque[Images] = deque(maxlen=LONGEST_LOOP)
        self._count = self._black = self._flat = self._blank = 0
        self._same = self._run = self._longest = 0
        self._blank_run = self._longest_blank = 0
        self._lags = dict.fromkeys(range(2, LONGEST_LOOP + 1), True)
        self.reasons: tuple[str, ...] = ()

    def push(self, frames: Frames, indices: npt.NDArray[np.int64]) -> None:
        for frame in frames:
            self._take(frame)

    def _take(self, frame: Frames) -> None:
        small = reduce(frame)
        black = bool(blocks(small).max() <= DARK_LEVELS)
        flat = bool(frame.reshape(-1, 3).std(axis=0).max() < FLAT_LEVELS)
        self._count += 1
        self._black += black
        self._flat += flat
        self._blank += black or flat
        self._blank_run = self._blank_run + 1 if black or flat else 0
        self._longest_blank = max(self._longest_blank, self._blank_run)
        repeats = bool(self._recent) and same(small, self._recent[-1])
        self._same += repeats
        self._run = self._run + 1 if repeats else 0
        self._longest = max(self._longest, self._run)
        for lag, holds in self._lags.items():
            if holds and len(self._recent) >= lag:
                self._lags[lag] = same(small, self._recent[-lag])
        self._recent.append(small)

    def finish(self, features: Mapping[str, Features]) -> float:
        count, pairs = self._count, self._count - 1
        still = self._longest + 1
        found = {
            "black": self._black == count,
            "constant": self._flat == count,
            "blank": self._blank >= max(1.0, BLANK_SHARE * count) or self._longest_blank >= BLANK_FRAMES,
            "frozen": still >= STILL_FRAMES and still >= STILL_SHARE * count,
            "repeated": pairs > 0 and self._same > REPEATED_SHARE * pairs,
            "looped": any(holds and count >= 2 * lag for lag, holds in self._lags.items()),
        }
        self.reasons = tuple(name for name, holds in found.items() if holds)
        return float(bool(self.reasons))
