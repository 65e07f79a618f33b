"""The tutorial on models of one's own, followed word for word; `make docs-test` follows every page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_real_models_are_compared_as_the_page_says() -> None:
    page = DOCS / "tutorials" / "compare-two-real-models.md"
    done = subprocess.run(
        [sys.executable, str(DOCS / "walk.py"), str(page)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
