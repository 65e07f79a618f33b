"""Controls: scripts, and the two clocks on which they are issued, sampled and used."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from vbench_lite.control import Action, action_of, parse_script
from vbench_lite.errors import Cancelled, SpecError
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.clock import Clock
from vbench_lite.measure.context import CallRecord, RecordingContext
from vbench_lite.measure.steering import timed

FPS = 10.0
SCRIPT = parse_script("D*7 0*4 A*9")


# --- scripts --------------------------------------------------------------------------------------


def test_a_script_holds_what_it_says_and_begins_again() -> None:
    script = parse_script('W+A*2 0*1 "a red circle moves left"+D*3 camera(0,0,1,0,-2,0)*1')
    held = [script.at(frame) for frame in range(14)]
    assert held[:3] == [Action(("W", "A")), Action(("W", "A")), Action()]
    assert held[3] == Action(("D",), "a red circle moves left")
    assert held[6] == Action(camera=(0.0, 0.0, 1.0, 0.0, -2.0, 0.0))
    assert held[7:] == held[:7]
    assert parse_script(str(script)) == script
    assert script.kinds == {"W", "A", "D", "prompt", "camera"}
    assert [(s.start, s.stop) for s in script.spans(9)] == [(0, 2), (2, 3), (3, 6), (6, 7), (7, 9)]
    assert all(action_of(action.as_dict()) == action for action in held)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no hold"),
        ("D", "'D' is no hold"),
        ("D*0", "'D\\*0' is no hold"),
        ("D*7A*3", "is no hold"),
        ("D*3 Q*4", "there is no key 'Q'"),
        ("camera(1,2)*3", "6 numbers"),
        ("camera(0,0,nan,0,0,0)*3", "6 numbers"),
        ("D*-1", "is no hold"),
    ],
)
def test_a_script_that_is_none_says_which_part(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        parse_script(text)


# --- clocks ---------------------------------------------------------------------------------------


@dataclass
class Time:
    """A scripted clock: work and waiting take exactly what they say."""

    now_s: float = 0.0

    def spend(self, seconds: float) -> None:
        self.now_s += seconds

    def clock(self) -> Clock:
        return Clock(now=lambda: self.now_s, sleep=self.spend)


def session(
    pieces: Iterator[tuple[int, float]], *, paced: bool, frames: int = 60, ahead: int = 0
) -> CallRecord:
    """A generator that makes pieces of so many frames in so many seconds each, and asks before each."""
    time = Time()
    asked = GenerationRequest("a", "a prompt", frames, 8, 8, FPS, 0, script=SCRIPT)
    context = RecordingContext([asked], clock=time.clock(), paced=paced)
    left = frames
    while left > 0:
        count, seconds = next(pieces)
        context.control(0, ahead=ahead)
        time.spend(seconds)
        context.emit(0, np.zeros((min(count, left), 8, 8, 3), np.uint8))
        left -= count
    return context.result()


def always(count: int, seconds: float) -> Iterator[tuple[int, float]]:
    while True:
        yield count, seconds


CHANGES = [0, 7, 11, 20, 27, 31, 40, 47, 51]  # frames at which the script holds something else, below 60


@pytest.mark.parametrize("count", [1, 4, 16])
def test_lock_step_samples_at_the_next_piece_whatever_the_time(count: int) -> None:
    quick, slow = (session(always(count, seconds), paced=False).sampled[0] for seconds in (0.0, 5.0))
    assert quick == slow
    asked_at = range(0, 60, count)
    firsts = {change: next((a for a in asked_at if a >= change), None) for change in CHANGES}
    seen = {a: max(c for c in CHANGES if c <= a) for a in asked_at}  # a change that is over is never seen
    assert [(one.change, one.frame) for one in quick] == [
        (c, f) for c, f in firsts.items() if f in seen and seen[f] == c
    ]
    assert timed(quick) == ()


def test_a_whole_clip_samples_once() -> None:
    (only,) = session(always(60, 3.0), paced=True).sampled[0]
    assert (only.change, only.frame, only.issued_s, only.sampled_s) == (0, 0, 0.0, 0.0)


def test_frames_that_are_made_ahead_are_not_the_first_with_a_control() -> None:
    plain, ahead = (session(always(1, 0.0), paced=False, ahead=m).sampled[0] for m in (0, 5))
    assert [one.frame + 5 for one in plain] == [one.frame for one in ahead]


@pytest.mark.parametrize("seconds", [0.01, 0.06])
def test_frame_by_frame_on_the_paced_clock(seconds: float) -> None:
    call = session(always(1, seconds), paced=True)
    start_s = seconds  # the viewer starts with the first frame
    for issued_s, sampled_s, frame in timed(call.sampled[0])[1:]:
        change = frame - 1  # the frame before is on show when the control comes
        assert change in CHANGES
        assert issued_s == pytest.approx(start_s + change / FPS)
        assert sampled_s == pytest.approx(issued_s)
        assert call.arrivals[0][frame][0] - sampled_s == pytest.approx(seconds)


@pytest.mark.parametrize(("count", "seconds"), [(4, 0.3), (8, 0.1)])
def test_chunks_on_the_paced_clock(count: int, seconds: float) -> None:
    call = session(always(count, seconds), paced=True)
    for issued_s, sampled_s, frame in timed(call.sampled[0])[1:]:
        change = round((issued_s - seconds) * FPS)
        piece = math.ceil(change / count) + 1
        assert frame == piece * count
        assert sampled_s == pytest.approx(seconds + (piece - 1) * count / FPS)
        assert call.arrivals[0][piece][0] == pytest.approx(sampled_s + seconds)


def test_a_generator_slower_than_its_viewer_never_waits() -> None:
    call = session(always(1, 0.25), paced=True)
    assert [arrived for arrived, _ in call.arrivals[0]] == pytest.approx([0.25 * n for n in range(1, 61)])


def test_a_request_without_a_script_holds_nothing_and_waiting_can_be_stopped() -> None:
    plain = GenerationRequest("a", "a prompt", 4, 8, 8, FPS, 0)
    assert RecordingContext([plain]).control(0) == Action()
    time = Time()
    steered = GenerationRequest("a", "a prompt", 40, 8, 8, FPS, 0, script=SCRIPT)
    context = RecordingContext([steered], clock=time.clock(), paced=True, cancelled=lambda: time.now_s > 0.5)
    context.emit(0, np.zeros((20, 8, 8, 3), np.uint8))
    context.emit(0, np.zeros((20, 8, 8, 3), np.uint8))
    with pytest.raises(Cancelled):
        context.control(0)
    assert time.now_s < 1
