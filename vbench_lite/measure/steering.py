"""When controls are issued and sampled: the two clocks of a steered session.

Lock-step: the script is indexed by frames. Before the generator makes frame k it is told what the script
holds in frame k, however long that took. Deterministic; for what pixels are judged by.

Paced: a viewer starts with the first frame that arrives, watches at the clip's rate, and waits where a frame
is late. Keys are pressed by wall time: what the script holds in frame k is pressed k / fps after that start.
A generator is let run until it is a piece ahead of the viewer, so that one piece is made while the one before
it is watched; then it waits. For latency.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vbench_lite.control import Action, Script
from vbench_lite.measure.playback import Arrivals, shown_s

LOOK_S = 0.1  # between two looks at a request to stop, while a generator waits for its viewer
_ROUNDING_S = 1e-9


@dataclass(frozen=True)
class Sampled:
    """A change of control that a generator sampled.

    Attributes:
        change: frame of the script in which it begins.
        frame: the first frame that was made with it.
        issued_s, sampled_s: seconds since the request at which the viewer pressed and the generator looked;
            None on the lock-step clock.
    """

    change: int
    frame: int
    issued_s: float | None = None
    sampled_s: float | None = None


@dataclass
class Steering:
    """The controls of one request while it is made.

    Args:
        fps: the rate at which the viewer watches.
        elapsed_s: seconds since the request, on the clock that times arrivals.
        pause: waits so many seconds of that clock; None is the lock-step clock.
    """

    script: Script
    fps: float
    elapsed_s: Callable[[], float]
    pause: Callable[[float], None] | None = None
    samples: list[Sampled] = field(default_factory=list)

    def sample(self, arrivals: Arrivals, ahead: int) -> Action:
        """The action in force; a change of it is noted.

        Args:
            arrivals: (seconds since the request, frames) of the pieces so far.
            ahead: frames that were made without it and are not handed over yet.
        """
        handed_over = sum(count for _, count in arrivals)
        if self.pause is None:
            span = self.script.span_at(handed_over)
            now_s = issued_s = None
        else:
            self._keep_pace(arrivals, self.pause)
            now_s = self.elapsed_s()
            began_s = arrivals[0][0] if arrivals else now_s
            span = self.script.span_at(math.floor((now_s - began_s + _ROUNDING_S) * self.fps))
            issued_s = began_s + span.start / self.fps if span.start else 0.0
        if not self.samples or self.samples[-1].change != span.start:
            self.samples.append(Sampled(span.start, handed_over + ahead, issued_s, now_s))
        return span.action

    def _keep_pace(self, arrivals: Arrivals, pause: Callable[[float], None]) -> None:
        """Wait until the viewer sees the first frame of the last piece."""
        if not arrivals:
            return
        wanted_s = shown_s(arrivals, self.fps)[-1]
        while (left_s := wanted_s - self.elapsed_s()) > _ROUNDING_S:
            pause(min(left_s, LOOK_S))


@dataclass(frozen=True)
class Answer:
    """What became of a change of control, in seconds since the request.

    Attributes:
        issued_s, sampled_s: when it was pressed, and when the generator looked.
        arrived_s, shown_s: when the first frame made with it arrived, and when the viewer saw it.
    """

    issued_s: float
    sampled_s: float
    arrived_s: float
    shown_s: float


def answers_of(controls: Sequence[tuple[float, float, int]], arrivals: Arrivals, fps: float) -> list[Answer]:
    """What became of every sampled change of control whose first frame arrived.

    Args:
        controls: (issued, sampled, first frame), as `timed` gives them.
        arrivals, fps: as for `playback`.
    """
    begins = shown_s(arrivals, fps)
    answers, piece, before = [], 0, 0
    for issued_s, sampled_s, frame in controls:
        while piece < len(arrivals) and frame >= before + arrivals[piece][1]:
            before += arrivals[piece][1]
            piece += 1
        if piece == len(arrivals):
            break
        shown = begins[piece] + (frame - before) / fps
        answers.append(Answer(issued_s, sampled_s, arrivals[piece][0], shown))
    return answers


def timed(samples: Sequence[Sampled]) -> tuple[tuple[float, float, int], ...]:
    """(issued, sampled, first frame) of what was sampled on the paced clock, as a timed call keeps it."""
    return tuple(
        (one.issued_s, one.sampled_s, one.frame)
        for one in samples
        if one.issued_s is not None and one.sampled_s is not None
    )
