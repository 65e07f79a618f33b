"""docs/faults.md and SECURITY.md promise a test for each fault and border: those that they name exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<fault>[^|]+) \| (?P<seen>[^|]+) \| `(?P<test>tests/[^`]+)` \|$", re.MULTILINE)
TEXT = (REPOSITORY / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = [match.groupdict() for match in ROW.finditer(TEXT)]


SECURITY = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")


def names_in(path: str) -> set[str]:
    """Names of the tests in a file."""
    source = (REPOSITORY / path).read_text(encoding="utf-8")
    return {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def test_at_least_forty_faults_each_once() -> None:
    assert len(ROWS) >= 40
    assert len({row["fault"] for row in ROWS}) == len(ROWS)
    tables = [line for line in TEXT.splitlines() if line.startswith("| ") and "`tests/" in line]
    assert len(tables) == len(ROWS), "a row does not end in the name of a test"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["fault"][:40])
def test_the_test_of_a_fault_exists(row: dict[str, str]) -> None:
    match = re.fullmatch(r"(?P<path>[^:]+)::(?P<name>\w+)(\[(?P<case>[^\]]+)\])?", row["test"])
    assert match is not None
    assert match["name"] in names_in(match["path"])
    if match["case"] is not None:
        assert f'"{match["case"]}"' in (REPOSITORY / match["path"]).read_text(encoding="utf-8")


def borders() -> list[list[str]]:
    """Rows of the two tables: what is not trusted, and what is threatened, the tests last."""
    rows = [line.strip("|").split(" | ") for line in SECURITY.splitlines() if line.startswith("| ")]
    return [[cell.strip(" |") for cell in row] for row in rows if row[0].strip() not in ("thing", "threat")]


def test_both_tables_of_borders_are_read() -> None:
    assert [len([row for row in borders() if len(row) == cells]) for cells in (4, 3)] >= [14, 18]
    assert {len(row) for row in borders()} == {3, 4}


@pytest.mark.parametrize("row", borders(), ids=lambda row: row[0][:40])
def test_every_border_has_a_test_that_exists(row: list[str]) -> None:
    trusted = len(row) == 4 and not row[1].startswith("no")
    named = re.findall(r"`([^`]+)`", row[-1])
    assert named or (trusted and row[-1] == "-"), "a border that is not trusted has no test"
    path = ""
    for each in named:
        place, _, name = each.partition("::")
        path = path if place == "..." else place
        assert (REPOSITORY / path).is_file()
        if name:
            assert name in names_in(path)
