"""Tables of the command line: nothing is cut off, and nothing is wider than the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbench_lite.cli.listing import KINDS
from vbench_lite.cli.main import call
from vbench_lite.cli.output import table_lines

word = st.text("abcdefgh", min_size=1, max_size=12)
sentence = st.lists(word, max_size=12).map(" ".join)


def test_columns_that_fit_stand_side_by_side() -> None:
    lines = list(table_lines(("name", "size"), [("a", "12"), ("longer", "3")], 80))
    assert lines == ["name    size", "a       12", "longer  3"]


def test_the_last_column_wraps_in_its_place_where_enough_is_left() -> None:
    lines = list(table_lines(("name", "text"), [("a", "one two three four five six seven eight")], 36))
    assert lines == ["name  text", "a     one two three four five six", "      seven eight"]


def test_a_last_column_without_room_follows_below() -> None:
    lines = list(table_lines(("name", "text"), [("a" * 20, "one two three four")], 30))
    assert lines == ["name", "a" * 20, "    one two three four"]


def test_several_columns_below_are_named() -> None:
    lines = list(table_lines(("name", "license", "use"), [("a" * 20, "some license", "for all")], 24))
    assert lines == ["name", "a" * 20, "    license: some", "    license", "    use: for all"]


@given(st.lists(st.tuples(word, word, sentence), min_size=1, max_size=5), st.integers(30, 120))
def test_every_word_is_there_and_no_line_is_too_wide(rows: list[tuple[str, str, str]], width: int) -> None:
    lines = list(table_lines(("a", "b", "c"), rows, width))
    assert max(map(len, lines)) <= width
    printed = " ".join(lines[1:]).replace("b: ", " ").replace("c: ", " ").split()
    assert printed == " ".join(" ".join(row) for row in rows).split()


@pytest.mark.parametrize(
    "arguments", [*(["list", kind] for kind in KINDS if kind != "runs"), ["weights", "list"], []]
)
def test_lists_keep_to_80_columns(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    assert call(arguments) == 0
    out = capsys.readouterr().out
    assert out
    assert [line for line in out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("verb", ["weights", "store", "baseline"])
def test_a_verb_of_verbs_alone_shows_them(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call([verb]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"Usage: vbench-lite {verb}" in captured.err
    assert "\n  list " in captured.err or "\n  ls " in captured.err


def test_what_a_generator_is_configured_with_reads_as_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["show", "reference/hybrid"]) == 0
    out = capsys.readouterr().out
    assert "\n  steps: integer, default 8" in out
    assert "$defs" not in out
