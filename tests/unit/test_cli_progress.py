"""Progress in a log file: few lines, every lasting one, no estimate that pretends to be exact."""

from __future__ import annotations

import pytest

from vbench_lite.cli.progress import PlainLines, time_left
from vbench_lite.run.progress import Event


class Clock:
    """A clock that is set by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (3.2, "a few seconds left"),
        (44, "about 40 s left"),
        (130, "about 2 min left"),
        (8000, "about 2 h 13 min left"),
    ],
)
def test_time_left_is_rounded(seconds: float | None, text: str) -> None:
    assert time_left(seconds) == text


def test_one_line_for_a_stage_then_one_every_ten_seconds() -> None:
    lines: list[str] = []
    clock = Clock()
    progress = PlainLines(lines.append, clock)
    for second in range(25):
        clock.now_s = float(second)
        progress.on_event(Event("generate", f"hybrid p{second}", second, 48, 100.0 - second))
    progress.on_event(Event("score", "clips", 1, 48))
    assert lines == [
        "Generating 0/48  hybrid p0  about 2 min left",
        "Generating 10/48  hybrid p10  about 2 min left",
        "Generating 20/48  hybrid p20  about 80 s left",
        "Scoring 1/48  clips",
    ]


def test_lasting_events_are_always_written() -> None:
    lines: list[str] = []
    progress = PlainLines(lines.append, Clock())
    progress.on_event(Event("generate", "hybrid p0", 0, 2))
    progress.on_event(Event("generate", "hybrid p0 failed: out of memory", 1, 2, lasting=True))
    progress.on_event(Event("generate", "hybrid p1 failed: out of memory", 2, 2, lasting=True))
    assert lines[1:] == ["hybrid p0 failed: out of memory", "hybrid p1 failed: out of memory"]


def test_failures_of_one_kind_are_one_line_and_a_count() -> None:
    lines: list[str] = []
    progress = PlainLines(lines.append, Clock())
    for place in range(12):
        text = f"hybrid a1df653ac{place:x}-s0 failed: out of memory"
        progress.on_event(Event("generate", text, place, 12, lasting=True))
    progress.on_event(Event("generate", "hybrid a1df653acb-s0 failed: timeout", 12, 12, lasting=True))
    progress.told.end()
    assert lines == [
        "hybrid a1df653ac0-s0 failed: out of memory",
        "hybrid a1df653acb-s0 failed: timeout",
        "12 x hybrid failed: out of memory",
    ]


def test_a_message_without_counts_starts_no_stage() -> None:
    lines: list[str] = []
    progress = PlainLines(lines.append, Clock())
    progress.on_event(Event("finish", "run abc is finished already", 0, 0, lasting=True))
    assert lines == ["run abc is finished already"]
