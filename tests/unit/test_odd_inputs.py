"""Clips, lists, run directories, workers, servers, streams damaged at random: read, or refused in a line."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.fuzz import KINDS, fuzz
from benchmarks.odd_inputs.guard import FAULT, Trial, outcome
from vbench_lite.errors import ClipError

# How many take a second or two, and how many of them at least are read and refused.
INPUTS = {
    "clips": (120, 10, 40),
    "lists": (300, 10, 150),
    "run directories": (6, 1, 1),
    "workers": (50, 3, 20),
    "servers": (40, 3, 15),
    "streams": (60, 5, 20),
}


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_inputs_are_read_or_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    inputs, read, refused = INPUTS[kind]
    tally = fuzz(120, 11, tmp_path, inputs, [kind])
    assert {name for name in tally if FAULT in name} == set()
    assert tally[f"{kind}: read"] >= read and tally[f"{kind}: refused"] >= refused


@pytest.mark.slow
def test_a_minute_of_all_kinds(tmp_path: Path) -> None:
    tally = fuzz(60, int.from_bytes(os.urandom(4)), tmp_path)
    assert {name for name in tally if FAULT in name} == set(), list(tmp_path.iterdir())
    assert all(tally[f"{kind}: refused"] for kind in KINDS)


def _refuse(text: str) -> Callable[[], str]:
    def act() -> str:
        raise ClipError(text)

    return act


def _raise() -> str:
    raise ZeroDivisionError("by zero")


def _connect() -> str:
    with socket.create_connection(("127.0.0.1", 9)):
        return "read"


@pytest.mark.parametrize(
    ("act", "found"),
    [
        (lambda: None, "read"),
        (_refuse("odd.mkv: cut"), "refused"),
        (_refuse("cut"), "fault: message 'cut'"),
        (_refuse("odd.mkv: cut\nshort"), "fault: message"),
        (_raise, "fault: ZeroDivisionError: by zero"),
        (_connect, "fault: connected to 127.0.0.1:9"),
    ],
)
def test_the_watch_sees_a_fault(tmp_path: Path, act: Callable[[], str], found: str) -> None:
    assert outcome(Trial("odd.mkv", b"", act, named=True), tmp_path).startswith(found)


def test_the_watch_sees_what_is_changed_elsewhere_though_an_error_is_swallowed(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    changes: list[Callable[[Path], object]] = [
        lambda place: (place / "link").write_text("x"),
        lambda place: (place.parent / "x").mkdir(),
        lambda place: place.rename(place.parent / "x"),
    ]
    for change in changes:

        def act(change: Callable[[Path], object] = change) -> None:
            try:
                change(tmp_path / "inside")
            except OSError:
                return

        assert "was changed" in outcome(Trial("x", b"", act), tmp_path / "inside")
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    inside = Trial("x", b"", lambda: (tmp_path / "inside" / "link").unlink())
    assert outcome(inside, tmp_path / "inside") == "read", "a link is removed, not what it points to"
