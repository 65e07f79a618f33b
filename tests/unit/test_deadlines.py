"""A live clock: the share of frames in time, the worst lateness, the least buffer, the worst ten seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_call_metrics import STREAM
from test_call_metrics import value as value_of

from vbench_lite import registry
from vbench_lite.errors import NotApplicable
from vbench_lite.measure.playback import deadlines, slowest_rate

FPS = 8.0


def by_frame(gap_s: float, frames: int, first_s: float = 0.0) -> list[tuple[float, int]]:
    return [(first_s + gap_s * (place + 1), 1) for place in range(frames)]


def value(metric: str, arrivals: list[tuple[float, int]]) -> float:
    return value_of(metric, replace(STREAM, arrivals=tuple(arrivals), fps=FPS))


@given(
    st.lists(st.tuples(st.floats(0.001, 5.0), st.integers(1, 8)), min_size=1, max_size=12),
    st.floats(1.0, 60.0),
    st.floats(0.0, 5.0),
)
def test_deadlines_are_those_of_a_clock_that_never_waits(
    pieces: list[tuple[float, int]], fps: float, start_s: float
) -> None:
    arrivals, at_s = [], 0.0
    for gap_s, count in pieces:
        at_s += gap_s
        arrivals.append((at_s, count))
    each = [at_s for at_s, count in arrivals for _ in range(count)]
    late = [at_s - start_s - place / fps for place, at_s in enumerate(each)]
    found = deadlines(arrivals, fps, start_s)
    close = [lateness for lateness in late if abs(lateness * fps) < 1e-6]  # in time or not by rounding alone
    assert found.share * len(each) == pytest.approx(sum(x <= 0 for x in late), abs=len(close) + 1e-9)
    assert found.worst_lateness_s == pytest.approx(max(0.0, *late), abs=1e-6)


def test_frame_by_frame_faster_than_the_clock_is_always_in_time() -> None:
    arrivals = by_frame(0.1, 48)
    assert value("speed/deadline_share", arrivals) == 1.0
    assert value("speed/worst_lateness_s", arrivals) == 0.0
    assert value("speed/least_buffer_s", arrivals) == 0.0


def test_frame_by_frame_slower_than_the_clock_falls_behind() -> None:
    """Frame k comes at .2 (k + 1) and is wanted at 1 + .125 k: late from k = 11 on, the last by 2.725 s."""
    arrivals = by_frame(0.2, 48)
    assert value("speed/deadline_share", arrivals) == 11 / 48
    assert value("speed/worst_lateness_s", arrivals) == pytest.approx(0.2 * 48 - 1 - 47 / 8)
    assert value("speed/least_buffer_s", arrivals) == pytest.approx(47 * 0.075)


def test_chunks_are_late_by_their_first_frame() -> None:
    """Eight frames every 1.5 s: chunk c is wanted from 1 + c on. Half of the first is missed, then all."""
    arrivals = [(1.5 * (place + 1), 8) for place in range(4)]
    assert value("speed/deadline_share", arrivals) == 4 / 32
    assert value("speed/worst_lateness_s", arrivals) == pytest.approx(6.0 - 1 - 3)
    assert value("speed/least_buffer_s", arrivals) == pytest.approx(1.5)


def test_a_whole_clip_has_what_its_last_frame_leaves() -> None:
    """48 frames after 3 s: the first 2 s of a show that starts after 1 s are missed, 16 frames."""
    assert value("speed/deadline_share", [(3.0, 48)]) == 32 / 48
    assert value("speed/worst_lateness_s", [(3.0, 48)]) == 2.0
    assert value("speed/least_buffer_s", [(3.0, 48)]) == 0.0


def test_the_worst_ten_seconds_are_found_and_unknown_for_short_streams() -> None:
    steady = by_frame(0.5, 41)
    assert slowest_rate(steady, 10.0) == pytest.approx(2.0)
    gap = [*by_frame(0.5, 20), *((at_s + 15.0, 1) for at_s, _ in by_frame(0.5, 20))]
    assert value("speed/worst_window_frames_per_s", gap) == 1.0
    with pytest.raises(NotApplicable, match="less than 10 s"):
        value("speed/worst_window_frames_per_s", by_frame(0.2, 48))


@pytest.mark.parametrize(
    "name", ["deadline_share", "worst_lateness_s", "least_buffer_s", "stalls", "stalled_s"]
)
def test_what_may_be_zero_is_compared_by_difference(name: str) -> None:
    assert registry.load("metrics", f"speed/{name}").info.may_be_zero
