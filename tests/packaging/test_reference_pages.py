"""The pages in docs/reference are what the code says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_pages", DOCS / "reference_pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = generator().PAGES


@pytest.mark.parametrize(("name", "least"), [("files.md", 70), ("adapters.md", 100)])
def test_every_key_of_every_file_has_a_meaning(name: str, least: int) -> None:
    rows = re.findall(r"^\| (`\w+`) \|.*\| (.*) \|$", PAGES[name](), re.MULTILINE)
    assert len(rows) > least
    without = [key for key, meaning in rows if len(meaning.split()) < 1 or not meaning.endswith((".", ":"))]
    assert not without, f"{name}: no sentence about {without} under Attributes: in the docstring of its class"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says(name: str) -> None:
    written = (DOCS / "reference" / name).read_text(encoding="utf-8")
    assert written == PAGES[name]() + "\n", "run: make docs"


def test_no_page_is_left_over() -> None:
    assert {path.name for path in (DOCS / "reference").iterdir()} == set(PAGES)
