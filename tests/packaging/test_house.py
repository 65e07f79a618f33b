"""The house in order: files of one idea, that say what it is, and no logic written twice.

A file may be longer than the limit if the docstring at its top has a line `Longer than usual: REASON`.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FOLDERS = ("vbench_lite", "adapters", "suites", "dashboard", "tools", "tests", "benchmarks", "docs")
MOST_LINES = 400
MOST_SHARED = 12  # lines of code that two places may have in common, word for word
REASON = re.compile(r"^\W*Longer than usual: \w+", re.MULTILINE)
THIN = re.compile(r"^(\W*|import .*|from .* import .*)$")  # brackets and imports: alike without being logic


def files(*suffixes: str) -> list[Path]:
    """Files of the tree with one of some suffixes."""
    found = (
        path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*") if path.suffix in suffixes
    )
    return sorted(path for path in found if not {"__pycache__", "node_modules"} & {*path.parts})


def too_long(text: str) -> bool:
    """Whether a file is above the limit without a reason at its top."""
    lines = text.splitlines()
    return len(lines) > MOST_LINES and not REASON.search("\n".join(lines[:30]))


def code_lines(text: str) -> list[tuple[int, str]]:
    """Lines of Python that hold logic, with their numbers: no docstring, comment, import or lone bracket."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    numbered = enumerate((line.strip() for line in text.splitlines()), start=1)
    return [
        (n, line) for n, line in numbered if n not in left_out and not THIN.match(line) and line[0] != "#"
    ]


def repeats(texts: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Places of (name, text) from which more lines of code than allowed stand elsewhere too."""
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, text in texts:
        lines = code_lines(text)
        for start in range(len(lines) - MOST_SHARED):
            window = lines[start : start + MOST_SHARED + 1]
            places[tuple(line for _, line in window)].append(f"{name}:{window[0][0]}")
    return (" ~ ".join(found) for found in places.values() if len(found) > 1)


@pytest.mark.parametrize("suffix", [".py", ".js", ".css"])
def test_no_file_is_too_long(suffix: str) -> None:
    long = [str(path.relative_to(REPOSITORY)) for path in files(suffix) if too_long(path.read_text())]
    assert long == [], "two ideas are two files"


def test_every_file_says_what_it_holds() -> None:
    silent = [
        str(path.relative_to(REPOSITORY))
        for path in files(".py")
        if path.parent.name != "examples"  # as short as a reader's own
        and path.read_text().strip()
        and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_nothing_is_written_twice() -> None:
    texts = [(str(path.relative_to(REPOSITORY)), path.read_text()) for path in files(".py")]
    assert list(repeats(texts)) == [], "give what they share a home with a name of its own"


def test_the_rules_catch_what_they_should() -> None:
    body = "\n".join(f"x{n} = {n}" for n in range(MOST_SHARED + 1))
    other = body.replace("x3 = 3", "# a comment\n\nx3 = 3").replace(
        "x0", "def f():\n    '''Text.'''\n    x0", 1
    )
    other = "\n".join(
        line if line.startswith(("def", "    ")) else f"    {line}" for line in other.splitlines()
    )
    assert list(repeats([("a", body), ("b", other)])) == ["a:1 ~ b:3"]
    assert list(repeats([("a", body), ("b", body.replace("x9", "y9"))])) == []
    assert too_long("x = 1\n" * (MOST_LINES + 1))
    assert not too_long('"""Text.\n\nLonger than usual: one table.\n"""\n' + "x = 1\n" * MOST_LINES)
    assert not too_long("x = 1\n" * MOST_LINES)
