"""docs/faults.md promises a test for each fault: every one that it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<fault>[^|]+) \| (?P<seen>[^|]+) \| `(?P<test>tests/[^`]+)` \|$", re.MULTILINE)
TEXT = (REPOSITORY / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = [match.groupdict() for match in ROW.finditer(TEXT)]


def test_at_least_forty_faults_each_once() -> None:
    assert len(ROWS) >= 40
    assert len({row["fault"] for row in ROWS}) == len(ROWS)
    tables = [line for line in TEXT.splitlines() if line.startswith("| ") and "`tests/" in line]
    assert len(tables) == len(ROWS), "a row does not end in the name of a test"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["fault"][:40])
def test_the_test_of_a_fault_exists(row: dict[str, str]) -> None:
    match = re.fullmatch(r"(?P<path>[^:]+)::(?P<name>\w+)(\[(?P<case>[^\]]+)\])?", row["test"])
    assert match is not None
    source = (REPOSITORY / match["path"]).read_text(encoding="utf-8")
    names = {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    assert match["name"] in names
    if match["case"] is not None:
        assert f'"{match["case"]}"' in source
