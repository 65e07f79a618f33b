"""A steered clip of the shapes world as its metrics read it: where the shape was, and what was held."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from vbench_lite.arrays import Bools, Floats
from vbench_lite.clip import ClipInfo
from vbench_lite.control import Action, Script
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.datasets.shapes import scenes
from vbench_lite.datasets.shapes.steering import direction_held
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, SampleInfo, Scored
from vbench_lite.suites.judged_info import judged_info

REST = 0.25  # pixels a frame at 32x32, below which the shape rests: the judge's own step
WITHIN = 0.7  # cosine of the angle between asked and shown direction: 45 degrees, and the judge's error
ROOM = 2.0  # pixels at 32x32 that the shape must have before the border, to be able to follow
STEERED_MIN_FRAMES = 8

interaction_info = partial(
    judged_info,
    how="track of template matches against the script",
    axis=Axis.CONTROL,
    min_frames=STEERED_MIN_FRAMES,
)


@dataclass(frozen=True)
class Turn:
    """A hold of a session.

    Attributes:
        start, stop: its frames in the script, [start, stop).
        used: the first frame that was made with it; None where the generator never sampled it.
        direction: unit (x, y) that its keys ask for; (0, 0) where they ask for rest.
        before: the same of the hold before it; None for the first.
    """

    start: int
    stop: int
    used: int | None
    direction: tuple[float, float]
    before: tuple[float, float] | None

    @property
    def moves(self) -> bool:
        """Whether a movement is asked for, another than before."""
        return self.direction != (0.0, 0.0) and self.direction != self.before

    @property
    def releases(self) -> bool:
        """Whether the keys are let go."""
        return self.direction == (0.0, 0.0) and self.before not in (None, (0.0, 0.0))


@dataclass(frozen=True)
class Session:
    """Where the shape of a steered clip was.

    Attributes:
        track: float64 (T, 2), its centre (x, y) in pixels at 32x32.
        visible: bool (T,), frames that show a shape.
        size: width and height of a frame in pixels at 32x32; None where the world has no borders.
        turns: the holds, in order.
    """

    track: Floats
    visible: Bools
    size: tuple[float, float] | None
    turns: tuple[Turn, ...]

    def settled(self, turn: Turn) -> tuple[Floats, float] | None:
        """Mean step (x, y) a frame in the second half of a hold, and the room before the border along the
        asked direction where that half begins; None where it is too short or shows no shape."""
        first = (turn.start + turn.stop + 1) // 2 - 1
        last = min(turn.stop, len(self.track)) - 1
        if last - first < 2 or not (self.visible[first] and self.visible[last]):
            return None
        return (self.track[last] - self.track[first]) / (last - first), self.room(first, turn.direction)

    def along(self, turn: Turn, first: int, stop: int) -> Floats:
        """Steps along the direction of a hold into frames [first, stop), pixels a frame, float64 (N,)."""
        steps: Floats = np.diff(self.track[first - 1 : stop], axis=0) @ np.array(turn.direction)
        return steps

    def made_with(self, turn: Turn) -> range:
        """The frames that were made with a hold: none where the generator never sampled it."""
        later = (one.used for one in self.turns if one.start >= turn.stop)
        stop = next((used for used in later if used is not None), len(self.track))
        return range(stop if turn.used is None else turn.used, stop)

    def room(self, frame: int, direction: tuple[float, float]) -> float:
        """Pixels at 32x32 before the border along a direction."""
        if self.size is None:
            return math.inf
        rooms = []
        for place, component, side in zip(self.track[frame], direction, self.size, strict=True):
            border = side - scenes.RADIUS if component > 0 else scenes.RADIUS
            if component:
                rooms.append(abs(border - place) if (border - place) * component > 0 else 0.0)
        return min(rooms, default=0.0)


def turns_of(
    script: Script,
    sampled: tuple[tuple[int, int], ...],
    num_frames: int,
    asks_for: Callable[[Action], tuple[float, float]] = direction_held,
) -> tuple[Turn, ...]:
    """The holds of a session; a generator that sampled nothing had the whole script from the start.

    asks_for: the direction of an action.
    """
    used = dict(sampled)
    turns: list[Turn] = []
    for span in script.spans(num_frames):
        direction = asks_for(span.action)
        before = turns[-1].direction if turns else None
        first = used.get(span.start) if sampled else span.start
        turns.append(Turn(span.start, span.stop, first, direction, before))
    return tuple(turns)


def read_session(rows: Features, sample: SampleInfo) -> Session:
    """A session by the rows of the judge's extractor.

    Raises:
        NotApplicable: the clip was not steered, or hardly shows a shape.
    """
    if sample.script is None:
        raise NotApplicable("the clip was not steered")
    shown = shapes_judge.judge_features(rows)
    if shown.visible.mean() < 0.5:
        raise NotApplicable("fewer than half of the frames show a shape")
    turns = turns_of(sample.script, sample.sampled, len(rows))
    return Session(shown.track, shown.visible, shapes_judge.frame_size(rows), turns)


class SessionMetric(ClipMetric):
    """A value of one steered clip."""

    session_of = staticmethod(read_session)

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        if sample.script is None:
            raise NotApplicable("the clip was not steered")
        self._clip, self._sample = clip, sample

    def finish(self, features: Mapping[str, Features]) -> Scored:
        rows = features[self.info.extractors[0]]
        return self.of_session(self.session_of(rows, self._sample), self._clip)

    @abstractmethod
    def of_session(self, session: Session, clip: ClipInfo) -> Scored:
        """Return the value; raises NotApplicable where the session has none."""


def mean_of(values: list[tuple[float, float]], lack: str) -> Scored:
    """Mean of (seconds, value) pairs, which are its series.

    Raises:
        NotApplicable: there is none; `lack` says why.
    """
    if not values:
        raise NotApplicable(lack)
    return Scored(float(np.mean([value for _, value in values])), tuple(values))


def seconds(clip: ClipInfo) -> float:
    """Seconds a frame; raises NotApplicable where nobody said."""
    if clip.step is None:
        raise NotApplicable("the clip's frame rate is unknown")
    return clip.step


def judged(session: Session) -> Iterator[tuple[Turn, Floats]]:
    """Turns to a movement that there was room for, with the mean step of their second half."""
    for turn in session.turns:
        if turn.moves and (found := session.settled(turn)) is not None and found[1] >= ROOM:
            yield turn, found[0]
